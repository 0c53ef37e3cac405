import {
  linformerAttention,
  linformerParameters,
  random,
  scaledDotProductAttention,
  tf,
  uniform,
} from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../../golden/golden';
import { expectGradient, expectNoLeak, largestTensor } from '../../helpers';

const next = random(2006);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const distance = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];
const size = (max: number, min = 1) => fc.integer({ min, max });

describe('linformerAttention', () => {
  test.each(golden('linformer'))('agrees with the linformer package and PyTorch, case %#', (c) => {
    expectGolden(c, ({ query, keys, values = keys, E, F, mask }) =>
      linformerAttention(query, keys, values, { E, F }, mask),
    );
  });

  test('with k = length and E = F = identity is scaled dot-product attention', () => {
    fc.assert(
      fc.property(size(2), size(3), size(5), size(6), (batch, heads, n, m) => {
        const [q, k, v] = [
          draw(batch, heads, n, 3),
          draw(batch, heads, m, 3),
          draw(batch, heads, m, 2),
        ];
        const linformer = linformerAttention(q, k, v, { E: tf.eye(m) });
        const plain = scaledDotProductAttention(q, k, v);
        expect(distance(linformer.weights, plain.weights)).toBeLessThan(1e-5);
        expect(distance(linformer.context, plain.context)).toBeLessThan(1e-5);
      }),
      { numRuns: 20 },
    );
  });

  test('with the same projection for each head is one projection shared by all', () => {
    const [q, k] = [draw(2, 3, 4, 2), draw(2, 3, 5, 2)];
    const { E, F } = linformerParameters({ length: 6, k: 2 }, next);
    const repeat = (x: tf.Tensor) => tf.tile(x.expandDims(0), [3, 1, 1]);
    const shared = linformerAttention(q, k, k, { E, F });
    const each = linformerAttention(q, k, k, { E: repeat(E), F: repeat(F as tf.Tensor) });
    expect(distance(shared.context, each.context)).toBeLessThan(1e-6);
    expect(distance(tf.sum(shared.weights, -1), tf.ones([1]))).toBeLessThan(1e-6);
  });

  test('moved together with the rows of E and F, keys and values may stand in any order', () => {
    const [q, k, v] = [draw(1, 4, 3), draw(1, 5, 3), draw(1, 5, 2)];
    const { E, F = E } = linformerParameters({ length: 5, k: 3 }, next);
    const order = tf.tensor1d([3, 0, 4, 1, 2], 'int32');
    const plain = linformerAttention(q, k, v, { E, F });
    const moved = linformerAttention(q, tf.gather(k, order, 1), tf.gather(v, order, 1), {
      E: tf.gather(E, order),
      F: tf.gather(F, order),
    });
    expect(distance(moved.context, plain.context)).toBeLessThan(1e-6);
  });

  test('leaves padding out of the mixtures: the context is that of the shorter sequence', () => {
    const parameters = linformerParameters({ length: 7, k: 3, heads: 2 }, next);
    const [q, x] = [draw(1, 2, 3, 2), draw(1, 2, 4, 2)];
    const padded = tf.concat([x, tf.fill([1, 2, 3, 2], 1e4)], 2);
    const mask = tf.tensor([1, 1, 1, 1, 0, 0, 0], [1, 1, 1, 7]);
    const { context } = linformerAttention(q, padded, padded, parameters, mask);
    expect(distance(context, linformerAttention(q, x, x, parameters).context)).toBeLessThan(1e-5);
  });

  test('attends to nothing, context 0 and gradient 0, where every key is hidden', () => {
    const parameters = linformerParameters({ length: 4, k: 2 }, next);
    const [q, x] = [draw(2, 3, 2), draw(2, 4, 2)];
    const mask = tf.tensor([0, 0, 0, 0, 1, 1, 1, 1], [2, 1, 4]);
    const f = (y: tf.Tensor) => linformerAttention(y, x, x, parameters, mask);
    const first = (y: tf.Tensor) => Array.from(tf.slice(y, 0, 1).dataSync()).map(Math.abs);
    expect(first(f(q).context)).toEqual(new Array(6).fill(0));
    expect(first(f(q).weights)).toEqual(new Array(6).fill(0));
    expect(first(tf.grad((y) => tf.sum(f(y).context))(q))).toEqual(new Array(6).fill(0));
  });

  test.each([{ whose: 'shared' }, { whose: 'of each head', heads: 2 }])(
    'has the gradient that finite differences measure, projections $whose',
    ({ heads }) => {
      const { E, F = E } = linformerParameters({ length: 5, k: 3, heads }, next);
      const cotangent = draw(2, 2, 3, 2);
      const f = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, e: tf.Tensor, g: tf.Tensor) =>
        tf.sum(tf.mul(linformerAttention(q, k, v, { E: e, F: g }).context, cotangent));
      expectGradient(f as never, [draw(2, 2, 3, 3), draw(2, 2, 4, 3), draw(2, 2, 4, 2), E, F]);
    },
  );

  test('computes no tensor of length × length, forward or backward', async () => {
    const [length, k, d] = [128, 8, 4];
    const x = draw(1, 2, length, d);
    const { E, F = E } = linformerParameters({ length, k }, next);
    const f = (y: tf.Tensor, e: tf.Tensor, g: tf.Tensor) =>
      tf.sum(linformerAttention(y, y, y, { E: e, F: g }).context);
    const largest = await largestTensor(() => tf.grads(f as never)([x, E, F]));
    expect(largest).toBeLessThanOrEqual(2 * length * k);
  });

  test('survives inputs of ±1e4 without NaN', () => {
    const x = tf.tensor([[[1e4], [-1e4], [1e4]]]);
    const { context } = linformerAttention(x, x, x, { E: tf.eye(3) });
    expect(Array.from(context.dataSync()).every(Number.isFinite)).toBe(true);
  });

  test('keeps no tensor but what it returns', () => {
    const x = draw(1, 2, 3, 2);
    const parameters = linformerParameters({ length: 3, k: 2, shareKeyValue: true }, next);
    const mask = tf.ones([1, 1, 1, 3]);
    expectNoLeak(() => tf.dispose(linformerAttention(x, x, x, parameters, mask)));
  });

  test.each([
    [{ keys: [3, 4] }, 'keys: expected shape [batch, keys, dKey], got [3, 4]'],
    [{ query: [2, 3, 5] }, 'query depth 5 ≠ key depth 4'],
    [{ values: [2, 4, 4] }, 'values: expected shape [2, 3, dValue], got [2, 4, 4]'],
    [{ E: [2, 2], F: [2, 2] }, '3 keys, but E has only 2 rows'],
    [{ E: [5] }, 'E: expected shape [length, k], got [5]'],
    [{ F: [5, 3] }, 'F: expected shape [5, 2], got [5, 3]'],
    [{ mask: [1, 1, 4] }, 'mask: expected shape [1, 1, 3], got [1, 1, 4]'],
    [{ mask: [1, 3, 3] }, 'mask: expected shape [..., 1, 3], the same for every query'],
  ])('refuses %j and says what does not fit', (wrong: Record<string, number[]>, message) => {
    const x = [2, 3, 4];
    const shapes = { query: x, keys: x, values: x, E: [5, 2], F: [5, 2], ...wrong };
    const given = Object.fromEntries(Object.entries(shapes).map(([n, s]) => [n, tf.zeros(s)]));
    const { query, keys, values, E, F, mask } = given as Record<string, tf.Tensor>;
    const before = tf.memory().numTensors;
    expect(() => linformerAttention(query, keys, values, { E, F }, mask)).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });
});
