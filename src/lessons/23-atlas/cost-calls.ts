import {
  graphSelfAttention,
  graphSelfAttentionParameters,
} from '../../attention/graphs/graph-self-attention';
import { multiHeadAttention, multiHeadParameters } from '../../attention/heads/multi-head';
import { singleHeadedAttention, singleHeadedParameters } from '../../attention/heads/single-headed';
import {
  denseSynthesizer,
  denseSynthesizerParameters,
  factorizedDenseSynthesizer,
  factorizedDenseSynthesizerParameters,
  factorizedRandomSynthesizer,
  factorizedRandomSynthesizerParameters,
  randomSynthesizer,
  randomSynthesizerParameters,
} from '../../attention/heads/synthesizer';
import { angularHash, randomRotations } from '../../attention/lsh/angular-hash';
import { lshAttention } from '../../attention/lsh/lsh';
import { adaptiveSpanAttention } from '../../attention/positions/adaptive-span';
import { additiveAttention, additiveParameters } from '../../attention/scores/additive';
import { contentBasedAttention } from '../../attention/scores/content-based';
import { dotProductAttention } from '../../attention/scores/dot-product';
import { dv3Attention, dv3Parameters } from '../../attention/scores/dv3';
import { generalAttention, generalParameters } from '../../attention/scores/general';
import { lamaAttention, lamaParameters } from '../../attention/scores/lama';
import {
  locationBasedAttention,
  locationBasedParameters,
} from '../../attention/scores/location-based';
import {
  locationSensitiveAttention,
  locationSensitiveParameters,
} from '../../attention/scores/location-sensitive';
import { scaledDotProductAttention } from '../../attention/scores/scaled-dot-product';
import { dilatedSlidingWindowAttention } from '../../attention/sparse/dilated-sliding-window';
import { globalSlidingWindowAttention } from '../../attention/sparse/global-sliding-window';
import { linformerAttention, linformerParameters } from '../../attention/sparse/linformer';
import { routingAttention } from '../../attention/sparse/routing';
import { sinkhornAttention, sortParameters } from '../../attention/sparse/sinkhorn';
import { slidingWindowAttention } from '../../attention/sparse/sliding-window';
import { sortcutSinkhornAttention } from '../../attention/sparse/sortcut-sinkhorn';
import { sparseTransformerAttention } from '../../attention/sparse/sparse-transformer';
import { random, uniform } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import { callsOnImages, type Prepare } from './cost-calls-on-images';

const depth = 16;
const window = 64;

/** Queries, keys and values [1, n, 16], and a stream for the parameters. */
const words =
  (
    f: (
      x: { q: tf.Tensor3D; k: tf.Tensor3D; v: tf.Tensor3D; n: number; root: number },
      next: () => number,
    ) => () => { context: tf.Tensor },
  ): Prepare =>
  (n) => {
    const next = random(n);
    const [q, k, v] = [1, 2, 3].map(() => uniform([1, n, depth], next, 1) as tf.Tensor3D);
    const call = f({ q, k, v, n, root: Math.round(Math.sqrt(n)) }, next);
    return () => call().context;
  };

const sizes = { queryDepth: depth, keyDepth: depth, dAttention: depth };

/**
 * A binary tree over n words (a power of 2) with edges as in BP-Transformer: to each word from the nodes
 * on both sides of its own, at every height; to each node from its words. About 3 n log n edges.
 */
export function binaryTree(n: number): { nodes: number; edges: [number[], number[]] } {
  const [sources, targets]: [number[], number[]] = [[], []];
  let first = 0;
  for (let size = 1; size <= n; size *= 2) {
    for (let word = 0; word < n; word++) {
      const own = Math.floor(word / size);
      for (const node of [own - 1, own + 1]) {
        if (node < 0 || node >= n / size) continue;
        sources.push(first + node);
        targets.push(word);
      }
      if (size > 1) {
        sources.push(word);
        targets.push(first + own);
      }
    }
    first += n / size;
  }
  return { nodes: first, edges: [sources, targets] };
}

/** Routing attention among n words, with √n clusters of √n. */
export function routingCall(n: number) {
  const next = random(n);
  const [q, k, v] = [1, 2, 3].map(() => uniform([1, n, depth], next, 1) as tf.Tensor3D);
  const root = Math.round(Math.sqrt(n));
  const centroids = uniform([root, depth], next, 1);
  return () => routingAttention(q, k, v, centroids, undefined, { window: root });
}

