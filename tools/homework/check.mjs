// @ts-check
/** For learners: the check cells of a homework, in the terminal. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from '../setup/errors.mjs';
import { readAssignment } from './assignment.mjs';
import { assignmentName, homeworkFolder, notebooksIn } from './class-folder.mjs';
import { gradeSubmission } from './grade.mjs';

/** The numbers that check cells use in a notebook, too. */
const seed = 1;

/**
 * @param {string} number
 * @param {string} [file]
 */
export async function check(number, file) {
  const name = assignmentName(number, homeworkFolder);
  const original = join(homeworkFolder, `${name}.ipynb`);
  const answers = file ?? original;
  if (!existsSync(answers)) throw new SetupError(`There is no file ${answers}.`);
  const result = await look(name, answers);
  for (const remark of result.remarks) console.log(`Note: ${remark}`);
  for (const { lines } of result.exercises) console.log(lines.join('\n'));
  console.log(`\n${result.points} of ${result.of} points. More is looked at when it is graded.`);
}

/** A table of all homework. */
export async function progress() {
  const names = notebooksIn(homeworkFolder);
  const width = Math.max(...names.map((name) => name.length));
  for (const name of names) {
    const { points, of, exercises } = await look(name, join(homeworkFolder, `${name}.ipynb`));
    const each = exercises.map(({ exercise, points, of }) => `${exercise} ${points}/${of}`);
    console.log(
      `${name.padEnd(width)}  ${String(points).padStart(3)} of ${of}   ${each.join('  ')}`,
    );
  }
}

/** @param {string} name @param {string} file */
async function look(name, file) {
  const original = join(homeworkFolder, `${name}.ipynb`);
  const released = JSON.parse(readFileSync(original, 'utf8'));
  return gradeSubmission(readAssignment(original), released, file, { seed });
}
