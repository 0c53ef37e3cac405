import { expectTensor } from '../tensors/shape';
import { tf } from '../tensors/tf';

/**
 * How spread out each query's attention is, in nats:
 *
 *     H_q = − Σ_k weights_qk log weights_qk
 *
 * 0 if one key has all the weight, log n if n keys share it evenly; exp(H) is the number of keys
 * that would share evenly with the same entropy. Where a weight is 0 it adds 0 (as w log w → 0), so
 * a fully masked row has entropy 0.
 *
 * Source: Shannon (1948), Section 6.
 *
 * @param weights [..., queries, keys], each ≥ 0
 * @returns [..., queries]
 */
export function entropy(weights: tf.Tensor): tf.Tensor {
  expectTensor('weights', weights);
  return tf.tidy(() => tf.neg(tf.sum(tf.mul(weights, tf.log(tf.maximum(weights, 1e-30))), -1)));
}
