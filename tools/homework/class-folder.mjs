// @ts-check
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
import { chosenLessons, lessons } from '../lessons.mjs';
import { SetupError } from '../setup/errors.mjs';
import { withLock } from '../setup/lock.mjs';
import { notebooks, root, venvPython } from '../setup/paths.mjs';
import { run } from '../setup/process.mjs';
import { personColumns, readRoster } from './roster.mjs';
import { tableText } from './table.mjs';

export const homeworkFolder = join(notebooks, 'homework');

/**
 * A lesson's homework: `source` with solutions and hidden tests, in its room; `handout` without.
 *
 * @typedef {import('../lessons.mjs').Lesson & { source: string, handout: string }} Homework
 */

/** @returns {Homework[]} of all lessons that have some */
export const allHomework = () =>
  lessons()
    .map((lesson) => ({
      ...lesson,
      source: join(lesson.room, 'homework.ipynb'),
      handout: join(homeworkFolder, `${lesson.name}.ipynb`),
    }))
    .filter(({ source }) => existsSync(source));

/** @param {string | undefined} number '08' @returns {Homework} */
export function homeworkOf(number) {
  const all = allHomework();
  if (!number) {
    const known = all.map(({ number }) => number).join(', ');
    throw new SetupError(`Which homework? There is some for the lessons ${known}.`);
  }
  return /** @type {Homework} */ (chosenLessons([number], all)[0]);
}

/** @param {string} file */
export const fileHash = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');

export class ClassFolder {
  /** @param {string} folder made if it is not there */
  constructor(folder) {
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

  /** @param {string} name @param {string[]} lines @param {number} [mode] */
  #once(name, lines, mode = 0o644) {
    const file = join(this.folder, name);
    if (!existsSync(file)) this.write(file, lines.join('\n'), mode);
  }

  /**
   * Writes a file as a whole or not at all, whenever this process ends.
   *
   * @param {string} file
   * @param {string | Buffer} content
   * @param {number} [mode]
   */
  write(file, content, mode) {
    const part = this.path('.part', `${process.pid}-${randomInt(2 ** 31)}`);
    for (const path of [part, file]) mkdirSync(dirname(path), { recursive: true });
    writeFileSync(part, content, { mode });
    renameSync(part, file);
  }

  /**
   * Does what writes to the class while no other process does.
   *
   * @template T
   * @param {() => Promise<T>} work
   */
  locked(work) {
    const wait = () =>
      console.log('Another command is at work on this class: this one waits for it.');
    return withLock(`class ${realpathSync(this.folder)}`, wait, work);
  }

  get seed() {
    return Number(readFileSync(join(this.folder, '.seed'), 'utf8'));
  }

  /** @param {string[]} parts */
  path(...parts) {
    return join(this.folder, ...parts);
  }

  /** @param {string} name */
  source = (name) => this.path('source', name, `${name}.ipynb`);
  /** @param {string} name */
  release = (name) => this.path('release', name, `${name}.ipynb`);
  /** @param {string} name @param {string} student */
  submitted = (name, student) => this.path('submitted', student, name, `${name}.ipynb`);
  /** @param {string} name @param {string} student what the grader found out */
  graded = (name, student) => this.path('.grades', name, `${student}.json`);

  /** @param {string} name @throws {SetupError} if the assignment has not been handed out */
  requireRelease(name) {
    if (existsSync(this.release(name)) && existsSync(this.source(name))) return;
    throw new SetupError(
      `Homework ${name} has not been handed out to this class (${this.folder}): ` +
        `\`npm run homework -- release ${name.slice(0, 2)}\` does that.`,
    );
  }

  /** @param {string} name @returns {string[]} who has handed in something */
  students(name) {
    const folder = this.path('submitted');
    return (existsSync(folder) ? readdirSync(folder) : [])
      .filter((student) => isFile(this.submitted(name, student)))
      .sort();
  }

