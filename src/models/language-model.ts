import {
  type HeadAttention,
  type MultiHeadParameters,
  multiHeadAttention,
  multiHeadParameters,
} from '../attention/heads/multi-head';
import { causalMask } from '../attention/masks';
import { segmentAttention, transformerXLParameters } from '../attention/positions/transformer-xl';
import {
  type FeedForwardParameters,
  feedForward,
  feedForwardParameters,
} from '../layers/feed-forward';
import { sinusoidalPositions } from '../layers/positions';
import type { Recall, Residual } from '../layers/reversible';
import { dense } from '../tensors/dense';
import { layerNorm, layerNormParameters } from '../tensors/layer-norm';
import { flatten, type ParameterTree, variables } from '../tensors/parameters';
import { type Random, random, uniform } from '../tensors/random';
import { expectShape, expectSizes } from '../tensors/shape';
import { tf } from '../tensors/tf';
import { type SegmentLayer, segmentRecurrence } from './segment-recurrence';

/** Sizes of a language model. */
export type LanguageModelSizes = {
  /** How many different tokens there are; 27 characters if left out. */
  tokens: number;
  dModel: number;
  heads: number;
  /** Width of the feed-forward network's hidden layer. */
  dHidden: number;
  layers: number;
};

/** The sizes that the lessons on long contexts have in common. */
export const languageModelSizes: LanguageModelSizes = {
  tokens: 27,
  dModel: 64,
  heads: 4,
  dHidden: 256,
  layers: 3,
};

/** What a sub-layer finds where it stands. */
export type Place = {
  heads: number;
  positions: 'sinusoidal' | 'rotary' | 'none';
  /** Which layer it is in, from 0. */
  layer: number;
  /** The positions before x, [batch, remembered, dModel], normalised as x is. */
  memory?: tf.Tensor3D;
  /** Which of [memory; x] may be seen, broadcastable to [queries, keys]: 1 = may be seen. The past
   * if left out. */
  mask?: tf.Tensor;
  /** Whatever is random goes through it; see `reversibleStack`. */
  recall: Recall;
};

/** A half of a layer: what it learns, and what it makes of its normalised input. */
export type Sublayer<P extends ParameterTree = any> = {
  parameters(sizes: LanguageModelSizes, next: Random, layer: number): P;
  apply(
    x: tf.Tensor3D,
    parameters: P,
    place: Place,
  ): { context: tf.Tensor3D; weights?: tf.TensorContainer };
};

/** The two halves of a layer, each with its normalisation inside: the input of a `stack`. */
export type LanguageModelBlock = { F: Residual; G?: Residual };

/** In what a language model differs from the plain one. */
export type LanguageModelOptions = Partial<LanguageModelSizes> & {
  /** What stands in the place of `plainAttention`. */
  attention?: Sublayer;
  /** What stands in the place of the feed-forward network; 'none': a layer is attention alone. */
  feedForward?: Sublayer | 'none';
  /** 'rotary', the default: queries and keys are turned by their positions, in `plainAttention` and
   * `attentionInHeads`. 'sinusoidal': added to the embedding, counted from 0 in each segment. */
  positions?: 'sinusoidal' | 'rotary' | 'none';
  /** How layers follow one another, in place of x ← x + F(x), x ← x + G(x). It has no memory. */
  stack?: (x: tf.Tensor3D, blocks: LanguageModelBlock[]) => tf.Tensor3D;
  seed?: number;
};

/** How a language model reads, for one call. */
export type LanguageReading = {
  /** Of each layer, as the segment before returned them. */
  memories?: tf.Tensor3D[];
  /** How many positions each layer shall remember; none if left out. */
  memoryLength?: number;
  mask?: tf.Tensor;
  /** Another sub-layer in place of the trained one's, with its parameters: to break it, or look in. */
  attention?: Sublayer['apply'];
};

export type LanguageModel = ReturnType<typeof languageModel>;

