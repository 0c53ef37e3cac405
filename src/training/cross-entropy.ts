import { hasKernels, kernelOutputs } from '../tensors/kernels';
import { expectMask } from '../tensors/mask';
import { oneHot } from '../tensors/one-hot';
import { expectShape } from '../tensors/shape';
import { tf } from '../tensors/tf';

/**
 * Mean negative log-likelihood of the target tokens, in nats per token.
 *
 *     loss = − Σ_t mask_t · log p_t[target_t] / Σ_t mask_t      p_t = softmax(logits_t)
 *
 * With label smoothing ε the target gets probability 1 − ε, and ε is shared by all classes alike:
 * − log p_t[target_t] becomes − Σ_c q_c log p_t[c] with q_c = ε / classes, and 1 − ε more at the target.
 *
 * Source of label smoothing: Szegedy et al. (2016), Section 7; Vaswani et al. (2017), Section 5.4.
 *
 * @param logits [tokens, classes]
 * @param targets [tokens], int32 class ids
 * @param mask [tokens], 1 = counts, 0 = padding
 * @param options.labelSmoothing ε, 0 … 1
 * @returns a scalar; 0 if the mask hides every token
 * @throws if the target of a token that counts is no class; what is hidden has no influence, be it
 *   −1 or NaN
 */
export function crossEntropy(
  logits: tf.Tensor,
  targets: tf.Tensor,
  mask: tf.Tensor,
  { labelSmoothing = 0 }: { labelSmoothing?: number } = {},
): tf.Scalar {
  const [tokens, classes] = expectShape('logits', logits, ['tokens', 'classes']);
  expectShape('targets', targets, [tokens], 'int32');
  expectMask(mask, [tokens]);
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new Error(`labelSmoothing: expected 0 … 1, got ${labelSmoothing}`);
  }
  const [ids, counts] = [targets.dataSync(), mask.dataSync()];
  const odd = ids.findIndex((id, t) => counts[t] !== 0 && !(id >= 0 && id < classes));
  if (odd >= 0) throw new Error(`targets: expected classes 0…${classes - 1}, got ${ids[odd]}`);
  return tf.tidy(() => {
    const counted = tf.cast(mask, 'float32');
    const shown = tf.cast(mask, 'bool');
    const known = tf.mul(targets, tf.cast(mask, 'int32')) as tf.Tensor;
    const seen = counts.every((count) => count !== 0)
      ? logits
      : tf.where(shown.expandDims(1).broadcastTo(logits.shape), logits, tf.zerosLike(logits));
    const losses = hasKernels()
      ? nativeLosses(seen, labelSmoothing === 0 ? known : smoothed(known))
      : tf.neg(tf.sum(tf.mul(smoothed(known), tf.logSoftmax(seen)), -1));
    const mean = tf.div(tf.sum(tf.mul(losses, counted)), tf.maximum(tf.sum(counted), 1));
    return mean as tf.Scalar;
  });

  function smoothed(ids: tf.Tensor) {
    const share = labelSmoothing / classes;
    return tf.add(tf.mul(oneHot(ids, classes), 1 - labelSmoothing), share);
  }
}

/** @param labels class ids [tokens], int32; or the probabilities of all classes [tokens, classes] */
function nativeLosses(logits: tf.Tensor, labels: tf.Tensor): tf.Tensor {
  const losses = tf.customGrad((x, save) => {
    const inputs = [x as tf.Tensor, labels];
    const [loss, dLogits] =
      labels.rank === 1
        ? kernelOutputs('SparseSoftmaxCrossEntropyWithLogits', inputs, 2, {
            T: 'float32',
            Tlabels: 'int32',
          })
        : kernelOutputs('SoftmaxCrossEntropyWithLogits', inputs, 2);
    (save as tf.GradSaveFunc)([dLogits]);
    const gradFunc = (dLoss: tf.Tensor, saved: tf.Tensor[]) =>
      tf.mul(dLoss.expandDims(1), saved[0]);
    return { value: loss, gradFunc };
  });
  return losses(logits);
}
