import { expectSizes, lengthOf } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import type { SparseWeights } from '../sparse-weights';
import { type Blocks, remembered } from './block-layout';
import { blockAttention, unionAttention } from './blocks';
import { dilatedSlidingWindow } from './dilated-sliding-window';
import { slidingWindow } from './sliding-window';

/** One of the two factorizations of causal attention. */
export type SparsePattern = {
  /** 'strided' for what has rows of length l, as images; 'fixed' for text. */
  pattern: 'strided' | 'fixed';
  /** l, best near √length. */
  stride: number;
  /** c: how many positions at the end of each row of l pass its summary on; only for 'fixed'. */
  summary?: number;
};

/**
 * How attention uses the two patterns (Section 4.3): a whole number r takes A^(1 + r mod 2), for
 * layers that take turns; 'merged' lets each head see both at once; 'heads' gives A^(1) to the
 * first half of the heads, A^(2) to the second.
 */
export type SparsePatternUse = number | 'merged' | 'heads';

/**
 * The attention of the Sparse Transformer: two patterns of about √length keys each, which together
 * lead from any position to any later one in two steps. Cost: length · √length.
 *
 *     strided   A^(1)_i = { j ≤ i : j ≥ i − l }           A^(2)_i = { j ≤ i : (i − j) mod l = 0 }
 *     fixed     A^(1)_i = { j ≤ i : ⌊j / l⌋ = ⌊i / l⌋ }   A^(2)_i = { j ≤ i : j mod l ≥ l − c }
 *
 * Source: Child, Gray, Radford, Sutskever (2019), Sections 4.2 and 4.3.
 *
 * @param query [batch, length, dKey], or [batch, heads, length, dKey]
 * @param keys shape of `query`
 * @param values [batch, length, dValue], or [batch, heads, length, dValue]
 * @param mask which keys may be seen, [batch, (heads,) 1, length]; see `blockAttention`
 * @param options.use see `SparsePatternUse`
 * @returns context, shape of `values`; the weights of the keys in the query's pattern
 * @throws if stride or summary is not a whole number that fits, if there is no even number of heads
 *   for 'heads', or a shape does not fit
 */
export function sparseTransformerAttention<T extends tf.Tensor = tf.Tensor3D>(
  query: T,
  keys: T,
  values: T,
  mask: tf.Tensor | undefined,
  { use, ...options }: SparsePattern & { use: SparsePatternUse },
): { context: T; weights: SparseWeights } {
  const length = lengthOf('query', query);
  const shape: number[] = query.shape;
  if (use === 'merged') {
    return unionAttention(query, keys, values, remembered(disjoint, length, options), mask);
  }
  const [first, second] = remembered(sparsePatterns, length, options);
  if (use !== 'heads') {
    if (!Number.isInteger(use)) throw new Error(`use: expected a whole number, got ${use}`);
    return blockAttention(query, keys, values, use % 2 === 0 ? first : second, mask);
  }
  if (shape.length !== 4 || shape[1] % 2 !== 0) {
    throw new Error(
      `use 'heads': expected an even number of heads, got shape [${shape.join(', ')}]`,
    );
  }
  return tf.tidy(() => {
    const halves = (x: tf.Tensor) => tf.split(x, 2, 1) as T[];
    const [q, k, v] = [query, keys, values].map(halves);
    const masks = mask && mask.shape[1] !== 1 ? halves(mask) : [mask, mask];
    const parts = [first, second].map((blocks, half) =>
      blockAttention(q[half], k[half], v[half], blocks, masks[half]),
    );
    const contexts = parts.map(({ context }) => context as tf.Tensor);
    return { context: tf.concat(contexts, 1) as T, weights: stackHeads(parts, shape[1] / 2) };
  });
}

/** The patterns A^(1) and A^(2). `keysSeen` lists them for a plot. */
export function sparsePatterns(length: number, options: SparsePattern): [Blocks, Blocks] {
  const { pattern, stride: l, summary: c = 1 } = options;
  expectSizes({ length });
  if (!(Number.isInteger(l) && l > 0)) {
    throw new Error(`stride: expected a whole number above 0, got ${l}`);
  }
  if (!(Number.isInteger(c) && c > 0 && c <= l)) {
    throw new Error(`summary: expected a whole number from 1 to the stride ${l}, got ${c}`);
  }
  if (pattern === 'strided') {
    const column = { window: 2 * Math.ceil(length / l), dilation: l, causal: true };
    return [
      slidingWindow(length, { window: 2 * l, causal: true }),
      { ...dilatedSlidingWindow(length, column), sees: (i, j) => (i - j) % l === 0 && j <= i },
    ];
  }
  const all = Array.from({ length }, (_, i) => i);
  const rows = Array.from({ length: Math.ceil(length / l) }, (_, row) =>
    all.slice(row * l, (row + 1) * l),
  );
  return [
    {
      queries: rows,
      keys: rows,
      sees: (i, j) => Math.floor(j / l) === Math.floor(i / l) && j <= i,
    },
    {
      queries: [all],
      keys: [all.filter((j) => j % l >= l - c)],
      sees: (i, j) => j % l >= l - c && j <= i,
    },
  ];
}

/** A^(1), and what A^(2) adds to it. */
function disjoint(length: number, options: SparsePattern): [Blocks, Blocks] {
  const [first, second] = sparsePatterns(length, options);
  return [first, { ...second, sees: (i, j) => second.sees(i, j) && !first.sees(i, j) }];
}

/** Both halves of the heads as one: the shorter lists of keys are filled up with none. */
function stackHeads(halves: { weights: SparseWeights }[], heads: number): SparseWeights {
  const visible = Math.max(...halves.map(({ weights }) => weights.keys.shape[1] as number));
  const filled = (x: tf.Tensor, value: number) =>
    tf.pad(
      x,
      x.shape.map((size, axis) => [0, axis === x.rank - 1 ? visible - size : 0]),
      value,
    );
  const keys = halves.map(({ weights }) => {
    const list = filled(weights.keys, -1);
    return tf.broadcastTo(list.expandDims(0), [heads, ...list.shape]);
  });
  return {
    weights: tf.concat(
      halves.map(({ weights }) => filled(weights.weights, 0)),
      1,
    ),
    keys: tf.concat(keys, 0),
    keyCount: halves[0].weights.keyCount,
  };
}