/**
 * A small language model: a stack of pre-norm layers that sees the past only, and foretells the next
 * token of every position.
 *
 *     x = E[token] √dModel (+ positions)
 *     x ← x + Attention(LayerNorm([memory; x]))      x ← x + FeedForward(LayerNorm(x))
 *     logits = LayerNorm(x) W + b
 *
 * A variant is given by its difference: another attention, another or no feed-forward network, other
 * positions, another way to stack. With a memory, each layer's input at the positions before is seen,
 * too: `segmentRecurrence`.
 *
 * Source: Vaswani et al. (2017), Section 3, its decoder without the encoder; pre-norm as Child et al.
 * (2019), eq. (9)–(14); memory as Dai et al. (2019), Section 3.2.
 */
export function languageModel({
  attention = plainAttention,
  feedForward: second = plainFeedForward,
  positions = 'rotary',
  stack,
  seed = 1,
  ...given
}: LanguageModelOptions = {}) {
  const sizes = { ...languageModelSizes, ...given };
  const { tokens, dModel, heads } = sizes;
  expectSizes(sizes);
  const next = random(seed);
  const tree = variables({
    embedding: uniform([tokens, dModel], next, Math.sqrt(3 / dModel)),
    layers: Array.from({ length: sizes.layers }, (_, layer) => ({
      attentionNorm: layerNormParameters(dModel),
      attention: attention.parameters(sizes, next, layer),
      ...(second !== 'none' && {
        feedForwardNorm: layerNormParameters(dModel),
        feedForward: second.parameters(sizes, next, layer),
      }),
    })),
    norm: layerNormParameters(dModel),
    output: { W: uniform([dModel, tokens], next), b: tf.zeros([tokens]) },
  });

  /**
   * @param ids [batch, length], int32
   * @returns logits [batch, length, tokens]; the attention weights of each layer; with `memoryLength`
   *   a memory for each layer, for the next call
   */
  function forward(ids: tf.Tensor, reading: LanguageReading = {}) {
    const { memories = [], memoryLength = 0, mask, attention: other } = reading;
    const [, length] = expectShape('ids', ids, ['batch', 'length'], 'int32');
    const apply = other ?? attention.apply;
    return tf.tidy(() => {
      const halves = tree.layers.map((one, layer) => {
        const place = { heads, positions, layer, mask };
        return {
          attend(x: tf.Tensor, recall: Recall, memory?: tf.Tensor3D) {
            const seen = layerNorm(memory ? tf.concat([memory, x], 1) : x, one.attentionNorm);
            const cut = memory ? [memory.shape[1], length] : undefined;
            const [before, own] = cut ? tf.split(seen, cut, 1) : [undefined, seen];
            const here = { ...place, recall, memory: before as tf.Tensor3D | undefined };
            return apply(own as tf.Tensor3D, one.attention, here);
          },
          think(x: tf.Tensor, recall: Recall) {
            if (second === 'none' || !one.feedForwardNorm) return undefined;
            const normed = layerNorm(x, one.feedForwardNorm) as tf.Tensor3D;
            return second.apply(normed, one.feedForward, { ...place, recall }).context;
          },
        };
      });
      const x = tf.mul(tf.gather(tree.embedding, ids), Math.sqrt(dModel)) as tf.Tensor3D;
      const numbered = positions === 'sinusoidal';
      const start: tf.Tensor3D = numbered ? tf.add(x, sinusoidalPositions(length, dModel)) : x;
      if (stack && (memories.length || memoryLength)) {
        throw new Error('a stack of its own has no memory');
      }
      const read = stack
        ? alone(stack(start, blocksOf(halves)))
        : recurrent(start, halves, reading);
      const { W, b } = tree.output;
      const logits = dense(layerNorm(read.output, tree.norm), W, b) as tf.Tensor3D;
      return { logits, weights: read.weights, memories: memoryLength ? read.memories : [] };
    });
  }

  /** Layers that remember: x ← x + Attention, x ← x + FeedForward. */
  function recurrent(x: tf.Tensor3D, halves: Halves[], reading: LanguageReading) {
    const layers = halves.map(
      ({ attend, think }): SegmentLayer =>
        (h, memory) => {
          const { context, weights = [] } = attend(h, freshly, memory);
          const y = tf.add(h, context) as tf.Tensor3D;
          const thought = think(y, freshly);
          return { output: thought ? tf.add(y, thought) : y, weights };
        },
    );
    return segmentRecurrence(x, reading.memories ?? [], layers, reading.memoryLength || 1);
  }

  function blocksOf(halves: Halves[]): LanguageModelBlock[] {
    return halves.map(({ attend, think }, n) => {
      const { attentionNorm, attention: own, feedForwardNorm, feedForward: f } = tree.layers[n];
      return {
        F: { apply: (x, recall) => attend(x, recall).context, parameters: { attentionNorm, own } },
        ...(feedForwardNorm && {
          G: {
            apply: (x, recall) => think(x, recall) as tf.Tensor3D,
            parameters: { feedForwardNorm, f },
          },
        }),
      };
    });
  }
  return { sizes, tree, parameters: flatten(tree), next, forward };
}

