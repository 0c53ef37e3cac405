/** What holds for every attention that is a score and a softmax: dot, general, concat, cosine. */
import {
  additiveAttention,
  concatAttention,
  concatParameters,
  concatScore,
  contentBasedAttention,
  contentBasedScore,
  dotProductAttention,
  dotProductScore,
  generalAttention,
  generalParameters,
  generalScore,
  random,
  scaledDotProductAttention,
  softAttention,
  tf,
  uniform,
} from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../../golden/golden';
import { expectGradient, expectNoLeak } from '../../helpers';

const next = random(15);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const largest = (x: tf.Tensor) => tf.max(tf.abs(x)).dataSync()[0];
const gap = (a: tf.Tensor, b: tf.Tensor) => largest(tf.sub(a, b));

type Attention = (
  query: tf.Tensor3D,
  keys: tf.Tensor3D,
  values: tf.Tensor3D,
  mask?: tf.Tensor,
) => { context: tf.Tensor; weights: tf.Tensor };

const D = 4;
const general = generalParameters({ queryDepth: D, keyDepth: D }, next);
const concat = concatParameters({ queryDepth: D, keyDepth: D, dAttention: 5 }, next);
const mechanisms: [string, Attention][] = [
  ['dotProductAttention', dotProductAttention],
  ['generalAttention', (q, k, v, mask) => generalAttention(q, k, v, general, mask)],
  ['concatAttention', (q, k, v, mask) => concatAttention(q, k, v, concat, mask)],
  ['contentBasedAttention', (q, k, v, mask) => contentBasedAttention(q, k, v, mask, { beta: 3 })],
];

