import { fusedLsh } from '../../tensors/fused/lsh';
import { hasFused } from '../../tensors/fused/operation';
import { expectNotNested } from '../../tensors/kernels';
import { expectMask, withoutHidden } from '../../tensors/mask';
import { expectShape, leadingAxes } from '../../tensors/shape';
import { stopGradient } from '../../tensors/stop-gradient';
import { tf } from '../../tensors/tf';
import type { SparseWeights } from '../sparse-weights';
import {
  attendSorted,
  attendSortedGradient,
  type Sight,
  type Sorted,
  sortByBucket,
  sortedWeights,
} from './sorted-chunks';

export type { Sight };

/** Settings of LSH attention. */
export type LshOptions = Partial<Sight> & {
  /** m: how many sorted positions attend to one another, and to the m before them. */
  chunkLength?: number;
  /** What the dot products are multiplied with, 1/√depth if left out. */
  scale?: number;
  /** Return the weights too; they take rounds × 2m numbers for each query. */
  withWeights?: boolean;
};

/**
 * Attention among positions that locality-sensitive hashing puts into the same bucket, with one
 * vector as query and key.
 *
 *     o_i = Σ_{j ∈ P_i} exp(q_i · k_j − z(i)) v_j      k_j = q_j / |q_j|      z(i) = log Σ_{j ∈ P_i} exp(q_i · k_j)
 *     P_i = { j ≠ i : h(q_j) = h(q_i) }                and, if causal, j < i
 *
 * In each round, positions are sorted by bucket and cut into chunks of m; i sees the part of P_i
 * in its own chunk and the one before. All rounds stand in one line, so before the first chunk of
 * a round comes the last chunk of the round before, and before the very first the very last. A
 * position attends to itself only if it sees nobody in any round. Nothing of length × length is
 * built, neither forward nor backward.
 *
 * How this relates to the paper and to known code:
 * - A pair that meets in N rounds counts N times, as in reformer-pytorch and HF transformers. The
 *   paper divides by N (Appendix A, N_{i,j}): `countOnce`, exact, at about twice the time.
 * - `acrossBuckets` lets queries see other buckets in their reach. The formula does not; the
 *   authors' settings and both libraries' defaults do, as the work is done anyhow.
 * - Dot products are multiplied with 1/√depth as in the authors' code; HF transformers: scale 1.
 * - Causal hides later keys and values, but which earlier keys are in reach depends on where the
 *   chunks are cut, and that on the buckets of all positions, later ones too. So it is in the paper.
 *
 * Source: Kitaev, Kaiser, Levskaya (2020), "Reformer", Section 2, eq. (2)–(5), and Appendix A.
 *
 * @param queryKey q [batch, length, depth], or [batch, heads, length, depth]
 * @param values [batch, (heads,) length, dValue]
 * @param buckets h(q) [batch, (heads,) rounds, length], int32, from 0; see `angularHash`
 * @param mask [batch, 1, length] (heads: [batch, 1, 1, length]): 1 = is there. A position with 0
 *   is not seen, and sees nobody: weights 0, context 0
 * @returns context [batch, (heads,) length, dValue]; if asked for, weights, through which no
 *   gradient flows; their last key is the query itself
 * @throws if a shape does not fit, or buckets are not whole numbers from 0
 */
export function lshAttention<T extends tf.Tensor = tf.Tensor3D>(
  queryKey: T,
  values: T,
  buckets: tf.Tensor,
  mask?: tf.Tensor,
  options: LshOptions = {},
): { context: T; weights?: SparseWeights } {
  expectNotNested('lshAttention');
  const axes = leadingAxes('queryKey', queryKey);
  const sizes = expectShape('queryKey', queryKey, [...axes, 'length', 'depth'] as const);
  const lead = sizes.slice(0, -2);
  const [length, depth] = sizes.slice(-2);
  const dValue = expectShape('values', values, [...lead, length, 'dValue']).at(-1) as number;
  const ofBuckets = expectShape('buckets', buckets, [...lead, 'rounds', length], 'int32');
  const rounds = ofBuckets[lead.length];
  const rows = lead.reduce((product, n) => product * n, 1);
  if (mask) expectMask(mask, [lead[0], ...lead.slice(1).map(() => 1), 1, length]);
  const { chunkLength = 64, scale = 1 / Math.sqrt(depth), withWeights = false, ...sight } = options;
  if (!(Number.isInteger(chunkLength) && chunkLength > 0)) {
    throw new Error(`chunkLength: expected a whole number from 1, got ${chunkLength}`);
  }

  const settings = {
    ...{ chunkLength: Math.min(chunkLength, length), scale },
    ...{ causal: false, acrossBuckets: false, countOnce: false, ...sight },
  };
  expectFromZero(buckets);
  return tf.tidy(() => {
    const [kept, seen] = withoutHidden(mask, queryKey, values);
    const q = kept.reshape([rows, length, depth]);
    const v = seen.reshape([rows, length, dValue]);
    if (hasFused() && !settings.countOnce && !withWeights) {
      const hashed = buckets.reshape([rows, rounds, length]);
      const context = fusedLsh(q, v, hashed, mask?.reshape([lead[0], length]), settings);
      return { context: context.reshape([...lead, length, dValue]) as T };
    }
    const k = tf.mul(unit(q), scale);
    const groups = sortInGroups(buckets, mask, { ...settings, rows, rounds, length });
    const context = attendInGroups(q, k, v, groups).reshape([...lead, length, dValue]) as T;
    if (!withWeights) return { context };
    const [weights, keys] = inGroups([q, k, v], groups, sortedWeights).map((x) =>
      x.reshape([...lead, length, -1]),
    );
    return { context, weights: { weights: stopGradient(weights), keys, keyCount: length } };
  });
}

