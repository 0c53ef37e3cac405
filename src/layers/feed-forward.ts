import { dense } from '../tensors/dense';
import { fusedDense } from '../tensors/fused/dense';
import { hasFused } from '../tensors/fused/operation';
import { type Random, uniform } from '../tensors/random';
import { expectTensor } from '../tensors/shape';
import { tf } from '../tensors/tf';
import { type Activation, activate } from './activations';

/** The parameters of a position-wise feed-forward network. */
export type FeedForwardParameters = {
  /** [dModel, dHidden] */
  W1: tf.Tensor;
  /** [dHidden] */
  b1: tf.Tensor;
  /** [dHidden, dModel] */
  W2: tf.Tensor;
  /** [dModel] */
  b2: tf.Tensor;
};

/**
 * The position-wise feed-forward network: two dense layers, the same at every position.
 *
 *     FFN(x) = f(x W_1 + b_1) W_2 + b_2      f = relu in the paper
 *
 * Source: Vaswani et al. (2017), Section 3.3, eq. (2).
 *
 * @param x [..., dModel]
 * @returns shape of `x`
 * @throws if a size does not fit
 */
export function feedForward<T extends tf.Tensor>(
  x: T,
  { W1, b1, W2, b2 }: FeedForwardParameters,
  activation: Activation = 'relu',
): T {
  expectTensor('x', x);
  return tf.tidy(() => {
    const hidden =
      activation === 'relu' && hasFused()
        ? fusedDense(x, [W1], [b1], 'relu')
        : activate(dense(x, W1, b1), activation);
    return dense(hidden, W2, b2);
  });
}

/** New parameters: Glorot and Bengio's uniform matrices, biases 0. dHidden is 4 dModel in the paper. */
export function feedForwardParameters(
  { dModel, dHidden = 4 * dModel }: { dModel: number; dHidden?: number },
  next: Random,
): FeedForwardParameters {
  return {
    W1: uniform([dModel, dHidden], next),
    b1: tf.zeros([dHidden]),
    W2: uniform([dHidden, dModel], next),
    b2: tf.zeros([dModel]),
  };
}
