import { tf } from 'attention';
import { expect } from 'vitest';
import { measureMemory } from '../src/tensors/measure-memory';

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

/** The largest difference between two tensors, or a tensor and nested arrays. */
export function difference(a: tf.Tensor, b: tf.Tensor | tf.TensorLike): number {
  const other = b instanceof tf.Tensor ? b : tf.tensor(b);
  expect(a.shape).toEqual(other.shape);
  return tf.tidy(() => tf.max(tf.abs(tf.sub(a, other))).dataSync()[0]);
}

/** Fails unless `run` throws `message` and leaves no tensor behind. */
export function expectRefusal(run: () => void, message: string): void {
  const before = tf.memory().numTensors;
  expect(run).toThrow(message);
  expect(tf.memory().numTensors).toBe(before);
}

/** The shape of every tensor that `run` computes. */
export async function shapesComputed(run: () => void): Promise<number[][]> {
  const { kernels } = await tf.profile(run as never);
  return kernels.flatMap(({ outputShapes }) => outputShapes);
}

/** Positions of an image in another order: position i of the result is position order[i]. */
export function permute(image: tf.Tensor, order: number[]): tf.Tensor {
  const [batch, height, width, channels] = image.shape;
  const flat = image.reshape([batch, height * width, channels]);
  return tf.gather(flat, tf.tensor1d(order, 'int32'), 1).reshape(image.shape);
}
