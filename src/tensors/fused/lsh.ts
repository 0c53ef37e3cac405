import { tf } from '../tf';
import { fusedOperation, nothing } from './operation';

/**
 * `lshAttention` in one operation, native/lsh.cc, in memory of its inputs and results.
 *
 * @param queryKey [sequences, length, depth]
 * @param values [sequences, length, dValue]
 * @param buckets [sequences, rounds, length], int32, from 0
 * @param mask which positions are there, [batch, length]; sequences / batch have the same
 * @returns context [sequences, length, dValue]
 */
export function fusedLsh(
  queryKey: tf.Tensor,
  values: tf.Tensor,
  buckets: tf.Tensor,
  mask: tf.Tensor | undefined,
  options: { chunkLength: number; scale: number; causal: boolean; acrossBuckets: boolean },
): tf.Tensor {
  const shown = mask ? tf.cast(mask, 'float32') : nothing();
  const [context] = fusedOperation(
    'AttentionLsh',
    [queryKey, values],
    [tf.scalar(options.scale), buckets, shown],
    {
      outputs: 2,
      settings: {
        rounds: buckets.shape[1] as number,
        chunk_length: options.chunkLength,
        causal: Number(options.causal),
        across_buckets: Number(options.acrossBuckets),
      },
    },
  );
  return context;
}
