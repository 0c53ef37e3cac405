import { denseGraphWeights } from '../../attention/graphs/edges';
import { graphSelfAttention } from '../../attention/graphs/graph-self-attention';
import { angularHash, randomRotations } from '../../attention/lsh/angular-hash';
import { lshAttention } from '../../attention/lsh/lsh';
import { adaptiveSpanAttention } from '../../attention/positions/adaptive-span';
import { dilatedSlidingWindowAttention } from '../../attention/sparse/dilated-sliding-window';
import { globalSlidingWindowAttention } from '../../attention/sparse/global-sliding-window';
import { linformerAttention } from '../../attention/sparse/linformer';
import { routingAttention } from '../../attention/sparse/routing';
import { sinkhornAttention } from '../../attention/sparse/sinkhorn';
import { slidingWindowAttention } from '../../attention/sparse/sliding-window';
import { sortcutSinkhornAttention } from '../../attention/sparse/sortcut-sinkhorn';
import { sparseTransformerAttention } from '../../attention/sparse/sparse-transformer';
import type { SparseWeights } from '../../attention/sparse-weights';
import { denseWeights } from '../../attention/sparse-weights';
import { random } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import { columnOf, depth, diagonal, matrix, sentence, vectors } from './example';
import { type Drawn, overSomeWords, overWords, rowsOf } from './panels';
import { leaves, treeEdges, treeNodes } from './tree';

const length = sentence.length;
const ofWords = 'The vectors of twelve words, as queries and as keys.';

/** Queries and keys so short that the pattern counts, and contents only shade it. */
const faint = () => vectors(0.9);

const windowed = (
  pattern: (x: tf.Tensor3D) => { weights: SparseWeights },
  look: string,
): Drawn => ({
  panels: [overSomeWords(pattern(faint()).weights)],
  input: ofWords,
  look,
});

const sliding = () =>
  windowed(
    (x) => slidingWindowAttention(x, x, x, undefined, { window: 4 }),
    'A band: two neighbours on either side.',
  );

const dilated = () =>
  windowed(
    (x) => dilatedSlidingWindowAttention(x, x, x, undefined, { window: 4, dilation: 2 }),
    'A band with gaps: every second neighbour, twice as far.',
  );

const factorized = (pattern: 'strided' | 'fixed', look: string) => () =>
  windowed(
    (x) => sparseTransformerAttention(x, x, x, undefined, { pattern, stride: 4, use: 'merged' }),
    look,
  );

/** Two tokens that see all, and are seen by all. */
function globalWindow(): Drawn {
  const x = faint();
  const positions = [0, 9];
  const query = tf.gather(x, positions, 1);
  const { weights, globalWeights } = globalSlidingWindowAttention(
    x,
    x,
    x,
    { positions, query, keys: x, values: x },
    undefined,
    { window: 2 },
  );
  const [rows, global] = [rowsOf(denseWeights(weights)), rowsOf(globalWeights)];
  positions.forEach((position, g) => {
    rows[position] = global[g];
  });
  return {
    panels: [overWords(rows)],
    input: `${ofWords} The first word and the second "whale" are global.`,
    look: 'A thin band and crosses: rows and columns of the tokens that see all.',
  };
}

function lsh(): Drawn {
  const x = vectors();
  const rotations = randomRotations({ depth, rounds: 1, buckets: 4 }, random(6));
  const { weights } = lshAttention(x, x, angularHash(x, rotations), undefined, {
    chunkLength: 6,
    withWeights: true,
  });
  return {
    panels: [overSomeWords(weights as SparseWeights)],
    input: 'The vectors of twelve words, each both query and key; one round of hashing.',
    look: 'Words of equal hash, and an empty diagonal: only who sees nobody else sees itself.',
  };
}

/** One cluster for each group of words; each takes four. */
function routing(): Drawn {
  const x = faint();
  const centroids = matrix(3, depth, (group, column) => Number(columnOf(group) === column));
  const { weights } = routingAttention(x, x, x, tf.tensor2d(centroids), undefined, { window: 4 });
  return {
    panels: [overSomeWords(weights)],
    input: `${ofWords} Three clusters: function words, nouns, the others.`,
    look: 'Three sets of four words, each closed to the others; every word sees itself.',
  };
}

/** A sorting network that brings to each place the block that `order` names. */
function sortingFor(x: tf.Tensor3D, block: number, order: number[]) {
  // Place i is filled by what the sum of block i, times W, scores highest.
  const sums = rowsOf(tf.sum(x.reshape([length / block, block, depth]), 1));
  const wanted = matrix(sums.length, sums.length, (i, j) => (order[i] === j ? 4 : 0));
  return { W: tf.tensor2d(solved(sums, wanted)), b: tf.zeros([sums.length]) };
}

