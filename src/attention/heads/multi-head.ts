import { dense } from '../../tensors/dense';
import { fusedAttention } from '../../tensors/fused/attention';
import { fusedDense } from '../../tensors/fused/dense';
import { fusedHeadsApart, fusedHeadsTogether } from '../../tensors/fused/heads';
import { hasFused } from '../../tensors/fused/operation';
import { fusedRotary } from '../../tensors/fused/rotary';
import { madeOf, withoutHidden } from '../../tensors/mask';
import { type Random, uniform } from '../../tensors/random';
import { expectShape } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import { expectEvenDepth, rotaryInHeads } from '../positions/rotary';
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
  /** Queries and keys are turned by their positions, see `rotaryPositions`; the last query stands at
   * the last key. */
  rotary?: boolean;
};

/** Projected keys and values: all that a query needs. The columns of all heads stand side by side. */
export type KeyValueCache = {
  /** K W^K [batch, keys, dModel] */
  keys: tf.Tensor3D;
  /** V W^V [batch, keys, dModel] */
  values: tf.Tensor3D;
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
    const { mask } = options;
    if (query === keys && keys === values) {
      expectShape('query', query, ['batch', 'queries', 'queryDepth']);
      const [x] = withoutHidden(mask, query);
      const packed = packedSelfAttention(x, parameters, options);
      if (packed) return packed;
      const cache = keyValueCache(x, x, parameters, options);
      return multiHeadQuery(x, cache, parameters, options);
    }
    const [k] = withoutHidden(mask, keys);
    const [v] = keys === values ? [k] : withoutHidden(mask, values);
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
    const [k, v] = [project(keys, WK, bK, heads), project(values, WV, bV, heads)];
    if (!past) return { keys: k, values: v };
    return { keys: tf.concat([past.keys, k], 1), values: tf.concat([past.values, v], 1) };
  });
}

/** The other half of `multiHeadAttention`: queries [batch, queries, queryDepth] on a cache. */
export function multiHeadQuery<Weights extends tf.TensorContainer = tf.Tensor4D>(
  query: tf.Tensor,
  cache: KeyValueCache,
  parameters: MultiHeadParameters,
  options: MultiHeadOptions<Weights>,
): { context: tf.Tensor3D; weights: Weights } {
  const { heads, mask, attend, rotary } = options;
  const [batch, positions, dModel] = expectShape('keys', cache.keys, ['batch', 'keys', 'dModel']);
  expectShape('values', cache.values, [batch, positions, 'dModel']);
  expectShape('query', query, [batch, 'queries', 'queryDepth']);
  return tf.tidy(() => {
    const q = project(query, parameters.WQ, parameters.bQ, heads);
    const start = positions - q.shape[1];
    const all = [
      rotary ? madeOf(q, [rotaryInHeads(q, heads, start)])[0] : q,
      rotary ? madeOf(cache.keys, [rotaryInHeads(cache.keys, heads)])[0] : cache.keys,
      cache.values,
    ];
    if (!attend && q.shape[2] === dModel) {
      const fused = fusedInHeads(all, dModel, options);
      if (fused) return joined(fused.context, fused.weights as never, parameters);
    }
    const [inHeads, keys, values] = all.map((x) => madeOf(x, [splitHeads(x, heads)])[0]);
    const each = attend ?? (scaledDotProductAttention as HeadAttention<any>);
    const { context, weights } = each(inHeads, keys, values, sameForAllHeads(mask));
    return joined(mergeHeads(context), weights, parameters);
  });
}

/** Self-attention, with queries, keys and values out of one product, read where they stand; or nothing. */
function packedSelfAttention<Weights extends tf.TensorContainer>(
  x: tf.Tensor,
  parameters: MultiHeadParameters,
  options: MultiHeadOptions<Weights>,
) {
  const { WQ, WK, WV, bQ, bK, bV } = parameters;
  const Ws = [WQ, WK, WV];
  const [dModel, ...others] = Ws.map((W) => W.shape[1] as number);
  if (!hasFused() || others.some((size) => size !== dModel)) return undefined;
  const { heads, rotary, attend, mask } = options;
  const depth = depthOfHead(dModel, heads);
  if (rotary) expectEvenDepth(depth);
  const projected = fusedDense(x, Ws, [bQ, bK, bV]);
  const packed = rotary ? fusedRotary(projected, { heads, packed: true }) : projected;
  if (!packed) return undefined;
  if (attend) {
    const [q, k, v] = madeOf(x, fusedHeadsApart(packed, heads, 3));
    const { context, weights } = attend(q, k, v, sameForAllHeads(mask));
    return joined(mergeHeads(context), weights, parameters);
  }
  const fused = fusedInHeads(madeOf(x, [packed]), dModel, options);
  return fused && joined(fused.context, fused.weights as never, parameters);
}

/** Scaled dot-product attention in heads that stand side by side, as one operation; or nothing. */
function fusedInHeads(
  tensors: tf.Tensor[],
  dModel: number,
  { heads, mask }: Pick<MultiHeadOptions, 'heads' | 'mask'>,
) {
  const scale = 1 / Math.sqrt(depthOfHead(dModel, heads));
  return fusedAttention(tensors, sameForAllHeads(mask), scale, heads);
}

/** Of [batch, queries, keys], with an axis for the heads. */
function sameForAllHeads(mask?: tf.Tensor): tf.Tensor | undefined {
  return mask?.rank === 3 ? mask.expandDims(1) : mask;
}

/** The product of all heads with WO. */
function joined<Weights>(heads: tf.Tensor, weights: Weights, { WO, bO }: MultiHeadParameters) {
  return { context: dense(heads as tf.Tensor3D, WO, bO), weights };
}

/** x W + b [batch, length, dModel], where dModel is divisible by the number of heads. */
function project(x: tf.Tensor, W: tf.Tensor, b: tf.Tensor | undefined, heads: number) {
  const y = dense(x as tf.Tensor3D, W, b);
  depthOfHead(y.shape[2], heads);
  return madeOf(x, [y])[0];
}

/** @throws if dModel is not divisible by the number of heads */
function depthOfHead(dModel: number, heads: number): number {
  if (!(Number.isInteger(heads) && heads >= 1 && dModel % heads === 0)) {
    throw new Error(`dModel ${dModel} is not divisible by ${heads} heads`);
  }
  return dModel / heads;
}

/**
 * [batch, length, dModel] → [batch, heads, length, dHead], dHead = dModel / heads.
 *
 * @throws if dModel is not divisible by the number of heads
 */
export function splitHeads(x: tf.Tensor, heads: number): tf.Tensor4D {
  const [batch, length, dModel] = expectShape('x', x, ['batch', 'length', 'dModel']);
  const dHead = depthOfHead(dModel, heads);
  if (hasFused()) return fusedHeadsApart(x, heads)[0];
  return tf.tidy(() =>
    tf.transpose(x.reshape([batch, length, heads, dHead]), [0, 2, 1, 3]),
  ) as tf.Tensor4D;
}

/** [batch, heads, length, dHead] → [batch, length, heads · dHead]: `splitHeads` undone. */
export function mergeHeads(x: tf.Tensor): tf.Tensor3D {
  const [batch, heads, length, d] = expectShape('x', x, ['batch', 'heads', 'length', 'dHead']);
  if (hasFused()) return fusedHeadsTogether(x);
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
