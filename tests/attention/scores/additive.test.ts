import { additiveAligner, additiveAttention, random, tf, uniform } from 'attention';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../../golden/golden';
import { expectGradient, expectNoLeak } from '../../helpers';

const next = random(7);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const setting = (batch = 2, queries = 3, keys = 5) => ({
  query: draw(batch, queries, 4),
  keys: draw(batch, keys, 6),
  values: draw(batch, keys, 2),
  weights: { W: draw(4, 7), U: draw(6, 7), v: draw(7) },
});

/** The formula in plain arrays, one number after another. */
function byHand(
  query: number[][],
  keys: number[][],
  values: number[][],
  W: number[][],
  U: number[][],
  v: number[],
) {
  const times = (x: number[], M: number[][]) =>
    M[0].map((_, column) => x.reduce((sum, value, row) => sum + value * M[row][column], 0));
  const weights = query.map((s) => {
    const e = keys.map((h) => {
      const [ws, uh] = [times(s, W), times(h, U)];
      return v.reduce((sum, va, a) => sum + va * Math.tanh(ws[a] + uh[a]), 0);
    });
    const total = e.reduce((sum, logit) => sum + Math.exp(logit), 0);
    return e.map((logit) => Math.exp(logit) / total);
  });
  return { weights, context: weights.map((row) => times(row, values)) };
}

describe('additiveAttention', () => {
  test.each(golden('additive'))('agrees with PyTorch, case %#', (example) => {
    expectGolden(example, ({ query, keys, values, W, U, v, mask }) =>
      additiveAttention(query, keys, values, { W, U, v }, mask),
    );
  });

  test('agrees with the formula written out in loops', () => {
    const { query, keys, values, weights } = setting(1);
    const { context, weights: alpha } = additiveAttention(query, keys, values, weights);
    const expected = byHand(
      (query.arraySync() as number[][][])[0],
      (keys.arraySync() as number[][][])[0],
      (values.arraySync() as number[][][])[0],
      weights.W.arraySync() as number[][],
      weights.U.arraySync() as number[][],
      weights.v.arraySync() as number[],
    );
    expect(tf.max(tf.abs(tf.sub(alpha, [expected.weights]))).dataSync()[0]).toBeLessThan(1e-6);
    expect(tf.max(tf.abs(tf.sub(context, [expected.context]))).dataSync()[0]).toBeLessThan(1e-6);
  });

  test('has the gradient that finite differences measure, for every input', () => {
    const { query, keys, values, weights } = setting();
    const cotangent = draw(2, 3, 2);
    const f = (
      q: tf.Tensor,
      k: tf.Tensor,
      x: tf.Tensor,
      W: tf.Tensor,
      U: tf.Tensor,
      v: tf.Tensor,
    ) => tf.sum(tf.mul(additiveAttention(q, k, x, { W, U, v }).context, cotangent));
    expectGradient(f as never, [query, keys, values, weights.W, weights.U, weights.v]);
  });

  test('gives a decoder that asks step by step the same as all queries at once', () => {
    const { query, keys, values, weights } = setting();
    const align = additiveAligner(keys, values, weights);
    const stepwise = (q: tf.Tensor) =>
      tf.concat(
        [0, 1, 2].map((t) => align(tf.slice(q, [0, t, 0], [-1, 1, -1])).context),
        1,
      );
    const atOnce = (q: tf.Tensor) => additiveAttention(q, keys, values, weights).context;
    const difference = (f: (q: tf.Tensor) => tf.Tensor, g: (q: tf.Tensor) => tf.Tensor) =>
      tf.max(tf.abs(tf.sub(f(query), g(query)))).dataSync()[0];
    expect(difference(stepwise, atOnce)).toBeLessThan(1e-6);
    const gradient = (f: (q: tf.Tensor) => tf.Tensor) => tf.grad((q) => tf.sum(tf.square(f(q))));
    expect(difference(gradient(stepwise), gradient(atOnce))).toBeLessThan(1e-5);
  });

  test('does not care in which order the keys stand', () => {
    const { query, keys, values, weights } = setting();
    const order = tf.tensor1d([3, 0, 4, 1, 2], 'int32');
    const permuted = additiveAttention(
      query,
      tf.gather(keys, order, 1),
      tf.gather(values, order, 1),
      weights,
    );
    const plain = additiveAttention(query, keys, values, weights);
    expect(tf.max(tf.abs(tf.sub(permuted.context, plain.context))).dataSync()[0]).toBeLessThan(
      1e-6,
    );
    const moved = tf.gather(plain.weights, order, 2);
    expect(tf.max(tf.abs(tf.sub(permuted.weights, moved))).dataSync()[0]).toBeLessThan(1e-6);
  });

  test('gives padded keys weight 0, and the others what they get without the padding', () => {
    const { query, keys, values, weights } = setting();
    const padding = tf.fill([2, 2, 6], 1e4);
    const padded = additiveAttention(
      query,
      tf.concat([keys, padding], 1),
      tf.concat([values, tf.fill([2, 2, 2], 1e4)], 1),
      weights,
      tf.tensor([1, 1, 1, 1, 1, 0, 0], [1, 1, 7]),
    );
    const plain = additiveAttention(query, keys, values, weights);
    expect(tf.max(tf.abs(tf.sub(padded.context, plain.context))).dataSync()[0]).toBeLessThan(1e-6);
  });

  test('attends to nothing, context 0, where the mask hides every key', () => {
    const { query, keys, values, weights } = setting();
    const { context, weights: alpha } = additiveAttention(
      query,
      keys,
      values,
      weights,
      tf.zeros([2, 1, 5]),
    );
    expect(tf.sum(tf.abs(context)).dataSync()[0]).toBe(0);
    expect(tf.sum(alpha).dataSync()[0]).toBe(0);
  });

  test('keeps no tensor but what it returns', () => {
    const { query, keys, values, weights } = setting();
    expectNoLeak(() => tf.dispose(additiveAttention(query, keys, values, weights)));
  });

  test.each([
    [{ query: [2, 3, 5] }, 'query depth 5 ≠ rows of W 4'],
    [{ keys: [2, 5, 3] }, 'key depth 3 ≠ rows of U 6'],
    [{ values: [2, 4, 2] }, 'values: expected shape [2, 5, valueDepth], got [2, 4, 2]'],
    [{ query: [3, 3, 4] }, 'query: expected shape [2, queries, queryDepth], got [3, 3, 4]'],
    [{ query: [2, 4] }, 'query: expected shape [2, queries, queryDepth], got [2, 4]'],
    [{ W: [4, 6] }, 'W: expected shape [queryDepth, 7], got [4, 6]'],
  ])('refuses %j and says what does not fit', (wrong: Record<string, number[]>, message) => {
    const { query, keys, values, weights } = setting();
    const given: Record<string, tf.Tensor> = { query, keys, values, ...weights };
    for (const [name, shape] of Object.entries(wrong)) given[name] = tf.zeros(shape);
    const { W, U, v } = given;
    const before = tf.memory().numTensors;
    expect(() => additiveAttention(given.query, given.keys, given.values, { W, U, v })).toThrow(
      message,
    );
    expect(tf.memory().numTensors).toBe(before);
  });
});
