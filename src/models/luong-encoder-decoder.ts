import { localMonotonicAttention } from '../attention/local/local-monotonic';
import {
  localPredictiveAttention,
  localPredictiveParameters,
} from '../attention/local/local-predictive';
import { paddingMask } from '../attention/masks';
import { dotProductScore } from '../attention/scores/dot-product';
import { generalParameters, generalScore } from '../attention/scores/general';
import {
  attentionalParameters,
  attentionalState,
  type Fed,
  inputFeedingStep,
  type Score,
} from '../attention/scores/global';
import {
  locationBasedAttention,
  locationBasedParameters,
} from '../attention/scores/location-based';
import { softAttention } from '../attention/scores/soft';
import { denseWeights, type SparseWeights } from '../attention/sparse-weights';
import { type Batch, batch, pad, type SequencePair } from '../data/batches';
import { Vocabulary } from '../data/vocabulary';
import {
  type LstmParameters,
  type LstmState,
  lstm,
  lstmCell,
  lstmParameters,
} from '../layers/lstm';
import { steps } from '../layers/steps';
import { dense } from '../tensors/dense';
import { flatten, variables } from '../tensors/parameters';
import { random, uniform } from '../tensors/random';
import { tf } from '../tensors/tf';
import { crossEntropy } from '../training/cross-entropy';
import type { Decoded } from './encoder-decoder';

/** Sizes and kind of an encoder–decoder of Luong et al. */
export interface LuongOptions {
  sourceTokens: number;
  targetTokens: number;
  /** Depth of the embeddings of source and target tokens. */
  dEmbedding?: number;
  /** Units of the encoder's LSTM, of the decoder's, and of h̃. */
  units?: number;
  /**
   * Where a query looks: at all keys, by a score (global) or by itself alone (location); around
   * position t (monotonic, the paper's local-m); around a position that it predicts (predictive,
   * local-p).
   */
  attention?: 'global' | 'location' | 'monotonic' | 'predictive';
  score?: 'dot' | 'general';
  /** Half the window of local attention. */
  D?: number;
  /** Whether a step of the decoder reads h̃ of the step before. */
  inputFeeding?: boolean;
  /** false: the decoder begins at 0, and all that it learns of the source comes by attention. */
  handOver?: boolean;
  /** Columns of the table of `location`: the longest source that it can look all over. */
  positions?: number;
  seed?: number;
}

/** What the encoder gives to the decoder. */
type Encoded = {
  /** h̄_s [batch, sourceLength, units] */
  keys: tf.Tensor3D;
  /** With which the decoder begins: the state behind the last real token. */
  first: LstmState;
  /** [batch, 1, sourceLength]: 1 = a token, 0 = padding */
  mask: tf.Tensor3D;
};

/** Where the queries looked; `position`, p_t [batch, queries], is there for local attention. */
type Looked = {
  context: tf.Tensor3D;
  weights: tf.Tensor3D | SparseWeights;
  position?: tf.Tensor;
};

/** A decoded output with what each of its tokens attended to. */
export type LuongDecoded = Decoded & {
  /** p_t of each step, from 0; [] with global attention. */
  positions: number[];
};

/**
 * Luong's encoder–decoder, with global or local attention.
 *
 *     h̄_s      = LSTM(E x_s, h̄_{s−1})
 *     h_t      = LSTM([E y_{t−1}; h̃_{t−1}], h_{t−1})      without input feeding: of E y_{t−1} alone
 *     c_t, α_t = attention of h_t to all h̄_s or to a window
 *     h̃_t      = tanh(W_c [c_t; h_t])
 *     p(y_t)   = softmax(W_s h̃_t)
 *
 * The decoder begins with the encoder's last state. Where Bahdanau's decoder asks with the state
 * before its step, this one asks with the state after it, and what it finds goes into the *output*:
 * without input feeding the recurrence never hears of it, and all steps of a known output can be
 * computed at once.
 *
 * The paper has four layers of 1000 units and reads the source backwards; this has one layer, and
 * reads forwards.
 *
 * Source: Luong, Pham, Manning (2015), Section 3.
 */
export class LuongEncoderDecoder {
  readonly parameters: Record<string, tf.Variable>;
  readonly options: Required<LuongOptions>;

