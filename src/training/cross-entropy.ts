import { hasKernels, kernelOutputs } from '../kernels';
import { expectShape } from '../shape';
import { tf } from '../tf';

/**
 * Mean negative log-likelihood of the target tokens, in nats per token.
 *
 *     loss = − Σ_t mask_t · log softmax(logits_t)[target_t] / Σ_t mask_t
 *
 * @param logits [tokens, classes]
 * @param targets [tokens], int32 class ids
 * @param mask [tokens], 1 = counts, 0 = padding
 * @returns a scalar; 0 if the mask hides every token
 */
export function crossEntropy(logits: tf.Tensor, targets: tf.Tensor, mask: tf.Tensor): tf.Scalar {
  const [tokens, classes] = expectShape('logits', logits, ['tokens', 'classes']);
  expectShape('targets', targets, [tokens]);
  expectShape('mask', mask, [tokens]);
  return tf.tidy(() => {
    const losses = hasKernels()
      ? nativeLosses(logits, targets)
      : plainLosses(logits, targets, classes);
    const counted = tf.cast(mask, 'float32');
    const mean = tf.div(tf.sum(tf.mul(losses, counted)), tf.maximum(tf.sum(counted), 1));
    return mean as tf.Scalar;
  });
}

function plainLosses(logits: tf.Tensor, targets: tf.Tensor, classes: number): tf.Tensor {
  const logProbabilities = tf.logSoftmax(logits);
  return tf.neg(tf.sum(tf.mul(tf.oneHot(targets as tf.Tensor1D, classes), logProbabilities), -1));
}

function nativeLosses(logits: tf.Tensor, targets: tf.Tensor): tf.Tensor {
  const losses = tf.customGrad((x, save) => {
    const [loss, dLogits] = kernelOutputs(
      'SparseSoftmaxCrossEntropyWithLogits',
      [x as tf.Tensor, targets],
      2,
      { T: 'float32', Tlabels: 'int32' },
    );
    (save as tf.GradSaveFunc)([dLogits]);
    const gradFunc = (dLoss: tf.Tensor, saved: tf.Tensor[]) =>
      tf.mul(dLoss.expandDims(1), saved[0]);
    return { value: loss, gradFunc };
  });
  return losses(logits);
}
