import { gatherRows } from '../../tensors/gather-rows';
import { castMask, expectMask, withoutHidden } from '../../tensors/mask';
import { expectShape } from '../../tensors/shape';
import { stopGradient } from '../../tensors/stop-gradient';
import { tf } from '../../tensors/tf';
import { maskedSoftmax } from '../masked-softmax';
import type { Score } from '../scores/global';

/** The keys that local attention looks at, and how well each fits. */
export type LocalWindow = {
  /** align(h_t, h̄_s), the softmax over the window [batch, queries, 2D + 1]. */
  align: tf.Tensor3D;
  /** Which key stands where, int32 [batch, queries, 2D + 1]; −1 past an edge or where hidden. */
  keys: tf.Tensor3D;
  /** Σ_s weights(s) · value(s) for weights over the window: [batch, queries, dValue]. */
  average: (weights: tf.Tensor) => tf.Tensor3D;
};

/**
 * Cuts the 2D + 1 keys around a centre out for each query, and scores those only. The queries are
 * folded into the batch, so that any score does, without knowing of windows.
 *
 * @param centre the middle of each query's window, whole numbers [batch, queries]
 * @param mask [batch, 1, keys]: the same for all queries
 * @throws if a shape does not fit, or D is not a whole number ≥ 1
 */
export function localWindow(
  centre: tf.Tensor,
  query: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  D: number,
  score: Score,
  mask?: tf.Tensor,
): LocalWindow {
  const [batch, positions, keyDepth] = expectShape('keys', keys, ['batch', 'keys', 'keyDepth']);
  const [, queries, depth] = expectShape('query', query, [batch, 'queries', 'queryDepth']);
  const [, , dValue] = expectShape('values', values, [batch, positions, 'dValue']);
  if (mask) expectMask(mask, [batch, 1, positions]);
  if (!(Number.isInteger(D) && D >= 1)) throw new Error(`D: expected a whole number ≥ 1, got ${D}`);
  const [rows, width] = [batch * queries, 2 * D + 1];

  const middle = tf.cast(stopGradient(centre), 'int32').expandDims(2);
  const wanted = tf.add(middle, tf.range(-D, D + 1, 1, 'int32'));
  const found = tf.clipByValue(wanted, 0, positions - 1).reshape([batch, queries * width]);
  const cut = (x: tf.Tensor, d: number) => gatherRows(x, found).reshape([rows, width, d]);
  let inside = tf.equal(wanted, found.reshape(wanted.shape));
  if (mask) {
    const shown = gatherRows(castMask(mask, 'float32').reshape([batch, positions, 1]), found);
    inside = tf.logicalAnd(inside, tf.cast(shown.reshape(wanted.shape), 'bool'));
  }

  const [k, v] = withoutHidden(mask, keys, values);
  const logits = score(query.reshape([rows, 1, depth]), cut(k, keyDepth));
  const windowValues = cut(v, dValue);
  return {
    align: maskedSoftmax(logits.reshape([batch, queries, width]) as tf.Tensor3D, inside),
    keys: tf.where(inside, wanted, tf.scalar(-1, 'int32')) as tf.Tensor3D,
    average: (weights) =>
      tf
        .matMul(weights.reshape([rows, 1, width]), windowValues)
        .reshape([batch, queries, dValue]) as tf.Tensor3D,
  };
}

/** S, the number of keys of each example: [batch, 1]. */
export function keyCounts(keys: tf.Tensor, mask?: tf.Tensor): tf.Tensor {
  const [batch, positions] = keys.shape;
  if (!mask) return tf.fill([batch, 1], positions);
  return tf.sum(castMask(mask, 'float32'), -1);
}