  constructor(options: LuongOptions) {
    this.options = {
      dEmbedding: 32,
      units: 64,
      attention: 'global',
      score: 'general',
      D: 10,
      inputFeeding: true,
      handOver: true,
      positions: 30,
      seed: 1,
      ...options,
    };
    const { sourceTokens, targetTokens, dEmbedding, units, attention, score } = this.options;
    const { inputFeeding, positions, seed } = this.options;
    const next = random(seed);
    const inputDepth = dEmbedding + (inputFeeding ? units : 0);
    const tree = tf.tidy(() => ({
      sourceEmbedding: uniform([sourceTokens, dEmbedding], next, 0.5),
      targetEmbedding: uniform([targetTokens, dEmbedding], next, 0.5),
      encoder: lstmParameters({ inputDepth: dEmbedding, units }, next),
      decoder: lstmParameters({ inputDepth, units }, next),
      attentional: attentionalParameters({ dValue: units, units, dAttentional: units }, next),
      output: uniform([units, targetTokens], next),
      outputBias: tf.zeros([targetTokens]),
      ...(attention !== 'location' &&
        score === 'general' && {
          score: generalParameters({ queryDepth: units, keyDepth: units }, next),
        }),
      ...(attention === 'location' && {
        location: locationBasedParameters({ queryDepth: units, positions }, next),
      }),
      ...(attention === 'predictive' && {
        position: localPredictiveParameters({ queryDepth: units, dHidden: units }, next),
      }),
    }));
    this.parameters = flatten(variables(tree));
  }

  private lstmParameters(prefix: 'encoder' | 'decoder'): LstmParameters {
    return { W: this.parameters[`${prefix}/W`], b: this.parameters[`${prefix}/b`] };
  }

  /** Embeddings of tokens, [rows, length, dEmbedding]. */
  private embed(of: 'source' | 'target', ids: number[][]): tf.Tensor {
    return tf.gather(this.parameters[`${of}Embedding`], tf.tensor2d(ids, undefined, 'int32'));
  }

  private encode(source: number[][]): Encoded {
    const lengths = source.map((row) => row.filter((id) => id !== Vocabulary.PAD).length);
    const mask = paddingMask(lengths, source[0].length);
    const embedded = this.embed('source', source);
    const run = lstm(embedded, this.lstmParameters('encoder'), tf.squeeze(mask, [1]));
    const zero = tf.zeros([source.length, this.options.units]);
    return {
      keys: run.states,
      first: this.options.handOver ? run.final : { h: zero, c: zero },
      mask,
    };
  }

  /** Attention of h_t, h_{t+1} … [batch, queries, units], the first of which is that of step `first`. */
  private attend(query: tf.Tensor3D, { keys, mask }: Encoded, first = 0): Looked {
    const { parameters: p } = this;
    const { attention, D } = this.options;
    const W = p['score/W'];
    const score: Score = W ? (s, h) => generalScore(s, h, { W }) : dotProductScore;
    switch (attention) {
      case 'global':
        return softAttention(score(query, keys) as tf.Tensor3D, keys, mask);
      case 'location':
        return locationBasedAttention(query, keys, { W: p['location/W'] }, mask);
      case 'monotonic':
        return localMonotonicAttention(query, keys, keys, mask, { D, score, first });
      case 'predictive': {
        const position = { W: p['position/W'], v: p['position/v'] };
        return localPredictiveAttention(query, keys, keys, position, mask, { D, score });
      }
    }
  }

  /** One step after another, with input feeding or without. */
  private stepper(encoded: Encoded) {
    const { units, inputFeeding } = this.options;
    const cell = this.lstmParameters('decoder');
    const W = this.parameters['attentional/W'];
    let t = 0;
    const begin: Fed<LstmState> = {
      state: encoded.first,
      attentional: tf.zeros([encoded.keys.shape[0], units]),
    };
    const step = (previous: tf.Tensor, before: Fed<LstmState>) => {
      const attend = (query: tf.Tensor) => this.attend(query as tf.Tensor3D, encoded, t++);
      if (inputFeeding) {
        const decoder = {
          cell: (x: tf.Tensor, state: LstmState) => lstmCell(x, state, cell),
          attend,
          parameters: { W },
        };
        return inputFeedingStep(previous, before, decoder);
      }
      const state = lstmCell(previous, before.state, cell);
      const attention = attend(state.h.expandDims(1));
      const context = tf.squeeze(attention.context, [1]) as tf.Tensor;
      return { state, attention, attentional: attentionalState(context, state.h, { W }) };
    };
    return { begin, step };
  }

  /** h̃ of all steps, [batch, steps, units], for the embeddings of the tokens before, and where they looked. */
  private run(previous: tf.Tensor, encoded: Encoded): { attentional: tf.Tensor; looked: Looked[] } {
    if (!this.options.inputFeeding) {
      const { states } = lstm(previous, this.lstmParameters('decoder'), undefined, {
        initial: encoded.first,
      });
      const looked = this.attend(states, encoded);
      const W = this.parameters['attentional/W'];
      return { attentional: attentionalState(looked.context, states, { W }), looked: [looked] };
    }
    const { begin, step } = this.stepper(encoded);
    let before = begin;
    const [attentional, looked]: [tf.Tensor[], Looked[]] = [[], []];
    for (const one of steps(previous)) {
      const reached = step(one, before);
      before = reached;
      attentional.push(reached.attentional);
      looked.push(reached.attention);
    }
    return { attentional: tf.stack(attentional, 1), looked };
  }

