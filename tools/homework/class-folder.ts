/** The folder of a class, in nbgrader's layout: source, release, submitted, autograded, feedback. */
import { createHash, randomInt } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { chosenLessons, type Lesson, lessons } from '../lessons.ts';
import { joined, type Notebook } from '../notebooks/nbformat.ts';
import { SetupError } from '../setup/errors.mjs';
import { withLock } from '../setup/lock.mjs';
import { notebooks, root, venvPython } from '../setup/paths.mjs';
import { run } from '../setup/process.mjs';
import type { Graded } from './graded.ts';
import { type Person, personColumns, readRoster } from './roster.ts';
import { tableText } from './table.ts';

export const homeworkFolder = join(notebooks, 'homework');

/**
 * A lesson's homework: `source` with solutions and hidden tests, in its room; `handout` without.
 */
export type Homework = Lesson & { source: string; handout: string };

/** @returns of all lessons that have some */
export const allHomework = (): Homework[] =>
  lessons()
    .map((lesson) => ({
      ...lesson,
      source: join(lesson.room, 'homework.ipynb'),
      handout: join(homeworkFolder, `${lesson.name}.ipynb`),
    }))
    .filter(({ source }) => existsSync(source));

/** @param number '08' */
export function homeworkOf(number: string | undefined): Homework {
  const all = allHomework();
  if (!number) {
    const known = all.map(({ number }) => number).join(', ');
    throw new SetupError(`Which homework? There is some for the lessons ${known}.`);
  }
  return chosenLessons([number], all)[0] as Homework;
}

export const fileHash = (file: string) =>
  createHash('sha256').update(readFileSync(file)).digest('hex');

/** What was found out about a submission, and the files that it was found out from. */
export type Kept = Graded & { key: string[]; booked?: boolean };

/** A row of nbgrader's grade book. */
export interface Entry {
  assignment: string;
  student: string;
  first: string;
  last: string;
  email: string;
  submitted: boolean;
  /** When it was handed in, if that is known. */
  timestamp: string;
  /** Points. */
  raw: number;
  /** For being late. */
  penalty: number;
  /** What remains. */
  score: number;
  of: number;
  /** By the check cell's id, given by hand or else found. */
  points: Record<string, number>;
}

export class ClassFolder {
  readonly folder: string;

