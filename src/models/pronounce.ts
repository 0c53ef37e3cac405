import { type Batch, batch, type SequencePair } from '../data/batches';
import { letters, type Pronunciation, phonemes } from '../data/cmudict';
import { tf } from '../tensors/tf';
import { type ErrorRates, errorRates } from '../training/error-rates';
import type { Decoded } from './encoder-decoder';

/** Any model that turns sequences of ids into sequences of ids. */
export interface Decoder {
  decode(sources: number[][], maxSteps?: number): Decoded[];
}

/** How a model says a word, and what it attended to. */
export type Said = {
  word: string;
  phonemes: string[];
  /** One row per phoneme and one for the end mark, one column per letter; [] without attention. */
  weights: number[][];
  /** log p(phonemes | word), in nats. */
  logProbability: number;
};

/** Spellings and pronunciations as ids, to train on: the first pronunciation of each word. */
export function spellingPairs(entries: readonly Pronunciation[]): SequencePair[] {
  return entries.map((entry) => ({
    source: letters.encode([...entry.word]),
    target: phonemes.encode(entry.phonemes),
  }));
}

/**
 * Lets a model say words.
 *
 * @param words letters A–Z, in upper or lower case
 * @throws if a word is empty or has another character, naming word and character
 */
export function pronounce(model: Decoder, words: readonly string[]): Said[] {
  const sources = words.map((word) => {
    if (word.length === 0) throw new Error('pronounce: expected a word, got an empty one');
    try {
      return letters.encode([...word.toUpperCase()]);
    } catch (error) {
      throw new Error(`pronounce: cannot read "${word}": ${(error as Error).message}`);
    }
  });
  const chunk = 256;
  const decoded: Decoded[] = [];
  for (let start = 0; start < sources.length; start += chunk) {
    decoded.push(...model.decode(sources.slice(start, start + chunk)));
  }
  return decoded.map(({ ids, weights, logProbability }, i) => ({
    word: words[i].toUpperCase(),
    phonemes: phonemes.decode(ids),
    weights,
    logProbability,
  }));
}

/** Phoneme and word error rate of a model; the closest of a word's pronunciations counts. */
export function pronunciationErrors(model: Decoder, entries: readonly Pronunciation[]): ErrorRates {
  // Words of like length are decoded together, which is faster and changes nothing else.
  const sorted = [...entries].sort((a, b) => a.word.length - b.word.length);
  const said = pronounce(
    model,
    sorted.map((entry) => entry.word),
  );
  return errorRates(
    said.map((s) => s.phonemes),
    sorted.map((entry) => entry.variants),
  );
}

/** Lengths of words that the lessons look at together, from and to, in letters. */
export const lengthGroups = [
  [2, 4],
  [5, 6],
  [7, 8],
  [9, 10],
  [11, 12],
  [13, 20],
];

/** The words of one of `lengthGroups`, or of any other range. */
export function wordsOfLength<T extends { word: string }>(
  entries: readonly T[],
  [from, to]: readonly number[],
): T[] {
  return entries.filter(({ word }) => word.length >= from && word.length <= to);
}

/** The phoneme error rate in each of `lengthGroups`, in percent. */
export function errorByLength(model: Decoder, entries: readonly Pronunciation[]): number[] {
  return lengthGroups.map(
    (group) => 100 * pronunciationErrors(model, wordsOfLength(entries, group)).token,
  );
}

/**
 * What a model takes for the likeliest at each position when it is given the *true* phonemes
 * before (teacher forcing), so that no error has consequences.
 *
 * @returns for each word, ids of as many phonemes as it has, and one more where its end mark stands
 */
export function guessesGivenTruth(
  model: { logProbabilities(batch: Batch): tf.Tensor3D },
  entries: readonly Pronunciation[],
): number[][] {
  const pairs = spellingPairs(entries);
  const chunk = 256;
  const guesses: number[][] = [];
  for (let start = 0; start < pairs.length; start += chunk) {
    const some = pairs.slice(start, start + chunk);
    const best = tf.tidy(() => model.logProbabilities(batch(some)).argMax(2).arraySync());
    guesses.push(
      ...some.map(({ target }, i) => (best as number[][])[i].slice(0, target.length + 1)),
    );
  }
  return guesses;
}
