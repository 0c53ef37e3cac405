import { castMask, expectMask, expectMaskOf } from '../../tensors/mask';
import { expectDraw, type Random, uniform } from '../../tensors/random';
import { expectShape, expectTensor, leadingAxes } from '../../tensors/shape';
import { stopGradient } from '../../tensors/stop-gradient';
import { tf } from '../../tensors/tf';
import { maskedSoftmax } from '../masked-softmax';
import { causalMask } from '../masks';
import type { SparseWeights } from '../sparse-weights';

/** The parameters of the sorting network: one score of each block for each place. */
export type SortParameters = {
  /** [dKey, maxBlocks]. */
  W: tf.Tensor;
  /** [maxBlocks]. */
  b: tf.Tensor;
};

export type SinkhornOptions = {
  /** Keys in a block. A length that it does not divide is padded inside. */
  block: number;
  /** τ > 0: the lower, the nearer the sorting is to a permutation. */
  temperature?: number;
  /** How often rows and columns are normalised. */
  iterations?: number;
  /** ε [..., blocks, blocks], added to the scores while training; see `gumbelNoise`. */
  noise?: tf.Tensor;
  /** Whether queries see no later key. */
  causal?: boolean;
};

/** A sequence cut into blocks; groups = batch · heads. */
type Blocks = {
  /** [groups, blocks, block, dKey]. */
  keys: tf.Tensor4D;
  /** [groups, blocks, block, dValue]. */
  values: tf.Tensor4D;
  /** [groups, blocks, block]: 1 = a key, 0 = padding. */
  real: tf.Tensor;
};

/**
 * Sinkhorn normalisation: rows and columns are divided by their sums, in turn, until the matrix is
 * doubly stochastic, a soft permutation. In log space, where nothing overflows.
 *
 *     l ← l − log Σ_columns exp(l)      l ← l − log Σ_rows exp(l)      S = exp(l)
 *
 * Source: Sinkhorn (1964); Tay et al. (2020), Section 3. The columns come last: they sum to 1
 * exactly, the rows nearly.
 *
 * @param logits [..., rows, columns]
 * @param mask broadcastable to `logits`: 1 = part of the matrix, 0 = no entry, which stays 0
 * @returns shape of `logits`, 0 … 1
 */
export function sinkhorn(
  logits: tf.Tensor,
  mask?: tf.Tensor,
  { iterations = 7 }: { iterations?: number } = {},
): tf.Tensor {
  expectTensor('logits', logits);
  if (mask) expectMaskOf(mask, logits.shape);
  return tf.tidy(() => {
    const nothing = tf.scalar(-1e9); // not lower: logits are subtracted from it
    const shown = mask && tf.broadcastTo(castMask(mask, 'bool'), logits.shape);
    const hide = (l: tf.Tensor) => (shown ? tf.where(shown, l, nothing) : l);
    let l = hide(logits);
    for (let i = 0; i < iterations; i++) {
      l = hide(tf.sub(l, tf.logSumExp(l, -1, true)));
      l = hide(tf.sub(l, tf.logSumExp(l, -2, true)));
    }
    return tf.exp(l);
  });
}

/** Gumbel noise, −log(−log u) of u in (0, 1): added to logits, it makes their largest a random draw. */
export function gumbelNoise(shape: number[], next: Random): tf.Tensor {
  expectDraw(shape, next);
  const size = shape.reduce((product, n) => product * n, 1);
  const draw = () => -Math.log(-Math.log(Math.min(Math.max(next(), 1e-9), 1 - 1e-9)));
  return tf.tensor(Float32Array.from({ length: size }, draw), shape);
}

/**
 * Sparse Sinkhorn attention: blocks of keys are sorted, softly, so that every query finds the far
 * block it needs next to its own, and attends to these two only.
 *
 *     ψ_i = Σ of the keys of block i      R = S((ψ W + b + ε) / τ)      S = `sinkhorn`
 *     K̃_i = Σ_j R_ij K_j      Ṽ_i = Σ_j R_ij V_j      (blocks, place by place)
 *     context of a query in block i = softmax(q [K̃_i ‖ K_i]ᵀ / √dKey) [Ṽ_i ‖ V_i]
 *
 * Source: Tay et al. (2020), Section 3. One softmax over both blocks, as in the sinkhorn-transformer
 * package; the authors' later code adds the results of two.
 *
 * Causal: ψ_i = Σ of the keys up to the first of block i; R_ij = 0 for j ≥ i, and rows are normalised
 * only, by softmax. The paper's "causal Sinkhorn balancing" normalises columns too. But a column sum
 * takes in later rows, that is the future, and the only triangular doubly stochastic matrix is the
 * identity: with enough iterations, every block would get just the one before it.
 *
 * Memory grows with length · block + (length / block)². The weights name, for a place in K̃, the key
 * of the block with the largest R: the whole truth only once R is a permutation.
 *
 * @param query [batch, length, dKey], or [batch, heads, length, dKey]
 * @param keys like `query`
 * @param values [batch, (heads,) length, dValue]
 * @param mask [batch, 1, length]: 1 = a key, 0 = padding, which is sorted nowhere
 * @returns context [batch, (heads,) length, dValue]; weights over 2 · block keys, the sorted first;
 *   sorting R [batch, (heads,) blocks, blocks]: rows = places, columns = blocks
 * @throws if a shape does not fit, or there are more blocks than columns of W
 */
