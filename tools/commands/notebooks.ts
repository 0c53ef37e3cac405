import { basename } from 'node:path';
import { chosenLessons } from '../lessons.ts';
import { fold } from '../notebooks/fold.ts';
import { executeLesson, LessonError, writeNotebook } from '../notebooks/run.ts';
import { addStaticImages, closeBrowser } from '../render/static-images.ts';
import { SetupError } from '../setup/errors.mjs';
import { setup } from '../setup/index.ts';
import { venvPython } from '../setup/paths.mjs';

/**
 * `npm run notebooks [-- 02 17]`: executes lessons and writes their outputs, with static images,
 * into the notebooks. A lesson that fails keeps the outputs it had.
 *
 * @param args numbers of lessons; none means all
 */
export default async function notebooks(args: string[]) {
  await setup();
  const chosen = chosenLessons(args);
  const failed = [];
  for (const { notebook: file } of chosen) {
    const name = basename(file);
    const start = performance.now();
    process.stdout.write(`${name} … `);
    try {
      const notebook = await executeLesson(file, venvPython);
      await addStaticImages(notebook);
      fold(notebook);
      await writeNotebook(file, notebook);
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
