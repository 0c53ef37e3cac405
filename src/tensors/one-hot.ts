import { tf } from './tf';

/**
 * 1 where the column is the id, 0 elsewhere, for one column too, which `tf.oneHot` refuses.
 *
 * @param ids int32, any shape
 * @returns [...shape of ids, columns]
 */
export function oneHot(ids: tf.Tensor, columns: number): tf.Tensor {
  return tf.tidy(() =>
    tf.cast(tf.equal(ids.expandDims(-1), tf.range(0, columns, 1, 'int32')), 'float32'),
  );
}
