// @ts-check
/** Grades submissions: the notebook that was handed in, its points, and what there is to say. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { definitions, readAssignment } from './assignment.mjs';
import { rebuild } from './rebuild.mjs';
import { Submission } from './submission.mjs';

/** @type {typeof import('attention')} */
const attention = createRequire(import.meta.url)('attention');

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
 * Grades one submission. Whatever it does, there is a grade: 0 for what does not hold.
 *
 * @param {import('./assignment.mjs').Assignment} assignment with its hidden tests
 * @param {any} released the notebook that was handed out
 * @param {string} file what was handed in
 * @param {{ seed: number, wrapped?: boolean, hidden?: boolean, earlier?: string[] }} options
 *   `hidden: false` leaves out what is looked at only when homework is graded; `earlier` are texts of
 *   cells that were handed out before
 * @returns {Promise<Graded>}
 */
export async function gradeSubmission(
  assignment,
  released,
  file,
  { seed, wrapped, hidden = true, earlier },
) {
  const { notebook, remarks, cells } = rebuild(file, released, assignment.name, earlier);
  const { tf, judgeHomework } = attention;
  const submission = new Submission(cells, tf, wrapped);
  const names = assignment.exercises.flatMap((exercise) => exercise.names);
  try {
    // Without waiting for a turn; what is wrong is said again by the first call.
    if (cells.length > 0) await submission.start().catch(() => {});
    const answers = cells.length > 0 ? submission.answers(names) : nothing(names);
    const found = await definitions(assignment, attention, answers);
    /** @type {GradedExercise[]} */
    const exercises = [];
    for (const { id, checkId } of assignment.exercises) {
      const all = found[id].behaviours;
      const behaviours = hidden ? all : all.filter((behaviour) => !behaviour.hidden);
      const verdict = await judgeHomework({ ...found[id], behaviours }, seed);
      const { exercise, points, of, outcomes } = verdict;
      /** @param {(i: number) => string} line */
      const lines = (line) => [
        `Exercise ${exercise}: ${points} of ${of} points`,
        ...outcomes.map(({ mark }, i) => `  ${mark} ${line(i)}`),
      ];
      exercises.push({
        id,
        checkId,
        exercise,
        points,
        of,
        lines: lines((i) => (outcomes[i].hidden ? '(hidden) ' : '') + outcomes[i].line),
        feedback: lines((i) => outcomes[i].line),
      });
    }
    submission.close();
    const sum = (/** @type {'points' | 'of'} */ what) =>
      exercises.reduce((total, exercise) => total + exercise[what], 0);
    return {
      points: sum('points'),
      of: sum('of'),
      exercises,
      remarks: [...remarks, ...submission.remarks].map((remark) => remark.replace(/\s+/g, ' ')),
      notebook,
    };
  } finally {
    submission.close();
  }
}

/** @param {string[]} names @returns {Record<string, () => never>} answers that nobody has written */
function nothing(names) {
  const answer = () => {
    throw new Error('not implemented');
  };
  return Object.fromEntries(names.map((name) => [name, answer]));
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
    const result =
      known ??
      (await gradeSubmission(assignment, released, folder.submitted(name, student), {
        seed: folder.seed,
        wrapped,
        earlier: folder.handedOut(name),
      }));
    if (!known) {
      const seconds = (performance.now() - start) / 1000;
      folder.keep(name, student, { ...result, seconds });
    }
    onDone?.(student, result);
  });
}

/**
 * @template T
 * @param {T[]} jobs
 * @param {(job: T) => Promise<void>} work
 */
async function twoAtATime(jobs, work) {
  const rest = [...jobs];
  const worker = async () => {
    for (let job = rest.shift(); job !== undefined; job = rest.shift()) await work(job);
  };
  await Promise.all([worker(), worker()]);
}
