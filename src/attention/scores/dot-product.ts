import { withoutHidden } from '../../tensors/mask';
import { expectShape, leadingAxes } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import { softAttention } from './soft';

/**
 * The dot product as a score, unscaled: score(s, h) = sᵀ h.
 *
 * With independent components of variance 1 it has variance d, which is what the 1/√d of
 * `scaledDotProductAttention` makes up for.
 *
 * Source: Luong, Pham, Manning (2015), Section 3.1, "dot".
 *
 * @param query s [batch, queries, depth], or [batch, heads, queries, depth]
 * @param keys h [batch, keys, depth], or [batch, heads, keys, depth]
 * @returns logits [batch, (heads,) queries, keys]
 * @throws if a shape does not fit, as `query depth 32 ≠ key depth 16`
 */
export function dotProductScore<T extends tf.Tensor = tf.Tensor3D>(query: T, keys: T): T {
  const axes = leadingAxes('query', query);
  const shape = expectShape('query', query, [...axes, 'queries', 'depth']);
  const [lead, depth] = [shape.slice(0, -2), shape[shape.length - 1]];
  const keyDepth = expectShape('keys', keys, [...lead, 'keys', 'depth'])[lead.length + 1];
  if (depth !== keyDepth) throw new Error(`query depth ${depth} ≠ key depth ${keyDepth}`);
  return tf.matMul(query as tf.Tensor, keys, false, true) as T;
}

/**
 * Attention by `dotProductScore`: softmax(Q Kᵀ) V.
 *
 * @param values [batch, keys, dValue], or [batch, heads, keys, dValue]
 * @param mask broadcastable to the weights: 1 = may be seen
 * @returns context [batch, (heads,) queries, dValue], weights [batch, (heads,) queries, keys]
 */
export function dotProductAttention<T extends tf.Tensor = tf.Tensor3D>(
  query: T,
  keys: T,
  values: T,
  mask?: tf.Tensor,
): { context: T; weights: T } {
  return tf.tidy(() => {
    const [k, v] = withoutHidden(mask, keys, values);
    return softAttention(dotProductScore(query, k), v, mask);
  });
}
