import { loadMobyDick } from './moby-dick';

/** A verb in its sentence, and whether it stands in the plural. */
export interface Agreement {
  /** The words around it, in lower case; the verb itself is `[be]`. */
  tokens: string[];
  /** Where `[be]` stands among them. */
  at: number;
  /** 1 if the book has *are* or *were*, 0 if *is* or *was*. */
  plural: 0 | 1;
}

/** How many words before the verb and after it are kept: `[be]` and these make 16 places. */
export const agreementReach = { before: 10, after: 5 };

const verbs = new Map<string, 0 | 1>([
  ['is', 0],
  ['was', 0],
  ['are', 1],
  ['were', 1],
]);

/**
 * Subject and verb in real sentences: every *is, was, are, were* of *Moby-Dick*, hidden, with the
 * words around it. Is it singular or plural?
 *
 * @returns in the order of the book; every fifth chapter is held out for the test, so that no test
 *   sentence stands beside one of the training
 */
export function loadAgreement(): { train: Agreement[]; test: Agreement[] } {
  const [train, test]: Agreement[][] = [[], []];
  for (const { chapter, text } of loadMobyDick()) {
    const side = chapter % 5 === 0 ? test : train;
    for (const sentence of text.split(/(?<=[.;!?:])\s/)) side.push(...agreements(sentence));
  }
  return { train, test };
}

/**
 * The hidden verbs of one sentence.
 *
 * @example
 * agreements('The whales were near.') // [{ tokens: ['the', 'whales', '[be]', 'near', '.'], at: 2, plural: 1 }]
 */
export function agreements(sentence: string): Agreement[] {
  const words = sentence.toLowerCase().match(/[a-z]+(?:'[a-z]+)?|[,;.!?:]/g) ?? [];
  const { before, after } = agreementReach;
  return words.flatMap((word, i) => {
    const plural = verbs.get(word);
    if (plural === undefined) return [];
    const left = words.slice(Math.max(0, i - before), i);
    const tokens = [...left, '[be]', ...words.slice(i + 1, i + 1 + after)];
    return [{ tokens, at: left.length, plural }];
  });
}

/** Sentences as numbers, in rows of 16 places; the verb stands at place `agreementReach.before`. */
export interface EncodedAgreement {
  /** Which word, [sentences][places]; 0 where there is none, 1 for a rare one. */
  words: number[][];
  /** Which two last letters, [sentences][places], numbered the same way. */
  endings: number[][];
  /** 1 where there is a word to look at; the verb's own place is 0. */
  seen: number[][];
  plural: number[];
}

/**
 * Numbers for words and for their last two letters, so that a noun that is rare, or new, is still
 * seen to end in *-es*.
 *
 * @param train sentences to number
 * @param rare words and endings that are seen less often share the number 1
 */
export function agreementCoder(train: readonly Agreement[], rare = 5) {
  const tokens = train.flatMap((one) => one.tokens);
  const [words, endings] = [numbered(tokens, rare), numbered(tokens.map(ending), rare)];
  const { before, after } = agreementReach;
  const row = ({ tokens, at }: Agreement, number: (token: string) => number) => {
    const cells: number[] = new Array(before + 1 + after).fill(0);
    tokens.forEach((token, i) => {
      cells[before + i - at] = number(token);
    });
    return cells;
  };
  return {
    wordCount: words.size + 2,
    endingCount: endings.size + 2,
    encode: (sentences: readonly Agreement[]): EncodedAgreement => ({
      words: sentences.map((one) => row(one, (token) => words.get(token) ?? 1)),
      endings: sentences.map((one) => row(one, (token) => endings.get(ending(token)) ?? 1)),
      seen: sentences.map((one) => row(one, (token) => (token === '[be]' ? 0 : 1))),
      plural: sentences.map((one) => one.plural),
    }),
  };
}

const ending = (token: string) => token.slice(-2);

/** Numbers from 2 for what occurs at least so often, in the order of its first occurrence. */
export function numbered(tokens: readonly string[], least: number): Map<string, number> {
  const count = new Map<string, number>();
  for (const token of tokens) count.set(token, (count.get(token) ?? 0) + 1);
  const kept = [...count.keys()].filter((token) => (count.get(token) ?? 0) >= least);
  return new Map(kept.map((token, i) => [token, i + 2]));
}
