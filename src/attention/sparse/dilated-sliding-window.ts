import { lengthOf } from '../../tensors/shape';
import type { tf } from '../../tensors/tf';
import type { SparseWeights } from '../sparse-weights';
import { type Blocks, remembered } from './block-layout';
import { blockAttention } from './blocks';
import { slidingWindow, type WindowOptions } from './sliding-window';

/** A window with gaps. */
export type DilatedWindowOptions = WindowOptions & {
  /** d: the step from one visible key to the next; 1 is the plain sliding window. */
  dilation: number;
};

/**
 * Dilated sliding-window attention: a window with gaps of d − 1 positions, which reaches d times as
 * far at the same cost.
 *
 *     S_i = { i + d·k : |k| ≤ w/2 }, and k ≤ 0 if causal
 *
 * Source: Beltagy, Peters, Cohan (2020), "Longformer", Section 3.1. Parameters and result as for
 * `slidingWindowAttention`.
 *
 * @throws if the dilation is not a whole number above 0; and what `slidingWindowAttention` throws
 */
export function dilatedSlidingWindowAttention<T extends tf.Tensor = tf.Tensor3D>(
  query: T,
  keys: T,
  values: T,
  mask: tf.Tensor | undefined,
  options: DilatedWindowOptions,
): { context: T; weights: SparseWeights } {
  const length = lengthOf('query', query);
  return blockAttention(
    query,
    keys,
    values,
    remembered(dilatedSlidingWindow, length, options),
    mask,
  );
}

/** Its pattern: a sliding window over every d-th position, for each of the d places to begin. */
export function dilatedSlidingWindow(
  length: number,
  { dilation, ...window }: DilatedWindowOptions,
): Blocks {
  if (!(Number.isInteger(dilation) && dilation > 0)) {
    throw new Error(`dilation: expected a whole number above 0, got ${dilation}`);
  }
  const dense = slidingWindow(Math.ceil(length / dilation), window);
  const firsts = Array.from({ length: Math.min(dilation, length) }, (_, first) => first);
  const spread = (lists: number[][]) =>
    firsts.flatMap((first) =>
      lists.map((list) =>
        list.map((k) => (k >= 0 && first + dilation * k < length ? first + dilation * k : -1)),
      ),
    );
  return {
    queries: spread(dense.queries),
    keys: spread(dense.keys),
    sees: (i, j) => dense.sees(Math.floor(i / dilation), Math.floor(j / dilation)),
  };
}
