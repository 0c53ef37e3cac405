import { dense } from '../tensors/dense';
import { type Random, uniform } from '../tensors/random';
import { expectShape } from '../tensors/shape';
import { tf } from '../tensors/tf';

/** What a convolutional encoder learns. */
export type EyeParameters = {
  /** [5, 5, 1, channels / 2] and its bias. */
  first: { W: tf.Tensor; b: tf.Tensor };
  /** [3, 3, channels / 2, channels] and its bias. */
  second: { W: tf.Tensor; b: tf.Tensor };
  /** [channels, channels] and its bias: at each location by itself. */
  third: { W: tf.Tensor; b: tf.Tensor };
};

/** New parameters of an eye: Glorot and Bengio's uniform numbers. */
export function eyeParameters(channels: number, next: Random): EyeParameters {
  const filters = (size: number, from: number, to: number) => ({
    W: uniform([size, size, from, to], next, Math.sqrt(6 / (size * size * (from + to)))),
    b: tf.zeros([to]),
  });
  const half = channels / 2;
  return {
    first: filters(5, 1, half),
    second: filters(3, half, channels),
    third: { W: uniform([channels, channels], next), b: tf.zeros([channels]) },
  };
}

/**
 * A small convolutional encoder: the annotation vectors of a picture, one for each 6 × 6 pixels.
 *
 *     conv 5×5 → max 2×2 → conv 3×3 → max 3×3 → 1×1, each with ReLU
 *
 * A vector sees 14 × 14 pixels, its own 6 × 6 and four more on each side. Its last two numbers say
 * where it stands, row and column from −1 to 1.
 *
 * Source: Xu et al. (2015), Section 3.1.1, where the network is VGG, the locations are 14 × 14 and
 * the vectors have 512 numbers.
 *
 * @param pictures [batch, height, width, 1], a multiple of 6 in height and width
 * @returns a [batch, locations, channels + 2], row by row
 */
export function annotate(pictures: tf.Tensor, { first, second, third }: EyeParameters) {
  const [batch, height, width] = expectShape('pictures', pictures, ['batch', 'height', 'width', 1]);
  if (height % 6 !== 0 || width % 6 !== 0)
    throw new Error(`pictures: expected multiples of 6 pixels, got ${height} × ${width}`);
  return tf.tidy(() => {
    const layer = (x: tf.Tensor4D, { W, b }: EyeParameters['first'], pool: number) =>
      tf.maxPool(
        tf.relu(tf.add(tf.conv2d(x, W as tf.Tensor4D, 1, 'same'), b)) as tf.Tensor4D,
        pool,
        pool,
        'valid',
      );
    const seen = layer(layer(pictures as tf.Tensor4D, first, 2), second, 3);
    const [rows, columns] = [height / 6, width / 6];
    const vectors = tf.relu(dense(seen, third.W, third.b)).reshape([batch, rows * columns, -1]);
    const where = Array.from({ length: rows * columns }, (_, i) => [
      (2 * Math.floor(i / columns) + 1) / rows - 1,
      (2 * (i % columns) + 1) / columns - 1,
    ]);
    const places = tf.tile(tf.tensor2d(where).expandDims(0), [batch, 1, 1]);
    return tf.concat([vectors, places], 2) as tf.Tensor3D;
  });
}
