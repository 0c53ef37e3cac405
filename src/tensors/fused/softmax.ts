import { float, kernel, reduceKernel } from '../kernels';
import { tf } from '../tf';

/** A logit below any other, yet finite: exp gives 0, never NaN. */
export const HIDDEN = -3e38;

/**
 * `maskedSoftmax` in fewer operations. With weights w:   dlogits = w ∘ dw − w · Σ_keys w ∘ dw
 */
export function fusedSoftmax<T extends tf.Tensor>(logits: T, mask?: tf.Tensor): T {
  const fused = tf.customGrad((input, save) => {
    let x = input as tf.Tensor;
    if (mask) x = kernel('SelectV2', [tf.cast(mask, 'bool'), x, float(HIDDEN)]);
    let weights = kernel('Softmax', [x]);
    // Rows without any visible key become 0.
    if (mask) weights = kernel('Mul', [weights, tf.cast(mask, 'float32')]);
    (save as tf.GradSaveFunc)([weights]);
    const gradFunc = (dw: tf.Tensor, [w]: tf.Tensor[]) => {
      const product = kernel('Mul', [w, dw]);
      return kernel('Sub', [product, kernel('Mul', [w, reduceKernel('Sum', product)])]);
    };
    return { value: weights, gradFunc };
  });
  return fused(logits) as T;
}
