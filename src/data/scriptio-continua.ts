import { loadMobyDick } from './moby-dick';

/** A text as the Romans wrote: one letter after another. */
export interface ScriptioContinua {
  /** 0–25 for a–z. */
  letters: Uint8Array;
  /** 1 where a word ends behind the letter. */
  ends: Uint8Array;
}

/**
 * All of *Moby-Dick* without spaces, and where its words end.
 *
 * @returns in the order of the book; every fifth chapter is held out for the test
 */
export function loadScriptioContinua(): { train: ScriptioContinua; test: ScriptioContinua } {
  const [train, test]: string[][] = [[], []];
  for (const { chapter, text } of loadMobyDick()) (chapter % 5 === 0 ? test : train).push(text);
  return { train: withoutSpaces(train.join(' ')), test: withoutSpaces(test.join(' ')) };
}

/**
 * Takes the spaces out, and all else that is no letter. An apostrophe ends no word.
 *
 * @example
 * withoutSpaces('A ship!') // letters of 'aship', ends 1, 0, 0, 0, 1
 */
export function withoutSpaces(text: string): ScriptioContinua {
  const words =
    text
      .toLowerCase()
      .replace(/['’]/g, '')
      .match(/[a-z]+/g) ?? [];
  const letters = Uint8Array.from(words.join(''), (letter) => letter.charCodeAt(0) - a);
  const ends = new Uint8Array(letters.length);
  let end = -1;
  for (const { length } of words) {
    end += length;
    ends[end] = 1;
  }
  return { letters, ends };
}

/** Puts spaces where `ends` is not 0. */
export function withSpaces(letters: ArrayLike<number>, ends: ArrayLike<number>): string {
  return Array.from(letters, (letter, i) => String.fromCharCode(a + letter) + (ends[i] ? ' ' : ''))
    .join('')
    .trimEnd();
}

const a = 'a'.charCodeAt(0);
