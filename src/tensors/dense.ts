import { fusedDense } from './fused/dense';
import { hasKernels } from './kernels';
import { expectShape, expectTensor } from './shape';
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
  expectTensor('x', x);
  const depth = x.shape[x.rank - 1];
  const [rows, columns] = expectShape('W', W, ['depth', 'columns']);
  if (depth !== rows) throw new Error(`input depth ${depth} ≠ rows of W ${rows}`);
  if (b) expectShape('b', b, [columns]);
  if (hasKernels()) return fusedDense(x, W, b);
  return tf.tidy(() => {
    // TensorFlow.js has no gradient for a product with a broadcast batch: one flat product instead.
    const product = tf.matMul(x.reshape([x.size / depth, depth]), W as tf.Tensor2D);
    const y = b ? tf.add(product, b) : product;
    return y.reshape([...x.shape.slice(0, -1), columns]) as T;
  });
}
