import { SetupError } from '../setup/errors.mjs';
import { installNodePackages } from '../setup/index.mjs';

const usage = `What to do with a lesson?

  npm run lesson -- new 03 six-score-functions   its room in src/lessons and its notebook, with the eleven headings
  npm run lesson -- table                        the table of lessons in the README, from the rooms
`;

/**
 * `npm run lesson -- new 03 six-score-functions`: makes what a lesson needs.
 *
 * @param {string[]} args
 */
export default async function lesson([what, ...rest]) {
  if (what === 'new' && rest.length === 2) {
    await installNodePackages();
    const { newLesson } = await import('../lesson/new.mjs');
    const { writeTable } = await import('../lesson/table.mjs');
    for (const file of newLesson(rest[0], rest[1])) console.log(file);
    return writeTable();
  }
  if (what === 'table' && rest.length === 0) {
    const { writeTable } = await import('../lesson/table.mjs');
    return writeTable();
  }
  throw new SetupError(usage.trimEnd());
}
