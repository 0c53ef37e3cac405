import { type Batch, batch, batches } from '../../data/batches';
import { glue, letters, loadCmudict, phonemes } from '../../data/cmudict';
import { Vocabulary } from '../../data/vocabulary';
import { gru } from '../../layers/gru';
import { EncoderDecoder } from '../../models/encoder-decoder';
import {
  errorByLength,
  guessesGivenTruth,
  lengthGroups,
  pronunciationErrors,
  spellingPairs,
  wordsOfLength,
} from '../../models/pronounce';
import type { Results } from '../../notebook/stored-results';
import { flatten, variables } from '../../tensors/parameters';
import { random, uniform } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import { Adam } from '../../training/adam';
import { checkpointFile, saveCheckpoint } from '../../training/checkpoint';
import { crossEntropy } from '../../training/cross-entropy';
import { errorRates } from '../../training/error-rates';
import { cosineSchedule } from '../../training/schedule';
import { train } from '../../training/train';

const data = loadCmudict();
const pairs = spellingPairs(data.train);
const seeds = [1, 2, 3];

/**
 * One training of lessons 01 and 02: one pass over the training words.
 *
 * @returns the model, and the mean loss of each nine steps
 */
export async function trained(options: { units?: number; attention: boolean; seed: number }) {
  const model = new EncoderDecoder({
    sourceTokens: letters.size,
    targetTokens: phonemes.size,
    ...options,
  });
  const steps = Math.ceil(pairs.length / 128);
  const losses = await trainOn(model.parameters, steps, options.seed, (some) => model.loss(some));
  return { model, losses: meansOf(9, losses) };
}

/** The means of so many numbers each. */
function meansOf(count: number, values: number[]): number[] {
  return Array.from({ length: Math.floor(values.length / count) }, (_, i) => {
    const part = values.slice(i * count, (i + 1) * count);
    return part.reduce((a, b) => a + b) / count;
  });
}

async function trainOn(
  parameters: Record<string, tf.Variable>,
  steps: number,
  seed: number,
  loss: (some: Batch) => tf.Scalar,
) {
  const adam = new Adam(parameters, { learningRate: cosineSchedule(0.004, steps), clipNorm: 5 });
  const stream = batches(pairs, { batchSize: 128, seed });
  const losses = await train(steps, () => adam.minimize(() => loss(stream.next().value)));
  adam.dispose();
  return losses;
}

/** Validation words of six letters, and the same words glued in pairs, in percent. */
export function errorOfGlued(model: EncoderDecoder) {
  const six = data.validation.filter(({ word }) => word.length === 6);
  const first = six.filter((_, i) => i % 2 === 0 && i + 1 < six.length);
  const glued = first.map((word, i) => glue(word, six[2 * i + 1]));
  return {
    alone: 100 * pronunciationErrors(model, six.slice(0, 2 * first.length)).token,
    glued: 100 * pronunciationErrors(model, glued).token,
  };
}

/**
 * How often each of the first twelve phonemes is wrong, in percent, in validation words of 9 or more
 * letters when the ones before are given; the end mark counts as one.
 */
export function wrongByPosition(model: EncoderDecoder): number[] {
  const long = wordsOfLength(data.validation, [9, 20]);
  const truths = spellingPairs(long).map(({ target }) => [...target, Vocabulary.END]);
  const guesses = guessesGivenTruth(model, long);
  return Array.from({ length: 12 }, (_, i) => {
    const there = truths.flatMap((truth, w) =>
      i < truth.length ? [guesses[w][i] !== truth[i]] : [],
    );
    return (100 * there.filter(Boolean).length) / there.length;
  });
}

/** Three seeds of all that the lesson trains, four lengths of the vector, and a checkpoint. */
export async function results(report: (line: string) => void): Promise<Results> {
  const numbers: Record<string, number[]> = {};
  const curves: Record<string, number[][]> = {};
  const draw = (name: string, values: number[]) => {
    curves[name] = [...(curves[name] ?? []), values];
    report(`${name}: ${values.map((value) => value.toFixed(2)).join(' ')}`);
  };
  const note = (name: string, value: number) => {
    numbers[name] = [...(numbers[name] ?? []), value];
    report(`${name}: ${value.toFixed(2)}`);
  };
  for (const seed of seeds) {
    for (const units of [32, 64, 128, 256]) {
      const { model, losses } = await trained({ units, attention: false, seed });
      draw(`a vector of ${2 * units}`, errorByLength(model, data.validation));
      if (units === 128) {
        if (seed === 1) saveCheckpoint(checkpointFile('fixed-vector'), model.parameters);
        draw('loss', losses);
        draw('wrong by position', wrongByPosition(model));
        measure(model, note);
      }
      model.dispose();
    }
    for (const kind of ['forwards', 'backwards', 'no gates'] as const) {
      note(`perplexity, ${kind}`, await perplexity(kind, seed));
    }
  }
  const setting = 'one pass over the training words (seq2seq: 400 steps), seeds 1, 2 and 3';
  return { setting, numbers, curves };
}

