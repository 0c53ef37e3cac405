import { expectShape, expectSizes, expectTensor, leadingAxes } from '../tensors/shape';
import { tf } from '../tensors/tf';

/**
 * The weights of a mechanism whose queries look at few keys: for each query, a list of keys and
 * the weight of each. Takes queries × visible numbers, not queries × keys.
 */
export type SparseWeights = {
  /** [batch, queries, visible], or [batch, heads, queries, visible]. */
  weights: tf.Tensor;
  /** Which key each weight belongs to: int32, broadcastable to `weights`; −1 where there is none. A
   * key that stands twice in a list gets both weights. */
  keys: tf.Tensor;
  /** How many keys there are in all. */
  keyCount: number;
};

/**
 * The whole matrix, for a plot or a test. Builds queries × keys numbers: for short sequences only.
 *
 * @returns [batch, queries, keys], or [batch, heads, queries, keys]
 */
export function denseWeights({ weights, keys, keyCount }: SparseWeights): tf.Tensor {
  const axes = [...leadingAxes('weights', weights), 'queries', 'visible'];
  expectShape('weights', weights, axes);
  expectTensor('keys', keys, 'int32');
  if (keys.rank > weights.rank) expectShape('keys', keys, weights.shape, 'int32');
  expectSizes({ keyCount });
  return tf.tidy(() => {
    const [rows, visible] = [weights.size / (weights.shape.at(-1) || 1), weights.shape.at(-1) ?? 0];
    const shown = tf.greaterEqual(keys, 0);
    const offset = tf.mul(tf.range(0, rows, 1, 'int32'), tf.scalar(keyCount, 'int32'));
    const key = tf.broadcastTo(tf.maximum(keys, tf.scalar(0, 'int32')), weights.shape);
    const cell = tf.add(key.reshape([rows, visible]), offset.reshape([rows, 1])).flatten();
    const kept = tf.mul(weights, tf.cast(shown, 'float32')).flatten();
    const dense = tf.unsortedSegmentSum(
      kept,
      tf.cast(cell, 'int32') as tf.Tensor1D,
      rows * keyCount,
    );
    return dense.reshape([...weights.shape.slice(0, -1), keyCount]);
  });
}
