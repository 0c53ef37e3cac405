import type { Results } from '../../notebook/stored-results';
import { tf } from '../../tensors/tf';
import {
  copyNeighbours,
  greyDigits,
  type LookerOptions,
  looker,
  looksOf,
  rightOf,
  toOthers,
  toPixel,
  trainLooker,
} from './lookers';

/** All readers of the lesson. */
const readers: Record<string, LookerOptions> = {
  convolution: { kind: 'convolution' },
  heads: { kind: 'heads' },
  frozen: { kind: 'heads', moving: false },
  grid: { kind: 'heads', places: 'grid' },
  sharp: { kind: 'heads', places: 'grid', sharpness: 4 },
  apart: { kind: 'heads', places: 'grid', spacing: 3, sharpness: 4, moving: false },
  augmented: { kind: 'augmented' },
  content: { kind: 'content' },
};

/** From how many heads to how many neighbours are copied. */
const copies = [1, 3, 5, 7, 8, 9, 10, 12];

const mean = (list: readonly number[]) => list.reduce((sum, x) => sum + x, 0) / list.length;

/** Every reader with three seeds, and heads that copy neighbours. */
export async function results(report: (line: string) => void): Promise<Results> {
  const numbers: Results['numbers'] = {};
  const add = (name: string, x: number) => {
    numbers[name] = [...(numbers[name] ?? []), x];
  };
  const describe = (name: string, centres: number[][], alpha: number[]) => {
    add(`${name}: within a quarter`, centres.filter((at) => toPixel(at) < 0.25).length);
    add(`${name}: to the nearest pixel`, mean(centres.map(toPixel)));
    add(`${name}: to the nearest head`, mean(toOthers(centres)));
    add(`${name}: alpha`, mean(alpha));
    add(`${name}: out`, mean(centres.map((at) => Math.hypot(...at))));
  };

  for (const count of copies)
    for (const seed of [1, 2, 3]) {
      const { before, losses, centres, alpha } = await copyNeighbours({ count, seed });
      const error = losses[losses.length - 1];
      add(`copy with ${count}: error`, error);
      report(`copy with ${count}, seed ${seed}: ${error.toFixed(4)}`);
      if (count !== 9) continue;
      describe('copying, before', before.centres, before.alpha);
      describe('copying, after', centres, alpha);
      const pixels = centres.filter((at) => toPixel(at) < 0.25).map((at) => at.map(Math.round));
      add('copying, after: different pixels', new Set(pixels.map(String)).size);
    }

  const { learned, heldOut } = greyDigits();
  for (const [name, options] of Object.entries(readers))
    for (const seed of [1, 2, 3]) {
      const model = looker({ ...options, seed });
      const before = options.kind === 'heads' ? looksOf(model) : [];
      const losses = await trainLooker(model, learned);
      const right = rightOf(model, heldOut);
      add(`${name}: right, %`, right);
      report(
        `${name}, seed ${seed}: ${right.toFixed(1)} %, loss ${mean(losses.slice(-50)).toFixed(3)}`,
      );
      if (options.kind === 'heads' && options.moving !== false)
        looksOf(model).forEach(({ centres, alpha }, i) => {
          describe(`${name}, layer ${i + 1}, before`, before[i].centres, before[i].alpha);
          describe(`${name}, layer ${i + 1}, after`, centres, alpha);
        });
      tf.dispose(model.all);
    }
  return {
    setting: '500 steps of 16 digits; copying: 600 steps; seeds 1, 2 and 3',
    numbers,
  };
}
