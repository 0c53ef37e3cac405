import { mergeHeads, splitHeads } from '../../attention/heads/multi-head';
import { angularHash, bucketsFor, randomRotations } from '../../attention/lsh/angular-hash';
import { lshAttention } from '../../attention/lsh/lsh';
import { causalMask } from '../../attention/masks';
import { rotaryPositions } from '../../attention/positions/rotary';
import { scaledDotProductAttention } from '../../attention/scores/scaled-dot-product';
import { chunkedFeedForward } from '../../layers/chunked-feed-forward';
import { dropout } from '../../layers/dropout';
import {
  type FeedForwardParameters,
  feedForward,
  feedForwardParameters,
} from '../../layers/feed-forward';
import {
  type Recall,
  type Residual,
  type ReversibleBlock,
  reversibleBlock,
  reversibleStack,
} from '../../layers/reversible';
import { type StreamOptions, trainOnStreams } from '../../models/character-streams';
import {
  type LanguageModelOptions,
  languageModel,
  type Sublayer,
} from '../../models/language-model';
import { dense } from '../../tensors/dense';
import { random, uniform } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import type { Report } from '../../training/train';

/** How reversible blocks are run one after another: `reversibleStack`, or another way. */
export type Stacker = (
  x1: tf.Tensor,
  x2: tf.Tensor,
  blocks: readonly ReversibleBlock[],
) => readonly tf.Tensor[];

/** Reversible blocks left to automatic differentiation, which keeps everything: the same numbers. */
export const keepingStack: Stacker = (x1, x2, blocks) =>
  blocks.reduce<readonly tf.Tensor[]>((x, block) => reversibleBlock(x, block), [x1, x2]);

export type ReversibleModelOptions = Omit<LanguageModelOptions, 'stack'> & {
  stack?: Stacker;
  /** Changes the blocks before they run: to scale them, or to drop something. */
  dress?: (blocks: ReversibleBlock[]) => ReversibleBlock[];
};

/**
 * The common language model with reversible layers: both streams begin with the embedding, and their
 * sum is what the last normalisation sees. As many parameters as the plain one.
 */
export function reversibleModel({
  stack = reversibleStack,
  dress = (blocks) => blocks,
  ...options
}: ReversibleModelOptions = {}) {
  let looking: { x: tf.Tensor3D; blocks: ReversibleBlock[] } | undefined;
  let look = false;
  const model = languageModel({
    ...options,
    stack(x, halves) {
      const blocks = dress(halves as ReversibleBlock[]);
      if (look) looking = { x: tf.keep(x.clone()), blocks };
      const [y1, y2] = stack(x, x, blocks);
      return tf.add(y1, y2);
    },
  });
  /** What goes into the first block, [batch, length, dModel], and the blocks. */
  function inside(ids: tf.Tensor) {
    look = true;
    tf.dispose(model.forward(ids).logits);
    look = false;
    return looking as NonNullable<typeof looking>;
  }
  const fit = (text: Uint8Array, how: StreamOptions = {}, report?: Report) =>
    trainOnStreams(model, text, how, report);
  return { ...model, model, inside, train: fit };
}

/** A tenth of F's and G's numbers dropped; on the way back the same ones, or others. */
export function dropping(replay: boolean, next: () => number, rate = 0.1) {
  const half = ({ apply, parameters }: Residual): Residual => ({
    parameters,
    apply: (x, recall) => {
      const seed = replay ? recall(next) : next();
      return dropout(apply(x, recall), { rate, next: random(Math.floor(seed * 2 ** 31)) });
    },
  });
  return (blocks: ReversibleBlock[]): ReversibleBlock[] =>
    blocks.map(({ F, G }) => ({ F: half(F), G: half(G) }));
}

/**
 * The plain layers, x ← x + F(x), x ← x + G(x), begun with twice the embedding: as much of it as the
 * two streams of a reversible model have together.
 */
