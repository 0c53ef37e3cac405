import { dense } from './dense';
import { expectShape, expectTensor } from './shape';
import { tf } from './tf';

/**
 * A fully connected layer for each head: y_h = x_h W_h + b_h. With one matrix for all heads, `dense`.
 *
 * @param x [batch, heads, length, depth]; any shape [..., depth] if `W` is one matrix
 * @param W [heads, depth, columns], or [depth, columns]
 * @param b [heads, columns], or [columns]
 * @returns [batch, heads, length, columns]
 * @throws if a shape does not fit
 */
export function headwiseDense<T extends tf.Tensor>(x: T, W: tf.Tensor, b?: tf.Tensor): T {
  expectTensor('W', W);
  if (W.rank === 2) return dense(x, W, b);
  const [heads, depth, columns] = expectShape('W', W, ['heads', 'depth', 'columns']);
  const [batch, , length] = expectShape('x', x, ['batch', heads, 'length', depth]);
  if (b) expectShape('b', b, [heads, columns]);
  return tf.tidy(() => {
    // One product for each head, over all examples: broadcasting W would have no gradient.
    const rows = tf.transpose(x, [1, 0, 2, 3]).reshape([heads, batch * length, depth]);
    const product = tf.matMul(rows, W);
    const y = b ? tf.add(product, b.expandDims(1)) : product;
    return tf.transpose(y.reshape([heads, batch, length, columns]), [1, 0, 2, 3]) as T;
  });
}
