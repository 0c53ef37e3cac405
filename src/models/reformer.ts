import { angularHash } from '../attention/lsh/angular-hash';
import { type LshOptions, lshAttention } from '../attention/lsh/lsh';
import {
  type AxialPositionParameters,
  axialPositionParameters,
  axialPositions,
} from '../layers/axial-positions';
import { chunkedFeedForward } from '../layers/chunked-feed-forward';
import { type Recall, type ReversibleBlock, reversibleStack } from '../layers/reversible';
import { dense } from '../tensors/dense';
import { type LayerNormParameters, layerNorm } from '../tensors/layer-norm';
import { expectMask } from '../tensors/mask';
import { type Random, uniform } from '../tensors/random';
import { expectShape, expectSizes } from '../tensors/shape';
import { tf } from '../tensors/tf';
import { crossEntropy } from '../training/cross-entropy';

/** Sizes of a Reformer. */
export type ReformerSizes = {
  tokens: number;
  dModel: number;
  /** Numbers in the queries of all heads together, and in their values. */
  dAttention?: number;
  /** Width of the feed-forward layer's hidden layer. */
  dFeedForward: number;
  blocks: number;
  /** Layout of the positions and the depth of each axis: `axialPositions`. One axis makes them
   * learned positions of the ordinary kind. */
  positions: { shape: readonly number[]; depths: readonly number[] };
};

/** The parameters of one block. */
export type ReformerBlockParameters = {
  attention: { norm: LayerNormParameters; WQK: tf.Tensor; WV: tf.Tensor; WO: tf.Tensor };
  feedForward: { norm: LayerNormParameters } & Record<'W1' | 'b1' | 'W2' | 'b2', tf.Tensor>;
};

/** The parameters of a Reformer. */
export type ReformerParameters = {
  /** [tokens, dModel] */
  embedding: tf.Tensor;
  positions: AxialPositionParameters;
  blocks: ReformerBlockParameters[];
  norm: LayerNormParameters;
  /** W [2 · dModel, tokens], b [tokens] */
  output: { W: tf.Tensor; b: tf.Tensor };
};

/** What a run of a Reformer needs besides its parameters. */
export type ReformerOptions = Omit<LshOptions, 'withWeights'> & {
  heads: number;
  /** The rotations of each block: `randomRotations`, drawn anew for every training step. */
  rotations: readonly (tf.Tensor | tf.Tensor[])[];
  /** Positions that go through the feed-forward layer at a time. */
  feedForwardLength?: number;
};

/** Draws the parameters of a Reformer. */
export function reformerParameters(sizes: ReformerSizes, next: Random): ReformerParameters {
  const { tokens, dModel, dAttention = dModel, dFeedForward } = sizes;
  const norm = (depth: number) => ({ gain: tf.ones([depth]), bias: tf.zeros([depth]) });
  return {
    embedding: uniform([tokens, dModel], next, 1),
    positions: axialPositionParameters(sizes.positions, next),
    blocks: Array.from({ length: sizes.blocks }, () => ({
      attention: {
        norm: norm(dModel),
        WQK: uniform([dModel, dAttention], next),
        WV: uniform([dModel, dAttention], next),
        WO: uniform([dAttention, dModel], next),
      },
      feedForward: {
        norm: norm(dModel),
        W1: uniform([dModel, dFeedForward], next),
        b1: tf.zeros([dFeedForward]),
        W2: uniform([dFeedForward, dModel], next),
        b2: tf.zeros([dModel]),
      },
    })),
    norm: norm(2 * dModel),
    output: { W: uniform([2 * dModel, tokens], next), b: tf.zeros([tokens]) },
  };
}

/**
 * The Reformer, a language model for long sequences.
 *
 *     x₁ = x₂ = embedding + positions
 *     y₁ = x₁ + Attention(norm(x₂))      y₂ = x₂ + FeedForward(norm(y₁))      in every block
 *     logits = norm([y₁; y₂]) W + b
 *
 * Attention is `lshAttention` in several heads, FeedForward(x) = max(0, x W₁ + b₁) W₂ + b₂ in
 * chunks. The blocks are reversible: training keeps the output of the last one only.
 *
 * Source: Kitaev, Kaiser, Levskaya (2020), "Reformer: The Efficient Transformer", Section 3; where
 * it is silent (layer norm before each function and on both outputs together), as HF transformers.
 * No dropout.
 *
 * @param ids [batch, length], int32
 * @param mask [batch, length]: 1 = is there, 0 = padding
 * @returns logits [batch, length, tokens]
 * @throws if a shape does not fit, or there are not as many rotations as blocks
 */
