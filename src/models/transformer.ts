import { type KeyValueCache, keyValueCache } from '../attention/heads/multi-head';
import { type Batch, pad } from '../data/batches';
import { Vocabulary } from '../data/vocabulary';
import type { Activation } from '../layers/activations';
import { type Dropout, dropout } from '../layers/dropout';
import { learnedPositions, positionParameters, sinusoidalPositions } from '../layers/positions';
import {
  type DecoderLayerParameters,
  decoderLayer,
  decoderLayerParameters,
  type EncoderLayerParameters,
  encoderLayer,
  encoderLayerParameters,
} from '../layers/transformer-layer';
import { type LayerNormParameters, layerNorm, layerNormParameters } from '../tensors/layer-norm';
import { flatten, variables } from '../tensors/parameters';
import { type Random, random, uniform } from '../tensors/random';
import { tf } from '../tensors/tf';
import { crossEntropy } from '../training/cross-entropy';
import { beamSearch, likeliest } from './beam-search';
import type { Decoded } from './encoder-decoder';

/** Sizes and choices of a Transformer. The paper's base model: dModel 512, 8 heads, 6 layers. */
export interface TransformerOptions {
  sourceTokens: number;
  targetTokens: number;
  dModel?: number;
  heads?: number;
  /** Layers of the encoder, and of the decoder. */
  layers?: number;
  /** Width of the feed-forward networks; 4 dModel if left out. */
  dHidden?: number;
  norm?: 'post' | 'pre';
  activation?: Activation;
  /** Biases in the projections of attention. */
  bias?: boolean;
  positions?: 'sinusoidal' | 'learned';
  /** The longest source and target, start or end mark included. */
  maxLength?: number;
  /** true: the output matrix is the target embedding (Section 3.4). */
  tied?: boolean;
  /** Rate of dropout in training, on each sublayer and on the embeddings (Section 5.4). */
  dropout?: number;
  labelSmoothing?: number;
  seed?: number;
}

/** Parameters by part. `Transformer.parameters` has them under names such as `encoder/0/attention/WQ`. */
export type TransformerParameters = {
  /** [sourceTokens, dModel] */
  sourceEmbedding: tf.Tensor;
  /** [targetTokens, dModel] */
  targetEmbedding: tf.Tensor;
  encoder: EncoderLayerParameters[];
  decoder: DecoderLayerParameters[];
  /** After the last layer, with pre-norm. */
  encoderNorm?: LayerNormParameters;
  decoderNorm?: LayerNormParameters;
  /** Learned positions, [maxLength, dModel]. */
  sourcePositions?: tf.Tensor;
  targetPositions?: tf.Tensor;
  /** [dModel, targetTokens], if not tied. */
  output?: tf.Tensor;
};

/** What every head of every layer attended to; each [batch, heads, queries, keys], first layer first. */
export type TransformerWeights = {
  encoder: tf.Tensor4D[];
  decoder: tf.Tensor4D[];
  cross: tf.Tensor4D[];
};

/**
 * The Transformer: an encoder and a decoder made of attention and feed-forward networks only.
 *
 *     x_j = E[source_j] √dModel + PE(j)        memory = EncoderLayer_N(… EncoderLayer_1(x))
 *     y_i = E'[target_{i−1}] √dModel + PE(i)   z = DecoderLayer_N(… DecoderLayer_1(y, memory), memory)
 *     p(target_i) = softmax(z_i E'ᵀ)
 *
 * Source: Vaswani et al. (2017), Section 3.
 */
export class Transformer {
  readonly parameters: Record<string, tf.Variable>;
  private readonly tree: TransformerParameters;
  private readonly options: Required<TransformerOptions>;
  private readonly sinusoids: tf.Variable;
  private readonly next: Random;

  /** @throws if dModel is not divisible by the number of heads */
  constructor(options: TransformerOptions) {
    const { dModel = 64, heads = 4 } = options;
    if (dModel % heads !== 0)
      throw new Error(`dModel ${dModel} is not divisible by ${heads} heads`);
    this.options = {
      dModel,
      heads,
      layers: 2,
      dHidden: 4 * dModel,
      norm: 'post',
      activation: 'relu',
      bias: false,
      positions: 'sinusoidal',
      maxLength: 64,
      tied: true,
      dropout: 0,
      labelSmoothing: 0,
      seed: 1,
      ...options,
    };
    this.next = random(this.options.seed);
    this.tree = variables(initialParameters(this.options, this.next));
    this.parameters = flatten(this.tree);
    this.sinusoids = variables([sinusoidalPositions(this.options.maxLength, dModel)])[0] as never;
    this.sinusoids.trainable = false;
  }

