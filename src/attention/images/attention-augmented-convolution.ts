import { dense } from '../../tensors/dense';
import { type Random, uniform } from '../../tensors/random';
import { expectShape, NHWC } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import { maskedSoftmax, weightedAverage } from '../masked-softmax';
import { relativeShift } from '../positions/relative-shift';

/** The parameters of an attention-augmented convolution. */
export type AugmentedConvolutionParameters = {
  /** The convolution's kernel [size, size, channels, outputs − dValue]. */
  convolution: tf.Tensor;
  /** [outputs − dValue] */
  convolutionBias?: tf.Tensor;
  /** W_q, W_k and W_v of all heads side by side: [channels, 2 · dKey + dValue]. */
  WQKV: tf.Tensor;
  /** W^O [dValue, dValue] */
  WO: tf.Tensor;
  /** r^H [2 · height − 1, dKey / heads], one row for each distance down, from −(height − 1); all
   * heads share it. Left out together with r^W: attention without positions. */
  relativeHeight?: tf.Tensor;
  /** r^W [2 · width − 1, dKey / heads], one row for each distance to the right. */
  relativeWidth?: tf.Tensor;
};

/**
 * @param sizes.outputs channels of the result, of which dValue come from attention
 * @param sizes.size of the convolution's kernel, 3 if left out
 */
export function augmentedConvolutionParameters(
  {
    channels,
    outputs,
    height,
    width,
    dKey,
    dValue,
    heads,
    size = 3,
  }: Record<'channels' | 'outputs' | 'height' | 'width' | 'dKey' | 'dValue' | 'heads', number> & {
    size?: number;
  },
  next: Random,
): AugmentedConvolutionParameters {
  const local = outputs - dValue;
  const limit = Math.sqrt(6 / (size * size * (channels + local)));
  return {
    convolution: uniform([size, size, channels, local], next, limit),
    convolutionBias: tf.zeros([local]),
    WQKV: uniform([channels, 2 * dKey + dValue], next),
    WO: uniform([dValue, dValue], next),
    relativeHeight: uniform([2 * height - 1, dKey / heads], next),
    relativeWidth: uniform([2 * width - 1, dKey / heads], next),
  };
}

/**
 * An attention-augmented convolution: some of the new channels see a neighbourhood, the others the
 * whole image.
 *
 *     AAConv(X) = [Conv(X); MHA(X)]      MHA(X) = [O_1; …; O_heads] W^O      O_h = softmax(l^h) V_h
 *     l_ij = q_iᵀ / √d (k_j + r^W_{jx − ix} + r^H_{jy − iy})      d = dKey / heads
 *
 * Pixel i stands in row iy and column ix. The relative logits q_iᵀ r come from one product with all
 * distances and `relativeShift`, without a vector for each pair of positions.
 *
 * Source: Bello, Zoph, Vaswani, Shlens, Le (2019), "Attention Augmented Convolutional Networks",
 * Section 3, eq. (1)–(5), and the code in the appendix.
 *
 * @param image X [batch, height, width, channels]; its positions are counted row by row
 * @param heads how many; divides dKey and dValue
 * @param mask broadcastable to the weights: 1 = may be seen; see `maskedSoftmax`
 * @returns context [batch, height, width, outputs], the convolution's channels first, and weights
 *   [batch, heads, positions, positions]
 * @throws if a shape does not fit
 */
export function attentionAugmentedConvolution(
  image: tf.Tensor,
  parameters: AugmentedConvolutionParameters,
  heads: number,
  mask?: tf.Tensor,
): { context: tf.Tensor4D; weights: tf.Tensor4D } {
  const { convolution, convolutionBias, WQKV, WO, relativeHeight, relativeWidth } = parameters;
  const [batch, height, width, channels] = expectShape('image', image, NHWC);
  const [, , , local] = expectShape('convolution', convolution, [
    'size',
    'size',
    channels,
    'local',
  ]);
  if (convolutionBias) expectShape('convolutionBias', convolutionBias, [local]);
  const [, columns] = expectShape('WQKV', WQKV, [channels, '2 · dKey + dValue']);
  const [dValue] = expectShape('WO', WO, ['dValue', 'dValue']);
  const dKey = (columns - dValue) / 2;
  if (!(dKey > 0 && Number.isInteger(dKey))) {
    throw new Error(`WQKV: expected 2 · dKey + ${dValue} columns, got ${columns}`);
  }
  const [d, dv] = [dKey / heads, dValue / heads];
  if (!(heads > 0 && Number.isInteger(d) && Number.isInteger(dv))) {
    throw new Error(`heads: expected a divisor of dKey ${dKey} and dValue ${dValue}, got ${heads}`);
  }
  if (!relativeHeight !== !relativeWidth) {
    throw new Error('expected relativeHeight and relativeWidth together, got one of them');
  }
  if (relativeHeight) expectShape('relativeHeight', relativeHeight, [2 * height - 1, d]);
  if (relativeWidth) expectShape('relativeWidth', relativeWidth, [2 * width - 1, d]);

  return tf.tidy(() => {
    const positions = height * width;
    const local = tf.conv2d(image as tf.Tensor4D, convolution as tf.Tensor4D, 1, 'same');
    const projected = dense(image.reshape([batch, positions, channels]), WQKV);
    const [q, k, v] = tf
      .split(projected, [dKey, dKey, dValue], 2)
      .map((part) => part.reshape([batch, positions, heads, -1]).transpose([0, 2, 1, 3]));
    const query = tf.div(q, Math.sqrt(d));
    let logits = tf.matMul(query, k, false, true);
    if (relativeHeight && relativeWidth) {
      const relative = relativeLogits(query, height, width, relativeHeight, relativeWidth);
      logits = tf.add(logits, relative);
    }
    const weights = maskedSoftmax(logits, mask) as tf.Tensor4D;
    const joined = weightedAverage(weights, v as tf.Tensor4D, mask)
      .transpose([0, 2, 1, 3])
      .reshape([batch, positions, dValue]);
    const global = dense(joined, WO).reshape([batch, height, width, dValue]);
    const convolved = convolutionBias ? tf.add(local, convolutionBias) : local;
    return { context: tf.concat([convolved, global], 3) as tf.Tensor4D, weights };
  });
}

/**
 * q_iᵀ r^W_{jx − ix} + q_iᵀ r^H_{jy − iy} for every pair of pixels.
 *
 * @param query [batch, heads, positions, d]
 * @returns [batch, heads, positions, positions]
 */
function relativeLogits(
  query: tf.Tensor,
  height: number,
  width: number,
  relativeHeight: tf.Tensor,
  relativeWidth: tf.Tensor,
): tf.Tensor {
  const [batch, heads, positions, d] = query.shape;
  const n = batch * heads;
  const q = query.reshape([n, height, width, d]);
  // A row of r for each distance −(n − 1) … n − 1, shifted to the positions.
  const product = (r: tf.Tensor, x: tf.Tensor, n: number) =>
    relativeShift(dense(x, tf.transpose(r)), n);
  const across = product(relativeWidth, q, width); // [n, iy, ix, jx]
  const down = product(relativeHeight, q.transpose([0, 2, 1, 3]), height).transpose([0, 2, 1, 3]); // [n, iy, ix, jy]
  const [jx, jy] = [
    [n * positions, 1, width],
    [n * positions, height, 1],
  ];
  return tf.add(across.reshape(jx), down.reshape(jy)).reshape([batch, heads, positions, positions]);
}
