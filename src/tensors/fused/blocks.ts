import type { tf } from '../tf';
import { fusedOperation } from './operation';

/**
 * Attention in blocks in one operation, native/blocks.cc.
 *
 * @param tensors queries, keys [..., length, dKey], values [..., length, dValue]
 * @param lists int32: the queries of each block [count, m], its keys [count, n], and which of them
 *   each position sees [length, n]; −1 where there is none
 * @param shown which keys may be seen at all [..., 1, length], or `nothing`
 */
export function fusedBlocks(
  tensors: tf.Tensor[],
  lists: tf.Tensor[],
  shown: tf.Tensor,
  scale: tf.Tensor,
): { context: tf.Tensor; weights: tf.Tensor; logZ: tf.Tensor } {
  const [context, logZ, weights] = fusedOperation(
    'AttentionBlocks',
    tensors,
    [...lists, shown, scale],
    { outputs: 3, results: 3, forgotten: 2 },
  );
  return { context, weights, logZ };
}
