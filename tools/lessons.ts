/** The one list of lessons: the folders of src/lessons, a room for each. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './setup/errors.mjs';
import { notebooks, root } from './setup/paths.mjs';

export const rooms = join(root, 'src', 'lessons');

/** How rooms and notebooks are called: 08-multi-head-attention. */
const named = /^\d\d-[\w-]+$/;

/** One slide of the deck in a lesson. */
interface Row {
  /** As in deck.json. */
  slide: string;
  /** The heading under which the lesson has it. */
  section?: string;
  /** Of `src` that compute what it says. */
  functions: string[];
  /** Of the lesson, by their names in the code. */
  exercises?: string[];
}

export interface Lesson {
  /** '08'. */
  number: string;
  /** '08-multi-head-attention'. */
  name: string;
  title: string;
  /** What a reader sees, for the README. */
  sees: string;
  slides: Row[];
  /** Numbers that the text quotes, and where they stand. */
  quoted?: Record<string, string>;
  /** If it may be longer. */
  budget?: { words?: number; cells?: number; bytes?: number };
  /** Its folder in src/lessons. */
  room: string;
  /** Its file; see `written`. */
  notebook: string;
  /** Whether that file is there. */
  written: boolean;
}

/** @returns all lessons of the course in their order, those to come included */
export function lessons(): Lesson[] {
  return readdirSync(rooms)
    .filter((name) => named.test(name))
    .sort()
    .map((name) => {
      const room = join(rooms, name);
      const notebook = join(notebooks, `${name}.ipynb`);
      const row = JSON.parse(readFileSync(join(room, 'lesson.json'), 'utf8'));
      const place = { number: name.slice(0, 2), name, room, notebook };
      return { ...place, written: existsSync(notebook), ...row };
    });
}

/** @returns the lessons that have a notebook */
export const writtenLessons = (): Lesson[] => lessons().filter(({ written }) => written);

/**
 * @param numbers '08', or the whole name; none means all
 * @throws {SetupError} that says which there are
 */
export function chosenLessons(numbers: string[], among: Lesson[] = writtenLessons()) {
  const is = (number: string) => (lesson: Lesson) =>
    lesson.number === number || lesson.name === number;
  const unknown = numbers.filter((number) => !among.some(is(number)));
  if (unknown.length > 0) {
    const known = among.map(({ number }) => number).join(', ');
    throw new SetupError(`There is no lesson ${unknown.join(', ')}. There are: ${known}.`);
  }
  return numbers.length === 0
    ? among
    : among.filter((lesson) => numbers.some((number) => is(number)(lesson)));
}

/** @returns the slides of the original deck, in their order */
export const deck = (): string[] => JSON.parse(readFileSync(join(rooms, 'deck.json'), 'utf8'));
