import { tf } from 'attention';
import { expect } from 'vitest';

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
