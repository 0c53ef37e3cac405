import { withoutHidden } from '../../tensors/mask';
import { expectShape, expectTensor } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import { dotProductScore } from './dot-product';
import { softAttention } from './soft';

/**
 * The score of a memory that is addressed by content: cosine similarity, sharpened by β.
 *
 *     score(k, M_i) = β K[k, M_i]      K[u, v] = u · v / (‖u‖ ‖v‖)
 *
 * It is the dot product of unit vectors, so it lies in [−β, β]: a large β lets one key win, β = 0
 * gives all keys the same. A vector of length 0 is similar to nothing: K = 0.
 *
 * Source: Graves, Wayne, Danihelka (2014), Section 3.3.1, eq. (5)–(6).
 *
 * @param query k [batch, queries, depth], or [batch, heads, queries, depth]
 * @param keys M [batch, keys, depth], or [batch, heads, keys, depth]
 * @param beta β ≥ 0, one for all or one for each query [batch, (heads,) queries, 1]
 * @returns logits [batch, (heads,) queries, keys]
 * @throws if a shape does not fit, as `query depth 32 ≠ key depth 16`
 */
export function contentBasedScore<T extends tf.Tensor = tf.Tensor3D>(
  query: T,
  keys: T,
  beta: number | tf.Tensor = 1,
): T {
  expectTensor('query', query);
  expectTensor('keys', keys);
  if (beta instanceof tf.Tensor) expectShape('beta', beta, [...query.shape.slice(0, -1), 1]);
  return tf.tidy(() => tf.mul(beta, dotProductScore(unit(query), unit(keys))) as T);
}

/** u / ‖u‖; the bound keeps u = 0 at 0, with gradient 0 for its length. */
function unit<T extends tf.Tensor>(u: T): T {
  const squaredLength = tf.sum(tf.square(u), -1, true);
  return tf.mul(u, tf.rsqrt(tf.maximum(squaredLength, 1e-16))) as T;
}

/**
 * Attention by `contentBasedScore`.
 *
 * @param values [batch, keys, dValue], or [batch, heads, keys, dValue]; in the paper the memory M
 * @param mask broadcastable to the weights: 1 = may be seen
 * @returns context [batch, (heads,) queries, dValue], weights [batch, (heads,) queries, keys]
 */
export function contentBasedAttention<T extends tf.Tensor = tf.Tensor3D>(
  query: T,
  keys: T,
  values: T,
  mask?: tf.Tensor,
  { beta = 1 }: { beta?: number | tf.Tensor } = {},
): { context: T; weights: T } {
  return tf.tidy(() => {
    const [k, v] = withoutHidden(mask, keys, values);
    return softAttention(contentBasedScore(query, k, beta), v, mask);
  });
}
