import { float, kernel, reduceKernel } from '../kernels';
import { tf } from '../tf';

/**
 * `layerNorm` in fewer operations. With n = (x − μ) / √(σ² + ε) and dn = g ∘ dy,
 *
 *     dx = (dn − mean(dn) − n · mean(dn ∘ n)) / √(σ² + ε)      dg = Σ dy ∘ n      db = Σ dy
 */
export function fusedLayerNorm<T extends tf.Tensor>(
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
