import { allFinite, castMask, expectMaskOf } from '../mask';
import { tf } from '../tf';
import { fusedOperation, hasFused, nothing } from './operation';

/**
 * softmax(scale · Q Kᵀ) V in one operation, native/attention.cc.
 *
 * @param tensors queries, keys, values [batch, (heads,) length, depth]; with the number of heads
 *   [batch, length, heads · depth], read where they stand; or all three side by side
 * @param mask broadcastable to the weights
 * @returns context, like the queries, and weights [batch, (heads,) queries, keys]; nothing where the
 *   operation is not there, or a NaN that only some queries may see asks for the careful way
 */
export function fusedAttention(
  tensors: tf.Tensor[],
  mask: tf.Tensor | undefined,
  scale: number,
  heads = 0,
): { context: tf.Tensor; weights: tf.Tensor } | undefined {
  if (!hasFused()) return undefined;
  const [q, k = q] = tensors;
  const lead = q.rank === 4 || heads === 0 ? q.shape.slice(0, -2) : [q.shape[0], heads];
  if (mask) expectMaskOf(mask, [...lead, q.shape[q.rank - 2], k.shape[k.rank - 2]]);
  const [context, weights] = fusedOperation(
    tensors.length === 1 ? 'AttentionPacked' : 'AttentionHeads',
    tensors,
    [mask ? castMask(mask, 'float32') : nothing(), tf.scalar(scale)],
    { outputs: 2, results: 2, forgotten: 1, settings: { heads } },
  );
  return mask && !allFinite(context) ? undefined : { context, weights };
}

/**
 * `softAttention` in one operation, native/attention.cc.
 *
 * @returns as `fusedAttention`
 */
export function fusedSoftAttention<T extends tf.Tensor>(
  logits: T,
  values: T,
  mask: tf.Tensor | undefined,
): { context: T; weights: T } | undefined {
  if (!hasFused()) return undefined;
  if (mask) expectMaskOf(mask, logits.shape);
  const visible = mask ? castMask(mask, 'float32') : nothing();
  const options = { outputs: 2, results: 2, forgotten: 1 };
  const found = fusedOperation('AttentionSoft', [logits, values], [visible], options);
  const [context, weights] = found as T[];
  return mask && !allFinite(context) ? undefined : { context, weights };
}

/**
 * `additiveAttention` in one operation, native/additive.cc.
 *
 * @param tensors queries and keys, projected, v, values
 * @returns as `fusedAttention`
 */
export function fusedAdditiveAttention(
  tensors: [query: tf.Tensor, key: tf.Tensor, v: tf.Tensor, values: tf.Tensor],
  mask: tf.Tensor | undefined,
): { context: tf.Tensor3D; weights: tf.Tensor3D } | undefined {
  if (!hasFused()) return undefined;
  const [query, key] = tensors;
  if (mask) expectMaskOf(mask, [...query.shape.slice(0, 2), key.shape[1] as number]);
  const visible = mask ? castMask(mask, 'float32') : nothing();
  const options = { outputs: 3, results: 2, forgotten: 1 };
  const found = fusedOperation('AttentionAdditive', tensors, [visible], options);
  const [context, weights] = found as tf.Tensor3D[];
  return mask && !allFinite(context) ? undefined : { context, weights };
}

/**
 * `transformerXLAttention` in one operation, native/attention.cc: logits by content, and by distance.
 *
 * @param tensors queries, keys, values [batch, heads, length, depth], and queries for distances; with
 *   the number of heads [batch, length, heads · depth], read where they stand
 * @param r likewise, of one example: what distances keys − 1, …, 0 look like to a query
 * @returns as `fusedAttention`
 */
export function fusedDistanceAttention(
  tensors: [q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, qDistance: tf.Tensor],
  r: tf.Tensor,
  mask: tf.Tensor | undefined,
  scale: number,
  heads = 0,
): { context: tf.Tensor; weights: tf.Tensor } | undefined {
  if (!hasFused()) return undefined;
  const [context, weights] = fusedOperation(
    'AttentionDistances',
    [...tensors, r],
    [mask ? castMask(mask, 'float32') : nothing(), tf.scalar(scale)],
    { outputs: 2, results: 2, forgotten: 1, settings: { heads } },
  );
  return allFinite(context) ? { context, weights } : undefined;
}
