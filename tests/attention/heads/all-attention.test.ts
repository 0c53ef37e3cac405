import {
  allAttention,
  causalMask,
  dense,
  persistentParameters,
  random,
  scaledDotProductAttention,
  tf,
  uniform,
} from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../../golden/golden';
import { expectGradient, expectNoLeak } from '../../helpers';

const next = random(1907);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const distance = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];
const size = (max: number, min = 1) => fc.integer({ min, max });

describe('allAttention', () => {
  test.each(golden('all-attention'))('agrees with x-transformers and PyTorch, case %#', (c) => {
    expectGolden(c, ({ query, keys, values, persistentKeys, persistentValues, mask }, options) => {
      const persistent = { keys: persistentKeys, values: persistentValues };
      const visible = options.causal ? causalMask(query.shape[2] as number) : mask;
      return allAttention(query, keys, values, persistent, visible);
    });
  });

  test('to the persistent vectors alone is a feed-forward layer with softmax in place of ReLU', () => {
    const [dModel, dFeedForward] = [4, 6];
    const [W1, W2] = [draw(dModel, dFeedForward), draw(dFeedForward, dModel)];
    const x = draw(2, 5, dModel);
    const feedForward = (activation: (logits: tf.Tensor) => tf.Tensor) =>
      dense(activation(dense(x, W1)), W2);
    // Rows of W1ᵀ are keys, rows of W2 values. √dKey undoes the scaling of the dot products.
    const persistent = { keys: tf.mul(tf.transpose(W1), Math.sqrt(dModel)), values: W2 };
    const { context } = allAttention(x, x, x, persistent, tf.zeros([1, 1, 5]));
    expect(distance(context, feedForward(tf.softmax))).toBeLessThan(1e-6);
    // With ReLU the layer is another: its weights are neither bounded nor of sum 1.
    expect(distance(context, feedForward(tf.relu))).toBeGreaterThan(0.1);
  });

  test('is attention to the concatenation, one softmax over both', () => {
    fc.assert(
      fc.property(size(2), size(3), size(5), size(5), size(4), (batch, heads, n, m, N) => {
        const [q, k, v] = [
          draw(batch, heads, n, 3),
          draw(batch, heads, m, 3),
          draw(batch, heads, m, 2),
        ];
        const p = persistentParameters({ N, dKey: 3, dValue: 2, heads }, next);
        const { context, weights } = allAttention(q, k, v, p);
        expect(weights.shape).toEqual([batch, heads, n, m + N]);
        expect(distance(tf.sum(weights, -1), tf.ones([1]))).toBeLessThan(1e-5);
        for (let b = 0; b < batch; b++) {
          const one = (x: tf.Tensor) => tf.slice(x, [b, 0, 0, 0], [1, -1, -1, -1]);
          const join = (x: tf.Tensor, y: tf.Tensor) => tf.concat([one(x), y.expandDims(0)], 2);
          const plain = scaledDotProductAttention(one(q), join(k, p.keys), join(v, p.values));
          expect(distance(one(context), plain.context)).toBeLessThan(1e-5);
        }
      }),
      { numRuns: 20 },
    );
  });

  test('asks the persistent vectors with another query, if one is given', () => {
    const [batch, heads, n, d, N] = [2, 2, 4, 6, 3];
    const [q, k, v, other] = [0, 1, 2, 3].map(() => draw(batch, heads, n, d));
    const p = persistentParameters({ N, dKey: d, heads }, next);
    const mask = causalMask(n);
    const { context, weights } = allAttention(q, k, v, p, mask, { persistentQuery: other });
    const tiled = (x: tf.Tensor) => tf.tile(x.expandDims(0), [batch, 1, 1, 1]);
    const hidden = tf.mul(tf.sub(mask.toFloat(), 1), 1e9);
    const read = tf.add(tf.matMul(q, k, false, true), hidden);
    const known = tf.matMul(other, tiled(p.keys), false, true);
    const wanted = tf.softmax(tf.div(tf.concat([read, known], -1), Math.sqrt(d)));
    expect(distance(weights, wanted)).toBeLessThan(1e-6);
    const values = tf.concat([v, tiled(p.values)], 2);
    expect(distance(context, tf.matMul(wanted, values))).toBeLessThan(1e-6);
    const same = allAttention(q, k, v, p, mask, { persistentQuery: q });
    expect(distance(same.context, allAttention(q, k, v, p, mask).context)).toBeLessThan(1e-6);
    // A loop over plain arrays, for one query that sees two keys.
    const row = (x: tf.Tensor, at: number[]) =>
      tf.slice(x, [...at, 0], [...at.map(() => 1), -1]).dataSync() as Float32Array;
    const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i], 0);
    const [asked, askedOther] = [row(q, [1, 0, 1]), row(other, [1, 0, 1])];
    const scores = [
      ...[0, 1].map((r) => dot(asked, row(k, [1, 0, r]))),
      ...[0, 1, 2].map((i) => dot(askedOther, row(p.keys, [0, i]))),
    ];
    const e = scores.map((score) => Math.exp(score / Math.sqrt(d)));
    const sum = e.reduce((a, b) => a + b);
    const seen = [...row(weights, [1, 0, 1])].filter((_, column) => column < 2 || column >= n);
    for (const [i, weight] of seen.entries()) expect(weight).toBeCloseTo(e[i] / sum, 5);
  });

  test('with another query: causal, without hidden keys, finite, with right gradients, no leak', () => {
    const p = persistentParameters({ N: 3, dKey: 2 }, next);
    const [x, other] = [draw(1, 4, 2), draw(1, 4, 2)];
    const options = { persistentQuery: other };
    const bad = tf.concat([x, tf.fill([1, 1, 2], Number.NaN)], 1) as tf.Tensor3D;
    const padding = tf.tensor([1, 1, 1, 1, 0], [1, 1, 5]);
    const { context } = allAttention(x, bad, bad, p, padding, options);
    expect(distance(context, allAttention(x, x, x, p, undefined, options).context)).toBeLessThan(
      1e-6,
    );
    const alone = allAttention(x, x, x, p, tf.zeros([1, 1, 4]), options);
    const mass = tf.sum(tf.slice(alone.weights, [0, 0, 4], [-1, -1, -1]), -1);
    expect(distance(mass, tf.ones([1]))).toBeLessThan(1e-6);
    const big = allAttention(tf.mul(x, 1e4), tf.mul(x, 1e4), x, p, causalMask(4), {
      persistentQuery: tf.mul(other, 1e4),
    });
    expect(Array.from(big.context.dataSync()).every(Number.isFinite)).toBe(true);
    const cotangent = draw(1, 4, 2);
    const f = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, asking: tf.Tensor, keys: tf.Tensor) => {
      const own = { keys, values: p.values };
      const made = allAttention(q, k, v, own, causalMask(4), { persistentQuery: asking });
      return tf.sum(tf.mul(made.context, cotangent));
    };
    expectGradient(f as never, [draw(1, 4, 2), draw(1, 4, 2), draw(1, 4, 2), other, p.keys]);
    expectNoLeak(() => tf.dispose(allAttention(x, x, x, p, undefined, options)));
    expect(() => allAttention(x, x, x, p, undefined, { persistentQuery: draw(1, 3, 2) })).toThrow(
      'persistentQuery: expected shape [1, 4, 2], got [1, 3, 2]',
    );
  });

  test('under a causal mask is not changed by the future', () => {
    const p = persistentParameters({ N: 3, dKey: 2, heads: 2 }, next);
    const x = draw(1, 2, 5, 2);
    const changed = tf.concat([tf.slice(x, [0, 0, 0, 0], [-1, -1, 4, -1]), draw(1, 2, 1, 2)], 2);
    const past = (y: tf.Tensor) =>
      tf.slice(allAttention(y, y, y, p, causalMask(5)).context, [0, 0, 0, 0], [-1, -1, 4, -1]);
    expect(distance(past(x), past(changed))).toBe(0);
  });

  test('gives padded keys weight 0, and the others what they get without the padding', () => {
    const p = persistentParameters({ N: 3, dKey: 2 }, next);
    const x = draw(2, 4, 2);
    const padded = tf.concat([x, tf.fill([2, 2, 2], 1e4)], 1);
    const mask = tf.tensor([1, 1, 1, 1, 0, 0], [1, 1, 6]);
    const { context } = allAttention(x, padded, padded, p, mask);
    expect(distance(context, allAttention(x, x, x, p).context)).toBeLessThan(1e-6);
  });

  test('has the gradient that finite differences measure, for every input', () => {
    const cotangent = draw(2, 2, 3, 2);
    const mask = tf.tensor([1, 1, 0, 1], [1, 1, 1, 4]);
    const f = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, keys: tf.Tensor, values: tf.Tensor) =>
      tf.sum(tf.mul(allAttention(q, k, v, { keys, values }, mask).context, cotangent));
    const inputs = [draw(2, 2, 3, 3), draw(2, 2, 4, 3), draw(2, 2, 4, 2)];
    expectGradient(f as never, [...inputs, draw(2, 5, 3), draw(2, 5, 2)]);
  });

  test('survives inputs of ±1e4 without NaN', () => {
    const x = tf.tensor([[[1e4], [-1e4]]]);
    const p = { keys: tf.tensor([[1e4], [-1e4]]), values: tf.tensor([[1], [2]]) };
    const { context } = allAttention(x, x, x, p, causalMask(2));
    expect(Array.from(context.dataSync()).every(Number.isFinite)).toBe(true);
  });

  test('keeps no tensor but what it returns', () => {
    const x = draw(1, 2, 3, 2);
    const p = persistentParameters({ N: 2, dKey: 2, heads: 2 }, next);
    const mask = causalMask(3);
    expectNoLeak(() => tf.dispose(allAttention(x, x, x, p, mask)));
  });

  test.each([
    [{ query: [3, 4] }, 'query: expected shape [batch, queries, dKey], got [3, 4]'],
    [{ keys: [2, 3, 5] }, 'keys: expected shape [2, keys, 4], got [2, 3, 5]'],
    [{ values: [2, 4, 4] }, 'values: expected shape [2, 3, dValue], got [2, 4, 4]'],
    [{ K: [5, 3] }, 'persistent keys: expected shape [N, 4], got [5, 3]'],
    [{ V: [6, 4] }, 'persistent values: expected shape [5, 4], got [6, 4]'],
    [{ mask: [1, 1, 4] }, 'mask: expected shape [1, 1, 3], got [1, 1, 4]'],
    [{ mask: [1, 2, 3] }, 'mask: expected shape [1, 3, 3], got [1, 2, 3]'],
  ])('refuses %j and says what does not fit', (wrong: Record<string, number[]>, message) => {
    const x = [2, 3, 4];
    const shapes = { query: x, keys: x, values: x, K: [5, 4], V: [5, 4], ...wrong };
    const given = Object.fromEntries(Object.entries(shapes).map(([n, s]) => [n, tf.zeros(s)]));
    const { query, keys, values, K, V, mask } = given as Record<string, tf.Tensor>;
    const before = tf.memory().numTensors;
    const attend = () => allAttention(query, keys, values, { keys: K, values: V }, mask);
    expect(attend).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });
});
