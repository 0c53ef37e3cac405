import { fusedLayerNorm } from './fused/layer-norm';
import { hasFused } from './fused/operation';
import { expectShape, expectSizes, expectTensor } from './shape';
import { tf } from './tf';

/** The parameters of layer normalisation. */
export type LayerNormParameters = {
  /** g [depth], 1 at the start. */
  gain: tf.Tensor;
  /** b [depth], 0 at the start. */
  bias: tf.Tensor;
};

/**
 * Layer normalisation: every position gets mean 0 and variance 1 over its depth, then gain and bias.
 *
 *     y = g ∘ (x − μ) / √(σ² + ε) + b      μ, σ² over the last axis
 *
 * Source: Ba, Kiros, Hinton (2016), eq. (3)–(4).
 *
 * @param x [..., depth]
 * @returns shape of `x`
 * @throws if gain or bias is not [depth]
 */
export function layerNorm<T extends tf.Tensor>(
  x: T,
  { gain, bias }: LayerNormParameters,
  epsilon = 1e-5,
): T {
  expectTensor('x', x);
  const depth = x.shape[x.rank - 1];
  expectShape('gain', gain, [depth]);
  expectShape('bias', bias, [depth]);
  if (hasFused()) return fusedLayerNorm([x], { gain, bias }, epsilon);
  return tf.tidy(() => {
    const centred = tf.sub(x, tf.mean(x, -1, true));
    const variance = tf.mean(tf.square(centred), -1, true);
    return tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, epsilon))), gain), bias) as T;
  });
}

/** New parameters: gain 1, bias 0. */
export function layerNormParameters(depth: number): LayerNormParameters {
  expectSizes({ depth });
  return { gain: tf.ones([depth]), bias: tf.zeros([depth]) };
}
