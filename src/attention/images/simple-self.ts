import { dense } from '../../tensors/dense';
import { type Random, uniform } from '../../tensors/random';
import { expectShape, NHWC } from '../../tensors/shape';
import { tf } from '../../tensors/tf';

/** The parameters of SimpleSelfAttention: one 1×1 convolution, which is a matrix, and γ. */
export type SimpleSelfParameters = {
  /** W [channels, channels] */
  W: tf.Tensor;
  /** γ, one number, 0 at the start. */
  gamma: tf.Tensor;
};

export function simpleSelfParameters(
  { channels }: { channels: number },
  next: Random,
): SimpleSelfParameters {
  return { W: uniform([channels, channels], next), gamma: tf.scalar(0) };
}

/**
 * SimpleSelfAttention: SAGAN's layer with a single matrix and no softmax. x holds a column for
 * each of the N positions, C numbers each:
 *
 *     y = γ (x xᵀ)(W x) + x
 *
 * Without a softmax the product may be taken in either order, and the result is the same:
 *
 *     'positions'   x (xᵀ (W x))   N × N weights, 2 N² C multiplications; position j takes x_i with
 *                                  weight x_iᵀ W x_j, of any sign and size
 *     'channels'    (x xᵀ)(W x)    C × C weights, 2 N C² multiplications, no pair of positions
 *
 * Both after W x, N C² more. A 64 × 64 image with 64 channels: 'channels' takes 1/64 of the work. The
 * order 'positions' pays where N < C. Values grow with the cube of x: put a normalisation before.
 *
 * Source: S. Doria (2019), github.com/sdoria/SimpleSelfAttention; the order of multiplication and
 * the symmetry (M. Grankin) in its `xresnet.py`. There W is spectrally normalised: `spectralNorm`.
 *
 * @param image x [batch, height, width, channels]; its positions are counted row by row
 * @param options.order 'channels' if left out
 * @param options.symmetric replaces W by (W + Wᵀ)/2: i weighs for j as much as j for i
 * @returns context y, shape of `image`, and weights, not normalised: [batch, positions, positions],
 *   or x xᵀ [batch, channels, channels]
 * @throws if a shape does not fit
 */
export function simpleSelfAttention(
  image: tf.Tensor,
  { W, gamma }: SimpleSelfParameters,
  {
    order = 'channels',
    symmetric = false,
  }: { order?: 'channels' | 'positions'; symmetric?: boolean } = {},
): { context: tf.Tensor4D; weights: tf.Tensor3D } {
  const [batch, height, width, channels] = expectShape('image', image, NHWC);
  expectShape('W', W, [channels, channels]);
  expectShape('gamma', gamma, []);
  return tf.tidy(() => {
    // In rows instead of columns: xᵀ is [positions, channels], and all products stand transposed.
    const x = image.reshape([batch, height * width, channels]) as tf.Tensor3D;
    const Wx = dense(x, symmetric ? tf.div(tf.add(W, tf.transpose(W)), 2) : W);
    const weights = order === 'channels' ? tf.matMul(x, x, true) : tf.matMul(Wx, x, false, true);
    const o = order === 'channels' ? tf.matMul(Wx, weights) : tf.matMul(weights, x);
    const context = tf.add(tf.mul(gamma, o.reshape(image.shape)), image) as tf.Tensor4D;
    return { context, weights: weights as tf.Tensor3D };
  });
}