export function reformer(
  ids: tf.Tensor,
  { embedding, positions, blocks, norm, output }: ReformerParameters,
  options: ReformerOptions,
  mask?: tf.Tensor,
): tf.Tensor3D {
  const [batch, length] = expectShape('ids', ids, ['batch', 'length'], 'int32');
  const { heads, rotations, feedForwardLength = 1024, causal = true, ...lsh } = options;
  expectSizes({ heads });
  if (rotations.length !== blocks.length) {
    throw new Error(`expected rotations for ${blocks.length} blocks, got ${rotations.length}`);
  }
  if (mask) expectMask(mask, [batch, length]);
  return tf.tidy(() => {
    const shown = mask?.reshape([batch, 1, 1, length]);
    const attention = (x: tf.Tensor, i: number, recall: Recall) => {
      const { norm, WQK, WV, WO } = blocks[i].attention;
      const normed = layerNorm(x, norm);
      const split = (y: tf.Tensor) =>
        tf.transpose(y.reshape([batch, length, heads, -1]), [0, 2, 1, 3]);
      const [queryKey, values] = [split(dense(normed, WQK)), split(dense(normed, WV))];
      // Kept as numbers: rounding errors of the way back must not move a query to another bucket.
      const [data, shape] = recall(() => {
        const hashed = angularHash(queryKey, rotations[i] as tf.Tensor[]);
        return [hashed.dataSync(), hashed.shape] as const;
      });
      const buckets = tf.tensor(data, shape, 'int32');
      const { context } = lshAttention(queryKey, values, buckets, shown, { ...lsh, causal });
      return dense(tf.transpose(context, [0, 2, 1, 3]).reshape([batch, length, -1]), WO);
    };
    const feedForward = (x: tf.Tensor, i: number) => {
      const { norm, W1, b1, W2, b2 } = blocks[i].feedForward;
      const f = (piece: tf.Tensor) => dense(tf.relu(dense(layerNorm(piece, norm), W1, b1)), W2, b2);
      return chunkedFeedForward(x, f, blocks[i].feedForward, feedForwardLength);
    };
    const stack = blocks.map(
      ({ attention: F, feedForward: G }, i): ReversibleBlock => ({
        F: { apply: (x, recall) => attention(x, i, recall), parameters: F },
        G: { apply: (x) => feedForward(x, i), parameters: G },
      }),
    );
    expectShape('embedding', embedding, ['tokens', 'dModel']);
    const x = tf.add(tf.gather(embedding, ids), axialPositions(positions, length));
    const y = tf.concat(reversibleStack(x, x, stack), -1);
    return dense(layerNorm(y, norm), output.W, output.b) as tf.Tensor3D;
  });
}

/**
 * How well a causal Reformer foretells each next token: mean cross-entropy in nats per token.
 *
 * @param ids [batch, length + 1], int32: each position is to foretell the next
 * @param mask [batch, length + 1]: 1 = is there, 0 = padding, which does not count
 * @returns a scalar
 */
export function reformerLoss(
  ids: tf.Tensor,
  parameters: ReformerParameters,
  options: ReformerOptions,
  mask?: tf.Tensor,
): tf.Scalar {
  const [batch, positions] = expectShape('ids', ids, ['batch', 'length + 1'], 'int32');
  const length = positions - 1;
  if (mask) expectMask(mask, [batch, positions]);
  return tf.tidy(() => {
    const shown = mask ?? tf.ones(ids.shape);
    const input = ids.slice([0, 0], [batch, length]);
    const target = ids.slice([0, 1], [batch, length]);
    const counted = shown.slice([0, 1], [batch, length]);
    const inputMask = mask?.slice([0, 0], [batch, length]);
    const logits = reformer(input, parameters, { ...options, causal: true }, inputMask);
    return crossEntropy(logits.reshape([batch * length, -1]), target.flatten(), counted.flatten());
  });
}
