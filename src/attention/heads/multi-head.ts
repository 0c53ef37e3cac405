import { dense } from '../../tensors/dense';
import { fusedProjections } from '../../tensors/fused/projections';
import { hasKernels } from '../../tensors/kernels';
import { madeOf, withoutHidden } from '../../tensors/mask';
import { type Random, uniform } from '../../tensors/random';
import { expectShape } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import { scaledDotProductAttention } from '../scores/scaled-dot-product';

/** The parameters of multi-head attention. The columns of all heads stand side by side. */
export type MultiHeadParameters = {
  /** [queryDepth, dModel] */
  WQ: tf.Tensor;
  /** [keyDepth, dModel] */
  WK: tf.Tensor;
  /** [valueDepth, dModel] */
  WV: tf.Tensor;
  /** [dModel, dModel] */
  WO: tf.Tensor;
  /** Biases [dModel]. The paper has none, most implementations do. */
  bQ?: tf.Tensor;
  bK?: tf.Tensor;
  bV?: tf.Tensor;
  bO?: tf.Tensor;
};

/** What each head does: queries, keys, values [batch, heads, length, dHead] → context and weights. */
export type HeadAttention<Weights extends tf.TensorContainer = tf.Tensor4D> = (
  query: tf.Tensor4D,
  keys: tf.Tensor4D,
  values: tf.Tensor4D,
  mask?: tf.Tensor,
) => { context: tf.Tensor4D; weights: Weights };

export type MultiHeadOptions<Weights extends tf.TensorContainer = tf.Tensor4D> = {
  /** h: into how many heads dModel is divided. */
  heads: number;
  /** Broadcastable to [batch, queries, keys]: 1 = may be seen, the same for all heads; or with an
   * axis of heads, broadcastable to [batch, heads, queries, keys]. */
  mask?: tf.Tensor;
  /** The attention inside each head; `scaledDotProductAttention` if left out. */
  attend?: HeadAttention<Weights>;
};

/** Keys and values, projected and divided into heads: all that a query needs. */
export type KeyValueCache = {
  /** [batch, heads, keys, dHead] */
  keys: tf.Tensor4D;
  /** [batch, heads, keys, dHead] */
  values: tf.Tensor4D;
};

/**
 * Multi-head attention: h attentions side by side, each in a subspace of its own.
 *
 *     MultiHead(Q, K, V) = [head_1; …; head_h] W^O
 *     head_i = Attention(Q W_i^Q, K W_i^K, V W_i^V)
 *
 * W_i^Q is the i-th group of dHead = dModel / h columns of WQ. Self-attention passes the same
 * tensor three times; cross-attention takes keys and values from elsewhere.
 *
 * Source: Vaswani et al. (2017), Section 3.2.2.
 *
 * @param query [batch, queries, queryDepth]
 * @param keys [batch, keys, keyDepth]
 * @param values [batch, keys, valueDepth]
 * @returns context [batch, queries, dModel]; weights [batch, heads, queries, keys], or what
 *   `attend` returns
 * @throws if a shape does not fit, or dModel is not divisible by the number of heads
 */
export function multiHeadAttention<Weights extends tf.TensorContainer = tf.Tensor4D>(
  query: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  parameters: MultiHeadParameters,
  options: MultiHeadOptions<Weights>,
): { context: tf.Tensor3D; weights: Weights } {
  return tf.tidy(() => {
    if (query === keys && keys === values) {
      expectShape('query', query, ['batch', 'queries', 'queryDepth']);
      const [x] = withoutHidden(options.mask, query);
      const { WQ, WK, WV, bQ, bK, bV } = parameters;
      const [q, k, v] = project(x, [WQ, WK, WV], [bQ, bK, bV], options.heads);
      return attendInHeads(q, { keys: k, values: v }, parameters, options);
    }
    const [k] = withoutHidden(options.mask, keys);
    const [v] = keys === values ? [k] : withoutHidden(options.mask, values);
    const cache = keyValueCache(k, v, parameters, options);
    return multiHeadQuery(query, cache, parameters, options);
  });
}

/**
 * The half of `multiHeadAttention` that does not depend on the query: K W^K and V W^V, in heads. A
 * decoder computes it once for the encoder's output, and adds one position per step for its own.
 *
 * @param keys [batch, keys, keyDepth]
 * @param values [batch, keys, valueDepth]
 * @param options.past the cache of all earlier positions, which is left as it is
 * @returns the cache of the earlier positions, followed by these
 */
export function keyValueCache(
  keys: tf.Tensor,
  values: tf.Tensor,
  { WK, WV, bK, bV }: MultiHeadParameters,
  { heads, past }: { heads: number; past?: KeyValueCache },
): KeyValueCache {
  const [batch, positions] = expectShape('keys', keys, ['batch', 'keys', 'keyDepth']);
  expectShape('values', values, [batch, positions, 'valueDepth']);
  return tf.tidy(() => {
    const [k, v] =
      keys === values
        ? project(keys, [WK, WV], [bK, bV], heads)
        : [...project(keys, [WK], [bK], heads), ...project(values, [WV], [bV], heads)];
    if (!past) return { keys: k, values: v };
    return { keys: tf.concat([past.keys, k], 2), values: tf.concat([past.values, v], 2) };
  });
}

