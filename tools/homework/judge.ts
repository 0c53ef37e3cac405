/**
 * Judges one submission, in a process of its own: what a submission is, says and returns is read
 * here, within limits. The job comes as JSON on stdin; the grade goes out on file descriptor 3.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Notebook } from '../notebooks/nbformat.ts';
import { type Assignment, definitions } from './assignment.ts';
import { plain } from './codec.ts';
import type { Graded, GradedExercise } from './graded.ts';
import { rebuild } from './rebuild.ts';
import { limits } from './sandbox.ts';
import { patience, Submission } from './submission.ts';

const attention: typeof import('attention') = createRequire(import.meta.url)('attention');
const mostRemarks = 30;

/**
 * Judges one submission.
 *
 * @param assignment with its hidden tests
 * @param released the notebook that was handed out
 * @param file what was handed in, if anything
 * @param options `hidden: false` leaves out what is looked at only when homework is graded;
 *   `earlier` are texts of cells that were handed out before
 */
async function judge(
  assignment: Assignment,
  released: Notebook,
  file: string | undefined,
  {
    seed,
    wrapped,
    hidden = true,
    earlier,
  }: { seed: number; wrapped?: boolean; hidden?: boolean; earlier?: string[] },
): Promise<Graded> {
  const { notebook, remarks, cells } = rebuild(file, released, assignment.name, earlier);
  const { tf, judgeHomework } = attention;
  const submission = new Submission(cells, tf, wrapped);
  const names = assignment.exercises.flatMap((exercise) => exercise.names);
  try {
    // Without waiting for a turn; what is wrong is said again by the first call.
    if (cells.length > 0) await submission.start().catch(() => {});
    const answers = cells.length > 0 ? submission.answers(names) : nothing(names);
    const found = await definitions(assignment, attention, answers);
    const exercises: GradedExercise[] = [];
    for (const { id, checkId } of assignment.exercises) {
      const all = found[id].behaviours;
      const behaviours = hidden ? all : all.filter((behaviour) => !behaviour.hidden);
      const verdict = await judgeHomework({ ...found[id], behaviours }, seed);
      const { exercise, points, of, outcomes } = verdict;
      const lines = (line: (i: number) => string) => [
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
    const sum = (what: 'points' | 'of') =>
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

/** @returns answers that nobody has written */
function nothing(names: string[]): Record<string, () => never> {
  const answer = () => {
    throw new Error('not implemented');
  };
  return Object.fromEntries(names.map((name) => [name, answer]));
}

function shortened(remarks: string[]) {
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