export function sinkhornAttention<T extends tf.Tensor = tf.Tensor3D>(
  query: T,
  keys: T,
  values: T,
  parameters: SortParameters,
  mask: tf.Tensor | undefined,
  options: SinkhornOptions,
): { context: T; weights: SparseWeights; sorting: T } {
  const { block, causal = false } = options;
  const shape = expectShape('query', query, lengthAxes(query));
  expectShape('keys', keys, shape);
  const lead = shape.slice(0, -2);
  const [length, dKey] = shape.slice(-2);
  return tf.tidy(() => {
    const cut = cutIntoBlocks(keys, values, mask, block);
    const [groups, blocks] = cut.keys.shape;
    const dValue = cut.values.shape[3];
    const sorting = sortBlocks(cut, parameters, lead, options);
    const sorted = applySorting(sorting, cut);

    const q = intoBlocks(query, block);
    const beside = causal ? causalMask(block) : tf.ones([block, block]);
    const own = tf.mul(cut.real.reshape([groups, blocks, 1, block]), tf.cast(beside, 'float32'));
    const far = tf.mul(sorted.real.reshape([groups, blocks, 1, block]), tf.ones([block, 1]));
    const both = tf.matMul(q, tf.concat([sorted.keys, cut.keys], 2), false, true);
    const logits = tf.mul(both, 1 / Math.sqrt(dKey));
    const weights = maskedSoftmax(logits, tf.concat([far, own], 3));
    const context = tf.matMul(weights, tf.concat([sorted.values, cut.values], 2));

    const uncut = (x: tf.Tensor, depth: number) =>
      x
        .reshape([groups, blocks * block, depth])
        .slice([0, 0, 0], [-1, length, -1])
        .reshape([...lead, length, depth]);
    const ownKeys = tf.range(0, blocks * block, 1, 'int32').reshape([1, blocks, block]);
    const keyNumbers = tf.concat(
      [sorted.numbers, tf.broadcastTo(ownKeys, [groups, blocks, block])],
      2,
    );
    const perQuery = tf.tile(keyNumbers.reshape([groups, blocks, 1, 2 * block]), [1, 1, block, 1]);
    return {
      context: uncut(context, dValue) as T,
      weights: sparse(uncut(weights, 2 * block), uncut(perQuery, 2 * block), length),
      sorting: sorting.reshape([...lead, blocks, blocks]) as T,
    };
  });
}

/** Places beyond the length are padding of ours: no keys. */
export function sparse(weights: tf.Tensor, numbers: tf.Tensor, keyCount: number): SparseWeights {
  const there = tf.less(numbers, tf.scalar(keyCount, 'int32'));
  return { weights, keys: tf.where(there, numbers, tf.scalar(-1, 'int32')), keyCount };
}

export function lengthAxes(x: tf.Tensor): string[] {
  return [...leadingAxes('query', x), 'length', 'dKey'];
}

/** [batch, (heads,) length, depth] → [groups, blocks, block, depth], padded with 0. */
export function intoBlocks(x: tf.Tensor, block: number): tf.Tensor4D {
  const [length, depth] = x.shape.slice(-2);
  const blocks = Math.ceil(length / block);
  const flat = x.reshape([-1, length, depth]);
  const padded = tf.pad(flat, [
    [0, 0],
    [0, blocks * block - length],
    [0, 0],
  ]);
  return padded.reshape([-1, blocks, block, depth]) as tf.Tensor4D;
}

