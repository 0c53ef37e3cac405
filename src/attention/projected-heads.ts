import { dense } from '../layers/dense';
import { expectShape } from '../shape';
import { tf } from '../tf';
import { type Random, uniform } from '../training/random';
import { scaledDotProductAttention } from './scaled-dot-product';

/** Four projections [dModel, dModel] and their biases [dModel]. */
export type ProjectedHeadsParameters = {
  WQ: tf.Tensor;
  WK: tf.Tensor;
  WV: tf.Tensor;
  WO: tf.Tensor;
  bQ?: tf.Tensor;
  bK?: tf.Tensor;
  bV?: tf.Tensor;
  bO?: tf.Tensor;
};

/**
 * Multi-head attention, as blocks of sets and of object queries use it.
 *
 *     head_h = softmax(Q_h K_hᵀ / √dHead) V_h
 *     Multihead(Q, K, V) = [head_1 ‖ … ‖ head_H] W^O + b^O
 *
 * with Q_h the h-th part of query W^Q + b^Q, and so on (Vaswani et al. 2017, Section 3.2.2).
 *
 * @param query [batch, queries, dModel]
 * @param keys [batch, keys, dModel]
 * @param values [batch, keys, dModel]
 * @param mask [batch, 1, keys]: 1 = may be seen, as `paddingMask` makes it
 * @returns context [batch, queries, dModel], weights [batch, heads, queries, keys]
 * @throws if a shape does not fit, or the heads do not divide dModel
 */
export function projectedHeads(
  query: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  { WQ, WK, WV, WO, bQ, bK, bV, bO }: ProjectedHeadsParameters,
  heads: number,
  mask?: tf.Tensor,
): { context: tf.Tensor3D; weights: tf.Tensor4D } {
  const [batch, queries, dModel] = expectShape('query', query, ['batch', 'queries', 'dModel']);
  const [, positions] = expectShape('keys', keys, [batch, 'keys', dModel]);
  expectShape('values', values, [batch, positions, dModel]);
  if (mask) expectShape('mask', mask, [batch, 1, positions]);
  if (dModel % heads !== 0) throw new Error(`${heads} heads do not divide dModel ${dModel}`);
  return tf.tidy(() => {
    const split = (x: tf.Tensor) =>
      x.reshape([batch, -1, heads, dModel / heads]).transpose([0, 2, 1, 3]) as tf.Tensor4D;
    const { context, weights } = scaledDotProductAttention(
      split(dense(query, WQ, bQ)),
      split(dense(keys, WK, bK)),
      split(dense(values, WV, bV)),
      mask?.reshape([batch, 1, 1, positions]),
    );
    const joined = context.transpose([0, 2, 1, 3]).reshape([batch, queries, dModel]);
    return { context: dense(joined, WO, bO) as tf.Tensor3D, weights };
  });
}

/** New parameters of `projectedHeads`: Glorot, biases 0. */
export function projectedHeadsParameters(dModel: number, next: Random): ProjectedHeadsParameters {
  const matrix = () => uniform([dModel, dModel], next);
  const bias = () => tf.zeros([dModel]);
  return {
    ...{ WQ: matrix(), WK: matrix(), WV: matrix(), WO: matrix() },
    ...{ bQ: bias(), bK: bias(), bV: bias(), bO: bias() },
  };
}
