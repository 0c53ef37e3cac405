import type { tf } from '../tf';
import type { Blocks } from './block-layout';
import { blockAttention } from './blocks';
import type { SparseWeights } from './sparse-weights';

export type WindowOptions = {
  /** w, even: each query sees the w/2 positions on either side of it, and itself. */
  window: number;
  /** Hide the w/2 positions after the query. Default: false. */
  causal?: boolean;
};

/**
 * Sliding-window attention: each position looks at its neighbours.
 *
 *     S_i = { j : |i − j| ≤ w/2 }, and j ≤ i if causal
 *
 * Source: Beltagy, Peters, Cohan (2020), "Longformer", Section 3.1. Cost: length · w.
 *
 * @param query [batch, length, dKey], or [batch, heads, length, dKey]
 * @param keys shape of `query`
 * @param values [batch, length, dValue], or [batch, heads, length, dValue]
 * @param mask which keys may be seen, [batch, (heads,) 1, length]; see `blockAttention`
 * @returns context, shape of `values`; weights of the keys in each query's window
 * @throws if the window is not an even number above 0, or a shape does not fit
 */
export function slidingWindowAttention<T extends tf.Tensor = tf.Tensor3D>(
  query: T,
  keys: T,
  values: T,
  mask: tf.Tensor | undefined,
  options: WindowOptions,
): { context: T; weights: SparseWeights } {
  const length = query.shape[query.rank - 2];
  return blockAttention(query, keys, values, slidingWindow(length, options), mask);
}

/**
 * The pattern of a sliding window: blocks of queries beside one another, each with its own
 * positions and w/2 more on either side as keys.
 */
export function slidingWindow(length: number, { window, causal = false }: WindowOptions): Blocks {
  if (!(window > 0 && window % 2 === 0)) {
    throw new Error(`expected an even window above 0, got ${window}`);
  }
  const side = Math.min(window / 2, length);
  const size = Math.min(length, Math.max(16, Math.min(128, side)));
  const position = (i: number) => (i >= 0 && i < length ? i : -1);
  const starts = Array.from({ length: Math.ceil(length / size) }, (_, block) => block * size);
  const from = (start: number, count: number) =>
    Array.from({ length: count }, (_, i) => position(start + i));
  return {
    queries: starts.map((start) => from(start, size)),
    keys: starts.map((start) => from(start - side, size + (causal ? 1 : 2) * side)),
    sees: (a, c) => Math.abs(a + side - c) <= side && !(causal && c > a + side),
  };
}
