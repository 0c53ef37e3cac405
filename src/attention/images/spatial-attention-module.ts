import { type Random, uniform } from '../../tensors/random';
import { expectShape, NHWC } from '../../tensors/shape';
import { tf } from '../../tensors/tf';

/** The parameters of CBAM's spatial attention: one convolution. */
export type SpatialAttentionParameters = {
  /** The kernel [size, size, 2, 1]: from the mean and the maximum, in this order, to one number. */
  W: tf.Tensor;
  /** [1]; the paper has none. */
  b?: tf.Tensor;
};

/** @param sizes.size of the kernel, 7 in the paper */
export function spatialAttentionParameters(
  { size = 7 }: { size?: number },
  next: Random,
): SpatialAttentionParameters {
  const fan = size * size;
  return { W: uniform([size, size, 2, 1], next, Math.sqrt(6 / (2 * fan + fan))) };
}

/**
 * The spatial attention module of CBAM: *where* in an image it matters. A gate, not a softmax: the
 * positions do not compete.
 *
 *     M_s(F) = σ(f([F_avg; F_max]))      F' = M_s(F) ∘ F
 *
 * F_avg and F_max are the mean and the maximum of each position over all channels, f is a
 * convolution, 7×7 in the paper, with zeros around the image.
 *
 * Source: Woo, Park, Lee, Kweon (2018), "CBAM: Convolutional Block Attention Module", Section 3,
 * eq. (1) and (3). The authors' code puts a batch normalisation before σ; the paper does not.
 *
 * @param image F [batch, height, width, channels]
 * @returns context F', shape of `image`, and weights, the gate M_s [batch, height, width], 0 to 1
 * @throws if a shape does not fit
 */
export function spatialAttentionModule(
  image: tf.Tensor,
  { W, b }: SpatialAttentionParameters,
): { context: tf.Tensor4D; weights: tf.Tensor3D } {
  expectShape('image', image, NHWC);
  expectShape('W', W, ['size', 'size', 2, 1]);
  if (b) expectShape('b', b, [1]);
  return tf.tidy(() => {
    const pooled = tf.concat([tf.mean(image, 3, true), tf.max(image, 3, true)], 3) as tf.Tensor4D;
    const logits = tf.conv2d(pooled, W as tf.Tensor4D, 1, 'same');
    const gate = tf.sigmoid(b ? tf.add(logits, b) : logits);
    const context = tf.mul(gate, image) as tf.Tensor4D;
    return { context, weights: tf.squeeze(gate, [3]) as tf.Tensor3D };
  });
}
