import { tf } from 'attention';
import { expect } from 'vitest';
import { measureMemory } from '../tools/bench/memory.mjs';

/** Fails if `run` leaves more tensors behind than it returns (it should return none). */
export function expectNoLeak(run: () => void): void {
  run(); // caches that the backend fills once do not count
  const before = tf.memory().numTensors;
  run();
  expect(tf.memory().numTensors).toBe(before);
}

/**
 * Compares the gradient with central differences, in random directions.
 *
 * @param f a scalar function of the inputs
 * @param inputs where to compare
 */
export function expectGradient(
  f: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: tf.Tensor[],
  { step = 1e-2, tolerance = 1e-2 } = {},
): void {
  const gradients = tf.grads(f)(inputs);
  for (let seed = 1; seed <= 3; seed++) {
    const directions = inputs.map((x, i) =>
      tf.randomNormal(x.shape, 0, 1, 'float32', 10 * seed + i),
    );
    const at = (t: number) =>
      f(...inputs.map((x, i) => tf.add(x, tf.mul(directions[i], t)))).dataSync()[0];
    const numeric = (at(step) - at(-step)) / (2 * step);
    const exact = gradients
      .map((g, i) => tf.sum(tf.mul(g, directions[i])).dataSync()[0])
      .reduce((a, b) => a + b, 0);
    expect(Math.abs(numeric - exact)).toBeLessThan(tolerance * Math.max(1, Math.abs(exact)));
  }
}

/**
 * The number of elements of the largest tensor that `run` makes, gradients and raw kernels included.
 * Below length² it proves that no length×length tensor was made.
 */
export function largestTensor(run: () => void): number {
  return measureMemory(run).largestTensor;
}

/** The most bytes that `run` holds at one time, beyond those held before; shared buffers count once. */
export function peakBytes(run: () => void): number {
  return measureMemory(run).peakBytes;
}
