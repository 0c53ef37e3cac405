import { tf } from '../tensors/tf';

/** [batch, time, depth] → time times [batch, depth]. */
export function steps(x: tf.Tensor): tf.Tensor[] {
  // TensorFlow.js cannot take the gradient of unstacking into a single piece.
  if (x.shape[1] === 1) return [tf.squeeze(x, [1])];
  return tf.unstack(x, 1);
}

/** time times [batch, depth] → [batch, time, depth]. */
export function joined(steps: tf.Tensor[]): tf.Tensor3D {
  // The gradient of stacking is unstacking: see above.
  return (steps.length === 1 ? tf.expandDims(steps[0], 1) : tf.stack(steps, 1)) as tf.Tensor3D;
}

/** `next` [batch, units] where `kept` [batch, 1] is 1, `previous` where it is 0. */
export function carry(kept: tf.Tensor, next: tf.Tensor, previous: tf.Tensor): tf.Tensor {
  return tf.add(previous, tf.mul(kept, tf.sub(next, previous)));
}
