import { causalMask, random, scaledDotProductAttention, tf, uniform } from 'attention';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../../golden/golden';
import { expectGradient, expectNoLeak } from '../../helpers';

const next = random(11);
const draw = (...shape: number[]) => uniform(shape, next, 1);

describe('scaledDotProductAttention', () => {
  test.each(golden('scaled-dot-product'))('agrees with PyTorch, case %#', (example) => {
    expectGolden(example, ({ query, keys, values, mask }) =>
      scaledDotProductAttention(query, keys, values, mask),
    );
  });

  test('agrees with the formula written out in loops', () => {
    const [q, k, v] = [draw(1, 2, 3), draw(1, 4, 3), draw(1, 4, 2)];
    const [Q, K, V] = [q, k, v].map((t) => (t.arraySync() as number[][][])[0]);
    const { context, weights } = scaledDotProductAttention(q, k, v);
    Q.forEach((query, i) => {
      const exp = K.map((key) =>
        Math.exp(query.reduce((sum, x, d) => sum + x * key[d], 0) / Math.sqrt(3)),
      );
      const total = exp.reduce((a, b) => a + b);
      exp.forEach((e, j) => {
        expect((weights.arraySync() as number[][][])[0][i][j]).toBeCloseTo(e / total, 5);
      });
      [0, 1].forEach((d) => {
        const expected = exp.reduce((sum, e, j) => sum + (e / total) * V[j][d], 0);
        expect((context.arraySync() as number[][][])[0][i][d]).toBeCloseTo(expected, 5);
      });
    });
  });

  test('has the gradient that finite differences measure', () => {
    const cotangent = draw(2, 3, 2);
    const mask = causalMask(3, 5);
    const f = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) =>
      tf.sum(tf.mul(scaledDotProductAttention(q, k, v, mask).context, cotangent));
    expectGradient(f as never, [draw(2, 3, 4), draw(2, 5, 4), draw(2, 5, 2)]);
  });

  test.each([
    [
      [2, 40, 3],
      [2, 33, 3],
      [2, 33, 5],
    ],
    [
      [1, 2, 33, 4],
      [1, 2, 40, 4],
      [1, 2, 40, 4],
    ],
  ])('has the gradient of the formula where the rows are many, %j', (q, k, v) => {
    const cotangent = draw(...q.slice(0, -1), v[v.length - 1]);
    const formula = (query: tf.Tensor, keys: tf.Tensor, values: tf.Tensor) => {
      const logits = tf.mul(tf.matMul(query, keys, false, true), 1 / Math.sqrt(q[q.length - 1]));
      return tf.matMul(tf.softmax(logits), values);
    };
    const ours = (...x: tf.Tensor[]) => scaledDotProductAttention(x[0], x[1], x[2]).context;
    const inputs = [draw(...q), draw(...k), draw(...v)];
    const gradients = [ours, formula as typeof ours].map((f) =>
      tf.grads((...x) => tf.sum(tf.mul(f(...x), cotangent)))(inputs),
    );
    gradients[0].forEach((gradient, i) => {
      const difference = tf.max(tf.abs(tf.sub(gradient, gradients[1][i])));
      expect(difference.dataSync()[0]).toBeLessThan(1e-5);
    });
  });

  test('survives logits of ±1e4 without NaN', () => {
    const q = tf.tensor([[[1e4], [-1e4]]]);
    const { weights } = scaledDotProductAttention(q, q, q, causalMask(2));
    expect(weights.arraySync()).toEqual([
      [
        [1, 0],
        [0, 1],
      ],
    ]);
  });

  test('keeps no tensor but what it returns', () => {
    const x = draw(1, 3, 2);
    expectNoLeak(() => tf.dispose(scaledDotProductAttention(x, x, x)));
  });

  test.each([
    [[2, 3, 4], [2, 5, 3], [2, 5, 4], 'query depth 4 ≠ key depth 3'],
    [[2, 3, 4], [2, 5, 4], [2, 6, 4], 'values: expected shape [2, 5, dValue], got [2, 6, 4]'],
    [[2, 3, 4], [1, 5, 4], [1, 5, 4], 'keys: expected shape [2, keys, dKey], got [1, 5, 4]'],
  ])('refuses %j, %j, %j', (q, k, v, message) => {
    const attend = () => scaledDotProductAttention(tf.zeros(q), tf.zeros(k), tf.zeros(v));
    expect(attend).toThrow(message);
  });
});
