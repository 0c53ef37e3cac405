/**
 * What LSH attention spends its time on: attention inside chunks of a sorted order, in little
 * memory. The logits of only a few chunks exist at a time; the backward pass computes them again.
 * An order is a permutation, so the gradient of "take the rows in this order" is "take them in the
 * inverse order", which is faster than to scatter them.
 */
import { hasKernels, kernel } from '../../tensors/kernels';
import { tf } from '../../tensors/tf';

/** Sizes of the sorted order of some sequences ("rows": examples × heads). */
type Sizes = { rows: number; rounds: number; length: number; chunkLength: number };

/** Who may see whom, besides what hashing says. */
export type Sight = {
  /** A query sees only earlier positions. */
  causal: boolean;
  /** A query also sees the keys of other buckets in its chunk and the one before. */
  acrossBuckets: boolean;
  /** A pair that meets in N rounds counts once, not N times. */
  countOnce: boolean;
};

/** The positions of each row, sorted in every round; the rounds stand one after another in a line. */
export type Sorted = Sizes &
  Sight & {
    /** Chunks in the line of one row. */
    chunks: number;
    /** s_i: the slot of position i, [rounds, rows, length]. */
    slots: Int32Array;
    /** The inverse: which position fills each slot, as row · length + i, [rows, chunks, m]. */
    order: Int32Array;
    /** i itself, for a key; `length` if nobody may see it, [rows, chunks, m]. */
    position: Int32Array;
    /** A query sees keys at positions below this, [rows, chunks, m]. */
    limit: Int32Array;
    /** Other numbers in other rounds, [rows, chunks, m]. */
    bucket: Int32Array;
  };

/**
 * Sorts by bucket, inside a bucket by position, hidden positions last; fills the last chunk of a
 * round up with empty slots. There are few buckets, so counting sort does it in linear time.
 *
 * @param buckets [rows, rounds, length]
 * @param isShown false for a position that neither sees nor is seen
 */
export function sortByBucket(
  buckets: Int32Array,
  isShown: (row: number, i: number) => boolean,
  { rows, rounds, length, chunkLength, ...sight }: Sizes & Sight,
): Sorted {
  const perRound = Math.ceil(length / chunkLength) * chunkLength;
  const slotCount = rows * rounds * perRound;
  const last = buckets.reduce((most, bucket) => Math.max(most, bucket), 0) + 1;
  const slots = new Int32Array(rounds * rows * length);
  const order = new Int32Array(slotCount);
  const position = new Int32Array(slotCount).fill(length);
  const limit = new Int32Array(slotCount).fill(-1);
  const bucket = new Int32Array(slotCount).fill(-1);
  const bucketOf = new Int32Array(length);
  for (let line = 0; line < rows * rounds; line++) {
    const [row, round] = [Math.floor(line / rounds), line % rounds];
    const next = new Int32Array(last + 2); // the next free slot of each bucket
    for (let i = 0; i < length; i++) {
      bucketOf[i] = isShown(row, i) ? buckets[line * length + i] : last;
      next[bucketOf[i] + 1]++;
    }
    for (let b = 0; b <= last; b++) next[b + 1] += next[b];
    order.fill(row * length, line * perRound, (line + 1) * perRound);
    for (let i = 0; i < length; i++) {
      const slot = line * perRound + next[bucketOf[i]]++;
      slots[(round * rows + row) * length + i] = slot;
      order[slot] = row * length + i;
      bucket[slot] = round * (last + 1) + bucketOf[i];
      if (bucketOf[i] === last) continue;
      position[slot] = i;
      limit[slot] = sight.causal ? i : length;
    }
  }
  const chunks = (rounds * perRound) / chunkLength;
  const sizes = { rows, rounds, length, chunkLength, chunks };
  return { ...sizes, ...sight, slots, order, position, limit, bucket };
}

/** Logits that exist at a time: few enough for the processor's cache. */
const PIECE = 2 ** 20;
/** The logit of a hidden key; and the least that counts as the largest logit of a query. */
const [HIDDEN, FLOOR] = [-1e30, -1e29];

/**
 * Softmax attention along the sorted order, over all rounds at once:
 *
 *     z_ij = q_i · k_j − log N_ij      Z_i = log Σ_j exp z_ij      context_i = Σ_j exp(z_ij − Z_i) v_j
 *
 * where j runs over what i sees in its chunk and the one before, in every round. (The paper
 * normalises in each round and weights the rounds with exp(Z_i^(r) − Z_i): the same numbers.)
 * A position that sees nobody gets its own value.
 *
 * @param q, k [rows · length, depth]
 * @param v [rows · length, dValue]
 * @returns context [rows · length, dValue]; Z [rows · length, 1], 1e30 for who sees nobody
 */
