import { expectSizes, expectTensor } from '../../tensors/shape';
import { tf } from '../../tensors/tf';

/**
 * From distances to positions: each row moves one column further to the right than the row above.
 *
 *     y_ij = x_i,(queries − 1 − i + j)
 *
 * If column c of `x` belongs to the distance j − i = c − (queries − 1), column j of `y` belongs to
 * the key j. No index is computed: rows that lie one after another in memory are read as rows that
 * are shorter by one number.
 *
 * Source: Dai et al. (2019), Appendix B, who shift the other way round: to the left, by padding.
 *
 * @param x [..., queries, columns]. With columns = queries + keys every y_ij comes from its own row
 *   (the last column is never read), and already with queries + keys − 1. With fewer, at least
 *   keys + 1, that holds for the keys j ≤ i + columns − queries alone, and the rest of `y` is to be
 *   masked: enough for a causal mask
 * @returns [..., queries, keys]
 */
export function relativeShift<T extends tf.Tensor>(x: T, keys: number): T {
  expectTensor('x', x);
  expectSizes({ keys });
  const [queries, columns] = x.shape.slice(-2);
  const lead = x.shape.slice(0, -2);
  const enough = queries === 1 ? keys : keys + 1;
  if (columns < enough) throw new Error(`relativeShift: ${columns} columns for ${keys} keys`);
  return tf.tidy(() => {
    if (queries === 1)
      return tf
        .slice(x.reshape([-1, columns]), [0, 0], [-1, keys])
        .reshape([...lead, 1, keys]) as T;
    const rows = tf.slice(
      x.reshape([-1, queries * columns]),
      [0, queries - 1],
      [-1, queries * (columns - 1)],
    );
    const shorter = rows.reshape([-1, queries, columns - 1]);
    return tf.slice(shorter, [0, 0, 0], [-1, -1, keys]).reshape([...lead, queries, keys]) as T;
  });
}

/**
 * From positions back to distances, 0 where there is no key: `relativeShift` undone.
 *
 *     x_i,(queries − 1 − i + j) = y_ij
 *
 * @param y [..., queries, keys]
 * @returns [..., queries, queries + keys]; the last column is 0
 */
export function relativeUnshift<T extends tf.Tensor>(y: T): T {
  expectTensor('y', y);
  const [queries, keys] = y.shape.slice(-2);
  const columns = queries + keys;
  return tf.tidy(() => {
    const longer = tf.pad(y.reshape([-1, queries, keys]), [
      [0, 0],
      [0, 0],
      [0, queries - 1],
    ]);
    const rows = tf.pad(longer.reshape([-1, queries * (columns - 1)]), [
      [0, 0],
      [queries - 1, 1],
    ]);
    return rows.reshape([...y.shape.slice(0, -1), columns]) as T;
  });
}
