import {
  causalMask,
  maskedSoftmax,
  random,
  segmentAttention,
  tf,
  transformerXLAttention,
  transformerXLParameters,
  transformerXLTerms,
  uniform,
} from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../../golden/golden';
import { expectGradient, expectNoLeak, largestTensor } from '../../helpers';

const next = random(2019);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const distance = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];
const size = (max: number, min = 1) => fc.integer({ min, max });
const part = (x: tf.Tensor, first: number, n = -1) => tf.slice(x, [0, first, 0], [-1, n, -1]);

describe('transformerXLTerms', () => {
  test.each(golden('transformer-xl-terms'))('agrees with a loop in PyTorch, case %#', (c) => {
    expectGolden(c, ({ query, keys, ...parameters }) =>
      transformerXLTerms(query, keys, parameters as never),
    );
  });

  test('add up to the logits of transformerXLAttention', () => {
    fc.assert(
      fc.property(size(2), size(3), size(5), size(4, 0), (batch, heads, queries, memory) => {
        const [query, keys] = [
          draw(batch, heads, queries, 3),
          draw(batch, heads, queries + memory, 3),
        ];
        const parameters = { WKR: draw(4, heads * 3), u: draw(heads, 3), v: draw(heads, 3) };
        const terms = Object.values(transformerXLTerms(query, keys, parameters));
        const logits = tf.div(tf.addN(terms), Math.sqrt(3));
        const expected = maskedSoftmax(logits, causalMask(queries, queries + memory));
        const { weights } = transformerXLAttention(query, keys, keys, parameters);
        expect(distance(weights, expected)).toBeLessThan(1e-6);
      }),
      { numRuns: 20 },
    );
  });
});