function expectFromZero(buckets: tf.Tensor): void {
  const [least] = tf.tidy(() => tf.min(buckets).dataSync());
  if (least < 0) throw new Error(`buckets: expected numbers from 0, got ${least}`);
}

/** Rows × rounds × length that are computed at a time: bounds the tables of the backward pass. */
const GROUP = 2 ** 15;

/** Sorts the rows in groups, each as large as is computed at a time. */
function sortInGroups(
  buckets: tf.Tensor,
  mask: tf.Tensor | undefined,
  sizes: Parameters<typeof sortByBucket>[2],
): Sorted[] {
  const { rows, rounds, length } = sizes;
  const [all, shown] = [buckets.dataSync() as Int32Array, mask?.dataSync()];
  const heads = rows / buckets.shape[0];
  const step = Math.max(1, Math.floor(GROUP / (rounds * length)));
  const groups: Sorted[] = [];
  for (let from = 0; from < rows; from += step) {
    const to = Math.min(from + step, rows);
    const own = all.subarray(from * rounds * length, to * rounds * length);
    const isShown = (row: number, i: number) =>
      !shown || shown[Math.floor((from + row) / heads) * length + i] > 0;
    groups.push(sortByBucket(own, isShown, { ...sizes, rows: to - from }));
  }
  return groups;
}

/** Runs `f` on the rows of each group of [rows, length, depth] tensors and joins its results. */
function inGroups(
  tensors: tf.Tensor[],
  groups: Sorted[],
  f: (tensors: tf.Tensor[], sorted: Sorted) => tf.Tensor[],
): tf.Tensor[] {
  let from = 0;
  const results = groups.map((sorted) => {
    const { rows, length } = sorted;
    const start = from;
    from += rows;
    const own = (x: tf.Tensor) =>
      x.slice([start, 0, 0], [rows, -1, -1]).reshape([rows * length, -1]);
    return tf.tidy(() => f(tensors.map(own), sorted).map((x) => x.reshape([rows, length, -1])));
  });
  return results[0].map((_, i) => tf.concat(results.map((result) => result[i])));
}

/** `attendSorted` of [rows, length, depth] tensors, with its gradient. */
function attendInGroups(q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, groups: Sorted[]): tf.Tensor {
  const attend = tf.customGrad((...args) => {
    const [inputs, save] = [args.slice(0, 3) as tf.Tensor[], args[3] as unknown as tf.GradSaveFunc];
    const [context, Z] = inGroups(inputs, groups, attendSorted);
    save([...inputs, context]);
    // Only inputs and outputs can be saved as tensors on every backend; Z is small.
    const [numbers, shape] = [Z.dataSync(), Z.shape];
    const gradFunc = (dContext: tf.Tensor, saved: tf.Tensor[]) =>
      inGroups([...saved, tf.tensor(numbers, shape), dContext], groups, attendSortedGradient);
    return { value: context, gradFunc };
  });
  return attend(q, k, v);
}

/** k = x / |x| (0 for 0), whose gradient is dx = (dk − k (k · dk)) / |x|. */
function unit(x: tf.Tensor): tf.Tensor {
  const perLength = (y: tf.Tensor) => tf.rsqrt(tf.add(tf.sum(tf.square(y), -1, true), 1e-12));
  const normalise = tf.customGrad((...args) => {
    const [vector, save] = args as unknown as [tf.Tensor, tf.GradSaveFunc];
    const value = tf.mul(vector, perLength(vector));
    save([vector, value]);
    const gradFunc = (dk: tf.Tensor, [y, k]: tf.Tensor[]) =>
      tf.mul(tf.sub(dk, tf.mul(k, tf.sum(tf.mul(k, dk), -1, true))), perLength(y));
    return { value, gradFunc };
  });
  return normalise(x);
}
