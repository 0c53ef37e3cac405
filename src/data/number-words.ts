import { random, shuffled } from '../tensors/random';
import type { SequencePair } from './batches';
import { Vocabulary } from './vocabulary';

const inWords: (n: number, options: { lang: 'de' | 'en' }) => string = require('n2words');

/** The languages that numbers are written in. */
export type NumberLanguage = 'german' | 'english';

const tags: Record<NumberLanguage, 'de' | 'en'> = { german: 'de', english: 'en' };

const words: Record<NumberLanguage, string> = {
  german:
    'eins ein eine zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn ' +
    'fünfzehn sechzehn siebzehn achtzehn neunzehn und zwanzig dreißig vierzig fünfzig sechzig ' +
    'siebzig achtzig neunzig hundert tausend Million Millionen',
  english:
    'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen ' +
    'sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety ' +
    'hundred thousand million',
};

/** The words that the numbers below a thousand million are made of. */
export const numberWords: Record<NumberLanguage, Vocabulary> = {
  german: new Vocabulary(words.german.split(' ')),
  english: new Vocabulary(words.english.split(' ')),
};

// The longest first: in "siebzehn" there is no "sieb", in "hundert" no "und".
const anyGerman = new RegExp(
  words.german
    .split(' ')
    .sort((a, b) => b.length - a.length)
    .join('|'),
  'g',
);

/**
 * A number in words, as the package `n2words` writes it. German compounds are taken apart
 * (`fünf`, `und`, `vierzig`); the British *and*, which other English does without, is left out.
 *
 * @param n a whole number, 1 … 999,999,999
 * @throws if it is none
 */
export function numberInWords(n: number, language: NumberLanguage): string[] {
  if (!(Number.isInteger(n) && n >= 1 && n < 1e9)) {
    throw new Error(`expected a whole number from 1 to 999,999,999, got ${n}`);
  }
  const text = inWords(n, { lang: tags[language] });
  if (language === 'german') return text.match(anyGerman) as string[];
  return text.split(/[ -]/).filter((word) => word !== 'and');
}

/**
 * What each word of a number stands for: "tens of thousand", "hundred of million". Words of two
 * languages that stand for the same translate one another; *und* stands for nothing.
 */
function roles(said: readonly string[]): (string | undefined)[] {
  const found: (string | undefined)[] = [];
  let group = 'ones'; // of three digits; from the end of the number on, its scale is known
  for (let i = said.length - 1; i >= 0; i--) {
    const kind = kindOf(said[i]);
    if (kind === 'thousand' || kind === 'million') group = kind;
    const hundreds = kind === 'ones' && i + 1 < said.length && kindOf(said[i + 1]) === 'hundred';
    found[i] = kind === 'und' ? undefined : `${hundreds ? 'hundreds' : kind} of ${group}`;
  }
  return found;
}

function kindOf(word: string): string {
  if (word === 'und') return 'und';
  if (/^hund/.test(word)) return 'hundred';
  if (/^t(ausend|housand)$/.test(word)) return 'thousand';
  if (/^mill/i.test(word)) return 'million';
  return /(zig|ßig|ty)$/.test(word) ? 'tens' : 'ones';
}

/** A number in two languages, with its alignment. */
export interface NumberPair extends SequencePair {
  number: number;
  sourceWords: string[];
  targetWords: string[];
  /** For each target word, the place of the source word that it translates; −1 if there is none. */
  links: number[];
}

/** A number in two languages: words, ids, and which word translates which. */
export function numberPair(
  number: number,
  from: NumberLanguage = 'german',
  to: NumberLanguage = 'english',
): NumberPair {
  const [sourceWords, targetWords] = [from, to].map((language) => numberInWords(number, language));
  const sources = roles(sourceWords);
  return {
    number,
    sourceWords,
    targetWords,
    source: numberWords[from].encode(sourceWords),
    target: numberWords[to].encode(targetWords),
    links: roles(targetWords).map((role) => (role ? sources.indexOf(role) : -1)),
  };
}

/**
 * Numbers of four to nine digits in two languages, each length equally often, drawn at random.
 *
 * @param options.count of the training numbers
 * @param options.heldOut how many in each of `validation` and `test`
 * @returns no number twice; the same seed gives the same numbers
 */
export function loadNumberPairs({
  from = 'german' as NumberLanguage,
  to = 'english' as NumberLanguage,
  count = 8000,
  heldOut = 500,
  seed = 1,
} = {}): { train: NumberPair[]; validation: NumberPair[]; test: NumberPair[] } {
  const next = random(seed);
  const drawn = new Set<number>();
  while (drawn.size < count + 2 * heldOut) {
    const digits = 4 + Math.floor(6 * next());
    drawn.add(Math.floor(10 ** (digits - 1) * (1 + 9 * next())));
  }
  const pairs = shuffled([...drawn], next).map((n) => numberPair(n, from, to));
  return {
    validation: pairs.slice(0, heldOut),
    test: pairs.slice(heldOut, 2 * heldOut),
    train: pairs.slice(2 * heldOut),
  };
}