function measure(model: EncoderDecoder, note: (name: string, value: number) => void) {
  const byLength = errorByLength(model, data.validation);
  byLength.forEach((error, i) => {
    note(`error, ${lengthGroups[i].join('–')} letters`, error);
  });
  note('error, longest words over shortest', byLength[5] / byLength[0]);
  note('error, 9–10 letters over 2–4', byLength[3] / byLength[0]);
  note('error, all test words', 100 * pronunciationErrors(model, data.test).token);
  const { alone, glued } = errorOfGlued(model);
  note('error, six letters', alone);
  note('error, two words of six letters glued', glued);
  const long = wordsOfLength(data.validation, [13, 20]);
  const [one, two, eight] = [1, 2, 8].map((width) => {
    const found = long.map(({ word }) => model.beam(letters.encode([...word]), width)[0].ids);
    const said = found.map((ids) => phonemes.decode(ids));
    return (
      100 *
      errorRates(
        said,
        long.map(({ variants }) => variants),
      ).token
    );
  });
  note('gain of beam width 2, in % of that of 8', (100 * (one - two)) / (one - eight));
}

/** `seq2seq` of the lesson, trained for 400 steps; without gates, u is stuck at 0 and r at 1. */
async function perplexity(kind: 'forwards' | 'backwards' | 'no gates', seed: number) {
  const { parameters, loss } = seq2seq({ reverse: kind === 'backwards', seed });
  if (kind === 'no gates') {
    for (const { gates, gatesBias } of [parameters.encoder, parameters.decoder]) {
      (gates as tf.Variable).assign(tf.zerosLike(gates));
      (gatesBias as tf.Variable).assign(tf.concat([tf.fill([64], 50), tf.fill([64], -50)]));
    }
  }
  const learned = Object.entries(flatten(parameters));
  const free = learned.filter(([name]) => kind !== 'no gates' || !name.includes('gates'));
  await trainOn(Object.fromEntries(free) as Record<string, tf.Variable>, 400, seed, loss);
  const [nats] = loss(batch(spellingPairs(data.validation.slice(0, 2000)))).dataSync();
  tf.dispose(Object.fromEntries(learned));
  return Math.exp(nats);
}

function seq2seq({ units = 64, depth = 32, reverse = false, seed = 1 } = {}) {
  const next = random(seed);
  const cell = () => ({
    gates: uniform([depth + units, 2 * units], next),
    gatesBias: tf.zeros([2 * units]),
    candidate: uniform([depth + units, units], next),
    candidateBias: tf.zeros([units]),
  });
  const p = variables({
    letters: uniform([letters.size, depth], next, 0.5),
    phonemes: uniform([phonemes.size, depth], next, 0.5),
    encoder: cell(),
    decoder: cell(),
    output: uniform([units, phonemes.size], next),
  });
  const loss = ({ source, target }: Batch) =>
    tf.tidy(() => {
      const ids = tf.tensor2d(source, undefined, 'int32');
      const mask = tf.notEqual(ids, Vocabulary.PAD);
      const h = gru(tf.gather(p.letters, ids), p.encoder, mask, { reverse });
      const last = reverse ? 0 : source[0].length - 1;
      const c = h.slice([0, last, 0], [-1, 1, -1]).squeeze([1]) as tf.Tensor;
      const before = target.map((row) => [Vocabulary.START, ...row.slice(0, -1)]);
      const y = tf.gather(p.phonemes, tf.tensor2d(before, undefined, 'int32'));
      const s = gru(y, p.decoder, undefined, { initial: c });
      const logits = tf.matMul(s.reshape([-1, units]), p.output);
      const truth = tf.tensor1d(target.flat(), 'int32');
      return crossEntropy(logits, truth, tf.notEqual(truth, Vocabulary.PAD));
    });
  return { parameters: p, loss };
}
