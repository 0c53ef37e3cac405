import { markPairs } from '../tensors/mask';
import { expectSizes } from '../tensors/shape';
import { tf } from '../tensors/tf';

/**
 * The mask of a model that may not look ahead: query i sees key j if j ≤ i + keys − queries.
 * With as many keys as queries this is the lower triangle; with more (keys kept from earlier
 * steps), the queries are the last of them.
 *
 * @returns [queries, keys], bool
 * @throws if there are fewer keys than queries
 */
export function causalMask(queries: number, keys = queries): tf.Tensor2D {
  if (!(queries >= 1 && keys >= queries)) {
    throw new Error(
      `causalMask: expected keys ≥ queries ≥ 1, got ${keys} keys, ${queries} queries`,
    );
  }
  return tf.tidy(() => {
    const query = tf.range(0, queries, 1, 'int32').reshape([queries, 1]);
    const key = tf.range(0, keys, 1, 'int32').reshape([1, keys]);
    const offset = tf.scalar(keys - queries, 'int32');
    return markPairs(tf.lessEqual(key, tf.add(query, offset)) as tf.Tensor2D);
  });
}

/**
 * The mask that hides padding: example b has keys 0 … lengths[b] − 1.
 *
 * @param lengths of each example, 0 … keys
 * @returns [batch, 1, keys], bool: the same for every query
 * @throws if a length is not a whole number from 0 to `keys`
 */
export function paddingMask(lengths: readonly number[], keys: number): tf.Tensor3D {
  expectSizes({ keys });
  const wrong = lengths.find((n) => !(Number.isInteger(n) && n >= 0 && n <= keys));
  if (wrong !== undefined) throw new Error(`paddingMask: expected lengths 0…${keys}, got ${wrong}`);
  return tf.tidy(() => {
    const key = tf.range(0, keys, 1, 'int32').reshape([1, 1, keys]);
    const length = tf.tensor(lengths as number[], [lengths.length, 1, 1], 'int32');
    return tf.less(key, length) as tf.Tensor3D;
  });
}
