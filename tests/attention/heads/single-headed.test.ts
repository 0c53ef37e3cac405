import {
  causalMask,
  collapse,
  flatten,
  layerNorm,
  random,
  scaledDotProductAttention,
  singleHeadedAttention,
  singleHeadedParameters,
  tf,
  uniform,
} from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../../golden/golden';
import { expectGradient, expectNoLeak } from '../../helpers';

const next = random(1911);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const distance = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];
const size = (max: number, min = 1) => fc.integer({ min, max });
const tree = ({ WQ, bQ, gain, bias, qs, ks, vs, W, b }: Record<string, tf.Tensor>) => ({
  ...{ WQ, bQ, norm: { gain, bias }, qs, ks, vs, overparameterised: { W, b } },
});

describe('singleHeadedAttention', () => {
  test.each(golden('single-headed'))('agrees with PyTorch, case %#', (example) => {
    expectGolden(example, ({ query, keys, values, mask, ...p }) =>
      singleHeadedAttention(query, keys, values, tree(p), mask),
    );
  });

  test('with open gates is scaled dot-product attention with a normalised query', () => {
    const p = singleHeadedParameters({ depth: 4 }, next);
    const open = tf.fill([4], 50); // σ(50) = 1
    const parameters = { ...p, qs: open, ks: open, vs: tf.ones([4]), overparameterised: undefined };
    const [q, k] = [draw(2, 3, 4), draw(2, 5, 4)];
    const query = layerNorm(tf.matMul(q.reshape([6, 4]), p.WQ).reshape([2, 3, 4]), p.norm);
    const plain = scaledDotProductAttention(
      query as tf.Tensor3D,
      k as tf.Tensor3D,
      k as tf.Tensor3D,
    );
    const single = singleHeadedAttention(q, k, k, parameters);
    expect(distance(single.weights, plain.weights)).toBeLessThan(1e-4); // ε of the norm differs
    expect(distance(single.context, plain.context)).toBeLessThan(1e-4);
  });

  test('computes the same with fewer numbers once its value gate is collapsed', () => {
    const p = { ...singleHeadedParameters({ depth: 3 }, next), vs: draw(3) };
    const small = collapse(p);
    const x = draw(1, 4, 3);
    const [before, after] = [p, small].map((q) => singleHeadedAttention(x, x, x, q).context);
    expect(distance(before, after)).toBe(0);
    const count = (q: object) =>
      Object.values(flatten<tf.Tensor>(q)).reduce((n, t) => n + t.size, 0);
    expect(count(p) - count(small)).toBe(2 * 3 * 3 + 2 * 3);
  });

  test('multiplies old positions by no matrix: its only one acts on the query', () => {
    const p = singleHeadedParameters({ depth: 3 }, next);
    const [x, memory] = [draw(1, 2, 3), draw(1, 5, 3)];
    const other = { ...p, WQ: draw(3, 3) };
    const f = (q: typeof p) => singleHeadedAttention(x, memory, memory, q).weights;
    expect(distance(f(p), f(other))).toBeGreaterThan(0);
    expect(
      Object.entries(flatten<tf.Tensor>(collapse(p))).filter(([, t]) => t.rank > 1).length,
    ).toBe(1);
  });

  test('rows sum to one, and under a causal mask the future changes nothing', () => {
    fc.assert(
      fc.property(size(2), size(6, 2), size(4, 2), (batch, length, depth) => {
        const p = singleHeadedParameters({ depth }, next);
        const x = draw(batch, length, depth);
        const past = (y: tf.Tensor) => tf.slice(y, [0, 0, 0], [-1, length - 1, -1]);
        const changed = tf.concat([past(x), draw(batch, 1, depth)], 1);
        const [a, b] = [x, changed].map((y) =>
          singleHeadedAttention(y, y, y, p, causalMask(length)),
        );
        expect(distance(tf.sum(a.weights, -1), tf.ones([1]))).toBeLessThan(1e-5);
        expect(distance(past(a.context), past(b.context))).toBe(0);
      }),
      { numRuns: 20 },
    );
  });

  test('has the gradient that finite differences measure, for every input', () => {
    const cotangent = draw(2, 3, 4);
    const names = ['WQ', 'bQ', 'gain', 'bias', 'qs', 'ks', 'vs', 'W', 'b'];
    const f = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, ...tensors: tf.Tensor[]) => {
      const p = tree(Object.fromEntries(tensors.map((t, i) => [names[i], t])));
      return tf.sum(tf.mul(singleHeadedAttention(q, k, v, p).context, cotangent));
    };
    const vectors = [draw(4), draw(4), draw(4), draw(4), draw(4), draw(4)];
    const inputs = [draw(2, 3, 4), draw(2, 5, 4), draw(2, 5, 4), draw(4, 4), ...vectors];
    expectGradient(f as never, [...inputs, draw(4, 8), draw(8)]);
  });

  test('attends to nothing, context 0, where the mask hides every key', () => {
    const x = draw(1, 3, 2);
    const p = singleHeadedParameters({ depth: 2 }, next);
    const { context, weights } = singleHeadedAttention(x, x, x, p, tf.zeros([1, 1, 3]));
    expect(tf.sum(tf.abs(context)).dataSync()[0]).toBe(0);
    expect(tf.sum(weights).dataSync()[0]).toBe(0);
  });

  test('survives inputs of ±1e4, and a query whose numbers are all equal, without NaN', () => {
    const p = singleHeadedParameters({ depth: 2 }, next);
    const x = tf.tensor([
      [
        [1e4, -1e4],
        [-1e4, 1e4],
        [0, 0],
      ],
    ]);
    const { context } = singleHeadedAttention(x, x, x, p);
    expect(Array.from(context.dataSync()).every(Number.isFinite)).toBe(true);
  });

  test('keeps no tensor but what it returns', () => {
    const x = draw(1, 3, 2);
    const p = singleHeadedParameters({ depth: 2 }, next);
    expectNoLeak(() => tf.dispose(singleHeadedAttention(x, x, x, p)));
    expectNoLeak(() => collapse(p).vs.dispose());
  });

  test.each([
    [{ query: [2, 4] }, 'query: expected shape [batch, queries, depth], got [2, 4]'],
    [{ keys: [2, 5, 3] }, 'keys: expected shape [2, keys, 4], got [2, 5, 3]'],
    [{ values: [2, 6, 4] }, 'values: expected shape [2, 5, 4], got [2, 6, 4]'],
    [{ WQ: [4, 3] }, 'WQ: expected shape [4, 4], got [4, 3]'],
    [{ bQ: [3] }, 'bQ: expected shape [4], got [3]'],
    [{ qs: [3] }, 'qs: expected shape [4], got [3]'],
    [{ ks: [1, 4] }, 'ks: expected shape [4], got [1, 4]'],
    [{ vs: [5] }, 'vs: expected shape [4], got [5]'],
    [{ gain: [3] }, 'gain: expected shape [4], got [3]'],
    [{ W: [4, 6] }, 'W: expected shape [4, 8], got [4, 6]'],
    [{ b: [4] }, 'b: expected shape [8], got [4]'],
  ])('refuses %j and says what does not fit', (wrong: Record<string, number[]>, message) => {
    const vectors = { bQ: [4], gain: [4], bias: [4], qs: [4], ks: [4], vs: [4] };
    const inputs = { query: [2, 3, 4], keys: [2, 5, 4], values: [2, 5, 4] };
    const shapes = { ...inputs, ...vectors, WQ: [4, 4], W: [4, 8], b: [8], ...wrong };
    const given = Object.fromEntries(Object.entries(shapes).map(([n, s]) => [n, tf.zeros(s)]));
    const { query, keys, values, ...p } = given;
    const before = tf.memory().numTensors;
    expect(() => singleHeadedAttention(query, keys, values, tree(p as never))).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });
});
