/** Who is in a class: a table of id, name and email, and who of them a name or number means. */
import { existsSync } from 'node:fs';
import { SetupError } from '../setup/errors.mjs';
import { type Row, readTable } from './table.ts';

export interface Person {
  /** What they are called in the class's folders and grade book. */
  id: string;
  first: string;
  last: string;
  email: string;
  /** Their number in Canvas. */
  canvas: string;
  /** Their login in Canvas. */
  login: string;
  /** Of Canvas. */
  section: string;
}

export const personColumns = ['id', 'first', 'last', 'email', 'canvas', 'login', 'section'];

/** What columns are called: here, in Moodle's lists of participants and grades, in nbgrader. */
const heads = {
  id: ['id', 'student', 'student id', 'student_id', 'id number', 'idnumber', 'username'],
  name: ['name', 'full name', 'fullname'],
  first: ['first', 'first name', 'first_name', 'firstname'],
  last: ['last', 'last name', 'last_name', 'surname', 'lastname'],
  email: ['email', 'email address', 'e-mail', 'mail'],
  canvas: ['canvas'],
  login: ['login'],
  section: ['section'],
};
/** The same in Canvas's export of grades, where `ID` is a number of Canvas's own. */
const canvasHeads = {
  id: ['sis user id', 'sis login id', 'id'],
  name: ['student'],
  canvas: ['id'],
  login: ['sis login id'],
  section: ['section'],
};

/** @throws {SetupError} if there are no ids or names in it */
export function readRoster(file: string): Person[] {
  if (!existsSync(file)) throw new SetupError(`There is no roster ${file}.`);
  const { head, rows } = readTable(file);
  const known = head.map((name) => name.toLowerCase());
  const names: Record<string, string[]> = known.includes('sis login id') ? canvasHeads : heads;
  const field = (row: Row, what: string) =>
    (names[what] ?? [])
      .map((name) => row[head[known.indexOf(name)]] ?? '')
      .find((value) => value !== '') ?? '';
  const people = rows.flatMap((row) => {
    const [first, last] = named(field(row, 'name'), field(row, 'first'), field(row, 'last'));
    const person = { first, last, email: field(row, 'email') };
    const rest = Object.fromEntries(
      ['canvas', 'login', 'section'].map((what) => [what, field(row, what)]),
    );
    const id = folderName(field(row, 'id') || person.email);
    const isPerson = id !== '' && !/^(points possible|student, test)/i.test(field(row, 'name'));
    return isPerson ? [{ id, ...person, ...rest } as Person] : [];
  });
  if (people.length === 0)
    throw new SetupError(
      `${file} names nobody. A roster has the columns id, name and email, or those of Moodle’s list ` +
        `of participants or Canvas’s export of grades; this one has ${head.join(', ')}.`,
    );
  const twice = people.find(({ id }, i) => people.findIndex((one) => one.id === id) < i);
  if (twice) throw new SetupError(`${file} has ${twice.id} twice.`);
  return people;
}

/** @param last 'Lovelace, Ada' or 'Ada Lovelace' */
function named(name: string, first: string, last: string) {
  if (first || last) return [first, last];
  const [family, given] = name.split(/\s*,\s*/);
  if (given) return [given, family];
  const words = name.split(/\s+/);
  return [words.slice(0, -1).join(' '), words[words.length - 1]];
}

/** @returns what may be a folder's name and a cell of a spreadsheet */
export const folderName = (name: string): string =>
  name
    .normalize()
    .replace(/^[^\p{L}\p{N}]+/u, '')
    .replace(/[^\p{L}\p{M}\p{N}.@-]+/gu, '-');

/** The words of a name as letters and digits: "O’Brien, Ann" is [obrien, ann]. */
const words = (name: string) =>
  name
    .normalize()
    .toLowerCase()
    .split(/[\s,_]+/)
    .map((word) => word.replace(/[^\p{L}\p{M}\p{N}]/gu, ''))
    .filter(Boolean);
const sorted = (name: string) => words(name).sort().join(' ');

/**
 * Who that is: by id, email or login, else by name, whichever word of it comes
 * first, and also run together as Canvas does.
 *
 * @returns nobody if two have that name
 */
export function whoIs(roster: Person[], text: string): Person | undefined {
  const same = (one: string) => one !== '' && one.toLowerCase() === text.toLowerCase();
  const known = roster.find(({ id, email, login }) => [id, email, login].some(same));
  if (known) return known;
  const run = words(text).join('');
  const wanted = sorted(text);
  const called = roster.filter(({ first, last }) => {
    const all = words(`${last} ${first}`);
    const turned = all.map((_, i) => [...all.slice(i), ...all.slice(0, i)].join(''));
    return all.length > 0 && (sorted(`${first} ${last}`) === wanted || turned.includes(run));
  });
  return called.length === 1 ? called[0] : undefined;
}
