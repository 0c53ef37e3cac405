import { dense } from '../../tensors/dense';
import { type LayerNormParameters, layerNorm } from '../../tensors/layer-norm';
import { expectMask, withoutHidden } from '../../tensors/mask';
import { type Random, uniform } from '../../tensors/random';
import { expectShape } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import {
  type MultiHeadParameters,
  multiHeadAttention,
  multiHeadParameters,
} from '../heads/multi-head';

/** The parameters of a multihead attention block. */
export type MabParameters = {
  attention: MultiHeadParameters;
  /** rFF(H) = relu(H W + b): W [dModel, dModel], b [dModel]. */
  feedForward: { W: tf.Tensor; b: tf.Tensor };
  /** After attention, and after rFF; the paper's experiments often leave both out. */
  normAttention?: LayerNormParameters;
  normFeedForward?: LayerNormParameters;
};

/** The parameters of an induced set attention block: I [m, dModel] and two blocks. */
export type IsabParameters = { I: tf.Tensor; induce: MabParameters; look: MabParameters };

/** The parameters of pooling: seed vectors S [k, dModel], rFF, and a block. */
export type PmaParameters = {
  S: tf.Tensor;
  feedForward: { W: tf.Tensor; b: tf.Tensor };
  block: MabParameters;
};

type AttendedSet = { context: tf.Tensor3D; weights: tf.Tensor4D };
type SetOptions = { heads?: number };

/**
 * Multihead attention block: the elements of X look at those of Y. An encoder layer of the
 * Transformer without positions and dropout.
 *
 *     H = LayerNorm(X + Multihead(X, Y, Y))      MAB(X, Y) = LayerNorm(H + rFF(H))
 *
 * Source: Lee et al. (2019), Section 3.1. Like the paper's formula, and unlike its published code,
 * X itself is added, not its projection.
 *
 * @param X [batch, n, dModel]
 * @param Y [batch, m, dModel]
 * @param mask [batch, 1, m]: 1 = an element of Y, 0 = padding; see `paddingMask`
 * @returns context [batch, n, dModel] and weights [batch, heads, n, m]
 * @throws if a shape does not fit, or the heads do not divide dModel
 */
export function mab(
  X: tf.Tensor,
  Y: tf.Tensor,
  { attention, feedForward, normAttention, normFeedForward }: MabParameters,
  mask?: tf.Tensor,
  { heads = 1 }: SetOptions = {},
): AttendedSet {
  const norm = (x: tf.Tensor, g?: LayerNormParameters) => (g ? layerNorm(x, g) : x);
  const [batch, , dModel] = expectShape('X', X, ['batch', 'n', 'dModel']);
  const [, m] = expectShape('Y', Y, [batch, 'm', dModel]);
  if (mask) expectMask(mask, [batch, 1, m]);
  return tf.tidy(() => {
    const { context, weights } = multiHeadAttention(X, Y, Y, attention, { heads, mask });
    const H = norm(tf.add(X, context), normAttention);
    return {
      context: norm(tf.add(H, rFF(H, feedForward)), normFeedForward) as tf.Tensor3D,
      weights,
    };
  });
}

/**
 * Set attention block: the elements of a set look at each other, n² weights.
 *
 *     SAB(X) = MAB(X, X)
 *
 * Permutation equivariant. Source: Lee et al. (2019), Section 3.1.
 *
 * @param X [batch, n, dModel]
 * @param mask [batch, 1, n]: 1 = an element, 0 = padding. Rows of padding come out without meaning.
 */
export function sab(
  X: tf.Tensor,
  parameters: MabParameters,
  mask?: tf.Tensor,
  options?: SetOptions,
): AttendedSet {
  return tf.tidy(() => {
    const [seen] = withoutHidden(mask, X);
    return mab(seen, seen, parameters, mask, options);
  });
}