export function attendSorted([q, k, v]: tf.Tensor[], sorted: Sorted): tf.Tensor[] {
  return tf.tidy(() => {
    // A column of ones makes the sum of the weights with the same product as their context.
    const values = withColumn(v, tf.ones([v.shape[0], 1]));
    const [sums, tops] = inPieces(sorted, (piece) => {
      const z = logits(take(q, piece.queries), take(k, piece.keys), piece);
      const top = tf.maximum(tf.max(z, -1, true), FLOOR); // exp(HIDDEN − FLOOR) is 0, not 1
      return [tf.matMul(tf.exp(tf.sub(z, top)), take(values, piece.keys)), top];
    });
    const topOf = perRound(sorted).map((slots) => take(tops, tf.tensor1d(slots, 'int32')));
    const top = topOf.reduce((most, next) => tf.maximum(most, next));
    const total = sumOf(perRound(sorted), (slots, round) =>
      tf.mul(take(sums, slots), tf.exp(tf.sub(topOf[round], top))),
    );
    const [weighted, sum] = tf.split(total, [v.shape[1] as number, 1], 1);
    const nobody = tf.equal(sum, 0);
    const Z = tf.where(nobody, tf.fill(sum.shape, -HIDDEN), tf.add(top, tf.log(sum)));
    const average = tf.div(weighted, tf.add(sum, tf.cast(nobody, 'float32')));
    return [tf.add(average, tf.mul(alone(Z, sorted), v)), Z];
  });
}

/** [rows · length, 1]: 1 for a position that sees nobody, although it is not hidden; else 0. */
function alone(Z: tf.Tensor, { slots, limit, rows, length }: Sorted): tf.Tensor {
  const shown = Float32Array.from(slots.subarray(0, rows * length), (s) => Number(limit[s] >= 0));
  return tf.mul(tf.cast(tf.equal(Z, -HIDDEN), 'float32'), tf.tensor2d(shown, [rows * length, 1]));
}

/**
 * The gradient of `attendSorted` from its inputs, its results and the gradient of the context:
 *
 *     p_ij = exp(z_ij − Z_i)      dz_ij = p_ij (dcontext_i · v_j − dcontext_i · context_i)
 *     dq_i = Σ_j dz_ij k_j        dk_j = Σ_i dz_ij q_i        dv_j = Σ_i p_ij dcontext_i
 */
export function attendSortedGradient(
  [q, k, v, context, Z, dContext]: tf.Tensor[],
  sorted: Sorted,
): tf.Tensor[] {
  return tf.tidy(() => {
    // Both subtractions happen inside the products: [q, −Z] · [k, 1] and [dc, −dc · c] · [v, 1].
    const one = tf.onesLike(Z);
    const tables = {
      q: withColumn(q, tf.neg(Z)),
      k: withColumn(k, one),
      v: withColumn(v, one),
      dContext: withColumn(dContext, tf.neg(tf.sum(tf.mul(dContext, context), 1, true))),
    };
    const [dQuery, dKeys, dValues] = inPieces(sorted, (piece) => {
      const [query, dc] = [take(tables.q, piece.queries), take(tables.dContext, piece.queries)];
      const [keys, values] = [take(tables.k, piece.keys), take(tables.v, piece.keys)];
      const p = tf.exp(logits(query, keys, piece));
      const dz = tf.mul(p, tf.matMul(dc, values, false, true));
      return [tf.matMul(dz, keys), tf.matMul(dz, query, true), tf.matMul(p, dc, true)];
    });
    // A key was read twice in each round: by its own chunk and by the next.
    const readings = perRound(sorted).flatMap((slots) => readersOf(slots, sorted));
    const [dq, dk, dv] = [
      sumOf(perRound(sorted), (slots) => take(dQuery, slots)),
      sumOf(readings, (slots) => take(dKeys, slots)),
      sumOf(readings, (slots) => take(dValues, slots)),
    ].map((x) => x.slice([0, 0], [-1, (x.shape[1] as number) - 1]));
    return [dq, dk, tf.add(dv, tf.mul(alone(Z, sorted), dContext))];
  });
}

/**
 * The weights p_ij of `attendSorted`, and which keys they belong to.
 *
 * @returns weights and keys [rows · length, rounds · 2m + 1]; the last key is the query itself
 */
