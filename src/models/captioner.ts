import {
  type AdditiveParameters,
  additiveLogits,
  additiveParameters,
} from '../attention/scores/additive';
import { hardAttention } from '../attention/scores/hard';
import { softAttention } from '../attention/scores/soft';
import { type LstmParameters, type LstmState, lstmCell, lstmParameters } from '../layers/lstm';
import { dense } from '../tensors/dense';
import { type Random, uniform } from '../tensors/random';
import { expectShape } from '../tensors/shape';
import { tf } from '../tensors/tf';

/** Sizes of a captioner. */
export type CaptionerSizes = {
  /** Words of the vocabulary. */
  words: number;
  /** D, numbers of an annotation vector. */
  depth: number;
  /** m, numbers of a word. */
  embedding: number;
  /** n, units of the LSTM. */
  units: number;
  /** Units of the hidden layer of f_att. */
  dAttention: number;
};

/** What a captioner learns. */
export type CaptionerParameters = {
  /** E [words, m] */
  words: tf.Tensor;
  /** The input is [E y_{t−1}; ẑ_t]. */
  lstm: LstmParameters;
  /** f_init,h and f_init,c, side by side: [D, 2n], [2n]. */
  initial: { W: tf.Tensor; b: tf.Tensor };
  /** f_att */
  score: AdditiveParameters;
  /** L_h [n, m], L_z [D, m], L_o [m, words] */
  Lh: tf.Tensor;
  Lz: tf.Tensor;
  Lo: tf.Tensor;
};

/** New parameters, drawn from `next`. */
export function captionerParameters(
  { words, depth, embedding, units, dAttention }: CaptionerSizes,
  next: Random,
): CaptionerParameters {
  return {
    words: uniform([words, embedding], next, Math.sqrt(3 / embedding)),
    lstm: lstmParameters({ inputDepth: embedding + depth, units }, next),
    initial: { W: uniform([depth, 2 * units], next), b: tf.zeros([2 * units]) },
    score: additiveParameters({ queryDepth: units, keyDepth: depth, dAttention }, next),
    Lh: uniform([units, embedding], next),
    Lz: uniform([depth, embedding], next),
    Lo: uniform([embedding, words], next),
  };
}

/**
 * How a captioner makes one vector of all annotations.
 *
 * @param logits e_t [batch, 1, locations]
 * @param annotations a [batch, locations, D]
 * @returns ẑ_t and the weights that made it (α_t or s_t); of a drawn location also log p(s_t), the
 *   entropy of α_t, and α_t itself
 */
export type Look = (
  logits: tf.Tensor3D,
  annotations: tf.Tensor3D,
) => {
  context: tf.Tensor3D;
  weights: tf.Tensor3D;
  probabilities?: tf.Tensor3D;
  logProbability?: tf.Tensor2D;
  entropy?: tf.Tensor2D;
};

/** Ways to look: φ of eq. (6). */
export const looks = {
  /** The expected annotation, eq. (13). */
  soft: (): Look => (logits, annotations) => softAttention(logits, annotations),
  /** The mean annotation, whatever the scores are: no attention. */
  even: (): Look => (logits, annotations) => softAttention(tf.mul(logits, 0), annotations),
  /** A location that is drawn, eq. (8) and (9). */
  hard:
    (next: Random, { straightThrough = false } = {}): Look =>
    (logits, annotations) =>
      hardAttention(logits, annotations, next, undefined, { straightThrough }),
  /** The likeliest location: hard attention when nothing is drawn any more. */
  likeliest: (): Look => (logits, annotations) => hardAttention(logits, annotations, () => 0.5), // all locations get the same noise
};

/** What a captioner makes of a batch, step by step. */
export type Captioned = {
  /** [batch, steps, words] */
  logits: tf.Tensor3D;
  /** α_t or s_t, whichever made ẑ_t [batch, steps, locations] */
  weights: tf.Tensor3D;
  /** α_t [batch, steps, locations] */
  probabilities: tf.Tensor3D;
  /** log p(s_t) [batch, steps]; 0 where nothing was drawn. */
  logProbability: tf.Tensor2D;
  /** H[s_t] [batch, steps]; 0 where nothing was drawn. */
  entropy: tf.Tensor2D;
};

/**
 * The decoder of *Show, Attend and Tell*, run over words that are given.
 *
 *     h_0, c_0 = f_init(1/L Σ_i a_i)
 *     e_ti = vᵀ tanh(h_{t−1} W + a_i U)      α_t = softmax(e_t)      ẑ_t = φ({a_i}, {α_ti})
 *     h_t, c_t = LSTM([E y_{t−1}; ẑ_t], h_{t−1}, c_{t−1})
 *     p(y_t) = softmax((E y_{t−1} + h_t L_h + ẑ_t L_z) L_o)
 *
 * Source: Xu et al. (2015), Section 3.1.2, eq. (1)–(7).
 *
 * @param annotations a [batch, locations, D]
 * @param previous y_0 … y_{C−1}, the words before [batch, steps], int32
 * @param look φ; soft attention if left out
 * @throws if a shape does not fit
 */
