/** Whose a file is, and when it was handed in, by the names that learning platforms give. */
import { SetupError } from '../setup/errors.mjs';
import { folderName, type Person, whoIs } from './roster.ts';
import { readTable } from './table.ts';

export interface Sender {
  /** As the platform writes it. */
  name: string;
  /** Of the person (Canvas) or the participation (Moodle). */
  number?: string;
  /** That it lay in, if the name is one of a file in there. */
  archive?: string;
  late?: boolean;
  /** Canvas counts files: a later one has a higher number. */
  file?: number;
}

/**
 * Moodle, "Download all submissions": `Ada Lovelace_4711_assignsubmission_file/work.ipynb`, or without
 * folders `Ada Lovelace_4711_assignsubmission_file_work.ipynb`.
 */
function moodle(path: string[]): Sender | undefined {
  for (const part of path) {
    const [, name, number] = /^(.+?)_(\d+)_assignsubmission_[a-z]+(?:_|$)/.exec(part) ?? [];
    if (number) return { name, number };
  }
  return undefined;
}

/**
 * Canvas, "Download submissions": `lovelaceada_LATE_1234_56789_work.ipynb`; what was handed in again
 * is called `work-1.ipynb` there.
 */
function canvas(path: string[]): Sender | undefined {
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
 * @param assignment what notebooks of everybody may be called
 */
export function byFolder(path: string[], roster: Person[], assignment: string): Sender | undefined {
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
 */
export function readTimes(file: string, roster: Person[]) {
  const { head, rows } = readTable(file);
  const column = (name: RegExp) => head.find((one) => name.test(one)) ?? '';
  const when = column(/^(last modified \(submission\)|submitted[ _]?at|time|timestamp|date)$/i);
  if (!when)
    throw new SetupError(
      `${file} has no column "Last modified (submission)", submitted_at or time: it has ${head.join(', ')}.`,
    );
  const [number, email, ...others] = [
    /^(identifier|user_id)$/i,
    /^e-?mail( address)?$/i,
    /^(id|student|id number)$/i,
    /^(full )?name$/i,
  ].map(column);
  /** By number, person and name; nothing of a name that two have. */
  const times = new Map<string, number | undefined>();
  const emails = new Map<string, string>();
  const unread = [];
  for (const row of rows) {
    const text = row[when];
    const [, digits] = /(\d+)$/.exec(row[number] ?? '') ?? [];
    if (digits && row[email]) emails.set(digits, row[email]);
    if (text === '' || text === '-') continue;
    const time = Date.parse(text);
    if (Number.isNaN(time)) {
      unread.push(`${file}: "${text}" is not understood as a time`);
      continue;
    }
    if (digits) times.set(keyOf.number(digits), time);
    for (const name of [row[email], ...others.map((one) => row[one])].filter(Boolean)) {
      const person = whoIs(roster, name);
      if (person) times.set(keyOf.person(person.id), time);
      const key = keyOf.name(name);
      times.set(key, times.has(key) ? undefined : time);
    }
  }
  const timeOf = (sender: Sender, student: string) =>
    times.get(keyOf.number(sender.number ?? '')) ??
    times.get(keyOf.person(student)) ??
    times.get(keyOf.name(sender.name));
  return { timeOf, emails, unread };
}

/** A number of the platform is not a number of the university. */
const keyOf = {
  number: (one: string) => `number ${one}`,
  person: (one: string) => `person ${one}`,
  name: (one: string) => `name ${one}`,
};

/**
 * @param emails of Moodle's participants, from a worksheet
 * @returns who that is in the roster
 */
export function personOf(
  { name, number }: Sender,
  roster: Person[],
  emails?: Map<string, string>,
): string | undefined {
  const email = emails?.get(number ?? '');
  const numbered = roster.find(({ canvas }) => canvas !== '' && canvas === number);
  return ((email && whoIs(roster, email)) || numbered || whoIs(roster, name))?.id;
}

/** @param isShared whether somebody else has the same name */
export function strangerName({ name, number, archive }: Sender, isShared: boolean) {
  if (!isShared) return folderName(name);
  return folderName(number ? `${name}-${number}` : (archive ?? name));
}
