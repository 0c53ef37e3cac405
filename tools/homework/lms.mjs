// @ts-check
/** Whose a file is, and when it was handed in, by the names that learning platforms give. */
import { SetupError } from '../setup/errors.mjs';
import { folderName, whoIs } from './roster.mjs';
import { readTable } from './table.mjs';

/** @typedef {import('./roster.mjs').Person} Person */

/**
 * @typedef {object} Sender
 * @property {string} name as the platform writes it
 * @property {string} [number] of the person (Canvas) or the participation (Moodle)
 * @property {string} [archive] that it lay in, if the name is one of a file in there
 * @property {boolean} [late]
 * @property {number} [file] Canvas counts files: a later one has a higher number
 */

/**
 * Moodle, "Download all submissions": `Ada Lovelace_4711_assignsubmission_file/work.ipynb`, or without
 * folders `Ada Lovelace_4711_assignsubmission_file_work.ipynb`.
 *
 * @param {string[]} path
 * @returns {Sender | undefined}
 */
function moodle(path) {
  for (const part of path) {
    const [, name, number] = /^(.+)_(\d+)_assignsubmission_[a-z]+(?:_|$)/.exec(part) ?? [];
    if (number) return { name, number };
  }
  return undefined;
}

/**
 * Canvas, "Download submissions": `lovelaceada_LATE_1234_56789_work.ipynb`; what was handed in again
 * is called `work-1.ipynb` there.
 *
 * @param {string[]} path
 * @returns {Sender | undefined}
 */
function canvas(path) {
  for (const part of path) {
    const [, name, late, number, file] =
      /^(?:(.+?)_)??(?:(LATE)_)?(\d+|anon_[^_]+)_(\d+)_./i.exec(part) ?? [];
    if (file) return { name: name ?? number, number, late: Boolean(late), file: Number(file) };
  }
  return undefined;
}

/** Who of a class by the path of a file, for each platform. */
export const platforms = { moodle, canvas };

/**
 * Whose it is by folders and names that people have made: `student.ipynb`, `student_anything.ipynb`,
 * `student/anything.ipynb`, `student.zip`.
 *
 * @param {string[]} path
 * @param {Person[]} roster
 * @param {string} assignment what notebooks of everybody may be called
 * @returns {Sender | undefined}
 */
export function byFolder(path, roster, assignment) {
  const stems = path.map((part) => part.replace(/\.(zip|ipynb)$/i, ''));
  for (const stem of stems) {
    const parts = stem.split('_');
    for (let i = parts.length; i > 0; i--) {
      const name = parts.slice(0, i).join('_');
      if (whoIs(roster, name)) return { name };
    }
  }
  const folder = path.findIndex((part, i) => i < path.length - 1 && !/\.zip$/i.test(part));
  if (folder >= 0) return { name: path[folder] };
  const own = stems[stems.length - 1].split('_')[0];
  if (path.length === 1) return { name: own };
  const archive = stems[stems.length - 2];
  const isAssignment = own.startsWith(assignment.slice(0, 2)) && assignment.startsWith(own);
  return { name: isAssignment ? archive : own, archive };
}

/**
 * When things were handed in: Moodle's grading worksheet, or a table with a name or id and a time.
 *
 * @param {string} file
 * @param {Person[]} roster
 */
export function readTimes(file, roster) {
  const { head, rows } = readTable(file);
  const column = (/** @type {RegExp} */ name) => head.find((one) => name.test(one)) ?? '';
  const when = column(/^(last modified \(submission\)|submitted[ _]?at|time|timestamp|date)$/i);
  if (!when)
    throw new SetupError(
      `${file} has no column "Last modified (submission)", submitted_at or time: it has ${head.join(', ')}.`,
    );
  const by = [
    'identifier',
    'id',
    'user_id',
    'student',
    'email address',
    'email',
    'full name',
    'name',
  ];
  const keys = head.filter((one) => by.includes(one.toLowerCase()));
  /** @type {Map<string, number>} */
  const times = new Map();
  /** @type {Map<string, string>} */
  const emails = new Map();
  const unread = [];
  for (const row of rows) {
    const text = row[when];
    const participant = /^\D*(\d+)$/.exec(row[column(/^identifier$/i)] ?? '')?.[1];
    const email = row[column(/^e-?mail( address)?$/i)];
    if (participant && email) emails.set(participant, email);
    if (text === '' || text === '-') continue;
    const time = Date.parse(text);
    if (Number.isNaN(time)) unread.push(`${file}: "${text}" is not understood as a time`);
    else
      for (const key of [...keys.map((one) => row[one]), participant ?? '']) {
        if (key === '') continue;
        times.set(key, time);
        const id = whoIs(roster, key)?.id;
        if (id) times.set(id, time);
      }
  }
  return { times, emails, unread };
}

/**
 * @param {Sender} sender
 * @param {Person[]} roster
 * @param {Map<string, string>} [emails] of Moodle's participants, from a worksheet
 * @returns {string | undefined} who that is in the roster
 */
export function personOf({ name, number }, roster, emails) {
  const email = emails?.get(number ?? '');
  return [email, number, name].flatMap((one) => (one ? (whoIs(roster, one)?.id ?? []) : []))[0];
}

/** @param {Sender} sender @param {boolean} isShared whether somebody else has the same name */
export function strangerName({ name, number, archive }, isShared) {
  if (!isShared) return folderName(name);
  return folderName(number ? `${name}-${number}` : (archive ?? name));
}
