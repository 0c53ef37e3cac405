import { additiveAligner, additiveParameters } from '../attention/scores/additive';
import { softAttention } from '../attention/scores/soft';
import { type Batch, batch, pad, type SequencePair } from '../data/batches';
import { Vocabulary } from '../data/vocabulary';
import { type Aligner, attentiveGru, type DecoderStates } from '../layers/attentive-gru';
import { bidirectionalGru, gru, gruCell, gruParameters } from '../layers/gru';
import { castMask } from '../tensors/mask';
import { type Random, random, uniform } from '../tensors/random';
import { tf } from '../tensors/tf';
import { crossEntropy } from '../training/cross-entropy';
import { beamSearch, type Hypothesis, likeliest, type NextToken } from './beam-search';

/** A score that a decoder can be given in place of the additive one. */
export interface LearnedScore {
  /** What is learned of it, if anything. */
  parameters?(
    sizes: { queryDepth: number; keyDepth: number },
    next: Random,
  ): Record<string, tf.Tensor>;
  /** What the keys alone decide, computed once for all steps: `logits` gets it in place of them. */
  keys?(keys: tf.Tensor, parameters: Record<string, tf.Tensor>): tf.Tensor;
  /**
   * @param query s_{i−1} [batch, 1, queryDepth]
   * @param keys h_j [batch, keys, keyDepth]
   * @param parameters by their names
   * @returns logits [batch, 1, keys]; padding is hidden afterwards
   */
  logits(query: tf.Tensor, keys: tf.Tensor, parameters: Record<string, tf.Tensor>): tf.Tensor;
}

/** Sizes of an encoder–decoder. */
export interface EncoderDecoderOptions {
  sourceTokens: number;
  targetTokens: number;
  /** Depth of the embeddings of source and target tokens. */
  dEmbedding?: number;
  /** n: units of each of the encoder's two directions, and of the decoder. */
  units?: number;
  /** Units of the decoder, if not n: 2n makes queries as deep as keys. */
  decoderUnits?: number;
  /** Width of the read-out's hidden layer. Default: the decoder's units. */
  dMaxout?: number;
  /** n': width of the alignment model's hidden layer. */
  dAttention?: number;
  /** The alignment model. Default: additive. */
  score?: LearnedScore;
  /** true: attention at every step. false: one fixed context, the same at every step. */
  attention?: boolean;
  seed?: number;
}

/** One step of the decoder; all tensors have one row per example. */
type Step = {
  /** s_i [batch, units] */
  state: tf.Tensor;
  /** c_i [batch, 2 · units] */
  context: tf.Tensor;
  /** α_i [batch, 1, sourceLength], with attention */
  weights?: tf.Tensor;
};

/** What the encoder gives to the decoder. */
type Encoded = {
  /** h_j [batch, sourceLength, 2 · units] */
  annotations: tf.Tensor;
  /** s_0 [batch, units] */
  initial: tf.Tensor;
  /** [batch, sourceLength], where there is padding */
  mask?: tf.Tensor;
  /** c [batch, 2 · units], the same at every step, without attention */
  fixed?: tf.Tensor;
};

/** A decoded output with what each of its tokens attended to. */
export type Decoded = {
  /** Ids up to, without, the end mark. */
  ids: number[];
  /** [steps][sourceLength]: one row for each id and one for the end mark; rows sum to 1. */
  weights: number[][];
  /** Σ log p of the ids and the end mark, in nats. */
  logProbability: number;
};

/** What a beam search found, with what each of its tokens attended to, as in `Decoded`. */
export type Found = Hypothesis & Pick<Decoded, 'weights'>;

/**
 * Recurrent encoder–decoder, with additive attention (the paper's RNNsearch) or without, with one
 * fixed context. Both have the same encoder, decoder and read-out:
 *
 *     h_j = [GRU→(x)_j; GRU←(x)_j]
 *     s_0 = tanh(W_s h←_1)
 *     s_i = GRU([E y_{i−1}; c_i], s_{i−1})
 *     p(y_i) = softmax(W_o · maxout(W_t [s_i; E y_{i−1}; c_i]))
 *
 * and differ only in the context: c_i = Σ_j α_ij h_j with α from the alignment model, or
 * c_i = [h→_last; h←_1], the same at every step. Any other `score` can take the place of the
 * alignment model.
 *
 * Without attention it is a stronger baseline than the paper's RNNencdec, whose encoder reads one
 * way only, c = h→_last. The paper's appendix computes the read-out from s_{i−1}, its eq. (4) from
 * s_i, as here.
 *
 * Source: Bahdanau, Cho, Bengio (2014), Sections 2 and 3, Appendix A.
 */
