/** Results of runs that take longer than a lesson may: several seeds, several sizes. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../package-root';
import { spread } from './claim';

/** What `results()` of a lesson's room returns, and its results.json holds. */
export interface Results {
  /** What was run: '900 steps of batch 128, seeds 1, 2 and 3'. */
  setting: string;
  /** By what was measured: one number for each run. */
  numbers: Record<string, number[]>;
  /** By name: what was measured along the way, a list for each run. */
  curves?: Record<string, number[][]>;
}

/**
 * The stored results of a lesson.
 *
 * @param lesson '08'
 * @throws if the lesson has none
 */
export function storedResults(lesson: string): Results {
  const rooms = join(packageRoot(), 'lessons');
  const room = readdirSync(rooms).find((name) => name.startsWith(`${lesson}-`));
  try {
    return JSON.parse(readFileSync(join(rooms, room ?? lesson, 'results.json'), 'utf8'));
  } catch {
    throw new Error(
      `lesson ${lesson} has no stored results; \`npm run results -- ${lesson}\` makes them, if its room says how`,
    );
  }
}

/**
 * Prints whether a run of the lesson itself is one of those that were stored: whether it lies among
 * them, or outside by no more than they differ among themselves. (Another processor rounds otherwise,
 * and a training goes its own way from there.)
 *
 * @param what its name among the stored numbers
 * @throws if nothing of that name was stored
 */
export function compareWithStored(
  { numbers, setting }: Results,
  what: string,
  value: number,
  format: { digits?: number; unit?: string } = {},
): void {
  const stored = numbers[what];
  if (!stored) {
    throw new Error(`"${what}" was not stored; stored are: ${Object.keys(numbers).join(', ')}`);
  }
  const [low, high] = [Math.min(...stored), Math.max(...stored)];
  const room = high - low;
  const mark = value >= low - room && value <= high + room ? '✓' : '✗';
  console.log(
    `${mark} ${what}: this run ${spread([value], format)}; stored ${spread(stored, format)}: ${setting}`,
  );
}
