import { type Random, uniform } from '../tensors/random';
import { expectShape, expectSizes } from '../tensors/shape';
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
