import { chunkedFeedForward, dense, random, tf, uniform } from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectNoLeak } from '../helpers';

const next = random(5);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const worst = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];

const parameters = { W1: draw(3, 7), b1: draw(7), W2: draw(7, 2), b2: draw(2) };
const feedForward = (x: tf.Tensor) =>
  dense(tf.tanh(dense(x, parameters.W1, parameters.b1)), parameters.W2, parameters.b2);

describe('chunkedFeedForward', () => {
  test('is the unchunked layer, values and gradients, for chunks of any length', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 30 }),
        (batch, length, chunkLength) =>
          tf.tidy(() => {
            const x = draw(batch, length, 3);
            const inputs = [x, ...Object.values(parameters)];
            const of = (layer: (x: tf.Tensor) => tf.Tensor) =>
              tf.valueAndGrads(((v: tf.Tensor) => tf.sum(tf.square(layer(v)))) as never)(inputs);
            const chunked = of((v) => chunkedFeedForward(v, feedForward, parameters, chunkLength));
            const whole = of(feedForward);
            expect(worst(chunked.value, whole.value)).toBeLessThan(1e-4);
            whole.grads.forEach((gradient, i) => {
              expect(chunked.grads[i].shape).toEqual(gradient.shape);
              expect(worst(chunked.grads[i], gradient)).toBeLessThan(1e-4);
            });
          }),
      ),
      { numRuns: 25 },
    );
  });

  test('keeps no tensor but what it returns, nor if the layer throws', () => {
    const x = draw(2, 5, 3);
    expectNoLeak(() => chunkedFeedForward(x, feedForward, parameters, 3).dispose());
    const gradient = tf.grad((v) => tf.sum(chunkedFeedForward(v, feedForward, parameters, 3)));
    expectNoLeak(() => gradient(x).dispose());
    const wrong = (v: tf.Tensor) => dense(v, parameters.W2);
    expectNoLeak(() => {
      expect(() => chunkedFeedForward(x, wrong, parameters, 3)).toThrow(
        'input depth 3 ≠ rows of W 7',
      );
    });
  });

  test.each([0, -1, 1.5])('refuses chunks of length %d', (chunkLength) => {
    expect(() => chunkedFeedForward(draw(2, 3), feedForward, parameters, chunkLength)).toThrow(
      `chunkLength: expected a whole number from 1, got ${chunkLength}`,
    );
  });
});
