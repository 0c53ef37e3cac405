import { entropy, tf } from 'attention';
import { expect, test } from 'vitest';
import { expectGradient, expectNoLeak } from '../helpers';

test('entropy is 0 for one key, log n for n equal ones, 0 for a fully masked row', () => {
  const weights = tf.tensor2d([
    [0, 1, 0, 0],
    [0.25, 0.25, 0.25, 0.25],
    [0.5, 0.5, 0, 0],
    [0, 0, 0, 0],
  ]);
  const expected = [0, Math.log(4), Math.log(2), 0];
  Array.from(entropy(weights).dataSync()).forEach((h, i) => expect(h).toBeCloseTo(expected[i], 6));
  expectNoLeak(() => entropy(weights).dispose());
});

test('entropy has the gradient that finite differences measure, also where a weight is 0', () => {
  const f = (logits: tf.Tensor) => tf.sum(entropy(tf.softmax(logits)));
  expectGradient(f, [tf.tensor2d([[0.3, -1, 2]])]);
  const gradient = tf.grad(f)(tf.tensor2d([[0, 200, -200]]));
  expect(gradient.dataSync().every(Number.isFinite)).toBe(true);
});
