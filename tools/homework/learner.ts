/** For learners: the check cells of a homework, in the terminal. */
import { existsSync, readFileSync } from 'node:fs';
import { SetupError } from '../setup/errors.mjs';
import { readAssignment } from './assignment.ts';
import { allHomework, homeworkOf } from './class-folder.ts';
import { gradeSubmission } from './grade.ts';

/** The numbers that check cells use in a notebook, too. */
const seed = 1;

export async function check(number: string, file?: string) {
  const { handout } = homeworkOf(number);
  const answers = file ?? handout;
  if (!existsSync(answers)) throw new SetupError(`There is no file ${answers}.`);
  const result = await look(handout, answers);
  for (const remark of result.remarks) console.log(`Note: ${remark}`);
  for (const { lines } of result.exercises) console.log(lines.join('\n'));
  console.log(`\n${result.points} of ${result.of} points. More is looked at when it is graded.`);
}

/** A table of all homework. */
export async function progress() {
  const all = allHomework();
  const width = Math.max(...all.map(({ name }) => name.length));
  for (const { name, handout } of all) {
    const { points, of, exercises } = await look(handout, handout);
    const each = exercises.map(({ exercise, points, of }) => `${exercise} ${points}/${of}`);
    console.log(
      `${name.padEnd(width)}  ${String(points).padStart(3)} of ${of}   ${each.join('  ')}`,
    );
  }
}

/** @param original as handed out */
async function look(original: string, file: string) {
  const released = JSON.parse(readFileSync(original, 'utf8'));
  return gradeSubmission(readAssignment(original), released, file, { seed });
}