  /** h̃ of each step, given the true token before (teacher forcing). */
  private teacherForced({ source, target }: Batch) {
    const inputs = target.map((row) => [Vocabulary.START, ...row.slice(0, -1)]);
    return this.run(this.embed('target', inputs), this.encode(source));
  }

  private readout(attentional: tf.Tensor): tf.Tensor {
    return dense(attentional, this.parameters.output, this.parameters.outputBias);
  }

  /** Mean negative log-likelihood per target token when each step is given the true token before. */
  loss(batch: Batch): tf.Scalar {
    return tf.tidy(() => {
      const { attentional } = this.teacherForced(batch);
      const logits = this.readout(attentional).reshape([-1, this.options.targetTokens]);
      const targets = tf.tensor1d(batch.target.flat(), 'int32');
      return crossEntropy(logits, targets, tf.notEqual(targets, Vocabulary.PAD));
    });
  }

  /**
   * log p(y | y_1 … y_{t−1}, x) of every token y at every step t when each step is given the true
   * token before, in nats.
   *
   * @returns [batch, steps, targetTokens]
   */
  logProbabilities(batch: Batch): tf.Tensor3D {
    return tf.tidy(
      () => tf.logSoftmax(this.readout(this.teacherForced(batch).attentional)) as tf.Tensor3D,
    );
  }

  /**
   * Where the model looks while it is made to say the true targets (forced decoding).
   *
   * @returns for each pair the weights, [target tokens and the end mark][source tokens], and p_t of
   *   these steps, [] with global attention
   */
  align(pairs: readonly SequencePair[]): { weights: number[][]; positions: number[] }[] {
    return tf.tidy(() => {
      const { looked } = this.teacherForced(batch(pairs));
      const parts = looked.map(this.numbers);
      return pairs.map(({ source, target }, b) => ({
        weights: parts
          .flatMap(({ weights }) => weights[b])
          .slice(0, target.length + 1)
          .map((row) => row.slice(0, source.length)),
        positions: parts
          .flatMap(({ positions }) => positions?.[b] ?? [])
          .slice(0, target.length + 1),
      }));
    });
  }

  private numbers({ weights, position }: Looked) {
    const matrix = weights instanceof tf.Tensor ? weights : denseWeights(weights);
    return {
      weights: matrix.arraySync() as number[][][],
      positions: position?.arraySync() as number[][] | undefined,
    };
  }

  /**
   * Decodes greedily: takes the likeliest token at each step until the end mark.
   *
   * @param sources ids, each at least one
   * @param maxSteps stop here even without an end mark
   */
  decode(sources: number[][], maxSteps = 30): LuongDecoded[] {
    if (sources.length === 0 || sources.some((source) => source.length === 0)) {
      throw new Error('decode: expected sources of at least one token each, got an empty one');
    }
    return tf.tidy(() => {
      const { begin, step } = this.stepper(this.encode(pad(sources)));
      const results: LuongDecoded[] = sources.map(() => ({
        ids: [],
        weights: [],
        positions: [],
        logProbability: 0,
      }));
      const ended = sources.map(() => false);
      let before = begin;
      let tokens = sources.map(() => Vocabulary.START);
      for (let i = 0; i < maxSteps && ended.includes(false); i++) {
        const previous = tf.gather(this.parameters.targetEmbedding, tf.tensor1d(tokens, 'int32'));
        const reached = step(previous, before);
        before = reached;
        const { weights, positions } = this.numbers(reached.attention);
        const logits = this.readout(reached.attentional);
        const logProbabilities = tf.logSoftmax(logits).arraySync() as number[][];
        tokens = logProbabilities.map((row) => row.indexOf(Math.max(...row)));
        tokens.forEach((token, b) => {
          if (ended[b]) return;
          results[b].weights.push(weights[b][0].slice(0, sources[b].length));
          if (positions) results[b].positions.push(positions[b][0]);
          results[b].logProbability += logProbabilities[b][token];
          if (token === Vocabulary.END) ended[b] = true;
          else results[b].ids.push(token);
        });
      }
      return results;
    });
  }

  /** Frees every parameter. */
  dispose(): void {
    tf.dispose(this.parameters);
  }
}