describe('segmentAttention', () => {
  test.each(golden('transformer-xl'))('agrees with transformers’ XLNet, case %#', (example) => {
    expectGolden(example, ({ x, memory, mask, ...parameters }) =>
      segmentAttention(x, memory, parameters as never, { mask }),
    );
  });

  test('with a memory that covers everything equals one long pass', () => {
    fc.assert(
      fc.property(size(2), size(5), size(5), (batch, first, second) => {
        const parameters = transformerXLParameters({ dModel: 4, heads: 2 }, next);
        const x = draw(batch, first + second, 4);
        const whole = segmentAttention(x, undefined, parameters);
        const later = segmentAttention(part(x, first), part(x, 0, first), parameters);
        expect(distance(later.context, part(whole.context, first))).toBeLessThan(1e-5);
      }),
      { numRuns: 20 },
    );
  });

  test('lets no gradient into the memory', () => {
    const parameters = transformerXLParameters({ dModel: 4, heads: 2 }, next);
    const [x, memory] = [draw(1, 3, 4), draw(1, 2, 4)];
    const f = (segment: tf.Tensor, remembered: tf.Tensor) => {
      const { context } = segmentAttention(segment, remembered, parameters);
      return tf.add(tf.sum(tf.square(context)), tf.sum(remembered)); // gradient 1 by the last term
    };
    const [dx, dMemory] = tf.grads(f as never)([x, memory]);
    expect(distance(dMemory, tf.ones([1]))).toBe(0);
    expect(tf.sum(tf.abs(dx)).dataSync()[0]).toBeGreaterThan(0);
    const changed = segmentAttention(x, tf.add(memory, 1), parameters).context;
    expect(distance(changed, segmentAttention(x, memory, parameters).context)).toBeGreaterThan(
      1e-3,
    );
  });

  test('depends on distances alone: the same text later, behind a mask, gets the same', () => {
    const parameters = transformerXLParameters({ dModel: 6, heads: 3 }, next);
    const x = draw(2, 4, 6);
    const mask = tf.tensor([0, 0, 0, 1, 1, 1, 1], [1, 1, 1, 7]);
    const plain = segmentAttention(x, undefined, parameters);
    const later = segmentAttention(x, draw(2, 3, 6), parameters, { mask });
    expect(distance(later.context, plain.context)).toBeLessThan(1e-5);
  });

  test('rows sum to one, and the future changes nothing', () => {
    fc.assert(
      fc.property(size(2), size(6, 2), size(3, 0), (batch, length, remembered) => {
        const parameters = transformerXLParameters({ dModel: 4, heads: 2, dHead: 3 }, next);
        const memory = remembered ? draw(batch, remembered, 4) : undefined;
        const x = draw(batch, length, 4);
        const changed = tf.concat([part(x, 0, length - 1), draw(batch, 1, 4)], 1);
        const [before, after] = [x, changed].map((y) => segmentAttention(y, memory, parameters));
        expect(distance(tf.sum(before.weights, -1), tf.ones([1]))).toBeLessThan(1e-5);
        const past = (y: { context: tf.Tensor }) => part(y.context, 0, length - 1);
        expect(distance(past(before), past(after))).toBe(0);
      }),
      { numRuns: 20 },
    );
  });

  test('has the gradient that finite differences measure, for input and parameters', () => {
    const { WQ, WKE, WKR, WV, WO, u, v } = transformerXLParameters({ dModel: 4, heads: 2 }, next);
    const [memory, cotangent] = [draw(2, 2, 4), draw(2, 3, 4)];
    const names = ['WQ', 'WKE', 'WKR', 'WV', 'WO', 'u', 'v'];
    const f = (x: tf.Tensor, ...tensors: tf.Tensor[]) => {
      const parameters = Object.fromEntries(tensors.map((t, i) => [names[i], t]));
      const { context } = segmentAttention(x, memory, parameters as never);
      return tf.sum(tf.mul(context, cotangent));
    };
    expectGradient(f as never, [draw(2, 3, 4), WQ, WKE, WKR, WV, WO, u, v]);
  });

  test('computes no tensor of length × length × depth, forward or backward', async () => {
    const [n, d] = [32, 16];
    const parameters = transformerXLParameters({ dModel: d, heads: 1 }, next);
    const x = draw(1, n, d);
    const f = (y: tf.Tensor) => tf.sum(segmentAttention(y, undefined, parameters).context);
    expect(await largestTensor(() => tf.grad(f)(x))).toBeLessThanOrEqual(n * (n + 1));
  });

  test('attends to nothing before its heads are joined where every key is hidden', () => {
    const parameters = { WKR: draw(2, 2), u: draw(1, 2), v: draw(1, 2) };
    const x = draw(1, 1, 3, 2);
    const f = (y: tf.Tensor) =>
      transformerXLAttention(y, y, y, parameters, tf.zeros([1, 1, 1, 3])).context;
    expect(Array.from(f(x).dataSync())).toEqual(new Array(6).fill(0));
    expect(
      Array.from(
        tf
          .grad((y) => tf.sum(f(y)))(x)
          .dataSync(),
      ),
    ).toEqual(new Array(6).fill(0));
  });

  test('survives inputs of ±1e4 without NaN', () => {
    const parameters = transformerXLParameters({ dModel: 2, heads: 1 }, next);
    const x = tf.tensor([
      [
        [1e4, -1e4],
        [-1e4, 1e4],
        [1e4, 1e4],
      ],
    ]);
    const { context } = segmentAttention(x, x, parameters);
    expect(Array.from(context.dataSync()).every(Number.isFinite)).toBe(true);
  });

  test('keeps no tensor but what it returns', () => {
    const parameters = transformerXLParameters({ dModel: 4, heads: 2 }, next);
    const x = draw(1, 3, 4);
    expectNoLeak(() => tf.dispose(segmentAttention(x, x, parameters)));
    const q = draw(1, 2, 3, 2);
    expectNoLeak(() => tf.dispose(transformerXLTerms(q, q, parameters)));
  });

  test.each([
    [{ x: [2, 4] }, 'x: expected shape [batch, queries, dModel], got [2, 4]'],
    [{ memory: [2, 3, 5] }, 'memory: expected shape [2, remembered, 4], got [2, 3, 5]'],
    [{ u: [4] }, 'u: expected shape [heads, dHead], got [4]'],
    [{ v: [1, 2] }, 'v: expected shape [2, 2], got [1, 2]'],
    [{ WQ: [4, 6] }, 'WQ: expected shape [4, 4], got [4, 6]'],
    [{ WKE: [3, 4] }, 'WKE: expected shape [4, 4], got [3, 4]'],
    [{ WV: [4] }, 'WV: expected shape [4, 4], got [4]'],
    [{ WKR: [6, 4] }, 'WKR: expected shape [4, 4], got [6, 4]'],
    [{ WO: [3, 4] }, 'input depth 4 ≠ rows of W 3'],
    [{ mask: [1, 1, 3, 4] }, 'mask: expected shape [1, 1, 3, 5], got [1, 1, 3, 4]'],
  ])('refuses %j and says what does not fit', (wrong: Record<string, number[]>, message) => {
    const square = { WQ: [4, 4], WKE: [4, 4], WKR: [4, 4], WV: [4, 4], WO: [4, 4] };
    const shapes = { x: [2, 3, 4], memory: [2, 2, 4], ...square, u: [2, 2], v: [2, 2], ...wrong };
    const given = Object.fromEntries(Object.entries(shapes).map(([n, s]) => [n, tf.zeros(s)]));
    const { x, memory, mask, ...parameters } = given;
    const before = tf.memory().numTensors;
    expect(() => segmentAttention(x, memory, parameters as never, { mask })).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });

  test.each([
    [[1, 1, 4, 2], [1, 1, 3, 2], [1, 1, 3, 2], 4, 'expected keys ≥ queries, got 3 keys, 4 queries'],
    [[1, 1, 3, 2], [1, 1, 3, 2], [1, 1, 4, 2], 4, 'values: expected shape [1, 1, 3, dValue]'],
    [[1, 1, 3, 2], [1, 1, 3, 2], [1, 1, 3, 2], 3, 'WKR: expected an even number of rows, got 3'],
    [[1, 3, 2], [1, 3, 2], [1, 3, 2], 4, 'query: expected shape [batch, heads, queries, dHead]'],
  ])('refuses heads of shape %j, %j, %j with dModel %i', (q, k, v, dModel, message) => {
    const parameters = { WKR: tf.zeros([dModel, 2]), u: tf.zeros([1, 2]), v: tf.zeros([1, 2]) };
    const [query, keys, values] = [q, k, v].map((shape) => tf.zeros(shape));
    expect(() => transformerXLAttention(query, keys, values, parameters)).toThrow(message);
  });
});