  /**
   * Everything that the model computes for sources and given targets.
   *
   * @param source [batch][sourceLength] ids, filled up with `Vocabulary.PAD`
   * @param input [batch][targetLength] ids: the start mark and the target without its last token
   * @returns logits [batch, targetLength, targetTokens], and all weights
   */
  forward(source: number[][], input: number[][], drop?: Dropout) {
    return tf.tidy(() => {
      const { memory, mask, weights: encoder } = this.encode(source, drop);
      const options = { ...this.options, memoryMask: mask, dropout: drop };
      const weights: TransformerWeights = { encoder, decoder: [], cross: [] };
      let y = this.embed('target', input, 0, drop);
      for (const layer of this.tree.decoder) {
        const { output, weights: seen } = decoderLayer(y, memory, layer, options);
        y = output;
        weights.decoder.push(seen.self);
        weights.cross.push(seen.cross);
      }
      return { logits: this.readout(y), weights };
    });
  }

  /**
   * Mean negative log-likelihood per target token when each step is given the true tokens before.
   *
   * @param options.training false: without dropout and label smoothing
   */
  loss({ source, target }: Batch, { training = true } = {}): tf.Scalar {
    const { dropout: rate, labelSmoothing, targetTokens } = this.options;
    return tf.tidy(() => {
      const input = target.map((row) => [Vocabulary.START, ...row.slice(0, -1)]);
      const drop = training && rate > 0 ? { rate, next: this.next } : undefined;
      const { logits } = this.forward(source, input, drop);
      const targets = tf.tensor1d(target.flat(), 'int32');
      return crossEntropy(
        logits.reshape([-1, targetTokens]),
        targets,
        tf.notEqual(targets, Vocabulary.PAD),
        { labelSmoothing: training ? labelSmoothing : 0 },
      );
    });
  }

  /**
   * Writes an output for each source, step by step until the end mark. What was computed for the
   * positions before is kept, not computed again.
   *
   * @param sources ids, each at least one
   * @param maxSteps stop here even without an end mark
   * @param options.width 1: greedy, takes the likeliest token at each step; else see `beamSearch`
   * @returns the weights are the mean of the heads of the last layer's cross-attention; `forward`
   *   gives all
   */
  decode(
    sources: number[][],
    maxSteps = 30,
    { width = 1, lengthPenalty = 0 }: { width?: number; lengthPenalty?: number } = {},
  ): Decoded[] {
    if (sources.length === 0 || sources.some((source) => source.length === 0)) {
      throw new Error('decode: expected sources of at least one token each, got an empty one');
    }
    return tf.tidy(() => {
      const found =
        width === 1
          ? this.greedy(sources, maxSteps)
          : sources.map((source) => {
              const { START: start, END: end } = Vocabulary;
              const search = { start, end, width, maxSteps, lengthPenalty };
              return tf.tidy(() => beamSearch(this.writer([source]), search))[0];
            });
      const input = found.map(({ ids, ended }) => {
        const given = [Vocabulary.START, ...ids];
        return ended ? given : given.slice(0, -1);
      });
      const { cross } = this.forward(pad(sources), pad(input)).weights;
      const weights = tf.mean(cross[cross.length - 1], 1).arraySync() as number[][][];
      return found.map(({ ids, logProbability }, b) => ({
        ids,
        logProbability,
        weights: weights[b].slice(0, input[b].length).map((row) => row.slice(0, sources[b].length)),
      }));
    });
  }

  private greedy(sources: number[][], maxSteps: number): Written[] {
    const next = this.writer(pad(sources));
    const all = [...sources.keys()];
    const results = sources.map((): Written => ({ ids: [], logProbability: 0, ended: false }));
    let tokens = sources.map(() => Vocabulary.START);
    for (let step = 0; step < maxSteps && results.some(({ ended }) => !ended); step++) {
      const logProbabilities = next(tokens, all);
      tokens = logProbabilities.map((row) => likeliest(row, 1)[0]);
      results.forEach((result, b) => {
        if (result.ended) return;
        result.logProbability += logProbabilities[b][tokens[b]];
        if (tokens[b] === Vocabulary.END) result.ended = true;
        else result.ids.push(tokens[b]);
      });
    }
    return results;
  }

