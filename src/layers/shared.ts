/**
 * Weights that a loop uses at every step. Automatic differentiation computes one gradient per
 * step and adds them up, which costs a recurrent network a third of its training time. Here
 * the steps only note their inputs and output gradients, and the gradient of the weights is
 * computed from all of them at once: the same sum, as one product.
 */
import { tf } from '../tf';

/**
 * A scalar 0 for every step to depend on. Since all steps depend on it, its gradient is asked
 * for when the last of them has been differentiated, and answers with that of the weights.
 *
 * @param weights the tensors that the steps use without being differentiated by them
 * @param gradients computes the gradient of each, after the last step
 */
export function afterAllSteps(weights: tf.Tensor[], gradients: () => tf.Tensor[]): tf.Tensor {
  return tf.customGrad(() => ({ value: tf.scalar(0), gradFunc: gradients }))(...weights);
}

/**
 * x ↦ x W for a matrix that a loop uses many times.
 *
 *     y_t = x_t W      dx_t = dy_t Wᵀ      dW = Σ_t x_tᵀ dy_t = [x_1; …; x_T]ᵀ [dy_1; …; dy_T]
 *
 * @param W [depth, columns], or one matrix per example, [batch, depth, columns]
 * @returns a function from [rows, depth] to [rows, columns], or [batch, rows, depth] to
 *   [batch, rows, columns]; values and gradients are those of `tf.matMul(x, W)`
 */
export function sharedProduct(W: tf.Tensor): (x: tf.Tensor) => tf.Tensor {
  const inputs: tf.Tensor[] = [];
  const outputGradients: tf.Tensor[] = [];
  const rows = W.rank - 2;
  const steps = afterAllSteps([W], () => [
    tf.matMul(tf.concat(inputs, rows), tf.concat(outputGradients, rows), true),
  ]);
  const product = tf.customGrad((...args) => {
    const [x, , save] = args as unknown as [tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    save([x, W]); // W too: it may be computed, and disposed of before the gradient is asked for
    const gradFunc = (dy: tf.Tensor, [input, matrix]: tf.Tensor[]) => {
      inputs.push(input);
      outputGradients.push(dy);
      return [tf.matMul(dy, matrix, false, true), tf.scalar(0)];
    };
    return { value: tf.matMul(x, W), gradFunc };
  });
  return (x) => product(x, steps);
}

/** [batch, time, depth] → time times [batch, depth]. */
export function steps(x: tf.Tensor): tf.Tensor[] {
  // TensorFlow.js cannot take the gradient of unstacking into a single piece.
  if (x.shape[1] === 1) return [tf.squeeze(x, [1])];
  return tf.unstack(x, 1);
}

/** `next` [batch, units] where `kept` [batch, 1] is 1, `previous` where it is 0. */
export function carry(kept: tf.Tensor, next: tf.Tensor, previous: tf.Tensor): tf.Tensor {
  return tf.add(previous, tf.mul(kept, tf.sub(next, previous)));
}
