import { expectDense, fusedDense } from './fused/dense';
import { hasFused } from './fused/operation';
import { tf } from './tf';

/**
 * A fully connected layer, applied to every position alike: y = x W + b.
 *
 * @param x [..., depth]
 * @param W [depth, columns]
 * @param b [columns]
 * @returns [..., columns]
 * @throws if a size does not fit, as `input depth 32 ≠ rows of W 16`
 */
export function dense<T extends tf.Tensor>(x: T, W: tf.Tensor, b?: tf.Tensor): T {
  if (hasFused()) return fusedDense(x, [W], [b]);
  const { depth, columns } = expectDense(x, W, b);
  return tf.tidy(() => {
    // TensorFlow.js has no gradient for a product with a broadcast batch: one flat product instead.
    const product = tf.matMul(x.reshape([x.size / depth, depth]), W as tf.Tensor2D);
    const y = b ? tf.add(product, b) : product;
    return y.reshape([...x.shape.slice(0, -1), columns]) as T;
  });
}
