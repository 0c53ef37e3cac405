import { dense } from '../../tensors/dense';
import { type Random, uniform } from '../../tensors/random';
import { expectShape } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import type { Attended } from '../attended';
import { type AdditiveParameters, additiveAttention, additiveLogits } from './additive';

/** The parameters of Luong's concat score. */
export type ConcatParameters = {
  /** W_a [queryDepth + keyDepth, dAttention] */
  W: tf.Tensor;
  /** v_a [dAttention] */
  v: tf.Tensor;
};

/** New parameters, drawn from `next`. */
export function concatParameters(
  sizes: { queryDepth: number; keyDepth: number; dAttention: number },
  next: Random,
): ConcatParameters {
  const { queryDepth, keyDepth, dAttention } = sizes;
  return {
    W: uniform([queryDepth + keyDepth, dAttention], next),
    v: uniform([dAttention], next),
  };
}

/**
 * Luong's concat score: score(s, h) = v_aᵀ tanh(W_a [s; h]).
 *
 * The product with a pair is a sum of two products, so this is additive attention, with the upper
 * rows of W_a as Bahdanau's W and the lower ones as his U:
 *
 *     W_aᵀ [s; h] = W_upperᵀ s + W_lowerᵀ h
 *
 * Written that way, no pair has to be built, and each key is projected once for all queries.
 *
 * Source: Luong, Pham, Manning (2015), Section 3.1, "concat".
 *
 * @param query s [batch, queries, queryDepth]
 * @param keys h [batch, keys, keyDepth]
 * @returns logits [batch, queries, keys]
 * @throws if a shape does not fit, as `query depth 4 + key depth 6 ≠ rows of W 9`
 */
export function concatScore(
  query: tf.Tensor,
  keys: tf.Tensor,
  parameters: ConcatParameters,
): tf.Tensor3D {
  return tf.tidy(() => {
    const { W, U, v } = asAdditive(query, keys, parameters);
    return additiveLogits(dense(query, W), dense(keys, U), v);
  });
}

/**
 * Attention by `concatScore`.
 *
 * @param values [batch, keys, valueDepth]
 * @param mask broadcastable to [batch, queries, keys]: 1 = may be seen
 * @returns context [batch, queries, valueDepth] and weights [batch, queries, keys]
 */
export function concatAttention(
  query: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  parameters: ConcatParameters,
  mask?: tf.Tensor,
): Attended {
  return tf.tidy(() =>
    additiveAttention(query, keys, values, asAdditive(query, keys, parameters), mask),
  );
}

function asAdditive(
  query: tf.Tensor,
  keys: tf.Tensor,
  { W, v }: ConcatParameters,
): AdditiveParameters {
  const [, , queryDepth] = expectShape('query', query, ['batch', 'queries', 'queryDepth']);
  const [, , keyDepth] = expectShape('keys', keys, ['batch', 'keys', 'keyDepth']);
  const [rows] = expectShape('W', W, ['queryDepth + keyDepth', 'dAttention']);
  if (queryDepth + keyDepth !== rows) {
    throw new Error(`query depth ${queryDepth} + key depth ${keyDepth} ≠ rows of W ${rows}`);
  }
  const [upper, lower] = tf.split(W, [queryDepth, keyDepth]);
  return { W: upper, U: lower, v };
}
