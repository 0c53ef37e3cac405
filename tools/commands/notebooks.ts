import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { chosenLessons, type Lesson } from '../lessons.ts';
import { fold } from '../notebooks/fold.ts';
import { executeLesson, LessonError, writeNotebook } from '../notebooks/run.ts';
import { addStaticImages, closeBrowser } from '../render/static-images.ts';
import { SetupError } from '../setup/errors.mjs';
import { setup } from '../setup/index.ts';
import { venvPython } from '../setup/paths.mjs';

const seconds = (since: number) => (performance.now() - since) / 1000;

/**
 * `npm run notebooks [-- 02 17]`: executes lessons and writes their outputs, with static images,
 * into the notebooks. A lesson that fails keeps the outputs it had. Two run at a time, a core for
 * each; with `--alone` one does, as when somebody reads it. With `--keep` the notebooks stay as
 * they are: the course from top to bottom, and how long it takes.
 *
 * @param args numbers of lessons; none means all
 */
export default async function notebooks(args: string[]) {
  const [keep, alone] = ['--keep', '--alone'].map((option) => args.includes(option));
  const chosen = chosenLessons(args.filter((arg) => !['--keep', '--alone'].includes(arg)));
  await setup();
  const failed: string[] = [];
  const run = async ({ notebook: file }: Lesson) => {
    const name = basename(file);
    const start = performance.now();
    try {
      const notebook = await executeLesson(file, venvPython);
      const took = seconds(start).toFixed(0);
      if (!keep) {
        await addStaticImages(notebook);
        fold(notebook);
        await writeNotebook(file, notebook);
      }
      console.log(`${name} ${took} s`);
    } catch (error) {
      if (!(error instanceof LessonError)) throw error;
      failed.push(name);
      console.log(`${name} failed\n\n${error.message}\n`);
    }
  };

  const start = performance.now();
  const left = [...chosen];
  const workers = alone ? 1 : Math.min(2, availableParallelism());
  await Promise.all(
    Array.from({ length: workers }, async () => {
      for (let next = left.shift(); next; next = left.shift()) await run(next);
    }),
  );
  await closeBrowser();
  const took = Math.round(seconds(start));
  const clock = `${Math.floor(took / 60)} min ${took % 60} s`;
  console.log(`${chosen.length} lessons from top to bottom in ${clock}, ${workers} at a time`);
  if (failed.length > 0) {
    throw new SetupError(`Left as they were, since a cell failed: ${failed.join(', ')}.`);
  }
}
