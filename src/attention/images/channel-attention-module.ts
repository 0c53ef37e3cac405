import { dense } from '../../tensors/dense';
import { type Random, uniform } from '../../tensors/random';
import { expectShape, NHWC } from '../../tensors/shape';
import { tf } from '../../tensors/tf';

/** The parameters of CBAM's channel attention: one network with a hidden layer. */
export type ChannelAttentionParameters = {
  /** W_0 [channels, hidden] */
  W0: tf.Tensor;
  /** [hidden]; the paper has no biases, the authors' code has. */
  b0?: tf.Tensor;
  /** W_1 [hidden, channels] */
  W1: tf.Tensor;
  /** [channels] */
  b1?: tf.Tensor;
};

/** @param sizes.reduction r: the hidden layer has channels / r units, at least 1 */
export function channelAttentionParameters(
  { channels, reduction = 16 }: { channels: number; reduction?: number },
  next: Random,
): ChannelAttentionParameters {
  const hidden = Math.max(1, Math.floor(channels / reduction));
  return { W0: uniform([channels, hidden], next), W1: uniform([hidden, channels], next) };
}

/**
 * The channel attention module of CBAM: *what* matters in an image. A gate, not a softmax: each
 * channel is let through to some part, whatever the others are.
 *
 *     M_c(F) = σ(W_1 ReLU(W_0 F_avg) + W_1 ReLU(W_0 F_max))      F' = M_c(F) ∘ F
 *
 * F_avg and F_max are the mean and the maximum of each channel over all positions.
 *
 * Source: Woo, Park, Lee, Kweon (2018), "CBAM: Convolutional Block Attention Module", Section 3,
 * eq. (1)–(2).
 *
 * @param image F [batch, height, width, channels]
 * @returns context F', shape of `image`, and weights, the gate M_c [batch, channels], from 0 to 1
 * @throws if a shape does not fit
 */
export function channelAttentionModule(
  image: tf.Tensor,
  { W0, b0, W1, b1 }: ChannelAttentionParameters,
): { context: tf.Tensor4D; weights: tf.Tensor2D } {
  const [batch, , , channels] = expectShape('image', image, NHWC);
  const [, hidden] = expectShape('W0', W0, [channels, 'hidden']);
  expectShape('W1', W1, [hidden, channels]);
  if (b0) expectShape('b0', b0, [hidden]);
  if (b1) expectShape('b1', b1, [channels]);
  return tf.tidy(() => {
    const network = (pooled: tf.Tensor) =>
      dense(tf.relu(dense(pooled as tf.Tensor2D, W0, b0)), W1, b1);
    const logits = tf.add(network(tf.mean(image, [1, 2])), network(tf.max(image, [1, 2])));
    const weights = tf.sigmoid(logits) as tf.Tensor2D;
    const context = tf.mul(weights.reshape([batch, 1, 1, channels]), image) as tf.Tensor4D;
    return { context, weights };
  });
}
