import { hasKernels, kernel } from '../kernels';
import { tf } from '../tf';

/**
 * A pattern of attention: queries that stand together in a block look at one common list of keys.
 * Both lists hold positions; −1 leaves a place empty, as where a block reaches beyond the edge.
 */
export type Blocks = {
  /** The queries of each block. Every position of the sequence stands in one block, once. */
  queries: number[][];
  /** The keys of each block, none twice. */
  keys: number[][];
  /** Whether query number `a` of a block sees key number `c` of its list; left out: always. */
  sees?: (a: number, c: number) => boolean;
};

/**
 * The way of tensors between a sequence and its blocks: s sequences, `count` blocks of `m` queries
 * and `n` keys. Every function here is linear and has no gradient of its own: `toQueries` and
 * `fromQueries` are each other's transposes, and so are `toKeys` and `fromKeys`.
 */
export type BlockLayout = {
  count: number;
  m: number;
  n: number;
  /** [m, n]: whether a query sees a key by their places in the block. */
  sees: Uint8Array;
  /** [count · n]: the position of each key, −1 if there is none. */
  keys: Int32Array;
  /** [s, length, d] → [s, count, m, d], 0 where a block has no query. */
  toQueries: (x: tf.Tensor) => tf.Tensor;
  /** [s, count, m, d] → [s, length, d] */
  fromQueries: (x: tf.Tensor) => tf.Tensor;
  /** [s, length, d] → [s, count, n, d], anything where a block has no key. */
  toKeys: (x: tf.Tensor) => tf.Tensor;
  /** [s, count, n, d] → [s, length, d]: the sum over the blocks that have the key. */
  fromKeys: (x: tf.Tensor) => tf.Tensor;
};

/** @throws if a position of the sequence stands in no block, or in two */
export function blockLayout(blocks: Blocks, length: number): BlockLayout {
  const longest = (lists: number[][]) => Math.max(...lists.map((list) => list.length));
  const count = blocks.queries.length;
  const m = longest(blocks.queries);
  // Places that are empty in every block (a window wider than the sequence) are left out.
  const places = range(longest(blocks.keys)).filter((c) =>
    blocks.keys.some((list) => list[c] >= 0),
  );
  const n = places.length;
  const queries = Int32Array.from(
    blocks.queries.flatMap((list) => range(m).map((a) => list[a] ?? -1)),
  );
  const keys = Int32Array.from(blocks.keys.flatMap((list) => places.map((c) => list[c] ?? -1)));
  const { sees } = blocks;
  const seen = new Uint8Array(m * n).fill(1);
  if (sees)
    places.forEach((c, i) => range(m).forEach((a) => (seen[a * n + i] = Number(sees(a, c)))));

  const placeOf = new Int32Array(length).fill(-1);
  queries.forEach((position, place) => {
    if (position < 0) return;
    if (placeOf[position] >= 0) throw new Error(`query ${position} stands in two blocks`);
    placeOf[position] = place;
  });
  const missing = placeOf.indexOf(-1);
  if (missing >= 0) throw new Error(`query ${missing} stands in no block`);
  const inOrder = placeOf.every((place, position) => place === position);
  const spare = count * m - length;

  const [queriesOrSpare, keysOrFirst] = [
    queries.map((position) => (position < 0 ? length : position)), // length: a row of zeros
    keys.map((position) => Math.max(0, position)),
  ];
  const blocksOf = (x: tf.Tensor, size: number) =>
    x.reshape([x.shape[0], count, size, x.shape[2] as number]);
  return {
    count,
    m,
    n,
    sees: seen,
    keys,
    toQueries: (x) =>
      tf.tidy(() => {
        if (inOrder && spare === 0) return blocksOf(x, m);
        const padded = tf.pad(x as tf.Tensor3D, [
          [0, 0],
          [0, inOrder ? spare : 1],
          [0, 0],
        ]);
        return blocksOf(inOrder ? padded : rows(padded, queriesOrSpare), m);
      }),
    fromQueries: (x) =>
      tf.tidy(() => {
        const flat = x.reshape([x.shape[0], count * m, x.shape[3] as number]);
        if (!inOrder) return rows(flat, placeOf);
        return spare === 0 ? flat : tf.slice(flat, [0, 0, 0], [-1, length, -1]);
      }),
    toKeys: (x) => tf.tidy(() => blocksOf(rows(x, keysOrFirst), n)),
    fromKeys: (x) => tf.tidy(() => sumRows(x, keys, length)),
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

/** y[s, j] = Σ_{i: index[i] = j} x[s, i] for j = 0 … length − 1, where x is [s, …, d] */
function sumRows(x: tf.Tensor, index: Int32Array, length: number): tf.Tensor {
  const [s, d] = [x.shape[0], x.shape[x.rank - 1] as number];
  // Sorted by j, the sum reads each row once and writes each y once; as they come, it would jump.
  const start = new Int32Array(length + 1);
  for (const j of index) if (j >= 0) start[j + 1]++;
  for (let j = 0; j < length; j++) start[j + 1] += start[j];
  const [sorted, segment] = [new Int32Array(start[length]), new Int32Array(start[length])];
  index.forEach((j, i) => {
    if (j < 0) return;
    segment[start[j]] = j;
    sorted[start[j]++] = i;
  });
  const forEach = (order: Int32Array, size: number) => {
    const first = tf.mul(tf.range(0, s, 1, 'int32'), tf.scalar(size, 'int32'));
    return tf.add(tf.tensor1d(order, 'int32'), first.reshape([s, 1])).flatten();
  };
  const flat = x.reshape([s * index.length, d]);
  const [order, segments] = [forEach(sorted, index.length), forEach(segment, length)];
  const total = s * length;
  if (!hasKernels()) {
    const sum = tf.unsortedSegmentSum(tf.gather(flat, order), segments as tf.Tensor1D, total);
    return sum.reshape([s, length, d]);
  }
  const types = { Tidx: 'int32', Tnumsegments: 'int32', Tsegmentids: 'int32' } as const;
  return kernel<tf.Tensor>(
    'SparseSegmentSumWithNumSegments',
    [flat, order, segments, tf.scalar(total, 'int32')],
    { T: 'float32', ...types },
  ).reshape([s, length, d]);
}
