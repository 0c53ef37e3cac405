import { dense } from '../../tensors/dense';
import { castMask, expectMaskOf } from '../../tensors/mask';
import { type Random, uniform } from '../../tensors/random';
import { expectShape } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import type { Attended } from '../attended';
import { softAttention } from './soft';

/** The parameter of location-based attention. */
export type LocationBasedParameters = {
  /** W_a [queryDepth, positions]: a column for each position that a key can have. */
  W: tf.Tensor;
};

/** New parameters, drawn from `next`. */
export function locationBasedParameters(
  { queryDepth, positions }: { queryDepth: number; positions: number },
  next: Random,
): LocationBasedParameters {
  return { W: uniform([queryDepth, positions], next) };
}

/**
 * Location-based attention: the query alone decides where to look, whatever stands there.
 *
 *     α_t = softmax(W_a s_t)
 *
 * A sequence shorter than the table W_a uses its first columns; of a longer one, the keys past
 * the table get weight 0.
 *
 * Source: Luong, Pham, Manning (2015), Section 3.1, eq. (8) and the footnote on lengths.
 *
 * @param query s [batch, queries, queryDepth]
 * @param values [batch, keys, dValue]
 * @param mask broadcastable to [batch, queries, keys]: 1 = may be seen
 * @returns context [batch, queries, dValue] and weights [batch, queries, keys]
 * @throws if a shape does not fit, as `query depth 32 ≠ rows of W 16`
 */
export function locationBasedAttention(
  query: tf.Tensor,
  values: tf.Tensor,
  { W }: LocationBasedParameters,
  mask?: tf.Tensor,
): Attended {
  const [batch, queries, depth] = expectShape('query', query, ['batch', 'queries', 'queryDepth']);
  const [, keys] = expectShape('values', values, [batch, 'keys', 'dValue']);
  const [rows, positions] = expectShape('W', W, ['queryDepth', 'positions']);
  if (depth !== rows) throw new Error(`query depth ${depth} ≠ rows of W ${rows}`);
  return tf.tidy(() => {
    const table = tf.slice(dense(query, W), [0, 0, 0], [batch, queries, Math.min(keys, positions)]);
    if (keys <= positions) return softAttention(table as tf.Tensor3D, values as tf.Tensor3D, mask);
    const logits = tf.concat([table, tf.zeros([batch, queries, keys - positions])], 2);
    const inTable = tf.less(tf.range(0, keys), positions);
    if (mask) expectMaskOf(mask, logits.shape);
    const visible = mask ? tf.logicalAnd(castMask(mask, 'bool'), inTable.expandDims(0)) : inTable;
    return softAttention(logits as tf.Tensor3D, values as tf.Tensor3D, visible);
  });
}
