import { readFileSync } from 'node:fs';
import { chosenLessons } from '../lessons.ts';
import { SetupError } from '../setup/errors.mjs';

const usage = `What to do with a lesson?

  npm run lesson -- new 03 six-score-functions   its room in src/lessons and its notebook, with the eleven headings
  npm run lesson -- check [03]                   what its notebook owes to the rules of every lesson, in a second
  npm run lesson -- fold [03]                    folds what a reader need not read, as \`npm run notebooks\` does
  npm run lesson -- table                        the table of lessons in the README, from the rooms
`;

/**
 * `npm run lesson -- new 03 six-score-functions`: makes what a lesson needs; and small helps for one
 * that is there.
 */
export default async function lesson([what, ...rest]: string[]) {
  if (what === 'new' && rest.length === 2) {
    const { newLesson } = await import('../lesson/new.ts');
    const { writeTable } = await import('../lesson/table.ts');
    for (const file of newLesson(rest[0], rest[1])) console.log(file);
    return writeTable();
  }
  if (what === 'check') return check(rest);
  if (what === 'fold') {
    const { fold } = await import('../notebooks/fold.ts');
    const { writeNotebook } = await import('../notebooks/run.ts');
    for (const { notebook: file } of chosenLessons(rest)) {
      const notebook = JSON.parse(readFileSync(file, 'utf8'));
      fold(notebook);
      await writeNotebook(file, notebook);
    }
    return;
  }
  if (what === 'table' && rest.length === 0) {
    const { writeTable } = await import('../lesson/table.ts');
    return writeTable();
  }
  throw new SetupError(usage.trimEnd());
}

/** @returns 1 if a lesson owes something */
async function check(numbers: string[]): Promise<number> {
  const { lineOf, rules, subjectOf } = await import('../lesson/rules.ts');
  let owed = 0;
  for (const one of chosenLessons(numbers)) {
    const subject = subjectOf(one);
    for (const complaint of Object.values(rules).flatMap((rule) => rule(subject))) {
      console.log(`${one.number}, ${lineOf(complaint)}`);
      owed++;
    }
  }
  console.log(owed === 0 ? 'Nothing is owed.' : `${owed} to mend.`);
  return Math.sign(owed);
}