export const embeddingTwice: NonNullable<LanguageModelOptions['stack']> = (x, blocks) => {
  const now: Recall = (make) => make();
  let h: tf.Tensor = tf.mul(x, 2);
  for (const { F, G } of blocks) {
    h = tf.add(h, F.apply(h, now));
    if (G) h = tf.add(h, G.apply(h, now));
  }
  return h as tf.Tensor3D;
};

/** The tower of the lesson: deep, and trained for a short time. */
export const towerTraining = { steps: 80, learningRate: 0.003 };
export const towerLayers = 16;

type SharedParameters = { WQK: tf.Tensor; WV: tf.Tensor; WO: tf.Tensor };

const sharedParameters: Sublayer<SharedParameters>['parameters'] = ({ dModel }, next) => ({
  WQK: uniform([dModel, dModel], next),
  WV: uniform([dModel, dModel], next),
  WO: uniform([dModel, dModel], next),
});

/** Queries that are keys, turned by their positions, and values: [batch, heads, length, dHead] each. */
function inHeads(x: tf.Tensor3D, { WQK, WV }: SharedParameters, heads: number) {
  return {
    queryKey: rotaryPositions(splitHeads(dense(x, WQK) as tf.Tensor3D, heads)),
    values: splitHeads(dense(x, WV) as tf.Tensor3D, heads),
  };
}

/**
 * Attention whose keys are its queries, of length 1, in full: nobody sees itself but the first
 * character. Goes with `positions: 'rotary'`.
 *
 * Source: Kitaev et al. (2020), Section 2, "shared-QK".
 */
export const sharedQueryKey: Sublayer<SharedParameters> = {
  parameters: sharedParameters,
  apply(x, parameters, { heads }) {
    const { queryKey, values } = inHeads(x, parameters, heads);
    const n = x.shape[1];
    const others = tf.sub(tf.cast(causalMask(n), 'float32'), tf.eye(n));
    const first = tf.pad(tf.ones([1, 1]), [
      [0, n - 1],
      [0, n - 1],
    ]);
    const keys = tf.div(queryKey, tf.maximum(tf.norm(queryKey, 2, -1, true), 1e-12)) as tf.Tensor4D;
    const mask = tf.add(others, first);
    const { context } = scaledDotProductAttention(queryKey, keys, values, mask, { scale: 1 });
    return { context: dense(mergeHeads(context), parameters.WO) as tf.Tensor3D };
  },
};

/**
 * The same by LSH attention. Rotations are drawn anew in every call, and what they say is recalled, so
 * that a reversible layer finds the same buckets on the way back.
 */
export function lshSublayer({
  rounds = 2,
  chunkLength = 64,
  buckets,
  acrossBuckets = false,
  seed = 1,
}: {
  rounds?: number;
  chunkLength?: number;
  buckets?: number | number[];
  acrossBuckets?: boolean;
  seed?: number;
} = {}): Sublayer<SharedParameters> {
  const next = random(seed);
  return {
    parameters: sharedParameters,
    apply(x, parameters, { heads, recall }) {
      const { queryKey, values } = inHeads(x, parameters, heads);
      const [data, shape] = recall(() => {
        const count = buckets ?? bucketsFor(x.shape[1], chunkLength);
        const size = { depth: queryKey.shape[3], rounds, buckets: count };
        const hashed = angularHash(queryKey, randomRotations(size, next));
        return [hashed.dataSync(), hashed.shape] as const;
      });
      const { context } = lshAttention(
        queryKey,
        values,
        tf.tensor(data, shape, 'int32'),
        undefined,
        { chunkLength, causal: true, scale: 1, acrossBuckets },
      );
      return { context: dense(mergeHeads(context), parameters.WO) as tf.Tensor3D };
    },
  };
}

/** The feed-forward network, so many positions at a time: `chunkedFeedForward`. */
export const inChunks = (chunkLength: number): Sublayer<FeedForwardParameters> => ({
  parameters: feedForwardParameters,
  apply: (x, parameters) => ({
    context: chunkedFeedForward(
      x,
      (piece) => feedForward(piece, parameters),
      parameters,
      chunkLength,
    ),
  }),
});
