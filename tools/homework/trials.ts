/**
 * What an exercise pays for: its right solutions, in the notebook and in the sandbox, its wrong ones,
 * and answers that compute nothing. What an author still has to do comes out as sentences.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HomeworkVerdict } from 'attention';
import type { Notebook } from '../notebooks/nbformat.ts';
import { SetupError } from '../setup/errors.mjs';
import {
  type Assignment,
  type Definition,
  definitions,
  type Exercise,
  readAssignment,
} from './assignment.ts';
import { battery } from './battery.ts';
import { allHomework, homeworkOf } from './class-folder.ts';
import { gradeSubmission, twoAtATime } from './grade.ts';

const attention: typeof import('attention') = createRequire(import.meta.url)('attention');
const { judgeHomework } = attention;

type Solution = { id: string; title: string; code: string };

/** What an exercise must have, and must not give. */
export const rules = { right: 3, wrong: 5, valuesShare: 0.5, nothingBelow: 0.3 };
/** Numbers that nobody has seen. */
const seed = 20_261;

/** @returns the cell as it is handed out */
export const stub = (solution: string): string =>
  solution.replace(
    /^.*BEGIN SOLUTION[\s\S]*?END SOLUTION.*$/gm,
    "throw new Error('not implemented');",
  );

/**
 * Solutions by exercise and by what is special: `## exercise`, `### title`, a block of code.
 * @param room of the lesson
 */
