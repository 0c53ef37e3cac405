import { type Random, uniform } from '../tensors/random';
import { expectShape, expectSizes, expectTensor } from '../tensors/shape';
import { tf } from '../tensors/tf';

/**
 * Sinusoidal positions: each position is a set of clock hands, from fast to slow.
 *
 *     PE(pos, 2i) = sin(pos / 10000^(2i/dModel))      PE(pos, 2i + 1) = cos(pos / 10000^(2i/dModel))
 *
 * PE(pos + k) is a rotation of PE(pos) that depends on k only.
 *
 * Source: Vaswani et al. (2017), Section 3.5.
 *
 * @param dModel even or odd
 * @returns [length, dModel], to be added to embeddings
 */
export function sinusoidalPositions(length: number, dModel: number): tf.Tensor2D {
  expectSizes({ length, dModel });
  const values = Float32Array.from({ length: length * dModel }, (_, index) => {
    const [pos, column] = [Math.floor(index / dModel), index % dModel];
    const angle = pos / 10000 ** ((column - (column % 2)) / dModel);
    return column % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  });
  return tf.tensor2d(values, [length, dModel]);
}

/**
 * Learned positions: one row of a table for each.
 *
 * Source: Gehring et al. (2017), Section 3.1; compared in Vaswani et al. (2017), Table 3, row (E).
 *
 * @param table [maxLength, dModel], a parameter
 * @param start the number of the first position
 * @returns rows start … start + length − 1 of the table, [length, dModel]
 * @throws if the table has no such rows
 */
export function learnedPositions(table: tf.Tensor, length: number, start = 0): tf.Tensor2D {
  const [rows] = expectShape('table', table, ['maxLength', 'dModel']);
  expectSizes({ length });
  if (!(start >= 0 && start + length <= rows)) {
    throw new Error(`positions ${start}…${start + length - 1} are not in a table of ${rows} rows`);
  }
  return tf.slice(table as tf.Tensor2D, [start, 0], [length, -1]);
}

/** A new table for `learnedPositions`, [maxLength, dModel]. */
export function positionParameters(
  { maxLength, dModel }: { maxLength: number; dModel: number },
  next: Random,
): tf.Tensor {
  return uniform([maxLength, dModel], next, Math.sqrt(3 / dModel));
}

/**
 * Rotary positions: each pair of numbers of a query or key is turned by an angle that grows with its
 * position, so that their dot product depends on content and distance alone.
 *
 *     (x_m, x_{m + d/2}) ← (x_m cos pω_m − x_{m + d/2} sin pω_m, x_m sin pω_m + x_{m + d/2} cos pω_m)
 *     ω_m = 10000^(−2m / d)      m = 0 … d/2 − 1
 *
 * Source: Su et al. (2021), "RoFormer", eq. (34), with the pairs as in Hugging Face's transformers:
 * number m goes with number m + d/2.
 *
 * @param x [..., length, d], d even
 * @param start p of the first position; it may be negative
 * @returns shape of `x`
 * @throws if d is odd
 */
export function rotaryPositions<T extends tf.Tensor>(x: T, start = 0): T {
  expectTensor('x', x);
  const [length, d] = x.shape.slice(-2);
  if (d % 2) throw new Error(`rotaryPositions: expected an even depth, got ${d}`);
  return tf.tidy(() => {
    const omega = tf.exp(tf.mul(tf.range(0, d / 2), (-2 * Math.log(10000)) / d));
    const angles = tf.outerProduct(tf.range(start, start + length), omega as tf.Tensor1D);
    const [cos, sin] = [tf.cos(angles), tf.sin(angles)];
    const [first, second] = tf.split(x as tf.Tensor, 2, -1);
    const turned = [
      tf.sub(tf.mul(first, cos), tf.mul(second, sin)),
      tf.add(tf.mul(first, sin), tf.mul(second, cos)),
    ];
    return tf.concat(turned, -1) as T;
  });
}