/**
 * Induced set attention block: m learned points look at the set, and the set looks at them. Every
 * element reaches every other through 2 m n weights in place of n².
 *
 *     H = MAB(I, X)      ISAB_m(X) = MAB(X, H)
 *
 * Permutation equivariant. Source: Lee et al. (2019), Section 3.1.
 *
 * @param X [batch, n, dModel]
 * @param mask [batch, 1, n]: 1 = an element, 0 = padding. Rows of padding come out without meaning.
 * @returns context [batch, n, dModel]; weights [batch, heads, n, m], of the elements over the
 *   points; pointWeights [batch, heads, m, n], of the points over the elements
 */
export function isab(
  X: tf.Tensor,
  { I, induce, look }: IsabParameters,
  mask?: tf.Tensor,
  options?: SetOptions,
): AttendedSet & { pointWeights: tf.Tensor4D } {
  return tf.tidy(() => {
    const [seen] = withoutHidden(mask, X);
    const points = perExample(I, seen);
    const { context: H, weights: pointWeights } = mab(points, seen, induce, mask, options);
    return { ...mab(seen, H, look, undefined, options), pointWeights };
  });
}

/**
 * Pooling by multihead attention: k learned seeds look at the set and sum it up.
 *
 *     PMA_k(Z) = MAB(S, rFF(Z))
 *
 * Permutation invariant. Source: Lee et al. (2019), Section 3.2.
 *
 * @param Z [batch, n, dModel]
 * @param mask [batch, 1, n]: 1 = an element, 0 = padding. Of an empty set the seeds learn nothing.
 * @returns context [batch, k, dModel] and weights [batch, heads, k, n]
 */
export function pma(
  Z: tf.Tensor,
  { S, feedForward, block }: PmaParameters,
  mask?: tf.Tensor,
  options?: SetOptions,
): AttendedSet {
  return tf.tidy(() => {
    const [batch, n] = expectShape('set', Z, ['batch', 'n', 'dModel']);
    if (mask) expectMask(mask, [batch, 1, n]);
    const [seen] = withoutHidden(mask, Z);
    return mab(perExample(S, Z), rFF(seen, feedForward), block, mask, options);
  });
}

/** New parameters of `mab` and `sab`: Glorot, biases 0. */
export function mabParameters(
  { dModel, norm = true }: { dModel: number; norm?: boolean },
  next: Random,
): MabParameters {
  const gainAndBias = () => ({ gain: tf.ones([dModel]), bias: tf.zeros([dModel]) });
  return {
    attention: multiHeadParameters({ dModel, bias: true }, next),
    feedForward: { W: uniform([dModel, dModel], next), b: tf.zeros([dModel]) },
    ...(norm ? { normAttention: gainAndBias(), normFeedForward: gainAndBias() } : {}),
  };
}

/** New parameters of `isab` with m induced points. */
export function isabParameters(
  { dModel, m, norm }: { dModel: number; m: number; norm?: boolean },
  next: Random,
): IsabParameters {
  const block = () => mabParameters({ dModel, norm }, next);
  return { I: uniform([m, dModel], next), induce: block(), look: block() };
}

/** New parameters of `pma` with k seeds. */
export function pmaParameters(
  { dModel, k, norm }: { dModel: number; k: number; norm?: boolean },
  next: Random,
): PmaParameters {
  return {
    S: uniform([k, dModel], next),
    feedForward: { W: uniform([dModel, dModel], next), b: tf.zeros([dModel]) },
    block: mabParameters({ dModel, norm }, next),
  };
}

function rFF<T extends tf.Tensor>(x: T, { W, b }: { W: tf.Tensor; b: tf.Tensor }): T {
  return tf.relu(dense(x, W, b));
}

/** The same learned rows [rows, dModel] for every example of X. */
function perExample(rows: tf.Tensor, X: tf.Tensor): tf.Tensor {
  const [batch, , dModel] = expectShape('set', X, ['batch', 'n', 'dModel']);
  const [count] = expectShape('learned points', rows, ['points', dModel]);
  return tf.broadcastTo(rows.reshape([1, count, dModel]), [batch, count, dModel]);
}
