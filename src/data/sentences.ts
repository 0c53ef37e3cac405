import { readFileSync } from 'node:fs';
import { numbered } from './agreement';
import { loadMobyDick } from './moby-dick';

/** Words in lower case and the marks `, ; : . ! ?`, each a token. */
export function tokenized(text: string): string[] {
  return text.toLowerCase().match(/[a-z]+(?:'[a-z]+)?|[,;.!?:]/g) ?? [];
}

/**
 * The sentences of *Moby-Dick*, or, of long ones, pieces.
 *
 * @param options.longest a sentence with more tokens is cut behind every so many
 * @param options.shortest what has fewer tokens is left out
 * @returns in the order of the book; every fifth chapter is held out for the test
 */
export function bookSentences({ longest = 16, shortest = 4 } = {}): {
  train: string[][];
  test: string[][];
} {
  const [train, test]: string[][][] = [[], []];
  for (const { chapter, text } of loadMobyDick()) {
    const side = chapter % 5 === 0 ? test : train;
    for (const sentence of text.split(/(?<=[.;!?:])\s/)) {
      const tokens = tokenized(sentence);
      for (let start = 0; start < tokens.length; start += longest) {
        const piece = tokens.slice(start, start + longest);
        if (piece.length >= shortest) side.push(piece);
      }
    }
  }
  return { train, test };
}

/** A sentence out of a review, and what its writer thought. */
export interface Review {
  text: string;
  tokens: string[];
  positive: 0 | 1;
}

/**
 * 1,000 sentences out of reviews of mobile phones and what belongs to them, as many for as against
 * (Kotzias et al. 2015), from the package `wink-sentiment`, in the order of its file.
 */
export function loadReviews(): Review[] {
  const file = require.resolve('wink-sentiment/test/data/amazon_cells_labelled.txt');
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => {
    const [text, label] = line.split('\t');
    return { text, tokens: tokenized(text), positive: label.trim() === '1' ? 1 : 0 };
  });
}

/** Sentences as numbers, in rows of equal length. */
export interface SentenceRows {
  /** What is read, [sentences][places]: the mark, then the words; 0 behind the last. */
  words: number[][];
  /** The last two letters of what is read, numbered the same way. */
  endings: number[][];
  /** What comes next, [sentences][places]: the words, then the mark; 0 does not count. */
  next: number[][];
}

/** Numbers for words: 0 where there is none, 1 for a rare one, 2 for the mark around a sentence. */
export type SentenceCoder = ReturnType<typeof sentenceCoder>;

/**
 * Numbers for words and for their last two letters, so that a word that is rare still shows how it
 * ends.
 *
 * @param train sentences to number
 * @param options.rare words and endings that are seen less often share the number 1
 * @param options.also words that get a number however rare they are
 */
export function sentenceCoder(
  train: readonly (readonly string[])[],
  { rare = 8, also = [] }: { rare?: number; also?: readonly string[] } = {},
) {
  const tokens = train.flat();
  const mark = 2;
  const kept = [...numbered(tokens, rare).keys()];
  const words = new Map([...new Set([...kept, ...also])].map((word, i) => [word, i + 3]));
  const endings = new Map(
    [...numbered(tokens.map(ending), rare).keys()].map((end, i) => [end, i + 3]),
  );
  const id = (word: string) => words.get(word) ?? 1;
  return {
    wordCount: words.size + 3,
    endingCount: endings.size + 3,
    /** The words that have a number of their own. */
    words: [...words.keys()],
    id,
    /** Sentences side by side. */
    rows(sentences: readonly (readonly string[])[]): SentenceRows {
      const places = Math.max(...sentences.map(({ length }) => length)) + 1;
      const fill = (row: number[]) => [...row, ...new Array(places - row.length).fill(0)];
      const end = (word: string) => endings.get(ending(word)) ?? 1;
      return {
        words: sentences.map((one) => fill([mark, ...one.map(id)])),
        endings: sentences.map((one) => fill([mark, ...one.map(end)])),
        next: sentences.map((one) => fill([...one.map(id), mark])),
      };
    },
  };
}

const ending = (word: string) => word.slice(-2);
