import { expectDraw, type Random } from '../tensors/random';
import { expectShape, expectTensor } from '../tensors/shape';
import { stopGradient } from '../tensors/stop-gradient';
import { tf } from '../tensors/tf';

/**
 * Where the power iteration of `spectralNorm` starts: a direction drawn evenly from all directions.
 *
 * @returns u [columns], of length 1
 */
export function spectralNormState(columns: number, next: Random): tf.Tensor {
  expectDraw([columns], next);
  // Normally distributed numbers (Box and Muller) point in every direction alike; even ones do not.
  const gauss = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return tf.tidy(() => direction(tf.tensor1d(Array.from({ length: columns }, gauss))));
}

/**
 * Spectral normalisation: W divided by its largest singular value σ(W), so that x ↦ x W stretches
 * no x. σ is estimated by power iteration, which goes on from step to step of the training:
 *
 *     v ← W u / ‖W u‖      u ← Wᵀ v / ‖Wᵀ v‖      σ = vᵀ W u      W_SN = W / σ
 *
 * The gradient takes u and v as constants (at the singular vectors it is exact).
 *
 * Source: Miyato, Kataoka, Koyama, Yoshida (2018), "Spectral Normalization for Generative
 * Adversarial Networks", Section 2.1 and Algorithm 1; their W is [outputDepth, inputDepth].
 *
 * @param W [..., columns]: a matrix [inputDepth, outputDepth], or a convolution's kernel
 *   [height, width, inputDepth, outputDepth], read as a matrix of height · width · inputDepth rows
 * @param u [columns], from `spectralNormState` or from the step before
 * @param options.iterations how often v and u are updated, at least 1
 * @returns W / σ(W), shape of `W`; the next u, for the next step; σ, one number. W = 0 stays 0
 * @throws if `u` is not [columns], or there is no iteration
 */
export function spectralNorm<T extends tf.Tensor>(
  W: T,
  u: tf.Tensor,
  { iterations = 1 } = {},
): { W: T; u: tf.Tensor; sigma: tf.Scalar } {
  expectTensor('W', W);
  const columns = W.shape[W.rank - 1];
  expectShape('u', u, [columns]);
  if (!(Number.isInteger(iterations) && iterations >= 1)) {
    throw new Error(`iterations: expected a whole number from 1, got ${iterations}`);
  }
  return tf.tidy(() => {
    const matrix = W.reshape([-1, columns]);
    const constant = stopGradient(matrix);
    let [right, left] = [stopGradient(u).reshape([columns, 1]), tf.scalar(0) as tf.Tensor];
    for (let i = 0; i < iterations; i++) {
      left = direction(tf.matMul(constant, right));
      right = direction(tf.matMul(constant, left, true));
    }
    const sigma = tf.matMul(left, tf.matMul(matrix, right), true).reshape([]) as tf.Scalar;
    const normalised = tf.div(W, tf.maximum(sigma, 1e-12)) as T;
    return { W: normalised, u: right.reshape([columns]), sigma };
  });
}

/** x / ‖x‖, and 0 for 0. */
function direction(x: tf.Tensor): tf.Tensor {
  return tf.div(x, tf.maximum(tf.norm(x), 1e-12));
}