/** A call of each method for n positions; all other sizes are the same for any n, or √n. */
export const calls: Record<string, Prepare> = {
  'Multi-Head Attention': words(({ q, k, v }, next) => {
    const parameters = multiHeadParameters({ dModel: depth }, next);
    return () => multiHeadAttention(q, k, v, parameters, { heads: 2 });
  }),
  'Scaled Dot-Product Attention': words(
    ({ q, k, v }) =>
      () =>
        scaledDotProductAttention(q, k, v),
  ),
  'Additive Attention': words(({ q, k, v }, next) => {
    const parameters = additiveParameters(sizes, next);
    return () => additiveAttention(q, k, v, parameters);
  }),
  'Dot-Product Attention': words(
    ({ q, k, v }) =>
      () =>
        dotProductAttention(q, k, v),
  ),
  'Content-based Attention': words(
    ({ q, k, v }) =>
      () =>
        contentBasedAttention(q, k, v),
  ),
  'Multiplicative Attention': words(({ q, k, v }, next) => {
    const parameters = generalParameters(sizes, next);
    return () => generalAttention(q, k, v, parameters);
  }),
  'Location-based Attention': words(({ q, v, n }, next) => {
    const parameters = locationBasedParameters({ queryDepth: depth, positions: n }, next);
    return () => locationBasedAttention(q, v, parameters);
  }),
  'Location Sensitive Attention': words(({ q, k, v }, next) => {
    const parameters = locationSensitiveParameters({ ...sizes, width: 5, filters: 4 }, next);
    return () => locationSensitiveAttention(q, k, v, parameters);
  }),
  'DV3 Attention Block': words(({ q, k, v }, next) => {
    const parameters = dv3Parameters({ depth }, next);
    return () => dv3Attention(q, k, v, parameters);
  }),
  LAMA: words(({ k }, next) => {
    const parameters = lamaParameters({ depth, heads: 4 }, next);
    return () => lamaAttention(k, parameters);
  }),
  'Single-Headed Attention': words(({ q, k, v }, next) => {
    const parameters = singleHeadedParameters({ depth }, next);
    return () => singleHeadedAttention(q, k, v, parameters);
  }),
  'Dense Synthesized Attention': words(({ q, v, n }, next) => {
    const parameters = denseSynthesizerParameters({ depth, length: n }, next);
    return () => denseSynthesizer(q, v, parameters);
  }),
  'Random Synthesized Attention': words(({ v, n }, next) => {
    const parameters = randomSynthesizerParameters({ length: n }, next);
    return () => randomSynthesizer(v, parameters);
  }),
  'Factorized Dense Synthesized Attention': words(({ q, v, root }, next) => {
    const parameters = factorizedDenseSynthesizerParameters({ depth, a: root, b: root }, next);
    return () => factorizedDenseSynthesizer(q, v, parameters);
  }),
  'Factorized Random Synthesized Attention': words(({ v, n }, next) => {
    const parameters = factorizedRandomSynthesizerParameters({ length: n }, next);
    return () => factorizedRandomSynthesizer(v, parameters);
  }),
  'Sliding Window Attention': words(
    ({ q, k, v }) =>
      () =>
        slidingWindowAttention(q, k, v, undefined, { window }),
  ),
  'Dilated Sliding Window Attention': words(
    ({ q, k, v }) =>
      () =>
        dilatedSlidingWindowAttention(q, k, v, undefined, { window, dilation: 2 }),
  ),
  'Global and Sliding Window Attention': words(({ q, k, v }) => {
    const positions = [0, 1];
    const query = tf.gather(q, positions, 1);
    const global = { positions, query, keys: k, values: v };
    return () => globalSlidingWindowAttention(q, k, v, global, undefined, { window });
  }),
  'Strided Attention': words(
    ({ q, k, v, root }) =>
      () =>
        sparseTransformerAttention(q, k, v, undefined, {
          ...{ pattern: 'strided', stride: root, use: 'merged' },
        }),
  ),
  'Fixed Factorized Attention': words(
    ({ q, k, v, root }) =>
      () =>
        sparseTransformerAttention(q, k, v, undefined, {
          ...{ pattern: 'fixed', stride: root, use: 'merged' },
        }),
  ),
  'LSH Attention': words(({ q, v }, next) => {
    const rotations = randomRotations({ depth, rounds: 2, buckets: 16 }, next);
    return () => lshAttention(q, v, angularHash(q, rotations), undefined, { chunkLength: 32 });
  }),
  'Routing Attention': (n) => {
    const call = routingCall(n);
    return () => call().context;
  },
  'Sparse Sinkhorn Attention': words(({ q, k, v, root }, next) => {
    const parameters = sortParameters({ dKey: depth, maxBlocks: root }, next);
    return () => sinkhornAttention(q, k, v, parameters, undefined, { block: root });
  }),
  'SortCut Sinkhorn Attention': words(({ q, k, v, n }, next) => {
    const block = 64;
    const parameters = sortParameters({ dKey: depth, maxBlocks: Math.ceil(n / block) }, next);
    return () => sortcutSinkhornAttention(q, k, v, parameters, undefined, { block, budget: 1 });
  }),
  'Multi-Head Linear Attention': words(({ q, k, v, n }, next) => {
    const parameters = linformerParameters({ length: n, k: 64 }, next);
    return () => linformerAttention(q, k, v, parameters);
  }),
  'Adaptive Masking': words(
    ({ q, k, v }) =>
      () =>
        adaptiveSpanAttention(q, k, v, { z: tf.tensor1d([32]) }),
  ),
  'Graph Self-Attention': (n) => {
    const next = random(n);
    const { nodes, edges } = binaryTree(n);
    const x = uniform([nodes, depth], next, 1);
    const pairs = tf.tensor2d(edges, undefined, 'int32');
    const parameters = graphSelfAttentionParameters({ dModel: depth, heads: 1 }, next);
    return () => graphSelfAttention(x, pairs, parameters).context;
  },
  ...callsOnImages,
};
