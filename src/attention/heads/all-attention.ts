import { castMask, expectMaskOf, withoutHidden } from '../../tensors/mask';
import { type Random, uniform } from '../../tensors/random';
import { expectShape, leadingAxes } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import { scaledDotProductAttention } from '../scores/scaled-dot-product';

/** N persistent vectors for each head: learned keys and values that depend on no input. */
export type PersistentParameters = {
  /** K_pers [heads, N, dKey]; without heads [N, dKey] */
  keys: tf.Tensor;
  /** V_pers [heads, N, dValue]; without heads [N, dValue] */
  values: tf.Tensor;
};

/**
 * All-attention: scaled dot-product attention to the context and to N persistent vectors at once.
 *
 *     context = softmax(Q [K; K_pers]ᵀ / √dKey) [V; V_pers]
 *
 * With the persistent vectors alone this is a feed-forward layer V_persᵀ σ(K_pers q), whose rows of
 * weights are keys and whose columns are values, with a softmax for σ in place of ReLU. So a layer
 * that has N = dFeedForward of them needs no feed-forward layer.
 *
 * Source: Sukhbaatar et al. (2019), "Augmenting self-attention with persistent memory", Section 4.
 *
 * @param query [batch, queries, dKey], or [batch, heads, queries, dKey]
 * @param keys [batch, keys, dKey], or [batch, heads, keys, dKey]
 * @param values [batch, keys, dValue], or [batch, heads, keys, dValue]
 * @param mask broadcastable to [batch, (heads,) queries, keys]: 1 = may be seen. The persistent
 *   vectors always may: with every key hidden a query attends to them alone
 * @param options.persistentQuery shape of `query`: what asks the persistent vectors; the query itself
 *   if left out. They stand nowhere in the text (the paper: their position term is 0), so a query that
 *   has been turned by its position (rotary) asks them as it was before
 * @returns context [batch, (heads,) queries, dValue], weights [batch, (heads,) queries, keys + N]
 * @throws if a shape does not fit
 */
export function allAttention<T extends tf.Tensor = tf.Tensor3D>(
  query: T,
  keys: T,
  values: T,
  persistent: PersistentParameters,
  mask?: tf.Tensor,
  { persistentQuery }: { persistentQuery?: T } = {},
): { context: T; weights: T } {
  const axes = leadingAxes('query', query);
  const [batch, ...rest] = expectShape('query', query, [...axes, 'queries', 'dKey'] as const);
  const [heads, dKey] = [rest.slice(0, -2), rest.at(-1) as number];
  const shape = expectShape('keys', keys, [batch, ...heads, 'keys', dKey]);
  const positions = shape.at(-2) as number;
  const dValue = expectShape('values', values, [batch, ...heads, positions, 'dValue']).at(-1);
  const N = expectShape('persistent keys', persistent.keys, [...heads, 'N', dKey]).at(-2) as number;
  expectShape('persistent values', persistent.values, [...heads, N, dValue as number]);
  if (mask) expectMaskOf(mask, [...shape.slice(0, -2), rest.at(-2) as number, positions]);
  if (persistentQuery) expectShape('persistentQuery', persistentQuery, query.shape);
  return tf.tidy(() => {
    const forEach = (vectors: tf.Tensor) =>
      tf.tile(vectors.expandDims(0), [batch, ...vectors.shape.map(() => 1)]);
    const join = (x: tf.Tensor, vectors: tf.Tensor) => tf.concat([x, forEach(vectors)], -2) as T;
    const [k, v] = withoutHidden(mask, keys, values);
    const visible = mask && extend(mask, positions, N);
    const allValues = join(v, persistent.values);
    if (!persistentQuery)
      return scaledDotProductAttention(query, join(k, persistent.keys), allValues, visible);
    // Both queries side by side, and a key has zeros where the other one stands.
    const beside = (left: tf.Tensor, right: tf.Tensor) => tf.concat([left, right], -1) as T;
    const wideKeys = join(
      beside(k, tf.zerosLike(k)),
      beside(tf.zerosLike(persistent.keys), persistent.keys),
    );
    const scale = 1 / Math.sqrt(dKey);
    return scaledDotProductAttention(beside(query, persistentQuery), wideKeys, allValues, visible, {
      scale,
    });
  });
}

/** The mask with N columns of 1 behind it. */
function extend(mask: tf.Tensor, keys: number, N: number): tf.Tensor {
  const lead = [1, ...mask.shape.slice(0, -1)].slice(mask.rank > 2 ? 1 : 0); // not to be doubted again
  const columns = tf.broadcastTo(castMask(mask, 'float32').reshape([...lead, -1]), [...lead, keys]);
  return tf.concat([columns, tf.ones([...lead, N])], -1);
}

/**
 * New persistent vectors. Drawn evenly with variance 1, as the authors' are after the factors √dKey
 * and √N by which they store them smaller.
 */
export function persistentParameters(
  { N, dKey, dValue = dKey, heads }: { N: number; dKey: number; dValue?: number; heads?: number },
  next: Random,
): PersistentParameters {
  const lead = heads === undefined ? [] : [heads];
  const limit = Math.sqrt(3); // (2 · limit)² / 12 = 1
  return {
    keys: uniform([...lead, N, dKey], next, limit),
    values: uniform([...lead, N, dValue], next, limit),
  };
}
