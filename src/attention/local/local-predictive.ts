import { dense } from '../../tensors/dense';
import { type Random, uniform } from '../../tensors/random';
import { expectShape, lengthOf } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import { dotProductScore } from '../scores/dot-product';
import type { Score } from '../scores/global';
import type { SparseWeights } from '../sparse-weights';
import { keyCounts, localWindow } from './local-window';

/** The parameters that predict where to look. */
export type LocalPredictiveParameters = {
  /** W_p [queryDepth, dHidden] */
  W: tf.Tensor;
  /** v_p [dHidden] */
  v: tf.Tensor;
};

/** New parameters, drawn from `next`. */
export function localPredictiveParameters(
  { queryDepth, dHidden }: { queryDepth: number; dHidden: number },
  next: Random,
): LocalPredictiveParameters {
  return { W: uniform([queryDepth, dHidden], next), v: uniform([dHidden], next) };
}

/**
 * Local attention, predictive alignment (local-p): each query predicts the position around which
 * it looks, and a Gaussian favours the keys near it.
 *
 *     p_t    = S · σ(v_pᵀ tanh(W_p h_t))
 *     α_t(s) = align(h_t, h̄_s) exp(−(s − p_t)² / 2σ²)      σ = D/2
 *
 * align is the softmax over the 2D + 1 positions s = 0 … S − 1 nearest to p_t. The Gaussian comes
 * after it, so the weights of a query add up to less than 1. It is what makes p_t learn: which
 * keys are in the window does not change when p_t moves a little, but their Gaussian does.
 * Takes queries × (2D + 1) scores, not queries × keys.
 *
 * Source: Luong, Pham, Manning (2015), Section 3.2, "Predictive alignment".
 *
 * @param query h_t [batch, queries, queryDepth]
 * @param keys h̄_s [batch, keys, keyDepth]
 * @param values [batch, keys, dValue]
 * @param mask [batch, 1, keys], as of `paddingMask`: S is the number of keys that it shows
 * @param options.D half the window, ≥ 1; 10 in the paper
 * @param options.score the dot product if left out
 * @returns context [batch, queries, dValue], weights of 2D + 1 keys per query, and position p_t,
 *   0 … S [batch, queries]
 * @throws if a shape does not fit, or D is not a whole number ≥ 1
 */
export function localPredictiveAttention(
  query: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  { W, v }: LocalPredictiveParameters,
  mask?: tf.Tensor,
  { D = 10, score = dotProductScore }: { D?: number; score?: Score } = {},
): { context: tf.Tensor3D; weights: SparseWeights; position: tf.Tensor2D } {
  const [batch, queries, depth] = expectShape('query', query, ['batch', 'queries', 'queryDepth']);
  lengthOf('keys', keys);
  const [rows, hidden] = expectShape('W', W, ['queryDepth', 'dHidden']);
  expectShape('v', v, [hidden]);
  if (depth !== rows) throw new Error(`query depth ${depth} ≠ rows of W ${rows}`);
  return tf.tidy(() => {
    const share = tf.sigmoid(dense(tf.tanh(dense(query, W)), v.reshape([hidden, 1])));
    const p = tf.mul(keyCounts(keys, mask), share.reshape([batch, queries]));
    const window = localWindow(tf.round(p), query, keys, values, D, score, mask);

    const distance = tf.sub(tf.cast(window.keys, 'float32'), p.expandDims(2));
    const gaussian = tf.exp(tf.div(tf.square(distance), -2 * (D / 2) ** 2));
    const weights = tf.mul(window.align, gaussian);
    return {
      context: window.average(weights),
      weights: { weights, keys: window.keys, keyCount: keys.shape[1] as number },
      position: p as tf.Tensor2D,
    };
  });
}
