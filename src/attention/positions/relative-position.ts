import { dense } from '../../tensors/dense';
import { withoutHidden } from '../../tensors/mask';
import { type Random, uniform } from '../../tensors/random';
import { expectShape, leadingAxes } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import { maskedSoftmax, weightedAverage } from '../masked-softmax';
import { relativeShift, relativeUnshift } from './relative-shift';

/** The embeddings of the distances −k … k, shared by all heads. Row k is distance 0. */
export type RelativePositionParameters = {
  /** w^K [2k + 1, dKey]: added to the keys. */
  wK: tf.Tensor;
  /** w^V [2k + 1, dValue]: added to the values. Left out, only the keys know distances. */
  wV?: tf.Tensor;
};

/**
 * Self-attention that knows distances: an embedding of j − i is added to the key and to the value
 * that query i gets from position j. Distances beyond k count as k.
 *
 *     a^K_ij = w^K_clip(j − i, k)      a^V_ij = w^V_clip(j − i, k)      clip(x, k) = max(−k, min(k, x))
 *     e_ij = q_i (k_j + a^K_ij)ᵀ / √dKey      α_ij = softmax_j(e_ij)      z_i = Σ_j α_ij (v_j + a^V_ij)
 *
 * The embeddings are multiplied once for each distance, not for each pair, and `relativeShift`
 * brings the products to their keys: no tensor has queries × keys × depth numbers. What is added
 * to plain attention is O(length · dKey) numbers for the distances and two matrices of twice the
 * size of the weights.
 *
 * Source: Shaw, Uszkoreit, Vaswani (2018), eq. (3)–(4); eq. (5) in Section 3.3 splits the sum likewise.
 *
 * @param query [batch, queries, dKey], or [batch, heads, queries, dKey]
 * @param keys [batch, keys, dKey], or [batch, heads, keys, dKey]. If they are more or fewer than the
 *   queries, the last query stands at the last key, as in `causalMask`
 * @param values [batch, keys, dValue], or [batch, heads, keys, dValue]
 * @param mask broadcastable to the weights: 1 = may be seen; see `maskedSoftmax`
 * @returns context [batch, (heads,) queries, dValue], weights [batch, (heads,) queries, keys]
 * @throws if a shape does not fit, as `query depth 32 ≠ key depth 16`
 */
export function relativePositionAttention<T extends tf.Tensor = tf.Tensor3D>(
  query: T,
  keys: T,
  values: T,
  { wK, wV }: RelativePositionParameters,
  mask?: tf.Tensor,
): { context: T; weights: T } {
  const axes = leadingAxes('query', query);
  const shape = expectShape('query', query, [...axes, 'queries', 'dKey'] as const);
  const [lead, [queries, depth]] = [shape.slice(0, -2), shape.slice(-2)];
  const [positions, keyDepth] = expectShape('keys', keys, [...lead, 'keys', 'dKey']).slice(-2);
  if (depth !== keyDepth) throw new Error(`query depth ${depth} ≠ key depth ${keyDepth}`);
  const dValue = expectShape('values', values, [...lead, positions, 'dValue']).at(-1) as number;
  const [distances] = expectShape('wK', wK, ['2k + 1', depth]);
  if (distances % 2 === 0) throw new Error(`wK: expected 2k + 1 rows, got ${distances}`);
  if (wV) expectShape('wV', wV, [distances, dValue]);
  return tf.tidy(() => {
    const rows = distanceRows(queries, positions, (distances - 1) / 2);
    const aK = tf.transpose(tf.gather(wK, rows)); // [dKey, queries + keys]: a column per distance
    const [k, v] = withoutHidden(mask, keys, values);
    const q = tf.mul(query, 1 / Math.sqrt(depth));
    const ofDistance = relativeShift(dense(q, aK), positions);
    const logits = tf.add(tf.matMul(q, k, false, true), ofDistance);
    const weights = maskedSoftmax(logits, mask) as unknown as T;
    const ofKeys = weightedAverage(weights, v, mask);
    if (!wV) return { context: ofKeys as T, weights };
    const ofDistances = dense(relativeUnshift(weights), tf.gather(wV, rows));
    return { context: tf.add(ofKeys, ofDistances) as T, weights };
  });
}

/**
 * The row of the embeddings for every distance between a query and a key, from the smallest to the
 * largest, and one more, which `relativeShift` needs.
 *
 * @returns [queries + keys], int32, 0 … 2k
 */
function distanceRows(queries: number, keys: number, k: number): tf.Tensor1D {
  const smallest = 1 - keys; // from the last query, at the last key, to the first key
  const distance = tf.range(smallest, smallest + queries + keys, 1, 'int32');
  return tf.cast(tf.add(tf.clipByValue(distance, -k, k), k), 'int32') as tf.Tensor1D;
}

/** New embeddings for distances up to `k`: Glorot and Bengio's uniform numbers. */
export function relativePositionParameters(
  { k, dKey, dValue = dKey }: { k: number; dKey: number; dValue?: number },
  next: Random,
): Required<RelativePositionParameters> {
  return { wK: uniform([2 * k + 1, dKey], next), wV: uniform([2 * k + 1, dValue], next) };
}
