import { expectShape } from './shape';
import { tf } from './tf';

/**
 * Rows of each example by their numbers: y[b, i] = x[b, indices[b, i]].
 *
 * @param x [batch, rows, depth]
 * @param indices [batch, n], int32, each 0 … rows − 1
 * @returns [batch, n, depth]
 */
export function gatherRows(x: tf.Tensor, indices: tf.Tensor): tf.Tensor3D {
  const [batch, rows, depth] = expectShape('x', x, ['batch', 'rows', 'depth']);
  const [, n] = expectShape('indices', indices, [batch, 'n']);
  return tf.tidy(() => {
    const first = tf.mul(tf.range(0, batch, 1, 'int32'), tf.scalar(rows, 'int32'));
    const flat = tf.add(indices, first.reshape([batch, 1])).flatten();
    return tf
      .gather(x.reshape([batch * rows, depth]), tf.cast(flat, 'int32'))
      .reshape([batch, n, depth]) as tf.Tensor3D;
  });
}
