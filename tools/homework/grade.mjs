// @ts-check
/** Grades submissions: the notebook that was handed in, its points, and what there is to say. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readAssignment } from './assignment.mjs';
import { plain } from './codec.mjs';
import { limited, limits } from './sandbox.mjs';
import { patience } from './submission.mjs';

const judgeFile = fileURLToPath(new URL('judge.mjs', import.meta.url));
const longestGrade = 32 << 20;

/**
 * @typedef {object} GradedExercise
 * @property {string} id
 * @property {string} checkId
 * @property {string} exercise
 * @property {number} points
 * @property {number} of
 * @property {string[]} lines what was looked at and what was found
 * @property {string[]} feedback the same for the student
 *
 * @typedef {object} Graded
 * @property {number} points
 * @property {number} of
 * @property {GradedExercise[]} exercises
 * @property {string[]} remarks
 * @property {any} notebook as handed out, with the answers in it
 */

/**
 * Grades one submission. Whatever it does, there is a grade: 0 for what does not hold. It is judged in
 * a process of its own with limits; if that ends, the submission has nothing.
 *
 * @param {import('./assignment.mjs').Assignment} assignment with its hidden tests
 * @param {any} released the notebook that was handed out
 * @param {string} file what was handed in
 * @param {{ seed: number, wrapped?: boolean, hidden?: boolean, earlier?: string[] }} options
 *   `hidden: false` leaves out what is looked at only when homework is graded; `earlier` are texts of
 *   cells that were handed out before
 * @returns {Promise<Graded>}
 */
export async function gradeSubmission(assignment, released, file, options) {
  const judged = await judge({ assignment, released, file, options, patience, limits });
  if (typeof judged === 'object') return judged;
  const nothing = await judge({ assignment, released, options, patience, limits });
  if (typeof nothing === 'string') throw new Error(`nothing can be judged here: ${nothing}`);
  return { ...nothing, remarks: [`no points, since judging it came to an end: ${plain(judged)}`] };
}

/** @param {object} job @returns {Promise<Graded | string>} the grade, or why there is none */
async function judge(job) {
  const [program, ...args] = limited([process.execPath, '--max-old-space-size=1024', judgeFile]);
  const { NODE_OPTIONS: _, ...env } = process.env;
  const started = spawn(program, args, {
    stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
    env: { ...env, TF_CPP_MIN_LOG_LEVEL: '3' },
  });
  const [stdin, , stderr, result] = /** @type {any[]} */ (started.stdio);
  let said = '';
  let complaints = '';
  stdin.on('error', () => {}); // said by its end
  stdin.end(JSON.stringify(job));
  result.setEncoding('utf8').on('data', (/** @type {string} */ data) => {
    said += data;
    if (said.length > longestGrade) started.kill('SIGKILL');
  });
  stderr.on('data', (/** @type {Buffer} */ data) => {
    complaints = `${complaints}${data}`.slice(-2000);
  });
  const [code, signal] = await once(started, 'close');
  return code === 0 ? JSON.parse(said) : `${signal ?? code} ${complaints.trim()}`;
}

/**
 * Grades the submissions of a class and keeps what was found out.
 *
 * @param {import('./class-folder.mjs').ClassFolder} folder
 * @param {string} name of the assignment
 * @param {string[]} students
 * @param {{ force?: boolean, wrapped?: boolean, onDone?: (student: string, result: any) => void }} [options]
 *   `force` grades again what is unchanged
 */
export async function gradeStudents(
  folder,
  name,
  students,
  { force = false, wrapped, onDone } = {},
) {
  folder.requireRelease(name);
  const assignment = readAssignment(folder.source(name));
  const released = JSON.parse(readFileSync(folder.release(name), 'utf8'));
  await twoAtATime(students, async (student) => {
    const known = force ? undefined : folder.result(name, student);
    const start = performance.now();
    const key = folder.key(name, student); // not later: it may be replaced meanwhile
    const result =
      known ??
      (await gradeSubmission(assignment, released, folder.submitted(name, student), {
        seed: folder.seed,
        wrapped,
        earlier: folder.handedOut(name),
      }));
    if (!known) {
      const seconds = (performance.now() - start) / 1000;
      folder.keep(name, student, { key, ...result, seconds });
    }
    onDone?.(student, result);
  });
}

/**
 * @template T
 * @param {T[]} jobs
 * @param {(job: T) => Promise<void>} work
 */
export async function twoAtATime(jobs, work) {
  const rest = [...jobs];
  const worker = async () => {
    for (let job = rest.shift(); job !== undefined; job = rest.shift()) await work(job);
  };
  await Promise.all([worker(), worker()]);
}
