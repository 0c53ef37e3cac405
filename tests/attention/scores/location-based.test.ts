import {
  locationBasedAttention,
  locationBasedParameters,
  paddingMask,
  random,
  tf,
  uniform,
} from 'attention';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../../golden/golden';
import { expectGradient, expectNoLeak } from '../../helpers';

const next = random(8);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const gap = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];
const parameters = locationBasedParameters({ queryDepth: 4, positions: 6 }, next);

describe('locationBasedAttention', () => {
  test.each(golden('location-based'))('agrees with PyTorch, case %#', (example) => {
    expectGolden(example, ({ query, values, W, mask }) =>
      locationBasedAttention(query, values, { W }, mask),
    );
  });

  test('looks at the same positions whatever stands there', () => {
    const query = draw(2, 3, 4);
    const { weights } = locationBasedAttention(query, draw(2, 5, 2), parameters);
    const other = locationBasedAttention(query, draw(2, 5, 2), parameters).weights;
    expect(gap(weights, other)).toBe(0);
  });

  test('uses the first columns of its table for a short sequence, padded or not', () => {
    const [query, values] = [draw(2, 3, 4), draw(2, 4, 2)];
    const padded = tf.concat([values, tf.fill([2, 2, 2], 1e4)], 1);
    const short = locationBasedAttention(query, values, parameters);
    const masked = locationBasedAttention(query, padded, parameters, paddingMask([4, 4], 6));
    expect(gap(short.context, masked.context)).toBeLessThan(1e-6);
  });

  test('gives the keys past its table weight 0, also where the mask shows only those', () => {
    const [query, values] = [draw(1, 2, 4), draw(1, 9, 2)];
    const { weights } = locationBasedAttention(query, values, parameters);
    expect(tf.sum(tf.slice(weights, [0, 0, 6])).dataSync()[0]).toBe(0);
    expect(gap(tf.sum(weights, -1), tf.ones([1, 2]))).toBeLessThan(1e-6);
    const end = tf.tensor([0, 0, 0, 0, 0, 0, 0, 1, 1], [1, 1, 9]);
    const nothing = locationBasedAttention(query, values, parameters, end);
    expect(tf.sum(nothing.weights).dataSync()[0]).toBe(0);
    expect(tf.sum(tf.abs(nothing.context)).dataSync()[0]).toBe(0);
  });

  test('has the gradient that finite differences measure, within and past the table', () => {
    for (const keys of [3, 8]) {
      const cotangent = draw(2, 3, 2);
      const f = (q: tf.Tensor, v: tf.Tensor, W: tf.Tensor) =>
        tf.sum(tf.mul(locationBasedAttention(q, v, { W }).context, cotangent));
      expectGradient(f as never, [draw(2, 3, 4), draw(2, keys, 2), draw(4, 6)]);
    }
  });

  test('survives queries of ±1e4 and keeps no tensor but what it returns', () => {
    const query = tf.tensor3d([[[1e4, -1e4, 1e4, -1e4]]]);
    const { context } = locationBasedAttention(query, tf.ones([1, 8, 2]), parameters);
    expect(gap(context, tf.ones([1, 1, 2]))).toBeLessThan(1e-6);
    const values = draw(1, 8, 2);
    expectNoLeak(() => tf.dispose(locationBasedAttention(query, values, parameters)));
  });

  test.each([
    [[2, 3, 5], [2, 5, 2], 'query depth 5 ≠ rows of W 4'],
    [[2, 3, 4], [1, 5, 2], 'values: expected shape [2, keys, dValue], got [1, 5, 2]'],
    [[3, 4], [1, 5, 2], 'query: expected shape [batch, queries, queryDepth], got [3, 4]'],
  ])('refuses query %j and values %j', (query, values, message) => {
    const [q, v] = [tf.zeros(query), tf.zeros(values)];
    const before = tf.memory().numTensors;
    expect(() => locationBasedAttention(q, v, parameters)).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });
});
