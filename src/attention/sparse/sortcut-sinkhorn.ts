import { expectShape } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import { scaledDotProductAttention } from '../scores/scaled-dot-product';
import type { SparseWeights } from '../sparse-weights';
import {
  applySorting,
  cutIntoBlocks,
  lengthAxes,
  type SinkhornOptions,
  type SortParameters,
  sortBlocks,
  sparse,
} from './sinkhorn';

/**
 * SortCut Sinkhorn attention: after sorting, the sequence is cut. All queries attend to the first
 * blocks of the sorted keys, which are the same for all.
 *
 *     R, K̃, Ṽ as in `sinkhornAttention`      Y = softmax(Q K̃_[:n]ᵀ / √dKey) Ṽ_[:n]
 *
 * Source: Tay et al. (2020), Section 3. Memory grows with length · n · block: linear in the length.
 * There is no causal version: what is sorted first may come from the future.
 *
 * @param query [batch, queries, dKey], or [batch, heads, queries, dKey]
 * @param keys [batch, (heads,) length, dKey]
 * @param values [batch, (heads,) length, dValue]
 * @param mask [batch, 1, length]: 1 = a key, 0 = padding, which is sorted nowhere
 * @param options.budget n, in blocks: 1 … blocks
 * @returns context [batch, (heads,) queries, dValue]; weights over budget · block keys (see
 *   `sinkhornAttention` on which keys are named); sorting R [batch, (heads,) blocks, blocks]
 * @throws if a shape does not fit, or the budget is not 1 … blocks
 */
export function sortcutSinkhornAttention<T extends tf.Tensor = tf.Tensor3D>(
  query: T,
  keys: T,
  values: T,
  parameters: SortParameters,
  mask: tf.Tensor | undefined,
  { budget, ...options }: Omit<SinkhornOptions, 'causal'> & { budget: number },
): { context: T; weights: SparseWeights; sorting: T } {
  const shape = expectShape('query', query, lengthAxes(query));
  const lead = shape.slice(0, -2);
  const [queries, dKey] = shape.slice(-2);
  const [length] = expectShape('keys', keys, [...lead, 'length', dKey]).slice(-2);
  return tf.tidy(() => {
    const cut = cutIntoBlocks(keys, values, mask, options.block);
    const [groups, blocks, block] = cut.keys.shape;
    if (!(Number.isInteger(budget) && budget >= 1 && budget <= blocks)) {
      throw new Error(`expected a budget of 1…${blocks} blocks, got ${budget}`);
    }
    const sorting = sortBlocks(cut, parameters, lead, options);
    const first = sorting.slice([0, 0, 0], [-1, budget, -1]) as tf.Tensor3D;
    const sorted = applySorting(first, cut);
    const visible = budget * block;
    const flat = (x: tf.Tensor) =>
      x.reshape([groups, visible, x.shape[3] as number]) as tf.Tensor3D;
    const { context, weights } = scaledDotProductAttention(
      query.reshape([groups, queries, dKey]) as tf.Tensor3D,
      flat(sorted.keys),
      flat(sorted.values),
      sorted.real.reshape([groups, 1, visible]),
    );
    const numbers = sorted.numbers.reshape([...lead, 1, visible]);
    return {
      context: context.reshape([...lead, queries, context.shape[2]]) as T,
      weights: sparse(weights.reshape([...lead, queries, visible]), numbers, length),
      sorting: sorting.reshape([...lead, blocks, blocks]) as T,
    };
  });
}
