import { dense, headwiseDense, random, tf, uniform } from 'attention';
import { describe, expect, test } from 'vitest';
import { expectGradient, expectNoLeak } from '../helpers';

const next = random(3);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const distance = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];

describe('headwiseDense', () => {
  test('is dense with each head’s own matrix and bias', () => {
    const [x, W, b] = [draw(2, 3, 4, 5), draw(3, 5, 2), draw(3, 2)];
    const y = headwiseDense(x, W, b);
    expect(y.shape).toEqual([2, 3, 4, 2]);
    for (const h of [0, 1, 2]) {
      const [xh, Wh, bh, yh] = [
        tf.gather(x, h, 1),
        tf.gather(W, h),
        tf.gather(b, h),
        tf.gather(y, h, 1),
      ];
      expect(distance(yh, dense(xh, Wh, bh))).toBeLessThan(1e-6);
    }
    expect(distance(headwiseDense(x, tf.gather(W, 0)), dense(x, tf.gather(W, 0)))).toBe(0);
  });

  test('has the gradient that finite differences measure, and keeps no tensor', () => {
    const inputs = [draw(2, 3, 4, 5), draw(3, 5, 2), draw(3, 2)];
    const f = (x: tf.Tensor, W: tf.Tensor, b: tf.Tensor) =>
      tf.sum(tf.square(headwiseDense(x, W, b)));
    expectGradient(f as never, inputs);
    expectNoLeak(() => headwiseDense(inputs[0], inputs[1]).dispose());
  });

  test.each([
    [[2, 2, 4, 5], [3, 5, 2], [3, 2], 'x: expected shape [batch, 3, length, 5], got [2, 2, 4, 5]'],
    [[2, 3, 4, 5], [3, 4, 2], [3, 2], 'x: expected shape [batch, 3, length, 4], got [2, 3, 4, 5]'],
    [[2, 3, 4, 5], [3, 5, 2], [2], 'b: expected shape [3, 2], got [2]'],
  ])('refuses %j, %j, %j', (x, W, b, message) => {
    expect(() => headwiseDense(tf.zeros(x), tf.zeros(W), tf.zeros(b))).toThrow(message);
  });
});