export class EncoderDecoder {
  readonly parameters: Record<string, tf.Variable>;
  readonly attention: boolean;
  private readonly units: number;
  private readonly score?: LearnedScore;

  constructor({
    sourceTokens,
    targetTokens,
    dEmbedding = 64,
    units = 128,
    decoderUnits = units,
    dMaxout = decoderUnits,
    dAttention = 128,
    score,
    attention = true,
    seed = 1,
  }: EncoderDecoderOptions) {
    const next = random(seed);
    const context = 2 * units;
    const sizes = { queryDepth: decoderUnits, keyDepth: context };
    const matrix = (rows: number, columns: number) => uniform([rows, columns], next);
    const named = (prefix: string, tensors: object) =>
      Object.fromEntries(Object.entries(tensors).map(([name, t]) => [`${prefix}/${name}`, t]));
    const initial: Record<string, tf.Tensor> = tf.tidy(() => ({
      sourceEmbedding: uniform([sourceTokens, dEmbedding], next, 0.5),
      targetEmbedding: uniform([targetTokens, dEmbedding], next, 0.5),
      ...named('forward', gruParameters({ inputDepth: dEmbedding, units }, next)),
      ...named('backward', gruParameters({ inputDepth: dEmbedding, units }, next)),
      ...named(
        'decoder',
        gruParameters({ inputDepth: dEmbedding + context, units: decoderUnits }, next),
      ),
      initialState: matrix(units, decoderUnits),
      maxout: matrix(decoderUnits + dEmbedding + context, 2 * dMaxout),
      maxoutBias: tf.zeros([2 * dMaxout]),
      output: matrix(dMaxout, targetTokens),
      outputBias: tf.zeros([targetTokens]),
      ...(attention &&
        (score
          ? score.parameters?.(sizes, next)
          : additiveParameters({ ...sizes, dAttention }, next))),
    }));
    this.parameters = Object.fromEntries(
      Object.entries(initial).map(([name, value]) => [name, tf.variable(value)]),
    );
    tf.dispose(initial);
    this.attention = attention;
    this.units = units;
    this.score = score;
  }

  private gruParameters(prefix: 'forward' | 'backward' | 'decoder') {
    const { parameters: p } = this;
    return {
      gates: p[`${prefix}/gates`],
      gatesBias: p[`${prefix}/gatesBias`],
      candidate: p[`${prefix}/candidate`],
      candidateBias: p[`${prefix}/candidateBias`],
    };
  }

  /** Embeddings of tokens, [rows, length, dEmbedding]. */
  private embed(of: 'source' | 'target', ids: number[][]): tf.Tensor {
    return tf.gather(this.parameters[`${of}Embedding`], tf.tensor2d(ids, undefined, 'int32'));
  }

  /** The annotations h_j of the sources, ids filled up with `Vocabulary.PAD`, and s_0. */
  private encode(source: number[][], embedded = this.embed('source', source)): Encoded {
    const { parameters: p, units } = this;
    const last = source[0].length - 1;
    const ids = tf.tensor2d(source, undefined, 'int32');
    const padded = source.some((row) => row[last] === Vocabulary.PAD);
    const mask = padded ? tf.notEqual(ids, Vocabulary.PAD) : undefined;
    const annotations = bidirectionalGru(
      embedded,
      this.gruParameters('forward'),
      this.gruParameters('backward'),
      mask,
    );
    const backwardFirst = tf.squeeze(tf.slice(annotations, [0, 0, units], [-1, 1, units]), [1]);
    const initial = tf.tanh(tf.matMul(backwardFirst, p.initialState));
    if (this.attention) return { annotations, initial, mask };
    // Padding carries the state over, so the last position holds h→ of the last real token.
    const forwardLast = tf.squeeze(tf.slice(annotations, [0, last, 0], [-1, 1, units]), [1]);
    return { annotations, initial, fixed: tf.concat([forwardLast, backwardFirst], 1) };
  }

  /** The alignment model, with what it needs of the annotations. */
  private aligner({ annotations, mask }: Encoded): Aligner {
    const { parameters, score } = this;
    const shown = mask && castMask(mask, 'float32').expandDims(1);
    if (!score) {
      const { W, U, v } = parameters;
      return additiveAligner(annotations, annotations, { W, U, v }, shown);
    }
    const keys = score.keys?.(annotations, parameters) ?? annotations;
    return (query) => {
      const logits = score.logits(query, keys, parameters) as tf.Tensor3D;
      return softAttention(logits, annotations as tf.Tensor3D, shown);
    };
  }

