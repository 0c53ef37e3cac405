import { hasKernels, kernel } from '../../tensors/kernels';
import { tf } from '../../tensors/tf';

/**
 * A pattern of attention: queries that stand together in a block look at one common list of keys.
 * Both lists hold positions; −1 leaves a place empty, as where a block reaches beyond the edge.
 */
export type Blocks = {
  /** The queries of each block. Every position of the sequence stands in one block, once. */
  queries: number[][];
  /** The keys of each block, none twice. */
  keys: number[][];
  /** Whether query i sees key j of its block. */
  sees: (i: number, j: number) => boolean;
};

/** S_i, the keys that each query i = 0, 1, … sees, from first to last: for plots and tests. */
export function keysSeen({ queries, keys, sees }: Blocks): number[][] {
  const seen: number[][] = [];
  queries.forEach((block, b) => {
    for (const i of block) {
      if (i >= 0) seen[i] = keys[b].filter((j) => j >= 0 && sees(i, j)).sort((x, y) => x - y);
    }
  });
  return seen;
}

/**
 * The way of tensors between a sequence and its blocks: s sequences; `count` blocks, each with m
 * queries and n keys. The four functions are linear and have no gradient: `toQueries` and
 * `fromQueries` are each other's transposes, `toKeys` and `fromKeys` too.
 */
export type BlockLayout = {
  count: number;
  m: number;
  n: number;
  /** [count · m], [count · n]: the positions of queries and keys; −1, where a block has none. */
  queries: Int32Array;
  keys: Int32Array;
  /** [count · m · n]: the position of each key that its query sees, else −1. */
  seen: Int32Array;
  /** [length · n]: the same, by the queries' positions. */
  seenBy: Int32Array;
  /** [s, length, d] → [s, count, m, d], 0 where a block has no query. */
  toQueries: (x: tf.Tensor) => tf.Tensor;
  /** [s, count, m, d] → [s, length, d] */
  fromQueries: (x: tf.Tensor) => tf.Tensor;
  /** [s, length, d] → [s, count, n, d], anything where a block has no key. */
  toKeys: (x: tf.Tensor) => tf.Tensor;
  /** [s, count, n, d] → [s, length, d]: for each key the sum over the blocks that have it. */
  fromKeys: (x: tf.Tensor) => tf.Tensor;
};

const layouts = new WeakMap<Blocks, { length: number; layout: BlockLayout }>();

/** @throws if a position of the sequence stands in no block, or in two */
export function blockLayout(blocks: Blocks, length: number): BlockLayout {
  const known = layouts.get(blocks);
  if (known?.length === length) return known.layout;
  const layout = makeLayout(blocks, length);
  layouts.set(blocks, { length, layout });
  return layout;
}

const patterns = new WeakMap<object, Map<string, unknown>>();

/**
 * `pattern(...args)`, made once for all layers and training steps that ask alike: its layout, which
 * looks at every pair, then is made once, too. Only the last four of each function are kept.
 */
export function remembered<Args extends unknown[], Pattern>(
  pattern: (...args: Args) => Pattern,
  ...args: Args
): Pattern {
  const made = patterns.get(pattern) ?? new Map<string, unknown>();
  patterns.set(pattern, made);
  const key = JSON.stringify(args);
  const found = made.has(key) ? (made.get(key) as Pattern) : pattern(...args);
  made.delete(key);
  made.set(key, found); // the last one used is the last to go
  for (const [oldest] of made) if (made.size > 4) made.delete(oldest);
  return found;
}

