/** What all mechanisms with a fixed pattern have to prove. */
import {
  denseWeights,
  random,
  type SparseWeights,
  scaledDotProductAttention,
  tf,
  uniform,
} from 'attention';
import fc from 'fast-check';
import { expect } from 'vitest';

export type Attend = (
  query: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  mask?: tf.Tensor,
) => { context: tf.Tensor; weights: SparseWeights };

/** Query, keys and values; d as far as not given. */
export function draw(shape: number[], { seed = 1, dValue = 3, scale = 2 } = {}): tf.Tensor[] {
  const next = random(seed);
  const depths = [4, 4, dValue];
  return depths.map((depth) => uniform([...shape, depth], next, scale));
}

/** [length, length], 1 where the definition lets i see j. */
export function patternMask(length: number, sees: (i: number, j: number) => boolean): tf.Tensor3D {
  const rows = Array.from({ length }, (_, i) =>
    Array.from({ length }, (_, j) => Number(sees(i, j))),
  );
  return tf.tensor3d([rows], [1, length, length]);
}

export function distance(a: tf.Tensor, b: tf.Tensor): number {
  expect(a.shape).toEqual(b.shape);
  return tf.tidy(() => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]);
}

/**
 * Fails unless `attend` gives what full attention under the pattern's mask gives: context, weights,
 * and the gradients of a function of both, with and without heads, with and without hidden keys.
 */
export function expectMaskedFull(
  attend: Attend,
  sees: (i: number, j: number) => boolean,
  length: number,
  { lead = [2, 3], hiddenKeys = false, seed = 1 } = {},
): void {
  tf.tidy(() => {
    const inputs = draw([...lead, length], { seed });
    const cotangent = uniform(inputs[2].shape, random(seed + 1), 1);
    const leadOfMask = lead.map((size, axis) => (axis === 0 ? size : 1));
    const visible = tf.greater(uniform([...leadOfMask, 1, length], random(seed + 2), 1), -0.3);
    const mask = hiddenKeys ? visible : undefined;
    const full = tf.mul(patternMask(length, sees), hiddenKeys ? tf.cast(visible, 'float32') : 1);
    const sparse: Attend = (q, k, v) => attend(q, k, v, mask);
    const loss = (context: tf.Tensor, weights: tf.Tensor) =>
      tf.add(tf.sum(tf.mul(context, cotangent)), tf.sum(tf.square(weights))) as tf.Scalar;
    const ours = tf.valueAndGrads((q, k, v) => {
      const { context, weights } = sparse(q, k, v);
      return loss(context, weights.weights);
    })(inputs);
    const theirs = tf.valueAndGrads((q, k, v) => {
      const { context, weights } = scaledDotProductAttention(q, k, v, full);
      return loss(context, weights);
    })(inputs);
    const [q, k, v] = inputs;
    const found = sparse(q, k, v);
    const expected = scaledDotProductAttention(q, k, v, full);
    expect(distance(found.context, expected.context)).toBeLessThan(1e-5);
    expect(distance(denseWeights(found.weights), expected.weights)).toBeLessThan(1e-5);
    ours.grads.forEach((gradient, i) => {
      expect(distance(gradient, theirs.grads[i])).toBeLessThan(2e-5);
    });
  });
}

/** Shapes for `expectMaskedFull`, odd lengths among them. */
export const settings = {
  lead: fc.constantFrom<number[]>([1], [3], [1, 1], [2, 2]),
  hiddenKeys: fc.boolean(),
  seed: fc.integer({ min: 1, max: 1000 }),
};

/**
 * Fails if a position of the past changes when the future does: keys, values, and the query itself.
 *
 * @param order in which positions are generated; left out: 0, 1, 2, …
 */
export function expectNoFuture(
  attend: Attend,
  length: number,
  order = Array.from({ length }, (_, i) => i),
): void {
  tf.tidy(() => {
    const inputs = draw([1, length]);
    const split = Math.floor(length / 2);
    const isFuture = new Float32Array(length);
    for (const position of order.slice(split)) isFuture[position] = 1;
    const future = tf.tensor(isFuture, [1, length, 1]);
    const [q, k, v] = inputs.map((x) => tf.add(x, tf.mul(future, 5)));
    const before = attend(inputs[0], inputs[1], inputs[2]).context;
    const after = attend(q, k, v).context;
    const moved = tf.abs(tf.sub(before, after));
    expect(tf.max(tf.mul(moved, tf.sub(1, future))).dataSync()[0]).toBe(0);
    expect(tf.max(moved).dataSync()[0]).toBeGreaterThan(0.1);
  });
}
