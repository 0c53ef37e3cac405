import { fusedSoftmax, HIDDEN } from '../tensors/fused/softmax';
import { hasKernels } from '../tensors/kernels';
import { expectBinary } from '../tensors/mask';
import { expectShape } from '../tensors/shape';
import { tf } from '../tensors/tf';

/**
 * Softmax over the keys that a mask leaves visible.
 *
 *     weights_qk = mask_qk · exp(logits_qk) / Σ_k' mask_qk' · exp(logits_qk')
 *
 * A row whose keys are all hidden gets weights 0 (not NaN, not uniform), so its context is 0 and
 * no gradient flows through it. Logits up to ±1e30 are safe.
 *
 * @param logits [..., queries, keys], any real numbers
 * @param mask broadcastable to `logits`: 1 (or true) where the query may see the key, 0 where not;
 *   left out, every key is visible
 * @returns weights, shape of `logits`, each row non-negative with sum 1 (or 0 if fully masked)
 * @throws if the mask does not broadcast to the logits
 */
export function maskedSoftmax<T extends tf.Tensor>(logits: T, mask?: tf.Tensor): T {
  if (mask) expectBroadcast(mask, logits);
  if (hasKernels() && logits.size > 0) return fusedSoftmax(logits, mask);
  if (!mask) return tf.softmax(logits);
  return tf.tidy(() => {
    const shown = tf.cast(mask, 'bool');
    const weights = tf.softmax(
      tf.where(tf.broadcastTo(shown, logits.shape), logits as tf.Tensor, tf.scalar(HIDDEN)),
    );
    return tf.mul(weights, tf.cast(mask, 'float32')) as T; // rows without any visible key become 0
  });
}

function expectBroadcast(mask: tf.Tensor, logits: tf.Tensor): void {
  expectBinary(mask);
  const padded = [...new Array(Math.max(0, logits.rank - mask.rank)).fill(1), ...mask.shape];
  const expected = logits.shape.map((size, axis) => (padded[axis] === 1 ? 1 : size));
  if (padded.length !== logits.rank) expectShape('mask', mask, [...logits.shape]);
  expectShape('mask', { shape: padded }, expected);
}