export function solutions(room: string, kind: 'right' | 'wrong'): Solution[] {
  const file = join(room, `${kind}.md`);
  if (!existsSync(file)) return [];
  const [, ...parts] = readFileSync(file, 'utf8').split(/^## /m);
  return parts.flatMap((part) => {
    const [id, ...blocks] = part.split(/^### /m);
    return blocks.map((block) => {
      const [, title, code] = block.match(/^(.*)\n+```ts\n([\s\S]*?)^```/m) ?? [];
      if (!code)
        throw new Error(`${file}: under ### ${block.split('\n')[0]} there is no \`\`\`ts block`);
      return { id: id.trim(), title, code };
    });
  });
}

/**
 * What is judged in the notebook: the checks, with the reference solution but for some answers.
 * @param answers by the exercise's id
 */
export function defined(
  { exercises, ...assignment }: Assignment,
  answers: Record<string, string> = {},
) {
  const code = exercises.map(({ id, solution }) => answers[id] ?? solution).join('\n');
  return definitions({ ...assignment, exercises }, attention, code);
}

export async function judged(assignment: Assignment, id: string, code: string) {
  const found = await defined(assignment, { [id]: code });
  return judgeHomework(found[id], seed);
}

const lost = ({ outcomes }: HomeworkVerdict): string[] =>
  outcomes.flatMap(({ mark, counts, line }) => (mark === '✓' && counts ? [] : [line]));

/** What an exercise lacks by its definition alone, with the verdict on the reference solution. */
function unbalanced(
  cell: Exercise,
  { points, behaviours, answers }: Definition,
  { outcomes }: HomeworkVerdict,
) {
  const sum = (list: { points: number }[]) => list.reduce((all, one) => all + one.points, 0);
  const values = behaviours.filter(({ values }) => values);
  const hasGate = (name: string) =>
    behaviours.some(
      ({ values, hidden }, i) => values && !hidden && outcomes[i].lookedAt.includes(name),
    );
  const ungated = Object.keys(answers).filter((name) => !hasGate(name));
  return [
    ...ungated.map(
      (name) =>
        `no visible behaviour with \`values: true\` looks at ${name}: without it, an answer of the ` +
        'right form that computes nothing gets points. Compare with a right number, drawn from `next`',
    ),
    ...(sum(values) < rules.valuesShare * points
      ? [
          `${sum(values)} of ${points} points are for behaviours with \`values: true\`: at least half must be`,
        ]
      : []),
    ...(sum(behaviours) !== points || cell.points !== points
      ? [
          `its behaviours have ${sum(behaviours)} points, \`points\` says ${points}, the cell's metadata ${cell.points}`,
        ]
      : []),
    ...(behaviours.some(({ hidden }) => hidden) ? [] : ['it has no hidden test']),
  ];
}

/**
 * Everything that an author has to know about an exercise but how its solutions fare in the sandbox.
 */
export async function tryExercise(
  assignment: Assignment,
  room: string,
  cell: Exercise,
): Promise<{ exercise: string; best: { way: string; points: number }; complaints: string[] }> {
  const { id, solution } = cell;
  const definition = (await defined(assignment))[id];
  const verdict = await judgeHomework(definition, seed);
  const { exercise, points } = definition;
  const complaints = unbalanced(cell, definition, verdict);
  const needsAll = (what: string, verdict: HomeworkVerdict) => {
    if (verdict.points < verdict.of)
      complaints.push(
        `${what} gets ${verdict.points} of ${verdict.of} points. It loses: ${lost(verdict).join('; ')}`,
      );
  };
  needsAll('the reference solution', verdict);
  const empty = await judged(assignment, id, stub(solution));
  if (empty.points > 0) complaints.push(`the stub gets ${empty.points} points`);

  const right = solutions(room, 'right').filter((one) => one.id === id);
  if (right.length < rules.right)
    complaints.push(
      `right.md has ${right.length} right solutions under ## ${id}: ${rules.right} are wanted, in different styles`,
    );
  if (!right.some(({ title }) => title.includes('float32')))
    complaints.push(`right.md has no solution under ## ${id} with float32 in its title`);
  for (const { title, code } of right)
    needsAll(`the right solution "${title}"`, await judged(assignment, id, code));

  const wrong = solutions(room, 'wrong').filter((one) => one.id === id);
  if (wrong.length < rules.wrong)
    complaints.push(
      `wrong.md has ${wrong.length} wrong solutions under ## ${id}: ${rules.wrong} are wanted`,
    );
  for (const { title, code } of wrong) {
    const { points, of } = await judged(assignment, id, code);
    if (points === of) complaints.push(`the wrong solution "${title}" gets all ${of} points`);
  }

  const nothing = await battery(definition, seed);
  const [best] = nothing;
  if (best.points >= rules.nothingBelow * points)
    complaints.push(
      `"${best.way}" gets ${best.points} of ${points} points, and what computes nothing must stay ` +
        `below ${100 * rules.nothingBelow} %. It has them for: ${best.held.join('; ')}`,
    );
  return { exercise, best, complaints: complaints.map((text) => `${exercise} (${id}): ${text}.`) };
}

/**
 * Grades the right solutions in the sandbox, as if they were handed in: the first of every exercise in
 * one notebook, the second ones in another, and so on.
 *
 * @param released the notebook as it is handed out
 * @returns what went wrong
 */
export async function trySandbox(
  assignment: Assignment,
  room: string,
  released: Notebook,
): Promise<string[]> {
  const right = solutions(room, 'right');
  const of = (id: string) => right.filter((one) => one.id === id);
  const most = Math.max(...assignment.exercises.map(({ id }) => of(id).length));
  const folder = mkdtempSync(join(tmpdir(), 'homework-'));
  const complaints: string[] = [];
  try {
    await twoAtATime([...Array(most).keys()], async (i) => {
      const notebook = structuredClone(released);
      const titles = new Map<string, string>();
      for (const cell of notebook.cells) {
        const one = of(cell.metadata.nbgrader?.grade_id ?? '')[i];
        if (!one) continue;
        cell.source = one.code;
        titles.set(one.id, one.title);
      }
      const file = join(folder, `${i}.ipynb`);
      writeFileSync(file, JSON.stringify(notebook));
      const { exercises, remarks } = await gradeSubmission(assignment, released, file, { seed });
      for (const { id, exercise, points, of, lines } of exercises)
        if (titles.has(id) && points < of)
          complaints.push(
            `${exercise} (${id}): the right solution "${titles.get(id)}" gets ${points} of ${of} points ` +
              `in the sandbox: ${[...lines, ...remarks].join('\n')}`,
          );
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return complaints;
}

/**
 * For authors: tries all exercises of some homework and prints what is still to be done.
 *
 * @param numbers none means all
 * @throws {SetupError} if there is something to be done
 */
export async function tryHomework(numbers: string[]) {
  const chosen = numbers.length > 0 ? numbers.map(homeworkOf) : allHomework();
  const complaints = [];
  for (const { source, room } of chosen) {
    const assignment = readAssignment(source);
    for (const cell of assignment.exercises) {
      const found = await tryExercise(assignment, room, cell);
      complaints.push(...found.complaints);
      const [right, wrong] = (['right', 'wrong'] as const).map(
        (kind) => solutions(room, kind).filter(({ id }) => id === cell.id).length,
      );
      const { way, points } = found.best;
      const nothing = points > 0 ? `at most ${points} (${way})` : 'nothing';
      console.log(
        `${found.exercise.padEnd(6)} ${right} right, ${wrong} wrong; of ${cell.points} points, ${nothing} for computing nothing`,
      );
    }
    complaints.push(
      ...(await trySandbox(assignment, room, JSON.parse(readFileSync(source, 'utf8')))),
    );
  }
  if (complaints.length > 0) throw new SetupError(complaints.join('\n\n'));
  console.log('All is well, in the sandbox, too.');
}
