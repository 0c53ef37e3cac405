import { kernel } from '../../tensors/kernels';
import { tf } from '../../tensors/tf';
import { canvas } from './painters';

const { side, levels } = canvas;

/**
 * Small pictures of the lesson's digits: 4 × 4 pixels, each the mean of 3 × 3. The outermost ring of a
 * digit is left out; there is hardly ever ink.
 */
export const smallCanvas = { side: 4, square: 3 };

/** Row and column of the small pixel that stands for pixel i; for the ring, of the nearest one. */
export function squareOf(i: number): [row: number, column: number] {
  const along = (at: number) =>
    Math.min(smallCanvas.side - 1, Math.max(0, Math.floor((at - 1) / smallCanvas.square)));
  return [along(Math.floor(i / side)), along(i % side)];
}

/** The mean of each 3 × 3 pixels of a digit, from 0 (paper) to 1 (ink), row by row: 16 numbers. */
export function shrunk(image: readonly number[]): number[] {
  const sums = new Array<number>(smallCanvas.side ** 2).fill(0);
  image.forEach((level, i) => {
    if (
      [Math.floor(i / side), i % side].some(
        (at) => at < 1 || at > smallCanvas.side * smallCanvas.square,
      )
    )
      return;
    const [row, column] = squareOf(i);
    sums[row * smallCanvas.side + column] += level;
  });
  return sums.map((sum) => sum / (smallCanvas.square ** 2 * (levels - 1)));
}

/**
 * Small pictures made large without knowing anything: TensorFlow's bicubic interpolation.
 *
 * @param pictures as `shrunk` makes them
 * @returns [pictures][14 · 14], in grey levels, not rounded; the ring is paper
 */
export function bicubic(pictures: readonly (readonly number[])[]): number[][] {
  return tf.tidy(() => {
    const one = [smallCanvas.side, smallCanvas.side];
    const images = tf.tensor(pictures.flat(), [pictures.length, ...one, 1]);
    const size = tf.tensor1d(
      one.map((n) => n * smallCanvas.square),
      'int32',
    );
    const large = kernel('ResizeBicubic', [images, size], {
      T: 'float32',
      align_corners: false,
      half_pixel_centers: true,
    });
    const grey = tf.mul(tf.clipByValue(large, 0, 1), levels - 1);
    const framed = tf.pad(grey, [
      [0, 0],
      [1, 1],
      [1, 1],
      [0, 0],
    ]);
    return framed.reshape([pictures.length, side * side]).arraySync() as number[][];
  });
}

/** How far the small picture of each image is from the one that it should have, in grey levels. */
export function strayed(
  images: readonly (readonly number[])[],
  pictures: readonly (readonly number[])[],
): number[] {
  return images.map((image, n) => {
    const found = shrunk(image).map((grey, b) => Math.abs(grey - pictures[n][b]));
    return ((levels - 1) * found.reduce((a, b) => a + b, 0)) / found.length;
  });
}

/** The label of the nearest of some known images, for each of others: squared differences, all pixels. */
export function nearestLabels(
  images: readonly (readonly number[])[],
  known: readonly (readonly number[])[],
  labels: readonly number[],
): number[] {
  return tf.tidy(() => {
    const [x, y] = [images, known].map((list) => tf.tensor2d(list as number[][]));
    // ‖x − y‖² without ‖x‖², which is the same for all y
    const distances = tf.sub(tf.sum(tf.square(y), 1), tf.mul(tf.matMul(x, y, false, true), 2));
    return Array.from(tf.argMin(distances, 1).dataSync(), (n) => labels[n]);
  });
}
