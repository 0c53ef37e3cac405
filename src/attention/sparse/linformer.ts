import { headwiseDense } from '../../tensors/headwise-dense';
import { castMask, expectMaskOf, withoutHidden } from '../../tensors/mask';
import { type Random, uniform } from '../../tensors/random';
import { expectShape, expectTensor, leadingAxes } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import { scaledDotProductAttention } from '../scores/scaled-dot-product';

/** The projections of the length, for sequences of at most `length` positions. */
export type LinformerParameters = {
  /** E [length, k], shared by all heads; or one for each, [heads, length, k]. Projects the keys. */
  E: tf.Tensor;
  /** F, of the shape of E: projects the values. Left out, E does. */
  F?: tf.Tensor;
};

/**
 * Linformer: attention to k mixtures of all positions in place of the positions.
 *
 *     K̄ = Eᵀ K      V̄ = Fᵀ V      context = softmax(Q K̄ᵀ / √dKey) V̄
 *
 * Takes queries × k numbers, not queries × keys. Each mixture contains the whole sequence, so a
 * causal mask is impossible; padding is left out of the mixtures.
 *
 * Source: Wang et al. (2020), eq. (7). Its ways of sharing: one E and F for all heads (headwise),
 * E = F as well (key-value), the same parameters in every layer (layerwise).
 *
 * @param query [batch, queries, dKey], or [batch, heads, queries, dKey]
 * @param keys [batch, keys, dKey], or [batch, heads, keys, dKey]. Fewer keys than `length` use the
 *   first rows of E and F
 * @param values [batch, keys, dValue], or [batch, heads, keys, dValue]
 * @param mask the same for every query, broadcastable to [batch, (heads,) 1, keys]: 1 = may be seen
 * @returns context [batch, (heads,) queries, dValue], weights [batch, (heads,) queries, k]: those
 *   of the mixtures
 * @throws if a shape does not fit, there are more than `length` keys, or the mask differs by query
 */
export function linformerAttention<T extends tf.Tensor = tf.Tensor3D>(
  query: T,
  keys: T,
  values: T,
  { E, F = E }: LinformerParameters,
  mask?: tf.Tensor,
): { context: T; weights: T } {
  const axes = leadingAxes('keys', keys);
  const shape = expectShape('keys', keys, [...axes, 'keys', 'dKey'] as const);
  const positions = shape.at(-2) as number;
  expectShape('values', values, [...shape.slice(0, -2), positions, 'dValue']);
  expectTensor('E', E);
  const perHead = E.rank === 3 ? [shape[1]] : [];
  const [length, k] = expectShape('E', E, [...perHead, 'length', 'k']).slice(-2);
  expectShape('F', F, [...perHead, length, k]);
  if (positions > length) throw new Error(`${positions} keys, but E has only ${length} rows`);
  if (mask && mask.rank > 1 && mask.shape[mask.rank - 2] !== 1) {
    throw new Error(
      `mask: expected shape [..., 1, ${positions}], the same for every query, as each mixture ` +
        `contains all positions; got [${mask.shape.join(', ')}]`,
    );
  }
  if (mask) expectMaskOf(mask, [...shape.slice(0, -2), 1, positions]);
  return tf.tidy(() => {
    const shown = mask && castMask(mask, 'float32');
    const column = shown?.reshape([...shown.shape.slice(0, -2), -1, 1]); // [..., keys, 1]
    const mix = (x: T, projection: tf.Tensor) => {
      const visible = column ? tf.mul(withoutHidden(mask, x)[0], column) : x;
      const rows = tf.slice(projection, perHead.length ? [0, 0] : [0], [...perHead, positions]);
      return swap(headwiseDense(swap(visible), rows)) as T;
    };
    const anyKey = shown && tf.max(shown, -1, true); // 0 where there is nothing to mix
    return scaledDotProductAttention(query, mix(keys, E), mix(values, F), anyKey);
  });
}

/** [..., rows, columns] → [..., columns, rows]. */
function swap(x: tf.Tensor): tf.Tensor {
  return x.rank === 4 ? tf.transpose(x, [0, 1, 3, 2]) : tf.transpose(x, [0, 2, 1]);
}

/**
 * New projections, drawn evenly from ±1/√k as in the `linformer` package.
 *
 * @param sizes.heads how many heads have projections of their own; all share one if left out
 * @param sizes.shareKeyValue whether E projects the values too
 */
export function linformerParameters(
  {
    length,
    k,
    heads,
    shareKeyValue,
  }: { length: number; k: number; heads?: number; shareKeyValue?: boolean },
  next: Random,
): LinformerParameters {
  const shape = [...(heads ? [heads] : []), length, k];
  const draw = () => uniform(shape, next, 1 / Math.sqrt(k));
  return shareKeyValue ? { E: draw() } : { E: draw(), F: draw() };
}
