import { kernel } from '../kernels';
import { tf } from '../tf';

/**
 * `additiveLogits` in fewer operations, forward and backward:
 *
 *     h = tanh(q + k)   dh = de · v · (1 − h²)   dq = Σ_keys dh   dk = Σ_queries dh   dv = Σ de · h
 *
 * @param query [batch, queries, dAttention]
 * @param key [batch, keys, dAttention]
 * @param v [dAttention]
 */
export function fusedAdditiveLogits(query: tf.Tensor, key: tf.Tensor, v: tf.Tensor): tf.Tensor3D {
  const [batch, queries, d] = query.shape;
  const keys = key.shape[1] as number;
  const pairs = batch * queries * keys;
  const fused = tf.customGrad((...args) => {
    const [q, k, vector, save] = args as unknown as [...tf.Tensor[], tf.GradSaveFunc] as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
      tf.GradSaveFunc,
    ];
    const hidden = tf
      .tanh(tf.add(q.reshape([batch, queries, 1, d]), k.reshape([batch, 1, keys, d])))
      .reshape([pairs, d]);
    save([hidden, vector]);
    const gradFunc = (dLogits: tf.Tensor, [h, vec]: tf.Tensor[]) => {
      const de = dLogits.reshape([pairs, 1]);
      const dSum = kernel('TanhGrad', [h, tf.mul(de, vec)]);
      const perPair = dSum.reshape([batch, queries, keys, d]);
      return [
        tf.sum(perPair, 2),
        queries === 1 ? dSum.reshape([batch, keys, d]) : tf.sum(perPair, 1),
        tf.matMul(h, de, true).reshape([d]),
      ];
    };
    const logits = tf.matMul(hidden, vector.reshape([d, 1]));
    return { value: logits.reshape([batch, queries, keys]), gradFunc };
  });
  return fused(query, key, v) as tf.Tensor3D;
}