/** The shortest W with A W = B, for few independent rows A: W = Aᵀ (A Aᵀ)⁻¹ B. */
function solved(A: number[][], B: number[][]): number[][] {
  const n = A.length;
  const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  const M = A.map((row, i) => [...A.map((other) => dot(row, other)), ...B[i]]);
  for (let p = 0; p < n; p++) {
    const best = M.slice(p).reduce(
      (at, row, i) => (Math.abs(row[p]) > Math.abs(M[at][p]) ? p + i : at),
      p,
    );
    [M[p], M[best]] = [M[best], M[p]];
    for (let i = 0; i < n; i++) {
      if (i === p) continue;
      const factor = M[i][p] / M[p][p];
      M[i] = M[i].map((value, c) => value - factor * M[p][c]);
    }
  }
  const X = M.map((row, i) => row.slice(n).map((value) => value / row[i]));
  return matrix(A[0].length, B[0].length, (r, c) =>
    A.reduce((sum, row, i) => sum + row[r] * X[i][c], 0),
  );
}

const sharp = { temperature: 0.2, iterations: 20 };

function sinkhorn(): Drawn {
  const x = faint();
  const block = 3;
  const parameters = sortingFor(x, block, [2, 3, 1, 0]);
  const { weights } = sinkhornAttention(x, x, x, parameters, undefined, { block, ...sharp });
  return {
    panels: [overSomeWords(weights)],
    input: `${ofWords} Blocks of three; the sorting network was solved for one order.`,
    look: 'Blocks: the own one, and one far one for each place.',
  };
}

function sortcut(): Drawn {
  const x = faint();
  const block = 3;
  const parameters = sortingFor(x, block, [2, 1, 3, 0]);
  const options = { block, budget: 2, ...sharp };
  const { weights } = sortcutSinkhornAttention(x, x, x, parameters, undefined, options);
  return {
    panels: [overSomeWords(weights)],
    input: `${ofWords} Blocks of three; the two that are sorted first are kept.`,
    look: 'Stripes from top to bottom: all queries see the same two blocks.',
  };
}

/** Four mixtures, each of a hill of places. */
function linformer(): Drawn {
  const E = matrix(length, 4, (i, k) => Math.exp(-(((i - 1 - 3 * k) / 1.5) ** 2)));
  const x = vectors(1.1);
  const { weights } = linformerAttention(x, x, x, { E: tf.tensor2d(E) });
  return {
    panels: [
      overWords(weights, {
        columns: ['words 1–3', 'words 4–6', 'words 7–9', 'words 10–12'],
        columnTitle: 'mixture, mostly of',
      }),
    ],
    input: `${ofWords} Keys are mixed down to four.`,
    look: 'Four columns, however long the sentence: keys are mixtures, not words.',
  };
}

/** Two heads: one has learned to look near, the other far. */
function adaptive(): Drawn {
  const x = vectors(0.8).expandDims(1);
  const both = tf.concat([x, x], 1) as tf.Tensor4D;
  const z = [0.5, 8];
  const { weights } = adaptiveSpanAttention(both, both, both, { z: tf.tensor1d(z) }, undefined, {
    ramp: 3,
    round: 1,
  });
  const each = tf.unstack(denseWeights(weights).reshape([2, length, length]));
  return {
    panels: each.map((head, h) =>
      overWords(head, { caption: `head ${h + 1}: span ${z[h]}, ramp 3` }),
    ),
    input: `${ofWords} Two heads, with spans set by hand.`,
    look: 'A band behind the diagonal that fades out, of another width for each head.',
  };
}

/** Word i of the sentence sees its neighbours, and farther away ever larger spans. */
function graph(): Drawn {
  const x = vectors();
  const rows = treeNodes.map(([from, to]) =>
    tf.mean(x.slice([0, from, 0], [1, to - from, depth]), 1),
  );
  const nodes = tf.concat(rows, 0);
  const eye = tf.tensor2d(diagonal(depth, 0.8));
  const edges = tf.tensor2d(treeEdges, undefined, 'int32');
  const parameters = { WQ: eye, WK: eye, WV: eye, WO: eye };
  const attended = graphSelfAttention(nodes, edges, parameters);
  const weights = denseGraphWeights(attended, treeNodes.length).slice([0, 0, 0], [1, leaves, -1]);
  const spans = treeNodes.map(([from, to]) =>
    to === from + 1 ? sentence[from] : `${from + 1}–${to}`,
  );
  return {
    panels: [
      overWords(weights, { columns: spans, columnTitle: 'key: words, then spans of 2 and 4' }),
    ],
    input: 'Twelve words, and nine nodes of a tree over them: spans of two and of four.',
    look: 'One band after another, each half as wide: far away is seen in larger pieces.',
  };
}

export const lengthMaps: Record<string, () => Drawn> = {
  'Strided Attention': factorized(
    'strided',
    'A band behind the diagonal, and lines four apart before it.',
  ),
  'Fixed Factorized Attention': factorized(
    'fixed',
    'Triangles on the diagonal, and columns below them: the last word of each block.',
  ),
  'Sliding Window Attention': sliding,
  'Dilated Sliding Window Attention': dilated,
  'Global and Sliding Window Attention': globalWindow,
  'Adaptive Masking': adaptive,
  'LSH Attention': lsh,
  'Routing Attention': routing,
  'Sparse Sinkhorn Attention': sinkhorn,
  'SortCut Sinkhorn Attention': sortcut,
  'Multi-Head Linear Attention': linformer,
  'Graph Self-Attention': graph,
};