  /** @param folder made if it is not there */
  constructor(folder: string) {
    this.folder = resolve(folder);
    mkdirSync(join(folder, 'exchange'), { recursive: true }); // nbgrader's, in place of one for all users
    this.#once('nbgrader_config.py', [
      '# nbgrader reads this. Written by `npm run homework`; add settings of your own below.',
      'import sys',
      `sys.path.insert(0, ${JSON.stringify(join(root, 'tools', 'homework'))})`,
      'from nbgrader_course import configure',
      'configure(get_config())',
      '',
    ]);
    // The numbers that answers are tried with are this class's own, and secret.
    this.#once('.seed', [String(randomInt(2 ** 31))], 0o600);
  }

  #once(name: string, lines: string[], mode: number = 0o644) {
    const file = join(this.folder, name);
    if (!existsSync(file)) this.write(file, lines.join('\n'), mode);
  }

  /** Writes a file as a whole or not at all, whenever this process ends. */
  write(file: string, content: string | Buffer, mode?: number) {
    const part = this.path('.part', `${process.pid}-${randomInt(2 ** 31)}`);
    for (const path of [part, file]) mkdirSync(dirname(path), { recursive: true });
    writeFileSync(part, content, { mode });
    renameSync(part, file);
  }

  /** Does what writes to the class while no other process does. */
  locked<T>(work: () => Promise<T>) {
    const wait = () =>
      console.log('Another command is at work on this class: this one waits for it.');
    return withLock(`class ${realpathSync(this.folder)}`, wait, work);
  }

  get seed() {
    return Number(readFileSync(join(this.folder, '.seed'), 'utf8'));
  }

  path(...parts: string[]) {
    return join(this.folder, ...parts);
  }

  source = (name: string) => this.path('source', name, `${name}.ipynb`);
  release = (name: string) => this.path('release', name, `${name}.ipynb`);
  submitted = (name: string, student: string) =>
    this.path('submitted', student, name, `${name}.ipynb`);
  /** @param student what the grader found out */
  graded = (name: string, student: string) => this.path('.grades', name, `${student}.json`);

  /** @throws {SetupError} if the assignment has not been handed out */
  requireRelease(name: string) {
    if (existsSync(this.release(name)) && existsSync(this.source(name))) return;
    throw new SetupError(
      `Homework ${name} has not been handed out to this class (${this.folder}): ` +
        `\`npm run homework -- release ${name.slice(0, 2)}\` does that.`,
    );
  }

  /** @returns who has handed in something */
  students(name: string): string[] {
    const folder = this.path('submitted');
    return (existsSync(folder) ? readdirSync(folder) : [])
      .filter((student) => isFile(this.submitted(name, student)))
      .sort();
  }

  /** @returns what a grade belongs to */
  key(name: string, student: string): string[] {
    return [fileHash(this.submitted(name, student)), fileHash(this.source(name))];
  }

  /** @returns the stored result, if it is up to date */
  result(name: string, student: string): Kept | undefined {
    const file = this.graded(name, student);
    if (!existsSync(file)) return undefined;
    const result = JSON.parse(readFileSync(file, 'utf8'));
    return result.key.join() === this.key(name, student).join() ? result : undefined;
  }

  /** @param result with the key of what was judged */
  keep(name: string, student: string, result: object) {
    this.write(this.graded(name, student), JSON.stringify(result));
  }

  /** @returns of the class, if it has a roster */
  roster(): Person[] {
    const file = this.path('roster.csv');
    return existsSync(file) ? readRoster(file) : [];
  }

  /** Makes a list of people the roster of this class, and tells nbgrader. */
  async takeRoster(file: string) {
    const people = readRoster(file);
    const kept = this.path('roster.csv');
    const text = tableText(
      personColumns,
      people.map((one) => ({ ...one })),
      false,
    );
    if (existsSync(kept) && readFileSync(kept, 'utf8') === text) return;
    const rows = people.map(({ id, first, last, email }) => [id, first, last, email]);
    const students = this.path('.part', 'students.csv');
    this.write(students, tableText(['id', 'first_name', 'last_name', 'email'], rows, false));
    await this.nbgrader('db', 'student', 'import', students);
    this.write(kept, text);
  }

  collectedFile = (name: string) => this.path('.collected', `${name}.json`);

  /** @returns as they are called where it was collected from */
  collected(name: string): Record<string, { name: string; number?: string }> {
    const file = this.collectedFile(name);
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  }

  /** Takes what was handed in, with the time where nbgrader looks for it. */
  take(
    name: string,
    student: string,
    { file, time, stamp, isSame }: { file: string; time: number; stamp?: number; isSame: boolean },
  ) {
    const target = this.submitted(name, student);
    const timestamp = join(dirname(target), 'timestamp.txt');
    if (stamp !== undefined) this.write(timestamp, `${new Date(stamp).toISOString()}\n`);
    else if (!isSame) rmSync(timestamp, { force: true });
    if (!isSame) this.write(target, readFileSync(file));
    utimesSync(target, time / 1000, time / 1000);
  }

  /** @returns nbgrader's grade book */
  async book(): Promise<{ entries: Entry[]; due: Record<string, string> }> {
    const file = this.path('.part', 'book.json');
    mkdirSync(dirname(file), { recursive: true });
    await this.nbgrader('export', `--to=${file}`);
    return JSON.parse(readFileSync(file, 'utf8'));
  }

  async dueDate(name: string): Promise<number | undefined> {
    const due = (await this.book()).due[name];
    return due === undefined ? undefined : Date.parse(due);
  }

  /** @param source a notebook with solutions */
  async handOut(name: string, source: string) {
    this.write(this.source(name), readFileSync(source));
    const before = this.handedOut(name);
    await this.nbgrader('generate_assignment', name, '--force');
    const released: Notebook = JSON.parse(readFileSync(this.release(name), 'utf8'));
    const now = released.cells.map(({ source }) => joined(source));
    this.write(this.#texts(name), JSON.stringify([...new Set([...before, ...now])]));
  }

  #texts = (name: string) => this.path('.released', `${name}.json`);

  /** @returns the texts of all cells that this class ever got */
  handedOut(name: string): string[] {
    const file = this.#texts(name);
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
  }

  /** Runs a command of nbgrader in the folder. @throws {SetupError} with what it said. */
  async nbgrader(...args: string[]) {
    const ran = await run(venvPython, ['-I', '-m', 'nbgrader', ...args], {
      cwd: this.folder,
      env: {
        JUPYTER_PREFER_ENV_PATH: '1',
        PATH: [dirname(venvPython), dirname(process.execPath), process.env.PATH].join(delimiter),
      },
    });
    if (!ran.ok)
      throw new SetupError(
        `nbgrader failed at \`nbgrader ${args.join(' ')}\`. It said:\n\n${ran.tail}`,
      );
  }
}

/** @returns whether it is a file itself, not a link to one */
export function isFile(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}
