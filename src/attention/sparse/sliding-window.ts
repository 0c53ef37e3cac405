import { expectSizes, lengthOf } from '../../tensors/shape';
import type { tf } from '../../tensors/tf';
import type { SparseWeights } from '../sparse-weights';
import { type Blocks, remembered } from './block-layout';
import { blockAttention } from './blocks';

/** How far a query sees. */
export type WindowOptions = {
  /** w, even: a query sees w/2 positions on either side of it, and itself. */
  window: number;
  /** Hide what comes after the query: only w/2 positions before it, and itself. Default: false. */
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
 * @returns context, shape of `values`; the weights of each query's window
 * @throws if the window is not an even number above 0, or a shape does not fit
 */
export function slidingWindowAttention<T extends tf.Tensor = tf.Tensor3D>(
  query: T,
  keys: T,
  values: T,
  mask: tf.Tensor | undefined,
  options: WindowOptions,
): { context: T; weights: SparseWeights } {
  const length = lengthOf('query', query);
  return blockAttention(query, keys, values, remembered(slidingWindow, length, options), mask);
}

/** Its pattern: a block of queries side by side sees its own positions and w/2 on either side. */
export function slidingWindow(length: number, { window, causal = false }: WindowOptions): Blocks {
  expectSizes({ length });
  if (!(window > 0 && window % 2 === 0)) {
    throw new Error(`window: expected an even number above 0, got ${window}`);
  }
  const side = Math.min(window / 2, length);
  const size = Math.min(length, Math.max(32, Math.min(128, side))); // 32 … 128 run fastest
  const starts = Array.from({ length: Math.ceil(length / size) }, (_, b) => b * size);
  const positions = (from: number, count: number) =>
    Array.from({ length: count }, (_, a) => (from + a >= 0 && from + a < length ? from + a : -1));
  return {
    queries: starts.map((start) => positions(start, size)),
    keys: starts.map((start) => positions(start - side, side + size + (causal ? 0 : side))),
    sees: (i, j) => Math.abs(i - j) <= side && !(causal && j > i),
  };
}
