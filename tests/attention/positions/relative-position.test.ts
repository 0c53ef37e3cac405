import {
  causalMask,
  random,
  relativePositionAttention,
  relativePositionParameters,
  relativeShift,
  relativeUnshift,
  scaledDotProductAttention,
  tf,
  uniform,
} from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../../golden/golden';
import { expectGradient, expectNoLeak, largestTensor } from '../../helpers';

const next = random(2018);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const distance = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];
const size = (max: number, min = 1) => fc.integer({ min, max });

describe('relativeShift', () => {
  test('is the same as indexing each row by its distance', () => {
    fc.assert(
      fc.property(size(3), size(6), size(6), (batch, queries, keys) => {
        for (const columns of [queries + keys, queries + keys - 1]) {
          const x = draw(batch, queries, columns);
          const X = x.arraySync() as number[][][];
          const direct = X.map((rows) =>
            rows.map((row, i) => Array.from({ length: keys }, (_, j) => row[queries - 1 - i + j])),
          );
          expect(relativeShift(x, keys).arraySync()).toEqual(direct);
        }
      }),
      { numRuns: 30 },
    );
  });

  test('with one column more than keys is right up to the diagonal', () => {
    fc.assert(
      fc.property(size(6), size(6, 0), (queries, more) => {
        const keys = queries + more;
        const x = draw(1, 1, queries, keys + 1);
        const [[X]] = x.arraySync() as number[][][][];
        const [[Y]] = relativeShift(x, keys).arraySync() as number[][][][];
        for (let i = 0; i < queries; i++) {
          for (let j = 0; j <= i + more; j++) expect(Y[i][j]).toBe(X[i][queries - 1 - i + j]);
        }
      }),
      { numRuns: 30 },
    );
  });

  test('is undone by relativeUnshift, which puts 0 where there is no key', () => {
    fc.assert(
      fc.property(size(6), size(6), (queries, keys) => {
        const y = draw(2, queries, keys);
        const x = relativeUnshift(y);
        expect(x.shape).toEqual([2, queries, queries + keys]);
        expect(relativeShift(x, keys).arraySync()).toEqual(y.arraySync());
        expect(distance(tf.sum(tf.abs(x)), tf.sum(tf.abs(y)))).toBeLessThan(1e-4);
      }),
      { numRuns: 30 },
    );
  });

  test('refuses rows that are too short', () => {
    expect(() => relativeShift(tf.zeros([1, 2, 3]), 3)).toThrow('3 columns for 3 keys');
  });
});

