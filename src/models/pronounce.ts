import type { SequencePair } from '../data/batches';
import { letters, type Pronunciation, phonemes } from '../data/cmudict';
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