  /** The decoder as `beamSearch` asks for it; call it inside one `tf.tidy` with this. */
  private writer(source: number[][]) {
    const { memory, mask } = this.encode(source);
    let sources = this.tree.decoder.map(({ crossAttention }) =>
      keyValueCache(memory, memory, crossAttention, this.options),
    );
    let pasts: (KeyValueCache | undefined)[] = sources.map(() => undefined);
    let memoryMask = mask;
    let position = 0;
    return (tokens: number[], parents: number[]): number[][] => {
      const rows = tf.tensor1d(parents, 'int32');
      const continued = ({ keys, values }: KeyValueCache) => ({
        keys: tf.gather(keys, rows),
        values: tf.gather(values, rows),
      });
      // Where every row continues itself, nothing has to move.
      const before = sources[0].keys.shape[0];
      if (parents.length !== before || parents.some((parent, row) => parent !== row)) {
        sources = sources.map(continued);
        pasts = pasts.map((past) => past && continued(past));
        memoryMask &&= tf.gather(memoryMask, rows);
      }
      let y = this.embed(
        'target',
        tokens.map((token) => [token]),
        position++,
      );
      pasts = this.tree.decoder.map((layer, i) => {
        const options = { ...this.options, dropout: undefined, memoryMask, past: pasts[i] };
        const { output, past } = decoderLayer(y, sources[i], layer, options);
        y = output;
        return past;
      });
      return tf.logSoftmax(tf.squeeze(this.readout(y), [1])).arraySync() as number[][];
    };
  }

  private encode(source: number[][], drop?: Dropout) {
    const last = source[0].length - 1;
    const padded = source.some((row) => row[last] === Vocabulary.PAD);
    const ids = tf.tensor2d(source, undefined, 'int32');
    const mask = padded ? tf.notEqual(ids, Vocabulary.PAD).expandDims(1) : undefined;
    const weights: tf.Tensor4D[] = [];
    let x = this.embed('source', source, 0, drop);
    for (const layer of this.tree.encoder) {
      const result = encoderLayer(x, layer, { ...this.options, mask, dropout: drop });
      x = result.output;
      weights.push(result.weights);
    }
    const { encoderNorm } = this.tree;
    return { memory: encoderNorm ? layerNorm(x, encoderNorm) : x, mask, weights };
  }

  /** E[id] √dModel + PE(position), [batch, length, dModel]. */
  private embed(side: 'source' | 'target', ids: number[][], start: number, drop?: Dropout) {
    const table = this.tree[`${side}Embedding`];
    const positions = this.tree[`${side}Positions`] ?? this.sinusoids;
    const tokens = tf.gather(table, tf.tensor2d(ids, undefined, 'int32'));
    const x = tf.add(
      tf.mul(tokens, Math.sqrt(this.options.dModel)),
      learnedPositions(positions, ids[0].length, start),
    );
    return (drop ? dropout(x, drop) : x) as tf.Tensor3D;
  }

  /** Logits [batch, length, targetTokens] of the decoder's output. */
  private readout(y: tf.Tensor3D): tf.Tensor3D {
    const { decoderNorm, output, targetEmbedding } = this.tree;
    const [batch, length, dModel] = y.shape;
    const z = (decoderNorm ? layerNorm(y, decoderNorm) : y).reshape([batch * length, dModel]);
    const logits = output ? tf.matMul(z, output) : tf.matMul(z, targetEmbedding, false, true);
    return logits.reshape([batch, length, this.options.targetTokens]);
  }

  /** Frees every parameter. */
  dispose(): void {
    tf.dispose([this.parameters, this.sinusoids]);
  }
}

type Written = { ids: number[]; logProbability: number; ended: boolean };

function initialParameters(
  options: Required<TransformerOptions>,
  next: Random,
): TransformerParameters {
  const { sourceTokens, targetTokens, dModel, layers, norm, positions, tied } = options;
  // Variance 1/dModel: 1 after the factor √dModel, like that of the positions.
  const embedding = (tokens: number) => uniform([tokens, dModel], next, Math.sqrt(3 / dModel));
  const stack = <Layer>(layer: () => Layer) => Array.from({ length: layers }, layer);
  return {
    sourceEmbedding: embedding(sourceTokens),
    targetEmbedding: embedding(targetTokens),
    encoder: stack(() => encoderLayerParameters(options, next)),
    decoder: stack(() => decoderLayerParameters(options, next)),
    ...(norm === 'pre' && {
      encoderNorm: layerNormParameters(dModel),
      decoderNorm: layerNormParameters(dModel),
    }),
    ...(positions === 'learned' && {
      sourcePositions: positionParameters(options, next),
      targetPositions: positionParameters(options, next),
    }),
    ...(!tied && { output: uniform([dModel, targetTokens], next) }),
  };
}
