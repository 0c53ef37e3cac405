import { hasKernels, kernel } from '../tensors/kernels';
import { expectTensor } from '../tensors/shape';
import { tf } from '../tensors/tf';

/** Activations by name, as a layer's option. */
export type Activation = 'relu' | 'gelu';

/** f of a layer's option: `relu` or `gelu`. */
export function activate<T extends tf.Tensor>(x: T, activation: Activation): T {
  return activation === 'relu' ? relu(x) : gelu(x);
}

/** relu(x) = max(x, 0). */
export function relu<T extends tf.Tensor>(x: T): T {
  expectTensor('x', x);
  if (!hasKernels()) return tf.relu(x);
  const fused = tf.customGrad((input, save) => {
    const y = kernel<T>('Relu', [input as tf.Tensor]);
    (save as tf.GradSaveFunc)([y]);
    return { value: y, gradFunc: (dy, [out]) => kernel('ReluGrad', [dy, out]) };
  });
  return fused(x) as T;
}

/**
 * The Gaussian error linear unit: x, times the probability that a standard normal number is less.
 *
 *     gelu(x) = x Φ(x)      gelu'(x) = Φ(x) + x φ(x)
 *     Φ(x) = (1 + erf(x / √2)) / 2      φ(x) = exp(−x² / 2) / √(2π)
 *
 * Source: Hendrycks and Gimpel (2016), Section 2; the exact form, not their approximation.
 */
export function gelu<T extends tf.Tensor>(x: T): T {
  expectTensor('x', x);
  const f = tf.customGrad((input, save) => {
    const z = input as tf.Tensor;
    (save as tf.GradSaveFunc)([z]);
    const gradFunc = (dy: tf.Tensor, [saved]: tf.Tensor[]) =>
      tf.mul(dy, tf.add(normalCdf(saved), tf.mul(saved, normalDensity(saved))));
    return { value: tf.mul(z, normalCdf(z)), gradFunc };
  });
  return f(x) as T;
}

/** Φ */
function normalCdf(x: tf.Tensor): tf.Tensor {
  return tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
}

/** φ */
function normalDensity(x: tf.Tensor): tf.Tensor {
  return tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
}
