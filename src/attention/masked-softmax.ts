import { product } from '../tensors/fused/product';
import { fusedSoftmax, HIDDEN } from '../tensors/fused/softmax';
import { hasKernels } from '../tensors/kernels';
import { allFinite, castMask, expectMaskOf, spoiltRows, withoutRows } from '../tensors/mask';
import { expectTensor } from '../tensors/shape';
import { tf } from '../tensors/tf';

/**
 * Softmax over the keys that a mask leaves visible.
 *
 *     weights_qk = mask_qk · exp(logits_qk) / Σ_k' mask_qk' · exp(logits_qk')
 *
 * A row whose keys are all hidden gets weights 0 (not NaN, not uniform), so its context is 0 and
 * no gradient flows through it. Logits up to ±1e30 are safe; −∞ hides a key as the mask does.
 *
 * @param logits [..., queries, keys], any real numbers
 * @param mask broadcastable to `logits`: 1 (or true) where the query may see the key, 0 where not;
 *   left out, every key is visible
 * @returns weights, shape of `logits`, each row non-negative with sum 1 (or 0 if fully masked)
 * @throws if the mask does not broadcast to the logits
 */
export function maskedSoftmax<T extends tf.Tensor>(logits: T, mask?: tf.Tensor): T {
  expectTensor('logits', logits);
  if (mask) expectMaskOf(mask, logits.shape);
  return tf.tidy(() => {
    const weights = hasKernels() ? fusedSoftmax(logits, mask) : plainSoftmax(logits, mask);
    if (allFinite(weights)) return weights;
    // A row of −∞ alone would be 0 / 0.
    const finite = tf.notEqual(logits, Number.NEGATIVE_INFINITY);
    if (finite.all().dataSync()[0]) return weights;
    const visible = mask ? tf.logicalAnd(finite, castMask(mask, 'bool')) : finite;
    return hasKernels() ? fusedSoftmax(logits, visible) : plainSoftmax(logits, visible);
  });
}

function plainSoftmax<T extends tf.Tensor>(logits: T, mask?: tf.Tensor): T {
  if (!mask) return tf.softmax(logits);
  const shown = tf.broadcastTo(tf.cast(mask, 'bool'), logits.shape);
  const weights = tf.softmax(tf.where(shown, logits as tf.Tensor, tf.scalar(HIDDEN)));
  return tf.mul(weights, tf.cast(mask, 'float32')) as T; // rows without any visible key become 0
}

/**
 * The weighted average of the values. A value that is NaN or infinite makes NaN of the queries that
 * may see it, and of no others: 0 · NaN would.
 *
 *     context_q = Σ_k weights_qk values_k
 *
 * @param weights [batch, (heads,) queries, keys], 0 where the mask hides
 * @param values [batch, (heads,) keys, valueDepth]
 * @param mask as `maskedSoftmax` took it
 * @returns [batch, (heads,) queries, valueDepth]
 */
export function weightedAverage<T extends tf.Tensor>(weights: T, values: T, mask?: tf.Tensor): T {
  const context = product(weights, values) as T;
  if (!mask || allFinite(context)) return context;
  const spoilt = spoiltRows(values); // [batch, (heads,) keys]
  const kept = withoutRows(values, spoilt);
  const seen = tf.logicalAnd(castMask(mask, 'bool'), spoilt.expandDims(-2)).any(-1, true);
  return tf.add(product(weights, kept), tf.where(seen, Number.NaN, 0)) as T;
}