export function captioner(
  annotations: tf.Tensor,
  previous: tf.Tensor,
  parameters: CaptionerParameters,
  look: Look = looks.soft(),
): Captioned {
  const [batch, steps] = expectShape('previous', previous, ['batch', 'steps'], 'int32');
  const { m } = expectCaptioner(annotations, parameters, batch);
  return tf.tidy(() => {
    const before = tf.gather(parameters.words, previous as tf.Tensor2D); // [batch, steps, m]
    const step = stepper(annotations as tf.Tensor3D, parameters, look);
    let state = started(annotations, parameters);
    const made = Array.from({ length: steps }, (_, t) => {
      const next = step(before.slice([0, t, 0], [-1, 1, -1]).reshape([batch, m]), state);
      state = next.state;
      return next;
    });
    const joined = <T extends tf.Tensor>(list: tf.Tensor[]) => tf.concat(list, 1) as T;
    const nothing = () => tf.zeros([batch, 1]);
    const looked = made.map((one) => one.looked);
    const contexts = joined(looked.map(({ context }) => context));
    const states = joined(made.map((one) => one.state.h.expandDims(1)));
    return {
      logits: worded(before, states, contexts, parameters) as tf.Tensor3D,
      weights: joined<tf.Tensor3D>(looked.map(({ weights }) => weights)),
      probabilities: joined<tf.Tensor3D>(looked.map((one) => one.probabilities ?? one.weights)),
      logProbability: joined<tf.Tensor2D>(looked.map((one) => one.logProbability ?? nothing())),
      entropy: joined<tf.Tensor2D>(looked.map((one) => one.entropy ?? nothing())),
    };
  });
}

/**
 * Lets a captioner write: at each step the likeliest word, which is then the word before.
 *
 * @param options.start the word y_0
 * @param options.steps how many words
 * @returns words [batch][steps], and α or s [batch, steps, locations]
 */
export function writeCaptions(
  annotations: tf.Tensor,
  parameters: CaptionerParameters,
  { start, steps, look = looks.soft() }: { start: number; steps: number; look?: Look },
): { words: number[][]; weights: tf.Tensor3D } {
  const [batch] = expectShape('annotations', annotations, ['batch', 'locations', 'D']);
  expectCaptioner(annotations, parameters, batch);
  if (!(Number.isInteger(steps) && steps >= 1))
    throw new Error(`steps: expected a whole number from 1, got ${steps}`);
  const words = Array.from({ length: batch }, (): number[] => []);
  const weights = tf.tidy(() => {
    const step = stepper(annotations as tf.Tensor3D, parameters, look);
    let state = started(annotations, parameters);
    let last: tf.Tensor = tf.fill([batch], start, 'int32');
    const seen = Array.from({ length: steps }, () => {
      const word = tf.gather(parameters.words, last as tf.Tensor1D); // [batch, m]
      const next = step(word, state);
      state = next.state;
      const context = next.looked.context.squeeze([1]);
      last = tf.argMax(worded(word, state.h, context, parameters), -1);
      last.dataSync().forEach((id, i) => {
        words[i].push(id);
      });
      return next.looked.weights;
    });
    return tf.concat(seen, 1) as tf.Tensor3D;
  });
  return { words, weights };
}

/** c_0 and h_0, from the mean annotation. */
function started(annotations: tf.Tensor, { initial, lstm }: CaptionerParameters): LstmState {
  const both = dense(tf.mean(annotations, 1), initial.W, initial.b);
  const units = lstm.b.shape[0] / 4;
  const [h, c] = [0, units].map((at) => tf.tanh(both.slice([0, at], [-1, units])));
  return { h, c };
}

/** One step, eq. (1)–(6). What does not change from step to step is computed once. */
function stepper(annotations: tf.Tensor3D, { score, lstm }: CaptionerParameters, look: Look) {
  const key = dense(annotations, score.U); // [batch, locations, dAttention]
  return (word: tf.Tensor, state: LstmState) => {
    const query = dense(state.h, score.W).expandDims(1);
    const looked = look(additiveLogits(query, key, score.v), annotations);
    const input = tf.concat([word, looked.context.squeeze([1])], 1);
    return { looked, state: lstmCell(input, state, lstm) };
  };
}

/** The logits of the words, eq. (7). */
function worded(
  before: tf.Tensor,
  states: tf.Tensor,
  contexts: tf.Tensor,
  { Lh, Lz, Lo }: CaptionerParameters,
): tf.Tensor {
  return dense(tf.addN([before, dense(states, Lh), dense(contexts, Lz)]), Lo);
}

/** @throws if parameters and annotations do not fit one another */
function expectCaptioner(
  annotations: tf.Tensor,
  { words, score, lstm, initial, Lh, Lz, Lo }: CaptionerParameters,
  batch: number,
) {
  const [count, m] = expectShape('words', words, ['words', 'm']);
  const [depth, dAttention] = expectShape('U', score.U, ['D', 'dAttention']);
  const [units] = expectShape('W', score.W, ['n', dAttention]);
  expectShape('annotations', annotations, [batch, 'locations', depth]);
  expectShape('lstm W', lstm.W, [m + depth + units, 4 * units]);
  expectShape('initial W', initial.W, [depth, 2 * units]);
  expectShape('Lh', Lh, [units, m]);
  expectShape('Lz', Lz, [depth, m]);
  expectShape('Lo', Lo, [m, count]);
  return { m };
}