  /** s_i and c_i of all steps at once, for the embeddings of the tokens before, [batch, steps, dEmbedding]. */
  private run(previous: tf.Tensor, encoded: Encoded): DecoderStates {
    const { annotations, initial, mask, fixed } = encoded;
    const { W, U, v } = this.parameters;
    const cell = this.gruParameters('decoder');
    if (!fixed) {
      const aligner = this.score ? this.aligner(encoded) : { W, U, v };
      return attentiveGru(previous, initial, annotations, { cell, aligner }, mask);
    }
    const contexts = tf.tile(fixed.expandDims(1), [
      1,
      previous.shape[1] as number,
      1,
    ]) as tf.Tensor3D;
    return {
      states: gru(tf.concat([previous, contexts], 2), cell, undefined, { initial }),
      contexts,
    };
  }

  /** One step after another: the function (E y_{i−1}, s_{i−1}) ↦ s_i, c_i, α_i. */
  private stepper(encoded: Encoded) {
    const { fixed } = encoded;
    const cell = this.gruParameters('decoder');
    const align = fixed
      ? () => ({ context: fixed.expandDims(1), weights: undefined })
      : this.aligner(encoded);
    return (previous: tf.Tensor, state: tf.Tensor): Step => {
      const attended = align(state.expandDims(1));
      const context = tf.squeeze(attended.context, [1]) as tf.Tensor;
      const input = tf.concat([previous, context], 1);
      return { state: gruCell(input, state, cell), context, weights: attended.weights };
    };
  }

  /** Logits of the next token from what the steps computed; all rows at once, [rows, targetTokens]. */
  private readout(state: tf.Tensor, previous: tf.Tensor, context: tf.Tensor): tf.Tensor {
    const { maxout, maxoutBias, output, outputBias } = this.parameters;
    const pairs = tf.add(tf.matMul(tf.concat([state, previous, context], 1), maxout), maxoutBias);
    const [rows, width] = pairs.shape;
    const hidden = tf.maximum(
      tf.slice(pairs, [0, 0], [rows, width / 2]),
      tf.slice(pairs, [0, width / 2], [rows, width / 2]),
    );
    return tf.add(tf.matMul(hidden, output), outputBias);
  }

  /**
   * Logits of all target tokens when each step is given the true token before (teacher forcing),
   * one row per token, [batch · steps, targetTokens].
   */
  private logits({ source, target }: Batch, embedded?: tf.Tensor): tf.Tensor {
    const inputs = target.map((row) => [Vocabulary.START, ...row.slice(0, -1)]);
    const previous = this.embed('target', inputs);
    const { states, contexts } = this.run(previous, this.encode(source, embedded));
    const rows = (x: tf.Tensor) => x.reshape([-1, x.shape[2] as number]);
    return this.readout(rows(states), rows(previous), rows(contexts));
  }

  /** Mean negative log-likelihood per target token when each step is given the true token before. */
  loss(batch: Batch): tf.Scalar {
    return tf.tidy(() => {
      const targets = tf.tensor1d(batch.target.flat(), 'int32');
      return crossEntropy(this.logits(batch), targets, tf.notEqual(targets, Vocabulary.PAD));
    });
  }

  /**
   * log p(y | y_1 … y_{i−1}, x) of every token y at every step i when each step is given the true
   * token before, in nats.
   *
   * @returns [batch, steps, targetTokens]
   */
  logProbabilities({ source, target }: Batch): tf.Tensor3D {
    return tf.tidy(() =>
      tf.logSoftmax(this.logits({ source, target })).reshape([target.length, target[0].length, -1]),
    );
  }

  /**
   * How much each source token moves the probability of each target token: the length of the
   * gradient ∂ log p(y_i | y_1 … y_{i−1}, x) / ∂ (embedding of x_j).
   *
   * Source: Simonyan, Vedaldi, Zisserman (2014), Section 3, for the pixels of an image.
   *
   * @returns [target tokens and the end mark][source tokens], numbers of 0 or more
   */
  saliency(pair: SequencePair): number[][] {
    return tf.tidy(() => {
      const { source, target } = batch([pair]);
      // As many copies as there are steps: copy i is asked for step i, and one gradient has it all.
      const copies = target[0].map(() => source[0]);
      const targets = target[0].map(() => target[0]);
      const asked = tf.eye(targets.length).expandDims(2);
      const total = (embedded: tf.Tensor) => {
        const logits = this.logits({ source: copies, target: targets }, embedded);
        const logs = tf.logSoftmax(logits).reshape([targets.length, targets.length, -1]);
        const truth = tf.oneHot(tf.tensor2d(targets, undefined, 'int32'), logs.shape[2] as number);
        return tf.sum(tf.mul(tf.mul(logs, truth), asked)) as tf.Scalar;
      };
      const gradient = tf.grad(total)(this.embed('source', copies));
      return tf.norm(gradient, 'euclidean', 2).arraySync() as number[][];
    });
  }

