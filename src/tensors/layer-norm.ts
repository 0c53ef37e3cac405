import { float, hasKernels, kernel, reduceKernel } from './kernels';
import { expectShape } from './shape';
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
  const depth = x.shape[x.rank - 1];
  expectShape('gain', gain, [depth]);
  expectShape('bias', bias, [depth]);
  if (hasKernels() && x.rank >= 2) return fusedLayerNorm(x, gain, bias, epsilon);
  return tf.tidy(() => {
    const centred = tf.sub(x, tf.mean(x, -1, true));
    const variance = tf.mean(tf.square(centred), -1, true);
    return tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, epsilon))), gain), bias) as T;
  });
}

/**
 * The same in fewer operations. With n = (x − μ) / √(σ² + ε) and dn = g ∘ dy,
 *
 *     dx = (dn − mean(dn) − n · mean(dn ∘ n)) / √(σ² + ε)      dg = Σ dy ∘ n      db = Σ dy
 */
function fusedLayerNorm<T extends tf.Tensor>(
  x: T,
  gain: tf.Tensor,
  bias: tf.Tensor,
  epsilon: number,
): T {
  const fused = tf.customGrad((...args) => {
    const [input, g, b, save] = args as unknown as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
      tf.GradSaveFunc,
    ];
    const centred = kernel('Sub', [input, reduceKernel('Mean', input)]);
    const variance = reduceKernel('Mean', kernel('Square', [centred]));
    const rate = kernel('Rsqrt', [kernel('AddV2', [variance, float(epsilon)])]);
    const normal = kernel('Mul', [centred, rate]);
    save([normal, rate, g]);
    const gradFunc = (dy: tf.Tensor, [n, r, gs]: tf.Tensor[]) => {
      const dn = kernel('Mul', [dy, gs]);
      const along = kernel('Mul', [n, reduceKernel('Mean', kernel('Mul', [dn, n]))]);
      const rest = kernel('Sub', [kernel('Sub', [dn, reduceKernel('Mean', dn)]), along]);
      const dGain = kernel('BiasAddGrad', [kernel('Mul', [dy, n])]);
      return [kernel('Mul', [rest, r]), dGain, kernel('BiasAddGrad', [dy])];
    };
    return { value: kernel('BiasAdd', [kernel('Mul', [normal, g]), b]), gradFunc };
  });
  return fused(x, gain, bias) as T;
}

/** New parameters: gain 1, bias 0. */
export function layerNormParameters(depth: number): LayerNormParameters {
  return { gain: tf.ones([depth]), bias: tf.zeros([depth]) };
}
