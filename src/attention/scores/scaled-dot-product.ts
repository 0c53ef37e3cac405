import { fusedAttention } from '../../tensors/fused/attention';
import { product } from '../../tensors/fused/product';
import { withoutHidden } from '../../tensors/mask';
import { expectShape, leadingAxes } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import { maskedSoftmax, weightedAverage } from '../masked-softmax';

/**
 * Scaled dot-product attention.
 *
 *     Attention(Q, K, V) = softmax(Q Kᵀ / √d_k) V
 *
 * Source: Vaswani et al. (2017), Section 3.2.1, eq. (1).
 *
 * @param query [batch, queries, dKey], or [batch, heads, queries, dKey]
 * @param keys [batch, keys, dKey], or [batch, heads, keys, dKey]
 * @param values [batch, keys, dValue], or [batch, heads, keys, dValue]
 * @param mask broadcastable to the weights: 1 = may be seen; see `maskedSoftmax`
 * @param options.scale what the dot products are multiplied with, 1/√dKey if left out
 * @returns context [batch, (heads,) queries, dValue], weights [batch, (heads,) queries, keys]
 * @throws if a shape does not fit, as `query depth 32 ≠ key depth 16`
 */
export function scaledDotProductAttention<T extends tf.Tensor = tf.Tensor3D>(
  query: T,
  keys: T,
  values: T,
  mask?: tf.Tensor,
  { scale }: { scale?: number } = {},
): { context: T; weights: T } {
  const axes = leadingAxes('query', query);
  const shape = expectShape('query', query, [...axes, 'queries', 'dKey'] as const);
  const [lead, depth] = [shape.slice(0, -2), shape[shape.length - 1]];
  const [positions, keyDepth] = expectShape('keys', keys, [...lead, 'keys', 'dKey']).slice(-2);
  if (depth !== keyDepth) throw new Error(`query depth ${depth} ≠ key depth ${keyDepth}`);
  expectShape('values', values, [...lead, positions, 'dValue']);
  const factor = scale ?? 1 / Math.sqrt(depth);
  return tf.tidy(() => {
    const [k, v] = withoutHidden(mask, keys, values);
    const fused = fusedAttention([query, k, v], mask, factor);
    if (fused) return fused as { context: T; weights: T };
    const logits = product(tf.mul(query, factor), k, true);
    const weights = maskedSoftmax(logits, mask) as unknown as T;
    return { context: weightedAverage(weights, v, mask), weights };
  });
}