export function sortedWeights([q, k, v]: tf.Tensor[], sorted: Sorted): tf.Tensor[] {
  return tf.tidy(() => {
    const { length } = sorted;
    const [, Z] = attendSorted([q, k, v], sorted);
    const [p, keys] = inPieces(sorted, (piece) => {
      const z = logits(take(q, piece.queries), take(k, piece.keys), piece);
      const position = tf.mod(piece.keys.expandDims(1), tf.scalar(length, 'int32'));
      const key = tf.where(piece.visible, position.broadcastTo(z.shape), tf.scalar(-1, 'int32'));
      return [tf.exp(tf.sub(z, take(Z, piece.queries))), key];
    });
    const joined = (table: tf.Tensor) =>
      tf.concat(
        perRound(sorted).map((slots) => take(table, tf.tensor1d(slots, 'int32'))),
        1,
      );
    const self = tf.range(0, length, 1, 'int32').reshape([1, length, 1]).tile([sorted.rows, 1, 1]);
    return [
      withColumn(joined(p), alone(Z, sorted)),
      withColumn(joined(keys), self.reshape(Z.shape)),
    ];
  });
}

/** Some chunks: which rows of the tables their queries and keys are, and who sees whom. */
export type Piece = {
  /** [n, m] */
  queries: tf.Tensor;
  /** [n, 2m]: the chunk before, then the chunk itself; only itself if there is no other. */
  keys: tf.Tensor;
  /** [n, m, 2m] */
  visible: tf.Tensor;
  /** log N_ij [n, m, 2m], N_ij the number of rounds in which the pair meets; 0 if left out. */
  logN?: tf.Tensor;
};

/** Runs `f` on few chunks at a time and joins its results, [chunks, n, width] → [chunks · n, width]. */
export function inPieces(sorted: Sorted, f: (piece: Piece) => tf.Tensor[]): tf.Tensor[] {
  const { rows, chunks, chunkLength } = sorted;
  const step = Math.max(1, Math.floor(PIECE / (2 * chunkLength ** 2)));
  const results: tf.Tensor[][] = [];
  for (let from = 0; from < rows * chunks; from += step) {
    const to = Math.min(from + step, rows * chunks);
    results.push(tf.tidy(() => f(pieceOf(sorted, from, to))));
  }
  return results[0].map((_, output) =>
    tf.tidy(() => {
      const parts = results.map((result) => result[output]);
      const joined = tf.concat(parts);
      tf.dispose(parts);
      return joined.reshape([-1, joined.shape[2] as number]);
    }),
  );
}

function pieceOf(sorted: Sorted, from: number, to: number): Piece {
  const [n, m] = [to - from, sorted.chunkLength];
  const own = (array: Int32Array) => array.subarray(from * m, to * m);
  const query = (array: Int32Array) => tf.tensor3d(own(array), [n, m, 1], 'int32');
  const key = (array: Int32Array) => {
    const reached = withChunkBefore(array, sorted, from, to);
    return tf.tensor3d(reached, [n, 1, reached.length / n], 'int32');
  };
  const { order, position, limit, bucket, causal, acrossBuckets, countOnce } = sorted;
  const seen = [tf.less(key(position), query(limit))];
  if (!causal) seen.push(tf.notEqual(key(position), query(position))); // causal excludes itself
  if (!acrossBuckets) seen.push(tf.equal(key(bucket), query(bucket)));
  const visible = seen.reduce((both, next) => tf.logicalAnd(both, next));
  const [queries, keys] = [query(order).reshape([n, m]), key(order).reshape([n, -1])];
  const logN = countOnce ? tf.log(meetings(sorted, queries, keys)) : undefined;
  return { queries, keys, visible, logN };
}

/**
 * [to − from, 2m]: for each chunk the one before it and itself. Before the first chunk of a line
 * comes the last, so before the first of a round comes the last of the round before.
 */
function withChunkBefore(array: Int32Array, sorted: Sorted, from: number, to: number) {
  const { chunks, chunkLength: m } = sorted;
  if (chunks === 1) return array.subarray(from * m, to * m);
  const result = new Int32Array((to - from) * 2 * m);
  for (let chunk = from; chunk < to; chunk++) {
    const before = chunk % chunks === 0 ? chunk + chunks - 1 : chunk - 1;
    const at = (chunk - from) * 2 * m;
    result.set(array.subarray(before * m, (before + 1) * m), at);
    result.set(array.subarray(chunk * m, (chunk + 1) * m), at + m);
  }
  return result;
}

