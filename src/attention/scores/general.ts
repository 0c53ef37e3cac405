import { dense } from '../../tensors/dense';
import { withoutHidden } from '../../tensors/mask';
import { type Random, uniform } from '../../tensors/random';
import { expectShape } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import { dotProductScore } from './dot-product';
import { softAttention } from './soft';

/** The parameter of Luong's general score. */
export type GeneralParameters = {
  /** W_a [queryDepth, keyDepth] */
  W: tf.Tensor;
};

/** New parameters, drawn from `next`. */
export function generalParameters(
  { queryDepth, keyDepth }: { queryDepth: number; keyDepth: number },
  next: Random,
): GeneralParameters {
  return { W: uniform([queryDepth, keyDepth], next) };
}

/**
 * Luong's general score, also called multiplicative or bilinear: score(s, h) = sᵀ W_a h.
 * It is the dot product of h with the projected query W_aᵀ s, so the depths may differ.
 *
 * Source: Luong, Pham, Manning (2015), Section 3.1, "general".
 *
 * @param query s [batch, queries, queryDepth], or [batch, heads, queries, queryDepth]
 * @param keys h [batch, keys, keyDepth], or [batch, heads, keys, keyDepth]
 * @returns logits [batch, (heads,) queries, keys]
 * @throws if a shape does not fit, as `query depth 32 ≠ rows of W 16`
 */
export function generalScore<T extends tf.Tensor = tf.Tensor3D>(
  query: T,
  keys: T,
  { W }: GeneralParameters,
): T {
  const [rows, columns] = expectShape('W', W, ['queryDepth', 'keyDepth']);
  const [depth, keyDepth] = [query, keys].map(({ shape }) => shape[shape.length - 1]);
  if (depth !== rows) throw new Error(`query depth ${depth} ≠ rows of W ${rows}`);
  if (keyDepth !== columns) throw new Error(`key depth ${keyDepth} ≠ columns of W ${columns}`);
  return tf.tidy(() => dotProductScore(dense(query, W), keys));
}

/**
 * Attention by `generalScore`: softmax(Q W_a Kᵀ) V.
 *
 * @param values [batch, keys, dValue], or [batch, heads, keys, dValue]
 * @param mask broadcastable to the weights: 1 = may be seen
 * @returns context [batch, (heads,) queries, dValue], weights [batch, (heads,) queries, keys]
 */
export function generalAttention<T extends tf.Tensor = tf.Tensor3D>(
  query: T,
  keys: T,
  values: T,
  parameters: GeneralParameters,
  mask?: tf.Tensor,
): { context: T; weights: T } {
  return tf.tidy(() => {
    const [k, v] = withoutHidden(mask, keys, values);
    return softAttention(generalScore(query, k, parameters), v, mask);
  });
}