/** Keys and values in blocks; what the mask hides becomes 0, so that no sum takes it in. */
export function cutIntoBlocks(
  keys: tf.Tensor,
  values: tf.Tensor,
  mask: tf.Tensor | undefined,
  block: number,
): Blocks {
  const lead = keys.shape.slice(0, -2);
  const [length] = keys.shape.slice(-2);
  expectShape('values', values, [...lead, length, 'dValue']);
  if (mask) expectMask(mask, [lead[0], 1, length]);
  if (!(Number.isInteger(block) && block >= 1)) throw new Error(`expected block ≥ 1, got ${block}`);
  const heads = lead[1] ?? 1;
  const shown = mask ? castMask(mask, 'float32') : tf.ones([lead[0], 1, length]);
  const perGroup = tf.tile(shown, [1, heads, 1]).reshape([lead[0] * heads, length, 1]);
  const real = intoBlocks(perGroup, block);
  const visible = tf.cast(real, 'bool');
  const only = (x: tf.Tensor4D) =>
    tf.where(tf.broadcastTo(visible, x.shape), x, tf.zerosLike(x)) as tf.Tensor4D;
  return {
    keys: only(intoBlocks(keys, block)),
    values: only(intoBlocks(values, block)),
    real: real.squeeze([3]),
  };
}

/** R [groups, blocks, blocks]: which block comes to which place. */
export function sortBlocks(
  { keys, real }: Blocks,
  { W, b }: SortParameters,
  lead: number[],
  { temperature = 0.75, iterations, noise, causal }: SinkhornOptions,
): tf.Tensor3D {
  const [groups, blocks, , dKey] = keys.shape;
  if (!(temperature > 0)) throw new Error(`expected temperature > 0, got ${temperature}`);
  const [, maxBlocks] = expectShape('W', W, [dKey, 'maxBlocks']);
  expectShape('b', b, [maxBlocks]);
  if (blocks > maxBlocks) throw new Error(`${blocks} blocks > ${maxBlocks} columns of W`);
  if (noise) expectShape('noise', noise, [...lead, blocks, blocks]);
  const sums = tf.sum(keys, 2); // [groups, blocks, dKey]
  // TensorFlow.js has a right gradient for cumsum only along the last axis.
  const before = () => tf.cumsum(sums.transpose([0, 2, 1]), 2, true).transpose([0, 2, 1]);
  const first = () => keys.slice([0, 0, 0, 0], [-1, -1, 1, -1]).squeeze([2]);
  const psi = causal ? tf.add(before(), first()) : sums;
  const scores = tf.add(tf.matMul(psi.reshape([groups * blocks, dKey]), W), b);
  const fitting = scores.slice([0, 0], [-1, blocks]).reshape([groups, blocks, blocks]);
  const noisy = noise ? tf.add(fitting, noise.reshape([groups, blocks, blocks])) : fitting;
  const logits = tf.div(noisy, temperature);
  const there = tf.max(real, 2); // a block of padding alone takes no part
  const column = there.reshape([groups, 1, blocks]);
  if (!causal) {
    return sinkhorn(logits, tf.mul(column, there.reshape([groups, blocks, 1])), {
      iterations,
    }) as tf.Tensor3D;
  }
  const earlier = tf.sub(tf.cast(causalMask(blocks), 'float32'), tf.eye(blocks));
  return maskedSoftmax(logits, tf.mul(column, earlier)) as tf.Tensor3D;
}

/** K̃ and Ṽ; which of their places hold anything; and the number of the key that each mostly is. */
export function applySorting(
  sorting: tf.Tensor3D,
  { keys, values, real }: Blocks,
): Blocks & { numbers: tf.Tensor } {
  const [groups, blocks, block] = keys.shape;
  const places = sorting.shape[1];
  const mix = (x: tf.Tensor4D) => {
    const flat = x.reshape([groups, blocks, block * x.shape[3]]);
    return tf.matMul(sorting, flat).reshape([groups, places, block, x.shape[3]]) as tf.Tensor4D;
  };
  const R = stopGradient(sorting); // comparing and choosing have no gradient
  const filled = tf.cast(tf.greater(tf.matMul(R, real), 0), 'float32');
  const chosen = tf.argMax(R, 2).reshape([groups, places, 1]);
  const first = tf.mul(tf.cast(chosen, 'int32'), tf.scalar(block, 'int32'));
  const numbers = tf.add(first, tf.range(0, block, 1, 'int32'));
  return { keys: mix(keys), values: mix(values), real: filled, numbers };
}

/** New parameters of the sorting network: Glorot, bias 0. */
export function sortParameters(
  { dKey, maxBlocks }: { dKey: number; maxBlocks: number },
  next: Random,
): SortParameters {
  return { W: uniform([dKey, maxBlocks], next), b: tf.zeros([maxBlocks]) };
}
