import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { executeLesson, LessonError, writeNotebook } from '../notebooks/run.mjs';
import { addStaticImages, closeBrowser } from '../render/static-images.mjs';
import { SetupError } from '../setup/errors.mjs';
import { setup } from '../setup/index.mjs';
import { root, venvPython } from '../setup/paths.mjs';

/**
 * `npm run notebooks [-- 02 17]`: executes lessons and writes their outputs, with static images,
 * into the notebooks. A lesson that fails keeps the outputs it had.
 *
 * @param {string[]} args numbers of lessons; none means all
 */
export default async function notebooks(args) {
  await setup();
  const folder = join(root, 'notebooks');
  const lessons = (await readdir(folder)).filter((name) => /^\d\d-.*\.ipynb$/.test(name)).sort();
  const unknown = args.filter((number) => !lessons.some((name) => name.startsWith(`${number}-`)));
  if (unknown.length > 0) {
    const numbers = lessons.map((name) => name.slice(0, 2)).join(', ');
    throw new SetupError(`There is no lesson ${unknown.join(', ')}. There are: ${numbers}.`);
  }
  const failed = [];
  for (const name of lessons) {
    if (args.length > 0 && !args.includes(name.slice(0, 2))) continue;
    const start = performance.now();
    process.stdout.write(`${name} … `);
    try {
      const notebook = await executeLesson(join(folder, name), venvPython);
      await addStaticImages(notebook);
      await writeNotebook(join(folder, name), notebook);
      console.log(`${((performance.now() - start) / 1000).toFixed(0)} s`);
    } catch (error) {
      if (!(error instanceof LessonError)) throw error;
      failed.push(name);
      console.log(`failed\n\n${error.message}\n`);
    }
  }
  await closeBrowser();
  if (failed.length > 0) {
    throw new SetupError(`Left as they were, since a cell failed: ${failed.join(', ')}.`);
  }
}
