import { expectShape, expectTensor, lengthOf } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import { scaledDotProductAttention } from '../scores/scaled-dot-product';
import type { SparseWeights } from '../sparse-weights';
import { type Blocks, remembered } from './block-layout';
import { blockAttention } from './blocks';
import { slidingWindow, type WindowOptions } from './sliding-window';

/** The tokens that see all and are seen by all, and their own projections of the sequence. */
export type GlobalTokens<T extends tf.Tensor = tf.Tensor3D> = {
  /** Where the g global tokens stand: different positions, 0 … length − 1. */
  positions: readonly number[];
  /** Q_g of the global tokens, in the same order: [batch, (heads,) g, dKey]. */
  query: T;
  /** K_g of every position, shape of `keys`. */
  keys: T;
  /** V_g of every position, shape of `values`. */
  values: T;
};

/**
 * Sliding-window attention with global tokens: a few positions G look at the whole sequence, with
 * projections of their own, and every other position looks at them beside its window.
 *
 *     i ∉ G:   context_i = Attention(q_i, K, V over S_i)      S_i = { j : |i − j| ≤ w/2 } ∪ G
 *     i ∈ G:   context_i = softmax(q^g_i K_gᵀ / √dKey) V_g
 *
 * Source: Beltagy, Peters, Cohan (2020), "Longformer", Section 3.1, "Global Attention" and "Linear
 * Projections for Global Attention". Cost: length · (w + 2 g).
 *
 * @param query Q_s, [batch, length, dKey], or [batch, heads, length, dKey]
 * @param keys K_s, shape of `query`
 * @param values V_s, [batch, length, dValue], or [batch, heads, length, dValue]
 * @param mask which keys may be seen, [batch, (heads,) 1, length]; see `blockAttention`
 * @returns context, shape of `values`; the weights of the positions outside of G (0 for those in
 *   G); globalWeights [batch, (heads,) g, length], those of G
 * @throws if a position is not in the sequence or stands there twice, or a shape does not fit
 */
export function globalSlidingWindowAttention<T extends tf.Tensor = tf.Tensor3D>(
  query: T,
  keys: T,
  values: T,
  global: GlobalTokens<T>,
  mask: tf.Tensor | undefined,
  { window }: Pick<WindowOptions, 'window'>,
): { context: T; weights: SparseWeights; globalWeights: T } {
  const length = lengthOf('query', query);
  const { positions } = global;
  expectTensor('keys', keys);
  expectTensor('values', values);
  expectShape('global.query', global.query, [
    ...query.shape.slice(0, -2),
    positions.length,
    'dKey',
  ]);
  expectShape('global.keys', global.keys, keys.shape);
  expectShape('global.values', global.values, values.shape);

  const blocks = remembered(globalSlidingWindow, length, { window, positions });
  return tf.tidy(() => {
    const { context, weights } = blockAttention(query, keys, values, blocks, mask);
    const all = scaledDotProductAttention(global.query, global.keys, global.values, mask);
    // Those of G have context 0 so far: add theirs, and row g, which is 0, to all others.
    const rowOf = new Int32Array(length).fill(positions.length);
    positions.forEach((position, row) => (rowOf[position] = row));
    const padding = query.shape.map((_, axis): [number, number] => [
      0,
      axis === query.rank - 2 ? 1 : 0,
    ]);
    const placed = tf.gather(
      tf.pad(all.context, padding),
      tf.tensor1d(rowOf, 'int32'),
      query.rank - 2,
    );
    return { context: tf.add(context, placed) as T, weights, globalWeights: all.weights };
  });
}

/** The pattern of all positions outside of G: those of G come first in every list of keys. */
export function globalSlidingWindow(
  length: number,
  { window, positions }: { window: number; positions: readonly number[] },
): Blocks {
  const isGlobal = new Set(positions);
  const wrong = positions.find((p) => !(Number.isInteger(p) && p >= 0 && p < length));
  if (wrong !== undefined) throw new Error(`global position ${wrong} is not in 0 … ${length - 1}`);
  if (isGlobal.size < positions.length) throw new Error('a global position is given twice');
  const local = slidingWindow(length, { window });
  return {
    queries: local.queries,
    keys: local.keys.map((list) => [...positions, ...list.map((j) => (isGlobal.has(j) ? -1 : j))]),
    sees: (i, j) => !isGlobal.has(i) && (isGlobal.has(j) || local.sees(i, j)),
  };
}
