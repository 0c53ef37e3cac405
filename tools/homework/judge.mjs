// @ts-check
/**
 * Judges one submission, in a process of its own: what a submission is, says and returns is read
 * here, within limits. The job comes as JSON on stdin; the grade goes out on file descriptor 3.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { definitions } from './assignment.mjs';
import { plain } from './codec.mjs';
import { rebuild } from './rebuild.mjs';
import { limits } from './sandbox.mjs';
import { patience, Submission } from './submission.mjs';

/** @type {typeof import('attention')} */
const attention = createRequire(import.meta.url)('attention');
const mostRemarks = 30;

/**
 * Judges one submission.
 *
 * @param {import('./assignment.mjs').Assignment} assignment with its hidden tests
 * @param {any} released the notebook that was handed out
 * @param {string | undefined} file what was handed in, if anything
 * @param {{ seed: number, wrapped?: boolean, hidden?: boolean, earlier?: string[] }} options
 *   `hidden: false` leaves out what is looked at only when homework is graded; `earlier` are texts of
 *   cells that were handed out before
 * @returns {Promise<import('./grade.mjs').Graded>}
 */
async function judge(assignment, released, file, { seed, wrapped, hidden = true, earlier }) {
  const { notebook, remarks, cells } = rebuild(file, released, assignment.name, earlier);
  const { tf, judgeHomework } = attention;
  const submission = new Submission(cells, tf, wrapped);
  const names = assignment.exercises.flatMap((exercise) => exercise.names);
  try {
    // Without waiting for a turn; what is wrong is said again by the first call.
    if (cells.length > 0) await submission.start().catch(() => {});
    const answers = cells.length > 0 ? submission.answers(names) : nothing(names);
    const found = await definitions(assignment, attention, answers);
    /** @type {import('./grade.mjs').GradedExercise[]} */
    const exercises = [];
    for (const { id, checkId } of assignment.exercises) {
      const all = found[id].behaviours;
      const behaviours = hidden ? all : all.filter((behaviour) => !behaviour.hidden);
      const verdict = await judgeHomework({ ...found[id], behaviours }, seed);
      const { exercise, points, of, outcomes } = verdict;
      /** @param {(i: number) => string} line */
      const lines = (line) => [
        `Exercise ${exercise}: ${points} of ${of} points`,
        ...outcomes.map(({ mark }, i) => `  ${mark} ${plain(line(i))}`),
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
      remarks: shortened([...remarks, ...submission.remarks]),
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

/** @param {string[]} remarks */
function shortened(remarks) {
  const rest = remarks.length - mostRemarks;
  const shown = remarks.slice(0, mostRemarks).map((remark) => plain(remark));
  return rest > 0 ? [...shown, `and ${rest} remarks more`] : shown;
}

const job = JSON.parse(readFileSync(0, 'utf8'));
Object.assign(patience, job.patience);
Object.assign(limits, job.limits);
const grade = await judge(job.assignment, job.released, job.file, job.options);
writeFileSync(3, JSON.stringify(grade));
process.exit(0);