const freshly: Recall = (make) => make();
const alone = (output: tf.Tensor3D) => ({ output, memories: [], weights: [] });

/** The two halves of a layer; without a feed-forward network, nothing is thought. */
type Halves = {
  attend(x: tf.Tensor, recall: Recall, memory?: tf.Tensor3D): ReturnType<Sublayer['apply']>;
  think(x: tf.Tensor, recall: Recall): tf.Tensor3D | undefined;
};

/** Scaled dot-product attention in heads, to the past: what all variants are compared with. */
export const plainAttention: Sublayer<MultiHeadParameters> = {
  parameters: multiHeadParameters,
  apply(x, parameters, place) {
    const { heads, memory, mask, positions } = place;
    const seen = memory ? tf.concat([memory, x], 1) : x;
    const visible = mask ?? causalMask(x.shape[1], seen.shape[1]);
    const rotary = positions === 'rotary';
    return multiHeadAttention(x, seen, seen, parameters, { heads, mask: visible, rotary });
  },
};

/** The position-wise feed-forward network. */
export const plainFeedForward: Sublayer<FeedForwardParameters> = {
  parameters: feedForwardParameters,
  apply: (x, parameters) => ({ context: feedForward(x, parameters) }),
};

/**
 * Attention of Transformer-XL: scores by content and distance. Goes with `positions: 'none'`.
 *
 * Source: Dai et al. (2019), Section 3.3.
 */
export const transformerXLSublayer: Sublayer = {
  parameters: transformerXLParameters,
  apply: (x, parameters, { memory, mask }) => segmentAttention(x, memory, parameters, { mask }),
};

/**
 * Attention in heads of which each does something else than scaled dot-product attention.
 *
 * @param own draws what a layer learns beside the projections; `{}` if nothing
 * @param attend what a head does, given what was drawn, and its place; it hides the future itself
 */
export function attentionInHeads<Own extends ParameterTree>(
  own: (sizes: LanguageModelSizes, next: Random, layer: number) => Own,
  attend: (own: Own, place: Place) => HeadAttention<any>,
): Sublayer<MultiHeadParameters & { own: Own }> {
  return {
    parameters: (sizes, next, layer) => ({
      ...multiHeadParameters({ dModel: sizes.dModel }, next),
      own: own(sizes, next, layer),
    }),
    apply(x, { own: learned, ...projections }, place) {
      const { heads, memory, mask } = place;
      const seen = memory ? tf.concat([memory, x], 1) : x;
      const rotary = place.positions === 'rotary';
      const options = { heads, mask, attend: attend(learned, place), rotary };
      return multiHeadAttention(x, seen, seen, projections, options);
    },
  };
}
