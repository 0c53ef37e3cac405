import { dense } from '../../tensors/dense';
import { type LayerNormParameters, layerNorm } from '../../tensors/layer-norm';
import { withoutHidden } from '../../tensors/mask';
import { type Random, uniform } from '../../tensors/random';
import { expectShape, NHWC } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import { maskedSoftmax, weightedAverage } from '../masked-softmax';

/** The parameters of the global context block. */
export type GlobalContextParameters = {
  /** W_k [channels, 1]: scores a position. */
  WK: tf.Tensor;
  /** W_v1 [channels, hidden] */
  W1: tf.Tensor;
  /** [hidden] */
  b1: tf.Tensor;
  norm: LayerNormParameters;
  /** W_v2 [hidden, channels], 0 at the start: the block then changes nothing. */
  W2: tf.Tensor;
  /** [channels] */
  b2: tf.Tensor;
};

/** @param sizes.reduction r: the hidden layer has channels / r units, at least 1 */
export function globalContextParameters(
  { channels, reduction = 16 }: { channels: number; reduction?: number },
  next: Random,
): GlobalContextParameters {
  const hidden = Math.max(1, Math.floor(channels / reduction));
  return {
    WK: uniform([channels, 1], next),
    W1: uniform([channels, hidden], next),
    b1: tf.zeros([hidden]),
    norm: { gain: tf.ones([hidden]), bias: tf.zeros([hidden]) },
    W2: tf.zeros([hidden, channels]),
    b2: tf.zeros([channels]),
  };
}

/**
 * The global context block: self-attention in which every position asks the same question, so that
 * it is asked once. The answer, one vector for the whole image, is transformed and added everywhere.
 *
 *     α_j = softmax_j(W_k x_j)      c = Σ_j α_j x_j      z_i = x_i + W_v2 ReLU(LN(W_v1 c))
 *
 * Costs positions · channels, where self-attention costs positions².
 *
 * Source: Cao, Xu, Lin, Wei, Hu (2019), "GCNet: Non-local Networks Meet Squeeze-Excitation Networks
 * and Beyond", eq. (5). The bias of W_k in the authors' code cancels in the softmax.
 *
 * @param image x [batch, height, width, channels]
 * @param mask broadcastable to the weights: 1 = may be seen; see `maskedSoftmax`
 * @returns context z, shape of `image`, and weights α [batch, 1, positions], row by row
 * @throws if a shape does not fit
 */
export function globalContextBlock(
  image: tf.Tensor,
  { WK, W1, b1, norm, W2, b2 }: GlobalContextParameters,
  mask?: tf.Tensor,
): { context: tf.Tensor4D; weights: tf.Tensor3D } {
  const [batch, height, width, channels] = expectShape('image', image, NHWC);
  expectShape('WK', WK, [channels, 1]);
  const [, hidden] = expectShape('W1', W1, [channels, 'hidden']);
  expectShape('b1', b1, [hidden]);
  expectShape('W2', W2, [hidden, channels]);
  expectShape('b2', b2, [channels]);
  return tf.tidy(() => {
    const pixels = image.reshape([batch, height * width, channels]) as tf.Tensor3D;
    const [x] = withoutHidden(mask, pixels);
    const weights = maskedSoftmax(dense(x, WK).reshape([batch, 1, height * width]), mask);
    const c = weightedAverage(weights, x, mask) as tf.Tensor3D; // [batch, 1, channels]
    const added = dense(tf.relu(layerNorm(dense(c, W1, b1), norm)), W2, b2);
    const context = tf.add(image, added.expandDims(1)) as tf.Tensor4D;
    return { context, weights: weights as tf.Tensor3D };
  });
}
