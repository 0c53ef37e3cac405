import { tf } from '../tf';

/**
 * From numbers by distance to numbers by position: y[…, i, j] = x[…, i, j − i + length − 1].
 *
 * Row i of x holds a number for each distance j − i from −(length − 1) to length − 1. Padding each row by
 * one and reading the whole at one column less moves row i by i places to the left: no gather,
 * and no length × length × depth.
 *
 * Source: Bello et al. (2019), "Attention Augmented Convolutional Networks", appendix;
 * Huang et al. (2018), "Music Transformer", Section 3.4.1 (for one direction).
 *
 * @param x [..., length, 2 · length − 1]
 * @returns [..., length, length]
 * @throws if the last axis is not 2 · length − 1
 */
export function relativeToAbsolute(x: tf.Tensor): tf.Tensor {
  const [length, distances] = x.shape.slice(-2);
  if (x.rank < 2 || distances !== 2 * length - 1) {
    throw new Error(`x: expected shape [..., length, 2 · length − 1], got [${x.shape.join(', ')}]`);
  }
  return tf.tidy(() => {
    const rows = x.size / (length * distances);
    const padded = tf.pad(x.reshape([rows, length, distances]), [
      [0, 0],
      [0, 0],
      [0, 1],
    ]);
    const flat = tf.pad(padded.reshape([rows, length * 2 * length]), [
      [0, 0],
      [0, length - 1],
    ]);
    const shifted = flat.reshape([rows, length + 1, distances]);
    return tf
      .slice(shifted, [0, 0, length - 1], [rows, length, length])
      .reshape([...x.shape.slice(0, -1), length]);
  });
}