/** The other half of `multiHeadAttention`: queries [batch, queries, queryDepth] on a cache. */
export function multiHeadQuery<Weights extends tf.TensorContainer = tf.Tensor4D>(
  query: tf.Tensor,
  cache: KeyValueCache,
  parameters: MultiHeadParameters,
  options: MultiHeadOptions<Weights>,
): { context: tf.Tensor3D; weights: Weights } {
  const [batch] = expectShape('keys', cache.keys, ['batch', 'heads', 'keys', 'dHead']);
  expectShape('query', query, [batch, 'queries', 'queryDepth']);
  return tf.tidy(() => {
    const [q] = project(query, [parameters.WQ], [parameters.bQ], options.heads);
    return attendInHeads(q, cache, parameters, options);
  });
}

/** Attention in every head, and the product of all heads with WO. */
function attendInHeads<Weights extends tf.TensorContainer>(
  q: tf.Tensor4D,
  { keys, values }: KeyValueCache,
  { WO, bO }: MultiHeadParameters,
  { mask, attend = scaledDotProductAttention as HeadAttention<any> }: MultiHeadOptions<Weights>,
): { context: tf.Tensor3D; weights: Weights } {
  const sameForAllHeads = mask?.rank === 3 ? mask.expandDims(1) : mask;
  const { context, weights } = attend(q, keys, values, sameForAllHeads);
  return { context: dense(mergeHeads(context), WO, bO), weights };
}

/** x W + b in heads [batch, heads, length, dHead], for several W at once. */
function project(
  x: tf.Tensor,
  Ws: tf.Tensor[],
  bs: (tf.Tensor | undefined)[],
  heads: number,
): tf.Tensor4D[] {
  for (const W of Ws) expectShape('W', W, ['depth', 'dModel']);
  const biases = bs.filter((b) => b !== undefined);
  for (const b of biases) expectShape('b', b, ['dModel']);
  const [depth, dModel] = [x.shape[2], Ws[0].shape[1] as number];
  const alike =
    Ws.every((W) => W.shape.join() === `${depth},${dModel}`) &&
    biases.every((b) => b.shape.join() === `${dModel}`) &&
    [0, Ws.length].includes(biases.length);
  if (hasKernels() && alike && dModel % heads === 0)
    return madeOf(x, fusedProjections(x, Ws, biases, heads));
  return Ws.map((W, i) => splitHeads(dense(x, W, bs[i]), heads));
}

/**
 * [batch, length, dModel] → [batch, heads, length, dHead], dHead = dModel / heads.
 *
 * @throws if dModel is not divisible by the number of heads
 */
export function splitHeads(x: tf.Tensor, heads: number): tf.Tensor4D {
  const [batch, length, dModel] = expectShape('x', x, ['batch', 'length', 'dModel']);
  if (!(Number.isInteger(heads) && heads >= 1 && dModel % heads === 0)) {
    throw new Error(`dModel ${dModel} is not divisible by ${heads} heads`);
  }
  return tf.tidy(() =>
    tf.transpose(x.reshape([batch, length, heads, dModel / heads]), [0, 2, 1, 3]),
  ) as tf.Tensor4D;
}

/** [batch, heads, length, dHead] → [batch, length, heads · dHead]: `splitHeads` undone. */
export function mergeHeads(x: tf.Tensor): tf.Tensor3D {
  const [batch, heads, length, d] = expectShape('x', x, ['batch', 'heads', 'length', 'dHead']);
  return tf.tidy(() => tf.transpose(x, [0, 2, 1, 3]).reshape([batch, length, heads * d]));
}

/**
 * New parameters: Glorot and Bengio's uniform matrices, biases 0.
 *
 * @param sizes.queryDepth of the queries, and so on; dModel if left out
 * @param sizes.bias whether there are biases
 */
export function multiHeadParameters(
  sizes: {
    dModel: number;
    queryDepth?: number;
    keyDepth?: number;
    valueDepth?: number;
    bias?: boolean;
  },
  next: Random,
): MultiHeadParameters {
  const { dModel, queryDepth = dModel, keyDepth = dModel, valueDepth = keyDepth, bias } = sizes;
  const zeros = () => tf.zeros([dModel]);
  return {
    WQ: uniform([queryDepth, dModel], next),
    WK: uniform([keyDepth, dModel], next),
    WV: uniform([valueDepth, dModel], next),
    WO: uniform([dModel, dModel], next),
    ...(bias && { bQ: zeros(), bK: zeros(), bV: zeros(), bO: zeros() }),
  };
}