function makeLayout(blocks: Blocks, length: number): BlockLayout {
  const count = blocks.queries.length;
  const longest = (lists: number[][]) => lists.reduce((n, list) => Math.max(n, list.length), 0);
  const m = longest(blocks.queries);
  // Places that are empty in every block, as of a window wider than the sequence, are left out.
  const places = range(longest(blocks.keys)).filter((c) =>
    blocks.keys.some((list) => list[c] >= 0),
  );
  if (places.length === 0) places.push(0); // nobody sees anything: one place, always empty
  const n = places.length;
  const queries = Int32Array.from(
    range(count * m),
    (i) => blocks.queries[Math.floor(i / m)][i % m] ?? -1,
  );
  const keys = Int32Array.from(
    range(count * n),
    (i) => blocks.keys[Math.floor(i / n)][places[i % n]] ?? -1,
  );

  const seen = new Int32Array(count * m * n);
  const placeOf = new Int32Array(length).fill(-1);
  queries.forEach((i, place) => {
    const firstKey = Math.floor(place / m) * n;
    for (let c = 0; c < n; c++) {
      const j = keys[firstKey + c];
      // Where there is no query, anything may be seen: nobody asks.
      seen[place * n + c] = j >= 0 && (i < 0 || blocks.sees(i, j)) ? j : -1;
    }
    if (i < 0) return;
    if (placeOf[i] >= 0) throw new Error(`query ${i} stands in two blocks`);
    placeOf[i] = place;
  });
  const missing = placeOf.indexOf(-1);
  if (missing >= 0) throw new Error(`query ${missing} stands in no block`);

  const seenBy = new Int32Array(length * n);
  placeOf.forEach((place, i) => {
    seenBy.set(seen.subarray(place * n, (place + 1) * n), i * n);
  });

  const inOrder = placeOf.every((place, i) => place === i);
  const spare = count * m - length;
  const queryOrZero = queries.map((i) => (i < 0 ? length : i));
  const keyOrder = sort(keys, length);
  const keyOrFirst = keys.map((j) => Math.max(0, j));
  const inBlocks = (x: tf.Tensor, size: number) =>
    x.reshape([x.shape[0], count, size, x.shape[x.rank - 1]]);
  return {
    count,
    m,
    n,
    queries,
    keys,
    seen,
    seenBy,
    toQueries: (x) =>
      tf.tidy(() => {
        if (inOrder && spare === 0) return inBlocks(x, m);
        const padded = tf.pad(x, [
          [0, 0],
          [0, inOrder ? spare : 1],
          [0, 0],
        ]);
        return inBlocks(inOrder ? padded : rows(padded, queryOrZero), m);
      }),
    fromQueries: (x) =>
      tf.tidy(() => {
        const flat = x.reshape([x.shape[0], count * m, x.shape[x.rank - 1]]);
        if (!inOrder) return rows(flat, placeOf);
        return spare === 0 ? flat : tf.slice(flat, [0, 0, 0], [-1, length, -1]);
      }),
    toKeys: (x) => tf.tidy(() => inBlocks(rows(x, keyOrFirst), n)),
    fromKeys: (x) => tf.tidy(() => sumRows(x, keyOrder)),
  };
}

const range = (size: number) => Array.from({ length: size }, (_, i) => i);

/** y[s, i] = x[s, index[i]] */
function rows(x: tf.Tensor, index: Int32Array): tf.Tensor {
  const indices = tf.tensor1d(index, 'int32');
  if (!hasKernels()) return tf.gather(x, indices, 1);
  const types = {
    Tparams: x.dtype as 'float32' | 'int32',
    Tindices: 'int32',
    Taxis: 'int32',
  } as const;
  return kernel('GatherV2', [x, indices, tf.scalar(1, 'int32')], { batch_dims: 0, ...types });
}

type Order = { length: number; index: Int32Array; sorted: Int32Array; segment: Int32Array };

/** The places i of an index sorted by their j = index[i], and those j; −1 is left out. */
function sort(index: Int32Array, length: number): Order {
  const start = new Int32Array(length + 1);
  for (const j of index) if (j >= 0) start[j + 1]++;
  for (let j = 0; j < length; j++) start[j + 1] += start[j];
  const [sorted, segment] = [new Int32Array(start[length]), new Int32Array(start[length])];
  index.forEach((j, i) => {
    if (j < 0) return;
    segment[start[j]] = j;
    sorted[start[j]++] = i;
  });
  return { length, index, sorted, segment };
}

/**
 * y[s, j] = Σ_{i: index[i] = j} x[s, i] for j = 0 … length − 1, where x is [s, …, d]. In sorted order
 * each y is written once: three times as fast as adding the rows as they come.
 */
function sumRows(x: tf.Tensor, { length, index, sorted, segment }: Order): tf.Tensor {
  const [s, d] = [x.shape[0], x.shape[x.rank - 1]];
  const forEach = (order: Int32Array, size: number) => {
    const first = tf.mul(tf.range(0, s, 1, 'int32'), tf.scalar(size, 'int32'));
    return tf.add(tf.tensor1d(order, 'int32'), first.reshape([s, 1])).flatten();
  };
  const flat = x.reshape([s * index.length, d]);
  const [order, segments] = [forEach(sorted, index.length), forEach(segment, length)];
  if (!hasKernels()) {
    const ids = segments as tf.Tensor1D;
    return tf.unsortedSegmentSum(tf.gather(flat, order), ids, s * length).reshape([s, length, d]);
  }
  const types = { Tidx: 'int32', Tnumsegments: 'int32', Tsegmentids: 'int32' } as const;
  const inputs = [flat, order, segments, tf.scalar(s * length, 'int32')];
  const sum = kernel('SparseSegmentSumWithNumSegments', inputs, { T: 'float32', ...types });
  return sum.reshape([s, length, d]);
}
