import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { chosenLessons, lessons, rooms } from '../lessons.ts';
import { SetupError } from '../setup/errors.mjs';
import { setup } from '../setup/index.ts';
import { root } from '../setup/paths.mjs';

/**
 * `npm run results -- 02 [17]`: runs what a lesson has no time for (several seeds, long trainings)
 * and stores it in the lesson's room as results.json, and small checkpoints in src/checkpoints. A
 * room says how in its results.ts, by a function `results`. Minutes.
 *
 * `npm run results -- 02 --checkpoints`: makes only the checkpoints that take longer, an hour, by
 * the room's function `checkpoints`.
 */
export default async function results(args: string[]) {
  const able = lessons().filter(({ room }) => existsSync(join(room, 'results.ts')));
  const [numbers, flags] = [false, true].map((flag) =>
    args.filter((arg) => arg.startsWith('--') === flag),
  );
  const wrong = flags.find((flag) => flag !== '--checkpoints');
  if (wrong) throw new SetupError(`${wrong} is unknown; there is --checkpoints.`);
  if (numbers.length === 0) {
    const known = able.map(({ number }) => number).join(', ');
    throw new SetupError(`Whose results? Lessons that store some: ${known}.`);
  }
  const chosen = chosenLessons(numbers, able);
  await setup();
  const require = createRequire(import.meta.url);
  require(join(rooms, '..', 'dist', 'index.js')); // brings the native TensorFlow, which no room does
  for (const { name, room } of chosen) {
    const built = join(rooms, '..', 'dist', 'lessons', name, 'results.js');
    const report = (line: string) => console.log(line);
    if (flags.length > 0) {
      await require(built).checkpoints?.(report);
      continue;
    }
    const found = await require(built).results(report);
    const file = join(room, 'results.json');
    writeFileSync(`${file}.part`, `${JSON.stringify(found, rounded, 1)}\n`);
    renameSync(`${file}.part`, file);
    console.log(`${relative(root, file)} is written.`);
  }
}

/** @param value six digits are enough for a plot */
const rounded = (_: string, value: unknown) =>
  typeof value === 'number' ? Number(value.toPrecision(6)) : value;
