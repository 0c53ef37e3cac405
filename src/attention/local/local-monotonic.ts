import { lengthOf } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import { dotProductScore } from '../scores/dot-product';
import type { Score } from '../scores/global';
import type { SparseWeights } from '../sparse-weights';
import { keyCounts, localWindow } from './local-window';

/**
 * Local attention, monotonic alignment (local-m): query t looks at the keys around position t,
 * as if source and target ran in step.
 *
 *     p_t = min(t, S − 1)      α_t(s) = softmax over s ∈ [p_t − D, p_t + D] of score(h_t, h̄_s)
 *
 * Positions count from 0. Past the edge of the source the window is empty, never moved. S is the
 * length of the source: a longer target keeps looking at its end, as in the authors' program.
 * Takes queries × (2D + 1) scores, not queries × keys.
 *
 * Source: Luong, Pham, Manning (2015), Section 3.2.
 *
 * @param query h_t [batch, queries, queryDepth]
 * @param keys h̄_s [batch, keys, keyDepth]
 * @param values [batch, keys, dValue]
 * @param mask [batch, 1, keys], as of `paddingMask`: S is the number of keys that it shows
 * @param options.D half the window, ≥ 1; 10 in the paper
 * @param options.score the dot product if left out
 * @param options.first t of the first query: a decoder that asks step by step passes the step
 * @returns context [batch, queries, dValue], weights of 2D + 1 keys per query, and position p_t
 *   [batch, queries]
 * @throws if a shape does not fit, or D is not a whole number ≥ 1
 */
export function localMonotonicAttention(
  query: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  mask?: tf.Tensor,
  {
    D = 10,
    score = dotProductScore,
    first = 0,
  }: { D?: number; score?: Score; first?: number } = {},
): { context: tf.Tensor3D; weights: SparseWeights; position: tf.Tensor2D } {
  const length = lengthOf('query', query);
  lengthOf('keys', keys);
  return tf.tidy(() => {
    const t = tf.range(first, first + length);
    const p = tf.minimum(t, tf.sub(keyCounts(keys, mask), 1));
    const window = localWindow(p, query, keys, values, D, score, mask);
    return {
      context: window.average(window.align),
      weights: { weights: window.align, keys: window.keys, keyCount: keys.shape[1] as number },
      position: p as tf.Tensor2D,
    };
  });
}