describe('relativePositionAttention', () => {
  test.each(golden('relative-position'))('agrees with transformers and PyTorch, case %#', (c) => {
    expectGolden(c, ({ query, keys, values, wK, wV, mask }) =>
      relativePositionAttention(query, keys, values, { wK, wV }, mask),
    );
  });

  test('agrees with the formula written out in loops', () => {
    const [n, k] = [6, 2];
    const [q, x, v] = [draw(1, n, 3), draw(1, n, 3), draw(1, n, 2)];
    const { wK, wV } = relativePositionParameters({ k, dKey: 3, dValue: 2 }, next);
    const [[Q], [K], [V]] = [q, x, v].map((t) => t.arraySync() as number[][][]);
    const [a, b] = [wK.arraySync() as number[][], wV.arraySync() as number[][]];
    const row = (i: number, j: number) => Math.max(-k, Math.min(k, j - i)) + k;
    const expected = Q.map((query, i) => {
      const exp = K.map((key, j) =>
        Math.exp(query.reduce((s, y, d) => s + y * (key[d] + a[row(i, j)][d]), 0) / Math.sqrt(3)),
      );
      const total = exp.reduce((s, e) => s + e);
      return [0, 1].map((d) =>
        exp.reduce((s, e, j) => s + (e / total) * (V[j][d] + b[row(i, j)][d]), 0),
      );
    });
    const { context } = relativePositionAttention(q, x, v, { wK, wV });
    expect(distance(context, tf.tensor([expected]))).toBeLessThan(1e-6);
  });

  test('without embeddings (all 0) is scaled dot-product attention', () => {
    const [q, k, v] = [draw(2, 2, 5, 4), draw(2, 2, 7, 4), draw(2, 2, 7, 3)];
    const zero = { wK: tf.zeros([5, 4]), wV: tf.zeros([5, 3]) };
    const [relative, plain] = [
      relativePositionAttention(q, k, v, zero),
      scaledDotProductAttention(q, k, v),
    ];
    expect(distance(relative.weights, plain.weights)).toBeLessThan(1e-6);
    expect(distance(relative.context, plain.context)).toBeLessThan(1e-6);
  });

  test('sees no more than distances: moved to another place, a sequence keeps its weights', () => {
    const { wK, wV } = relativePositionParameters({ k: 3, dKey: 4 }, next);
    const x = draw(1, 5, 4);
    const moved = tf.concat([draw(1, 2, 4), x], 1);
    const mask = tf.tensor([0, 0, 1, 1, 1, 1, 1], [1, 1, 7]);
    const plain = relativePositionAttention(x, x, x, { wK, wV });
    const later = relativePositionAttention(moved, moved, moved, { wK, wV }, mask);
    expect(distance(tf.slice(later.context, [0, 2, 0]), plain.context)).toBeLessThan(1e-6);
  });

  test('rows sum to one, and under a causal mask the future changes nothing', () => {
    fc.assert(
      fc.property(size(2), size(3), size(7, 2), size(4, 0), (batch, heads, length, k) => {
        const parameters = relativePositionParameters({ k, dKey: 3 }, next);
        const x = draw(batch, heads, length, 3);
        const changed = tf.concat(
          [tf.slice(x, [0, 0, 0, 0], [-1, -1, length - 1, -1]), draw(batch, heads, 1, 3)],
          2,
        );
        const mask = causalMask(length);
        const attend = (y: tf.Tensor) => relativePositionAttention(y, y, y, parameters, mask);
        const [before, after] = [attend(x), attend(changed)];
        expect(distance(tf.sum(before.weights, -1), tf.ones([1]))).toBeLessThan(1e-5);
        const past = (y: tf.Tensor) => tf.slice(y, [0, 0, 0, 0], [-1, -1, length - 1, -1]);
        expect(distance(past(before.context), past(after.context))).toBe(0);
      }),
      { numRuns: 20 },
    );
  });

  test('has the gradient that finite differences measure, for every input', () => {
    const cotangent = draw(2, 4, 2);
    const f = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, wK: tf.Tensor, wV: tf.Tensor) =>
      tf.sum(tf.mul(relativePositionAttention(q, k, v, { wK, wV }).context, cotangent));
    expectGradient(f as never, [
      draw(2, 4, 3),
      draw(2, 6, 3),
      draw(2, 6, 2),
      draw(5, 3),
      draw(5, 2),
    ]);
  });

  test('computes no tensor of length × length × depth, forward or backward', async () => {
    const [heads, n, d] = [2, 40, 16];
    const x = draw(1, heads, n, d);
    const { wK, wV } = relativePositionParameters({ k: 8, dKey: d }, next);
    const f = (y: tf.Tensor, a: tf.Tensor, b: tf.Tensor) =>
      tf.sum(relativePositionAttention(y, y, y, { wK: a, wV: b }).context);
    const largest = await largestTensor(() => tf.grads(f as never)([x, wK, wV]));
    expect(largest).toBeLessThanOrEqual(heads * n * 2 * n); // the weights by distance
    expect(largest).toBeLessThan(n * n * d);
  });

  test('attends to nothing, context 0, where every key is hidden; passes no gradient there', () => {
    const x = draw(1, 3, 2);
    const { wK, wV } = relativePositionParameters({ k: 1, dKey: 2 }, next);
    const mask = tf.tensor([1, 1, 1, 0, 0, 0, 1, 0, 1], [1, 3, 3]);
    const { context, weights } = relativePositionAttention(x, x, x, { wK, wV }, mask);
    expect((context.arraySync() as number[][][])[0][1]).toEqual([0, 0]);
    expect((weights.arraySync() as number[][][])[0][1]).toEqual([0, 0, 0]);
    const gradient = tf.grad((q) =>
      tf.sum(relativePositionAttention(q, x, x, { wK, wV }, mask).context),
    )(draw(1, 3, 2));
    expect((gradient.arraySync() as number[][][])[0][1]).toEqual([0, 0]);
  });

  test('survives inputs of ±1e4 without NaN', () => {
    const x = tf.tensor([[[1e4], [-1e4], [1e4]]]);
    const w = tf.tensor([[1e4], [0], [-1e4]]);
    const { context } = relativePositionAttention(x, x, x, { wK: w, wV: w });
    expect(Array.from(context.dataSync()).every(Number.isFinite)).toBe(true);
  });

  test('keeps no tensor but what it returns', () => {
    const x = draw(1, 2, 3, 2);
    const parameters = relativePositionParameters({ k: 1, dKey: 2 }, next);
    expectNoLeak(() => tf.dispose(relativePositionAttention(x, x, x, parameters)));
  });

  test.each([
    [{ query: [2, 3, 5] }, 'query depth 5 ≠ key depth 4'],
    [{ query: [3, 4] }, 'query: expected shape [batch, queries, dKey], got [3, 4]'],
    [{ keys: [1, 3, 4] }, 'keys: expected shape [2, keys, dKey], got [1, 3, 4]'],
    [{ values: [2, 4, 4] }, 'values: expected shape [2, 3, dValue], got [2, 4, 4]'],
    [{ wK: [5, 3] }, 'wK: expected shape [2k + 1, 4], got [5, 3]'],
    [{ wK: [4, 4] }, 'wK: expected 2k + 1 rows, got 4'],
    [{ wV: [3, 4] }, 'wV: expected shape [5, 4], got [3, 4]'],
  ])('refuses %j and says what does not fit', (wrong: Record<string, number[]>, message) => {
    const shapes = { query: [2, 3, 4], keys: [2, 3, 4], values: [2, 3, 4], wK: [5, 4], wV: [5, 4] };
    const [query, keys, values, wK, wV] = Object.values({ ...shapes, ...wrong }).map((s) =>
      tf.zeros(s),
    );
    const before = tf.memory().numTensors;
    expect(() => relativePositionAttention(query, keys, values, { wK, wV })).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });
});
