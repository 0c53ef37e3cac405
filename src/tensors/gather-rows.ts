import { expectShape } from './shape';
import { tf } from './tf';

/**
 * Rows of each example by their numbers: y[b, i] = x[b, indices[b, i]].
 *
 * @param x [batch, rows, depth]
 * @param indices [batch, n], int32, each 0 … rows − 1
 * @returns [batch, n, depth]
 * @throws if a number is none of a row
 */
export function gatherRows(x: tf.Tensor, indices: tf.Tensor): tf.Tensor3D {
  const [batch, rows, depth] = expectShape('x', x, ['batch', 'rows', 'depth']);
  const [, n] = expectShape('indices', indices, [batch, 'n'], 'int32');
  const odd = indices.dataSync<'int32'>().find((i) => !(i >= 0 && i < rows));
  if (odd !== undefined) throw new Error(`indices: expected rows 0…${rows - 1}, got ${odd}`);
  return tf.tidy(() => {
    const first = tf.mul(tf.range(0, batch, 1, 'int32'), tf.scalar(rows, 'int32'));
    const flat = tf.add(indices, first.reshape([batch, 1])).flatten();
    return tf
      .gather(x.reshape([batch * rows, depth]), tf.cast(flat, 'int32'))
      .reshape([batch, n, depth]) as tf.Tensor3D;
  });
}
