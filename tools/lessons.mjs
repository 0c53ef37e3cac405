// @ts-check
/** The one list of lessons: the folders of src/lessons, a room for each. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './setup/errors.mjs';
import { notebooks, root } from './setup/paths.mjs';

export const rooms = join(root, 'src', 'lessons');

/** How rooms and notebooks are called: 08-multi-head-attention. */
const named = /^\d\d-[\w-]+$/;

/**
 * @typedef {object} Row one slide of the deck in a lesson
 * @property {string} slide as in deck.json
 * @property {string} [section] the heading under which the lesson has it
 * @property {string[]} functions of `src` that compute what it says
 * @property {string[]} [exercises] of the lesson, by their names in the code
 *
 * @typedef {object} Lesson
 * @property {string} number '08'
 * @property {string} name '08-multi-head-attention'
 * @property {string} title
 * @property {string} sees what a reader sees, for the README
 * @property {Row[]} slides
 * @property {Record<string, string>} [quoted] numbers that the text quotes, and where they stand
 * @property {{ words?: number, cells?: number, bytes?: number }} [budget] if it may be longer
 * @property {string} room its folder in src/lessons
 * @property {string} notebook its file; see `written`
 * @property {boolean} written whether that file is there
 */

/** @returns {Lesson[]} all lessons of the course in their order, those to come included */
export function lessons() {
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

/** @returns {Lesson[]} the lessons that have a notebook */
export const writtenLessons = () => lessons().filter(({ written }) => written);

/**
 * @param {string[]} numbers '08', or the whole name; none means all
 * @param {Lesson[]} among
 * @throws {SetupError} that says which there are
 */
export function chosenLessons(numbers, among = writtenLessons()) {
  const is = (/** @type {string} */ number) => (/** @type {Lesson} */ lesson) =>
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

/** @returns {string[]} the slides of the original deck, in their order */
export const deck = () => JSON.parse(readFileSync(join(rooms, 'deck.json'), 'utf8'));
