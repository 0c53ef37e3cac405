import { dense } from '../../tensors/dense';
import { fusedAdditiveLogits } from '../../tensors/fused/additive-logits';
import { fusedAdditiveAttention } from '../../tensors/fused/attention';
import { hasKernels } from '../../tensors/kernels';
import { withoutHidden } from '../../tensors/mask';
import { type Random, uniform } from '../../tensors/random';
import { expectShape } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import type { Attended } from '../attended';
import { softAttention } from './soft';

/** The parameters of the alignment model a(s, h) of Bahdanau et al. (2014). */
export type AdditiveParameters = {
  /** W_a [queryDepth, dAttention]: projects the query. */
  W: tf.Tensor;
  /** U_a [keyDepth, dAttention]: projects the keys. */
  U: tf.Tensor;
  /** v_a [dAttention]: turns the hidden layer into one number. */
  v: tf.Tensor;
};

/**
 * Additive attention: a network with one hidden layer scores each pair of a query s and a key h.
 *
 *     e_ij = v_aᵀ tanh(W_a s_i + U_a h_j)      α_ij = softmax_j(e_ij)      c_i = Σ_j α_ij h_j
 *
 * Source: Bahdanau, Cho, Bengio (2014), Section 3.1, eq. (5)–(6), and Appendix A.1.2. There the
 * values are the keys themselves, and the decoder's state is the only query of a step.
 *
 * @param query [batch, queries, queryDepth]
 * @param keys [batch, keys, keyDepth]
 * @param values [batch, keys, valueDepth]
 * @param mask broadcastable to [batch, queries, keys]: 1 = may be seen; see `maskedSoftmax`
 * @returns context [batch, queries, valueDepth] and weights [batch, queries, keys]
 * @throws if a shape does not fit, as `query depth 32 ≠ rows of W 16`
 */
export function additiveAttention(
  query: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  parameters: AdditiveParameters,
  mask?: tf.Tensor,
): Attended {
  return tf.tidy(() => additiveAligner(keys, values, parameters, mask)(query));
}

/**
 * `additiveAttention` for a decoder, which asks the same keys at every step: U_a h_j does not
 * depend on the query and is computed once (Bahdanau et al. 2014, Appendix A.1.2).
 *
 * @returns a function from a query [batch, queries, queryDepth] to context and weights; call both
 *   inside one `tf.tidy`
 */
export function additiveAligner(
  keys: tf.Tensor,
  values: tf.Tensor,
  { W, U, v }: AdditiveParameters,
  mask?: tf.Tensor,
): (query: tf.Tensor) => Attended {
  const [batch, positions, keyDepth] = expectShape('keys', keys, ['batch', 'keys', 'keyDepth']);
  expectShape('values', values, [batch, positions, 'valueDepth']);
  const [dAttention] = expectShape('v', v, ['dAttention']);
  const [keyRows] = expectShape('U', U, ['keyDepth', dAttention]);
  const [queryRows] = expectShape('W', W, ['queryDepth', dAttention]);
  if (keyDepth !== keyRows) throw new Error(`key depth ${keyDepth} ≠ rows of U ${keyRows}`);

  const [h, seen] = withoutHidden(mask, keys, values);
  const key = dense(h, U);
  return (query) => {
    const [, , queryDepth] = expectShape('query', query, [batch, 'queries', 'queryDepth']);
    if (queryDepth !== queryRows)
      throw new Error(`query depth ${queryDepth} ≠ rows of W ${queryRows}`);
    const q = dense(query, W);
    const fused = fusedAdditiveAttention([q, key, v, seen], mask);
    return fused ?? softAttention(additiveLogits(q, key, v), seen as tf.Tensor3D, mask);
  };
}

/**
 * e_ij = vᵀ tanh(query_i + key_j) for queries and keys that are already projected.
 *
 * @param query [batch, queries, dAttention]
 * @param key [batch, keys, dAttention]
 * @param v [dAttention]
 * @returns logits [batch, queries, keys]
 */
export function additiveLogits(query: tf.Tensor, key: tf.Tensor, v: tf.Tensor): tf.Tensor3D {
  const [batch, queries, d] = expectShape('query', query, ['batch', 'queries', 'dAttention']);
  const [, keys] = expectShape('key', key, [batch, 'keys', d]);
  expectShape('v', v, [d]);
  if (hasKernels()) return fusedAdditiveLogits(query, key, v);
  return tf.tidy(() => {
    const pairs = tf.add(query.reshape([batch, queries, 1, d]), key.reshape([batch, 1, keys, d]));
    return tf.sum(tf.mul(tf.tanh(pairs), v), -1) as tf.Tensor3D;
  });
}

/** New parameters: Glorot and Bengio's uniform numbers. */
export function additiveParameters(
  sizes: { queryDepth: number; keyDepth: number; dAttention: number },
  next: Random,
): AdditiveParameters {
  const { queryDepth, keyDepth, dAttention } = sizes;
  return {
    W: uniform([queryDepth, dAttention], next),
    U: uniform([keyDepth, dAttention], next),
    v: uniform([dAttention], next),
  };
}