  /** @param {string} name @param {string} student @returns {string[]} what a grade belongs to */
  key(name, student) {
    return [fileHash(this.submitted(name, student)), fileHash(this.source(name))];
  }

  /** @param {string} name @param {string} student @returns {any} the stored result, if it is up to date */
  result(name, student) {
    const file = this.graded(name, student);
    if (!existsSync(file)) return undefined;
    const result = JSON.parse(readFileSync(file, 'utf8'));
    return result.key.join() === this.key(name, student).join() ? result : undefined;
  }

  /** @param {string} name @param {string} student @param {object} result with the key of what was judged */
  keep(name, student, result) {
    this.write(this.graded(name, student), JSON.stringify(result));
  }

  /** @returns {import('./roster.mjs').Person[]} of the class, if it has a roster */
  roster() {
    const file = this.path('roster.csv');
    return existsSync(file) ? readRoster(file) : [];
  }

  /** Makes a list of people the roster of this class, and tells nbgrader. @param {string} file */
  async takeRoster(file) {
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

  /** @param {string} name */
  collectedFile = (name) => this.path('.collected', `${name}.json`);

  /** @param {string} name @returns {Record<string, { name: string, number?: string }>} as they are called where it was collected from */
  collected(name) {
    const file = this.collectedFile(name);
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  }

  /**
   * Takes what was handed in, with the time where nbgrader looks for it.
   *
   * @param {string} name
   * @param {string} student
   * @param {{ file: string, time: number, stamp?: number, isSame: boolean }} handedIn
   */
  take(name, student, { file, time, stamp, isSame }) {
    const target = this.submitted(name, student);
    const timestamp = join(dirname(target), 'timestamp.txt');
    if (stamp !== undefined) this.write(timestamp, `${new Date(stamp).toISOString()}\n`);
    else if (!isSame) rmSync(timestamp, { force: true });
    if (!isSame) this.write(target, readFileSync(file));
    utimesSync(target, time / 1000, time / 1000);
  }

  /**
   * @typedef {object} Entry
   * @property {string} assignment
   * @property {string} student
   * @property {string} first
   * @property {string} last
   * @property {string} email
   * @property {boolean} submitted
   * @property {string} timestamp when it was handed in, if that is known
   * @property {number} raw points
   * @property {number} penalty for being late
   * @property {number} score what remains
   * @property {number} of
   * @property {Record<string, number>} points by the check cell's id, given by hand or else found
   *
   * @returns {Promise<{ entries: Entry[], due: Record<string, string> }>} nbgrader's grade book
   */
  async book() {
    const file = this.path('.part', 'book.json');
    mkdirSync(dirname(file), { recursive: true });
    await this.nbgrader('export', `--to=${file}`);
    return JSON.parse(readFileSync(file, 'utf8'));
  }

  /** @param {string} name @returns {Promise<number | undefined>} */
  async dueDate(name) {
    const due = (await this.book()).due[name];
    return due === undefined ? undefined : Date.parse(due);
  }

  /**
   * @param {string} name
   * @param {string} source a notebook with solutions
   */
  async handOut(name, source) {
    this.write(this.source(name), readFileSync(source));
    const before = this.handedOut(name);
    await this.nbgrader('generate_assignment', name, '--force');
    const now = JSON.parse(readFileSync(this.release(name), 'utf8')).cells.map(
      (/** @type {any} */ { source }) => [source].flat().join(''),
    );
    this.write(this.#texts(name), JSON.stringify([...new Set([...before, ...now])]));
  }

  /** @param {string} name */
  #texts = (name) => this.path('.released', `${name}.json`);

  /** @param {string} name @returns {string[]} the texts of all cells that this class ever got */
  handedOut(name) {
    const file = this.#texts(name);
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
  }

  /**
   * Runs a command of nbgrader in the folder.
   *
   * @param {string[]} args
   * @throws {SetupError} with what it said
   */
  async nbgrader(...args) {
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

/** @param {string} file @returns {boolean} whether it is a file itself, not a link to one */
export function isFile(file) {
  return lstatSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}
