import { withoutHidden } from '../../tensors/mask';
import { expectShape } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import type { Attended } from '../attended';
import { maskedSoftmax, weightedAverage } from '../masked-softmax';

/**
 * Kernel regression with a Gaussian kernel: attention by distance, with nothing learned.
 *
 *     weights_qk = exp(−‖q − k‖² / 2σ²) / Σ_k' exp(−‖q − k'‖² / 2σ²)      context_q = Σ_k weights_qk v_k
 *
 * This is softmax(−‖q − k‖² / 2σ²): the bandwidth σ squared takes the place of a temperature.
 *
 * Source: Nadaraya (1964); Watson (1964).
 *
 * @param query [batch, queries, depth]
 * @param keys [batch, keys, depth]
 * @param values [batch, keys, valueDepth]
 * @param bandwidth σ > 0, in the unit of the distances
 * @param mask broadcastable to [batch, queries, keys]: 1 = may be seen; see `maskedSoftmax`
 * @returns context [batch, queries, valueDepth], weights [batch, queries, keys]
 * @throws if a shape does not fit, or the bandwidth is not above 0
 */
export function kernelRegression(
  query: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  bandwidth: number,
  mask?: tf.Tensor,
): Attended {
  const [batch, , depth] = expectShape('query', query, ['batch', 'queries', 'depth']);
  const [, positions, keyDepth] = expectShape('keys', keys, [batch, 'keys', 'depth']);
  if (depth !== keyDepth) throw new Error(`query depth ${depth} ≠ key depth ${keyDepth}`);
  expectShape('values', values, [batch, positions, 'valueDepth']);
  if (!(bandwidth > 0)) throw new Error(`bandwidth: expected a number above 0, got ${bandwidth}`);
  return tf.tidy(() => {
    const [k, v] = withoutHidden(mask, keys, values);
    // −‖q − k‖² = 2 q·k − ‖k‖² − ‖q‖², and the last term is the same for all keys of a query.
    const products = tf.mul(tf.matMul(query, k, false, true), 2);
    const squares = tf.sum(tf.square(k), 2).expandDims(1);
    const logits = tf.mul(tf.sub(products, squares), 1 / (2 * bandwidth ** 2)) as tf.Tensor3D;
    const weights = maskedSoftmax(logits, mask);
    return { context: weightedAverage(weights, v as tf.Tensor3D, mask), weights };
  });
}
