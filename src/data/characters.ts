import { loadMobyDick } from './moby-dick';

/** The signs of a character text: a to z, and the space. */
export const characters = 'abcdefghijklmnopqrstuvwxyz ';

/**
 * All of *Moby-Dick* as a language model by characters reads it: small letters and single spaces.
 *
 * @returns places in `characters`, in the order of the book; every fifth chapter is held out
 */
export function loadCharacters(): { train: Uint8Array; heldOut: Uint8Array } {
  const [train, heldOut]: string[][] = [[], []];
  for (const { chapter, text } of loadMobyDick()) (chapter % 5 === 0 ? heldOut : train).push(text);
  return { train: toCharacters(train.join(' ')), heldOut: toCharacters(heldOut.join(' ')) };
}

/**
 * Whatever is no letter becomes a space, and several spaces become one, as in the data set *text8*. An
 * apostrophe is left out, and an accent taken off.
 *
 * @example
 * toText(toCharacters("The Whale's jaw -- 'twas crooked!")) // 'the whales jaw twas crooked '
 */
export function toCharacters(text: string): Uint8Array {
  const plain = text
    .normalize('NFD')
    .toLowerCase()
    .replace(/['’]|\p{M}/gu, '')
    .replace(/[^a-z]+/g, ' ');
  return Uint8Array.from(plain, (sign) => characters.indexOf(sign));
}

/** The text that places in `characters` stand for. */
export function toText(ids: ArrayLike<number>): string {
  return Array.from(ids, (id) => characters[id]).join('');
}
