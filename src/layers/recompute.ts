import { expectTensor } from '../tensors/shape';
import { tf } from '../tensors/tf';

/**
 * y = f(), and the gradients of Σ y ∘ dy, inside a gradient function of `tf.customGrad`: how a
 * backward pass computes again what the forward pass did not keep.
 *
 * @param f computes y from `inputs` (among them the parameters it uses)
 * @param dy the gradient of y, its shape
 * @returns y, and for each input its gradient; 0 where y does not depend on it
 */
export function recompute(
  f: () => tf.Tensor,
  inputs: tf.Tensor[],
  dy: tf.Tensor,
): { y: tf.Tensor; gradients: tf.Tensor[] } {
  inputs.forEach((x, i) => expectTensor(`inputs[${i}]`, x));
  expectTensor('dy', dy);
  // TensorFlow.js has one tape. Set aside the outer one, or the inner gradient would discard it.
  const { state } = tf.engine() as unknown as { state: object };
  const { activeTape, gradientDepth, kernelDepth } = state as Record<string, unknown>;
  Object.assign(state, { activeTape: null, gradientDepth: 0, kernelDepth: 0 });
  try {
    // The type asks for a scalar; with dy given, any shape will do.
    const { value, grads } = tf.valueAndGrads(f as () => tf.Scalar)(inputs, dy as tf.Scalar);
    return { y: value, gradients: inputs.map((x, i) => grads[i] ?? tf.zerosLike(x)) };
  } finally {
    Object.assign(state, { activeTape, gradientDepth, kernelDepth });
  }
}