  /**
   * Decodes greedily: takes the likeliest token at each step until the end mark.
   *
   * @param sources ids, each at least one
   * @param maxSteps stop here even without an end mark
   */
  decode(sources: number[][], maxSteps = 30): Decoded[] {
    if (sources.length === 0 || sources.some((source) => source.length === 0)) {
      throw new Error('decode: expected sources of at least one token each, got an empty one');
    }
    return tf.tidy(() => {
      const encoded = this.encode(pad(sources));
      const step = this.stepper(encoded);
      const results: Decoded[] = sources.map(() => ({ ids: [], weights: [], logProbability: 0 }));
      const ended = sources.map(() => false);
      let state = encoded.initial;
      let tokens = sources.map(() => Vocabulary.START);
      for (let i = 0; i < maxSteps && ended.includes(false); i++) {
        const previous = tf.gather(this.parameters.targetEmbedding, tf.tensor1d(tokens, 'int32'));
        const next = step(previous, state);
        state = next.state;
        const logProbabilities = tf
          .logSoftmax(this.readout(state, previous, next.context))
          .arraySync() as number[][];
        const weights = next.weights?.arraySync() as number[][][] | undefined;
        tokens = logProbabilities.map((row) => likeliest(row, 1)[0]);
        tokens.forEach((token, b) => {
          if (ended[b]) return;
          if (weights) results[b].weights.push(weights[b][0].slice(0, sources[b].length));
          results[b].logProbability += logProbabilities[b][token];
          if (token === Vocabulary.END) ended[b] = true;
          else results[b].ids.push(token);
        });
      }
      return results;
    });
  }

  /**
   * Decodes one source by beam search: see `beamSearch`.
   *
   * @param source ids, at least one
   * @param width how many outputs are kept at each step; 1 = greedy
   * @param options.maxSteps stop here even without an end mark
   * @param options.lengthPenalty α of `beamSearch`
   * @returns the `width` best outputs or fewer, best first
   */
  beam(source: number[], width: number, { maxSteps = 30, lengthPenalty = 0 } = {}): Found[] {
    if (source.length === 0 || !(Number.isInteger(width) && width >= 1)) {
      const given = `${source.length} tokens, width ${width}`;
      throw new Error(
        `beam: expected a source of at least one token and a whole width ≥ 1, got ${given}`,
      );
    }
    return tf.tidy(() => {
      // Every output that may be open at a time has a row of its own, used or not.
      const encoded = this.encode(Array.from({ length: width }, () => source));
      const step = this.stepper(encoded);
      const fill = (list: number[]) =>
        tf.tensor1d(
          Array.from({ length: width }, (_, row) => list[row] ?? list[0]),
          'int32',
        );
      let state = encoded.initial;
      let open: { ids: number[]; weights: number[][] }[] | undefined;
      const weightsOf = new Map<string, number[][]>(); // of the steps after each beginning
      const next: NextToken = (tokens, parents) => {
        const previous = tf.gather(this.parameters.targetEmbedding, fill(tokens));
        const reached = step(previous, tf.gather(state, fill(parents)));
        state = reached.state;
        const weights = reached.weights?.arraySync() as number[][][] | undefined;
        const before = open;
        open = parents.map((parent, row) => ({
          ids: before ? [...before[parent].ids, tokens[row]] : [],
          weights: weights ? [...(before?.[parent].weights ?? []), weights[row][0]] : [],
        }));
        for (const { ids, weights } of open) weightsOf.set(ids.join(), weights);
        const logits = this.readout(state, previous, reached.context);
        return (tf.logSoftmax(logits).arraySync() as number[][]).slice(0, tokens.length);
      };
      const { START: start, END: end } = Vocabulary;
      return beamSearch(next, { start, end, width, maxSteps, lengthPenalty }).map((found) => {
        const before = found.ended ? found.ids : found.ids.slice(0, -1);
        return { ...found, weights: weightsOf.get(before.join()) as number[][] };
      });
    });
  }

  /** Frees every parameter. */
  dispose(): void {
    tf.dispose(this.parameters);
  }
}