/** N_ij: how often the key of a pair stands within reach of its query, at least 1. */
function meetings(sorted: Sorted, queries: tf.Tensor, keys: tf.Tensor): tf.Tensor {
  const { rounds, rows, length, chunks, chunkLength: m, bucket, slots, acrossBuckets } = sorted;
  const [n, reach] = keys.shape;
  // Where each position stands in each round, and the place before, where it looks back to.
  const [here, before] = [0, 1].map((back) => {
    const place = Int32Array.from(slots, (slot) => {
      const row = Math.floor(slot / m / chunks) * chunks;
      const chunk = Math.floor(slot / m) - row - back;
      // In a bucket of its own, a place is a chunk of that bucket.
      return acrossBuckets ? (chunk + chunks) % chunks : bucket[slot] * chunks + chunk;
    });
    return tf.tensor2d(place, [rounds, rows * length], 'int32');
  });
  const ofQuery = (places: tf.Tensor, round: number) =>
    take(places.slice([round, 0], [1, -1]).flatten(), queries).reshape([n, m, 1]);
  const ofKey = (places: tf.Tensor, round: number) =>
    take(places.slice([round, 0], [1, -1]).flatten(), keys).reshape([n, 1, reach]);
  const met: tf.Tensor[] = [];
  for (let round = 0; round < rounds; round++) {
    const [place, placeBefore] = [ofQuery(here, round), ofQuery(before, round)];
    met.push(tf.equal(place, ofKey(here, round)), tf.equal(placeBefore, ofKey(here, round)));
    const roundBefore = (round + rounds - 1) % rounds;
    if (acrossBuckets && rounds > 1) met.push(tf.equal(placeBefore, ofKey(here, roundBefore)));
  }
  const count = met.reduce((sum, once) => tf.add(sum, tf.cast(once, 'float32')), tf.scalar(0));
  return tf.maximum(count, 1);
}

/** z_ij of a piece, hidden keys at −1e30; with Z in the last column of q, z_ij − Z_i. */
export function logits(q: tf.Tensor, k: tf.Tensor, { visible, logN }: Piece): tf.Tensor {
  const products = tf.matMul(q, k, false, true);
  const z = logN ? tf.sub(products, logN) : products;
  if (!hasKernels()) return tf.where(visible, z, tf.fill(z.shape, HIDDEN));
  return kernel('SelectV2', [visible, z, tf.scalar(HIDDEN)]);
}

/**
 * Rows of a table.
 *
 * @param table [rows, width], or [rows]
 * @returns [...index, width], or [...index]
 */
export function take(table: tf.Tensor, index: tf.Tensor): tf.Tensor {
  if (!hasKernels()) return tf.gather(table, index);
  const types = { Tparams: table.dtype as 'float32', Tindices: 'int32', Taxis: 'int32' } as const;
  return kernel('GatherV2', [table, index, tf.scalar(0, 'int32')], { batch_dims: 0, ...types });
}

const withColumn = (x: tf.Tensor, column: tf.Tensor) => tf.concat([x, column], 1);

/** s_i of every position, round by round: which row of a table in sorted order is its own. */
function perRound({ slots, rounds, rows, length }: Sorted): Int32Array[] {
  const size = rows * length;
  return Array.from({ length: rounds }, (_, r) => slots.subarray(r * size, (r + 1) * size));
}

/** Where in a table of `Piece.keys` each position stands: in its own chunk and in the next. */
function readersOf(slots: Int32Array, { chunks, chunkLength: m }: Sorted): Int32Array[] {
  if (chunks === 1) return [slots];
  const own = slots.map((slot) => slot + (Math.floor(slot / m) + 1) * m);
  const next = slots.map((slot) => {
    const chunk = Math.floor(slot / m);
    const after = chunk % chunks === chunks - 1 ? chunk + 1 - chunks : chunk + 1;
    return after * 2 * m + (slot % m);
  });
  return [own, next];
}

/** Σ of the same table's rows in several orders: from slots back to positions. */
function sumOf(indices: Int32Array[], term: (index: tf.Tensor, i: number) => tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    let sum: tf.Tensor | undefined;
    indices.forEach((index, i) => {
      const previous = sum;
      sum = tf.tidy(() => {
        const next = term(tf.tensor1d(index, 'int32'), i);
        return previous ? tf.add(previous, next) : next;
      });
      previous?.dispose();
    });
    return sum as tf.Tensor;
  });
}
