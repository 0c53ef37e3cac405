import { dense } from '../../tensors/dense';
import { withoutHidden } from '../../tensors/mask';
import { type Random, uniform } from '../../tensors/random';
import { expectShape, NHWC } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import { scaledDotProductAttention } from '../scores/scaled-dot-product';

/** The parameters of SAGAN's self-attention: four 1×1 convolutions, which are matrices, and γ. */
export type SaganParameters = {
  /** W_f [channels, dKey]: makes the keys. */
  WF: tf.Tensor;
  /** W_g [channels, dKey]: makes the queries. */
  WG: tf.Tensor;
  /** W_h [channels, dValue]: makes the values. */
  WH: tf.Tensor;
  /** W_v [dValue, channels]: back to the depth of the image. Left out (in the paper's first version and in
   * fastai), the values must have that depth themselves. */
  WV?: tf.Tensor;
  /** γ, one number, 0 at the start: the network begins with what is near and learns to look far. */
  gamma: tf.Tensor;
};

/**
 * @param sizes.dKey channels / 8 if left out, at least 1 (C̄ of the paper)
 * @param sizes.dValue dKey if left out; channels / 2 in the authors' code
 */
export function saganParameters(
  {
    channels,
    dKey = Math.max(1, Math.floor(channels / 8)),
    dValue = dKey,
  }: { channels: number; dKey?: number; dValue?: number },
  next: Random,
): SaganParameters {
  return {
    WF: uniform([channels, dKey], next),
    WG: uniform([channels, dKey], next),
    WH: uniform([channels, dValue], next),
    WV: uniform([dValue, channels], next),
    gamma: tf.scalar(0),
  };
}

/**
 * The self-attention of SAGAN: each position of an image asks all positions.
 *
 *     s_ij = f(x_i)ᵀ g(x_j)     β_ji = softmax_i(s_ij)     o_j = v(Σ_i β_ji h(x_i))     y = γ o + x
 *     f(x) = W_f x     g(x) = W_g x     h(x) = W_h x     v(x) = W_v x
 *
 * β_ji says how much position j takes from position i: row j of the weights. The dot products are
 * not scaled by √dKey.
 *
 * Source: Zhang, Goodfellow, Metaxas, Odena (2018), "Self-Attention Generative Adversarial
 * Networks", Section 3, eq. (1)–(3). There every convolution is spectrally normalised: `spectralNorm`.
 *
 * @param image x [batch, height, width, channels]; its positions are counted row by row
 * @param mask broadcastable to the weights: 1 = may be seen; see `maskedSoftmax`
 * @param options.pool max-pool keys and values 2×2, so that a quarter of the keys is left. The
 *   authors' code does, the paper does not say so
 * @returns context y, shape of `image`, and weights β [batch, positions, positions], with `pool`
 *   [batch, positions, ⌊height/2⌋ · ⌊width/2⌋]
 * @throws if a shape does not fit, or if there are no 2×2 pixels to pool
 */
export function saganAttention(
  image: tf.Tensor,
  { WF, WG, WH, WV, gamma }: SaganParameters,
  mask?: tf.Tensor,
  { pool = false } = {},
): { context: tf.Tensor4D; weights: tf.Tensor3D } {
  const [batch, height, width, channels] = expectShape('image', image, NHWC);
  const [, dKey] = expectShape('WF', WF, [channels, 'dKey']);
  expectShape('WG', WG, [channels, dKey]);
  const [, dValue] = expectShape('WH', WH, [channels, WV ? 'dValue' : channels]);
  if (WV) expectShape('WV', WV, [dValue, channels]);
  expectShape('gamma', gamma, []);
  if (pool && Math.min(height, width) < 2) {
    throw new Error(`image: expected at least 2×2 pixels to pool, got ${height}×${width}`);
  }
  return tf.tidy(() => {
    const pixels = image.reshape([batch, height * width, channels]);
    const [shown] = withoutHidden(pool ? undefined : mask, pixels);
    const x = shown.reshape(image.shape) as tf.Tensor4D;
    const key = (W: tf.Tensor) => {
      const map = dense(x, W);
      const pooled = pool ? tf.maxPool(map, 2, 2, 'valid') : map;
      return pooled.reshape([batch, -1, W.shape[1] as number]) as tf.Tensor3D;
    };
    const g = dense(x, WG).reshape([batch, height * width, dKey]) as tf.Tensor3D;
    const attended = scaledDotProductAttention(g, key(WF), key(WH), mask, { scale: 1 });
    const o = WV ? dense(attended.context, WV) : attended.context;
    const context = tf.add(tf.mul(gamma, o.reshape(image.shape)), image) as tf.Tensor4D;
    return { context, weights: attended.weights };
  });
}
