// @ts-check
/** Grades submissions: the notebook that was handed in, its points, and what there is to say. */
import { createRequire } from 'node:module';
import { Submission } from './answers.mjs';
import { definitions } from './assignment.mjs';
import { codeCells, rebuild } from './rebuild.mjs';

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
 * @property {string[]} feedback the same for the student: of what is hidden, only whether it holds
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
 * @param {{ seed: number, wrapped?: boolean, hidden?: boolean }} options `hidden: false` leaves out
 *   what is looked at only when homework is graded
 * @returns {Promise<Graded>}
 */
export async function gradeSubmission(
  assignment,
  released,
  file,
  { seed, wrapped, hidden = true },
) {
  const { notebook, remarks, answered } = rebuild(file, released, assignment.name);
  const { tf, judgeHomework } = attention;
  const submission = new Submission(codeCells(notebook), tf, wrapped);
  const names = assignment.exercises.flatMap((exercise) => exercise.names);
  try {
    const answers = answered ? submission.answers(names) : nothing(names);
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
        feedback: lines((i) => (outcomes[i].hidden ? behaviours[i].does : outcomes[i].line)),
      });
    }
    const sum = (/** @type {'points' | 'of'} */ what) =>
      exercises.reduce((total, exercise) => total + exercise[what], 0);
    return {
      points: sum('points'),
      of: sum('of'),
      exercises,
      remarks: [...remarks, ...submission.remarks],
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
 * Grades many, two at a time.
 *
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