describe.each(mechanisms)('%s', (_, attention) => {
  const setting = (batch = 2, queries = 3, keys = 5) =>
    [draw(batch, queries, D), draw(batch, keys, D), draw(batch, keys, 2)] as tf.Tensor3D[];

  test('gives each query weights that add up to 1, and their average of the values', () => {
    const size = fc.integer({ min: 1, max: 6 });
    fc.assert(
      fc.property(size, size, size, (batch, queries, keys) => {
        const [q, k, v] = setting(batch, queries, keys);
        const { context, weights } = attention(q, k, v);
        expect(weights.shape).toEqual([batch, queries, keys]);
        expect(tf.min(weights).dataSync()[0]).toBeGreaterThanOrEqual(0);
        expect(gap(tf.sum(weights, -1), tf.ones([batch, queries]))).toBeLessThan(1e-5);
        expect(gap(context, tf.matMul(weights, v))).toBeLessThan(1e-6);
      }),
      { numRuns: 20, seed: 1 },
    );
  });

  test('does not care in which order the keys stand', () => {
    const [q, k, v] = setting();
    const order = tf.tensor1d([3, 0, 4, 1, 2], 'int32');
    const plain = attention(q, k, v);
    const permuted = attention(q, tf.gather(k, order, 1), tf.gather(v, order, 1));
    expect(gap(permuted.context, plain.context)).toBeLessThan(1e-6);
    expect(gap(permuted.weights, tf.gather(plain.weights, order, 2))).toBeLessThan(1e-6);
  });

  test('gives padded keys weight 0, and the others what they get without the padding', () => {
    const [q, k, v] = setting();
    const mask = tf.tensor([1, 1, 1, 1, 1, 0, 0], [1, 1, 7]);
    const padded = attention(
      q,
      tf.concat([k, tf.fill([2, 2, D], 1e4)], 1) as tf.Tensor3D,
      tf.concat([v, tf.fill([2, 2, 2], 1e4)], 1) as tf.Tensor3D,
      mask,
    );
    expect(gap(padded.context, attention(q, k, v).context)).toBeLessThan(1e-6);
    expect(largest(tf.slice(padded.weights, [0, 0, 5]))).toBe(0);
  });

  test('attends to nothing, without gradient, where the mask hides every key', () => {
    const [q, k, v] = setting();
    const mask = tf.zeros([2, 1, 5]);
    const { context, weights } = attention(q, k, v, mask);
    expect(largest(context)).toBe(0);
    expect(largest(weights)).toBe(0);
    const gradients = tf.grads((a, b, c) =>
      tf.sum(attention(a as tf.Tensor3D, b as tf.Tensor3D, c as tf.Tensor3D, mask).context),
    )([q, k, v]);
    for (const gradient of gradients) expect(largest(gradient)).toBe(0);
  });

  test('has the gradient that finite differences measure', () => {
    const cotangent = draw(2, 3, 2);
    const mask = tf.tensor([1, 0, 1, 1, 1], [1, 1, 5]);
    const f = (q: tf.Tensor3D, k: tf.Tensor3D, v: tf.Tensor3D) =>
      tf.sum(tf.mul(attention(q, k, v, mask).context, cotangent));
    expectGradient(f as never, setting());
  });

  test('survives inputs of ±1e4, forward and backward', () => {
    const x = tf.tensor3d([1e4, -1e4, 1e4, 1e4, -1e4, -1e4, 1e4, 0], [1, 2, D]);
    const f = (q: tf.Tensor) => tf.sum(attention(q as tf.Tensor3D, x, x).context);
    const values = [...f(x).dataSync(), ...tf.grad(f)(x).dataSync()];
    expect(values.every(Number.isFinite)).toBe(true);
  });

  test('keeps no tensor but what it returns', () => {
    const [q, k, v] = setting();
    expectNoLeak(() => tf.dispose(attention(q, k, v)));
  });

  test('refuses another batch, and other values than keys, and keeps no tensor', () => {
    const [q, k, v] = setting();
    const [otherKeys, otherValues] = [draw(1, 5, D), draw(2, 4, 2)] as tf.Tensor3D[];
    const before = tf.memory().numTensors;
    expect(() => attention(q, otherKeys, v)).toThrow(/: expected shape \[/);
    expect(() => attention(q, k, otherValues)).toThrow(
      /values: expected shape \[2, 5, .*\[2, 4, 2\]/,
    );
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('dotProductAttention', () => {
  test.each(golden('dot-product'))('agrees with PyTorch, case %#', (example) => {
    expectGolden(example, ({ query, keys, values, mask }) =>
      dotProductAttention(query, keys, values, mask),
    );
  });

  test('is scaled dot-product attention with scale 1, with and without heads', () => {
    for (const lead of [[2], [2, 3]]) {
      const [q, k, v] = [draw(...lead, 3, D), draw(...lead, 5, D), draw(...lead, 5, 2)];
      const scaled = scaledDotProductAttention(q, k, v, undefined, { scale: 1 });
      expect(gap(dotProductAttention(q, k, v).context, scaled.context)).toBeLessThan(1e-6);
    }
  });

  test('refuses other depths', () => {
    expect(() => dotProductScore(draw(2, 3, 4), draw(2, 5, 3))).toThrow(
      'query depth 4 ≠ key depth 3',
    );
  });
});

describe('generalAttention', () => {
  test.each(golden('general'))('agrees with PyTorch, case %#', (example) => {
    expectGolden(example, ({ query, keys, values, W, mask }) =>
      generalAttention(query, keys, values, { W }, mask),
    );
  });

  test('is the dot product where W is the identity', () => {
    const [q, k] = [draw(2, 3, D), draw(2, 5, D)];
    const W = tf.eye(D);
    expect(gap(generalScore(q, k, { W }), dotProductScore(q, k))).toBeLessThan(1e-6);
  });

  test('shares W among the heads', () => {
    const [q, k, v] = [draw(2, 3, 2, D), draw(2, 3, 5, D), draw(2, 3, 5, 2)];
    const flat = (x: tf.Tensor) => x.reshape([6, ...x.shape.slice(2)]);
    const expected = generalAttention(flat(q), flat(k), flat(v), general).context;
    const { context } = generalAttention(q, k, v, general);
    expect(gap(flat(context), expected)).toBeLessThan(1e-6);
  });

  test('refuses depths that do not fit W', () => {
    const W = draw(4, 6);
    expect(() => generalScore(draw(1, 2, 5), draw(1, 3, 6), { W })).toThrow(
      'query depth 5 ≠ rows of W 4',
    );
    expect(() => generalScore(draw(1, 2, 4), draw(1, 3, 5), { W })).toThrow(
      'key depth 5 ≠ columns of W 6',
    );
  });
});

describe('concatAttention', () => {
  test.each(golden('concat'))('agrees with OpenNMT-py, case %#', (example) => {
    expectGolden(example, ({ query, keys, W, v }) => concatAttention(query, keys, keys, { W, v }));
  });

  test('is additive attention with W cut in two, and so is its score', () => {
    const [q, k, v] = [draw(2, 3, 4), draw(2, 5, 6), draw(2, 5, 2)] as tf.Tensor3D[];
    const parameters = concatParameters({ queryDepth: 4, keyDepth: 6, dAttention: 3 }, next);
    const [W, U] = [tf.slice(parameters.W, 0, 4), tf.slice(parameters.W, 4, 6)];
    const expected = additiveAttention(q, k, v, { W, U, v: parameters.v });
    expect(gap(concatAttention(q, k, v, parameters).context, expected.context)).toBeLessThan(1e-6);
    const { context } = softAttention(concatScore(q, k, parameters), v);
    expect(gap(context, expected.context)).toBeLessThan(1e-6);
  });

  test('scores a pair as the network on the pair does', () => {
    const [q, k] = [draw(1, 2, 4), draw(1, 3, 4)];
    const pairs = tf.concat(
      [q.expandDims(2).tile([1, 1, 3, 1]), k.expandDims(1).tile([1, 2, 1, 1])],
      3,
    );
    const hidden = tf.tanh(tf.matMul(pairs.reshape([6, 8]), concat.W));
    const expected = tf.matMul(hidden, concat.v.reshape([5, 1])).reshape([1, 2, 3]);
    expect(gap(concatScore(q, k, concat), expected)).toBeLessThan(1e-6);
  });

  test('refuses depths that do not add up to the rows of W', () => {
    const before = tf.memory().numTensors;
    const [q, k] = [draw(1, 2, 4), draw(1, 3, 3)];
    expect(() => concatScore(q, k, concat)).toThrow('query depth 4 + key depth 3 ≠ rows of W 8');
    expect(tf.memory().numTensors).toBe(before + 2);
  });
});

describe('contentBasedAttention', () => {
  test.each(golden('content-based'))('agrees with PyTorch, case %#', (example) => {
    expectGolden(example, ({ query, keys, values, beta, mask }) =>
      contentBasedAttention(query, keys, values, mask, { beta }),
    );
  });

  test('asks for the direction only: lengths do not count', () => {
    const [q, k] = [draw(2, 3, D), draw(2, 5, D)];
    const lengths = tf.tensor([0.01, 1, 3, 50, 1e3], [1, 5, 1]);
    const rescaled = contentBasedScore(tf.mul(q, 7), tf.mul(k, lengths));
    expect(gap(rescaled, contentBasedScore(q, k))).toBeLessThan(1e-5);
  });

  test('scores parallel vectors β, orthogonal ones 0, opposite ones −β', () => {
    const query = tf.tensor3d([[[3, 4]]]);
    const keys = tf.tensor3d([
      [
        [6, 8],
        [-4, 3],
        [-3, -4],
      ],
    ]);
    const expected = tf.tensor3d([[[2, 0, -2]]]);
    expect(gap(contentBasedScore(query, keys, 2), expected)).toBeLessThan(1e-6);
  });

  test('gives all keys the same at β = 0, and one key all for large β', () => {
    const [q, k, v] = [draw(1, 1, D), draw(1, 5, D), draw(1, 5, 2)];
    const even = contentBasedAttention(q, k, v, undefined, { beta: 0 }).weights;
    expect(gap(even, tf.fill([1, 1, 5], 0.2))).toBeLessThan(1e-6);
    const sharp = contentBasedAttention(q, k, v, undefined, { beta: 1e4 }).weights;
    expect(largest(sharp)).toBeCloseTo(1, 5);
  });

  test('finds a vector of length 0 similar to nothing, with a finite gradient', () => {
    const [zero, k] = [tf.zeros([1, 1, D]), draw(1, 5, D)];
    expect(largest(contentBasedScore(zero, k))).toBe(0);
    const [dq, dk] = tf.grads((a, b) => tf.sum(contentBasedScore(a, b)))([zero, k]);
    expect([...dq.dataSync(), ...dk.dataSync()].every(Number.isFinite)).toBe(true);
  });

  test('refuses a β for other queries, and other depths', () => {
    const [q, k] = [draw(2, 3, D), draw(2, 5, D)];
    expect(() => contentBasedScore(q, k, draw(2, 2, 1))).toThrow(
      'beta: expected shape [2, 3, 1], got [2, 2, 1]',
    );
    expect(() => contentBasedScore(q, draw(2, 5, 3))).toThrow('query depth 4 ≠ key depth 3');
  });
});
