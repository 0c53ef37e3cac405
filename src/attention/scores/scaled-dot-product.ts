import { hasKernels, matMulKernel, transposeKernel } from '../../tensors/kernels';
import { expectShape } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import { maskedSoftmax } from '../masked-softmax';

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
  const axes = query.rank === 4 ? ['batch', 'heads'] : ['batch'];
  const shape = expectShape('query', query, [...axes, 'queries', 'dKey'] as const);
  const [lead, depth] = [shape.slice(0, -2), shape[shape.length - 1]];
  const [positions, keyDepth] = expectShape('keys', keys, [...lead, 'keys', 'dKey']).slice(-2);
  if (depth !== keyDepth) throw new Error(`query depth ${depth} ≠ key depth ${keyDepth}`);
  expectShape('values', values, [...lead, positions, 'dValue']);
  return tf.tidy(() => {
    const logits = product(tf.mul(query, scale ?? 1 / Math.sqrt(depth)), keys, true);
    const weights = maskedSoftmax(logits, mask) as unknown as T;
    return { context: product(weights, values) as T, weights };
  });
}

/** a b, or a bᵀ: `tf.matMul` with a faster gradient where the rows are many. */
function product(a: tf.Tensor, b: tf.Tensor, transposeB = false): tf.Tensor {
  if (!hasKernels() || a.shape[a.rank - 2] < 32) return tf.matMul(a, b, false, transposeB);
  const axes = [...a.shape.keys()].slice(0, -2);
  const transposed = (x: tf.Tensor) => transposeKernel(x, [...axes, x.rank - 1, x.rank - 2]);
  // xᵀ y as (yᵀ x)ᵀ: TensorFlow multiplies a batch of large transposed matrices x, here the weights
  // and their gradient, at a third of the speed. The transposed y is small.
  const times = (x: tf.Tensor, y: tf.Tensor) => transposed(matMulKernel(transposed(y), x));
  const fused = tf.customGrad((...args) => {
    const [left, right, save] = args as unknown as [tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    save([left, right]);
    const gradFunc = (dy: tf.Tensor, [l, r]: tf.Tensor[]) =>
      transposeB
        ? [matMulKernel(dy, r), times(dy, l)]
        : [matMulKernel(dy, r, false, true), times(l, dy)];
    return { value: matMulKernel(left, right, false, transposeB), gradFunc };
  });
  return fused(a, b);
}
