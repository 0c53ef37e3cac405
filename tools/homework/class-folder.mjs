// @ts-check
/** The folder of a class, in nbgrader's layout: source, release, submitted, autograded, feedback. */
import { createHash, randomInt } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { chosenLessons, lessons } from '../lessons.mjs';
import { SetupError } from '../setup/errors.mjs';
import { notebooks, root, venvPython } from '../setup/paths.mjs';
import { run } from '../setup/process.mjs';

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
const hash = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');

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
    if (!existsSync(file)) writeFileSync(file, lines.join('\n'), { mode });
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

  /** @param {string} name @param {string} student what a grade belongs to */
  key(name, student) {
    return [hash(this.submitted(name, student)), hash(this.source(name))];
  }

  /** @param {string} name @param {string} student @returns {any} the stored result, if it is up to date */
  result(name, student) {
    const file = this.graded(name, student);
    if (!existsSync(file)) return undefined;
    const result = JSON.parse(readFileSync(file, 'utf8'));
    return result.key.join() === this.key(name, student).join() ? result : undefined;
  }

  /** @param {string} name @param {string} student @param {object} result */
  keep(name, student, result) {
    const file = this.graded(name, student);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.part`, JSON.stringify({ key: this.key(name, student), ...result }));
    renameSync(`${file}.part`, file);
  }

  /**
   * @param {string} name
   * @param {string} source a notebook with solutions
   */
  async handOut(name, source) {
    mkdirSync(dirname(this.source(name)), { recursive: true });
    copyFileSync(source, this.source(name));
    const before = this.handedOut(name);
    await this.nbgrader('generate_assignment', name, '--force');
    const now = JSON.parse(readFileSync(this.release(name), 'utf8')).cells.map(
      (/** @type {any} */ { source }) => [source].flat().join(''),
    );
    mkdirSync(this.path('.released'), { recursive: true });
    writeFileSync(this.#texts(name), JSON.stringify([...new Set([...before, ...now])]));
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
