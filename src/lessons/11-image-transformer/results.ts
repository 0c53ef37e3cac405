import { imageBlocks2D } from '../../attention/images/image-local';
import { scaledDotProductAttention } from '../../attention/scores/scaled-dot-product';
import {
  generationOrder,
  type ImageReading,
  type Neighbourhood,
  setBack,
} from '../../models/image-transformer';
import type { Results } from '../../notebook/stored-results';
import { random } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import { checkpointFile, saveCheckpoint } from '../../training/checkpoint';
import type { Report } from '../../training/train';
import { Enlarger, enlargedBits, picturesFor, trainEnlarger, type Whose } from './enlarger';
import { bitsByPlace, canvas, painter, smallDigits, trainPainter } from './painters';
import { nearestLabels, strayed } from './small-pictures';

type Run = { neighbourhood: Neighbourhood; steps?: number; reading?: ImageReading };

const image: [number, number] = [canvas.side, canvas.side];
const rectangles = {
  block: [2, 7] as [number, number],
  memory: [1, 3] as [number, number],
};
const strings = (block: number): Neighbourhood => ({ block, memory: block });
const mean = (list: readonly number[]) => list.reduce((sum, x) => sum + x, 0) / list.length;

/** All painters of the lesson, and those that it has no time for. */
const runs: Record<string, Run> = {
  '1-D, 7': { neighbourhood: strings(7) },
  '1-D, 14': { neighbourhood: strings(14) },
  '1-D, 28': { neighbourhood: strings(28) },
  full: { neighbourhood: 'full' },
  '2-D, 19': { neighbourhood: rectangles },
  'full, in the order of 2-D': { neighbourhood: 'full', reading: inTilesOrder() },
  'sight of 2-D, row by row': { neighbourhood: 'full', reading: withTilesSight() },
  '1-D, 14, twice as long': { neighbourhood: strings(14), steps: 1000 },
  'full, twice as long': { neighbourhood: 'full', steps: 1000 },
};

/** Every painter with three seeds: bits per pixel on held-out digits. */
export async function results(report: (line: string) => void): Promise<Results> {
  const { train, test } = smallDigits();
  const numbers: Results['numbers'] = {};
  for (const [name, { neighbourhood, steps = 500, reading }] of Object.entries(runs)) {
    for (const seed of [1, 2, 3]) {
      const model = painter(neighbourhood, { seed });
      await trainPainter(model, train, { steps, ...reading });
      const bits = mean(bitsByPlace(model, test, reading));
      numbers[name] = [...(numbers[name] ?? []), bits];
      report(`${name}, seed ${seed}: ${bits.toFixed(4)}`);
      model.dispose();
    }
  }
  Object.assign(numbers, await enlarged(report));
  return { setting: '500 steps of 16 digits, or twice as many; seeds 1, 2 and 3', numbers };
}

/**
 * Enlargers that learn with the small picture of each digit, and (the control) with that of another
 * digit, three seeds each, as long as '1-D, 14, twice as long': bits; and, of a hundred digits drawn from the small
 * pictures of held-out ones, how far they are from these in grey levels, and how many of them in
 * percent have the nearest neighbour that the true digit's name is.
 */
export async function enlarged(
  report: (line: string) => void,
  { seeds = [1, 2, 3], steps = 1000 } = {},
): Promise<Results['numbers']> {
  const { train, trainLabels, test, testLabels } = smallDigits();
  const own = picturesFor(test);
  const numbers: Results['numbers'] = {};
  for (const whose of ['its own', "another's"] as Whose[]) {
    for (const seed of seeds) {
      const model = new Enlarger({ seed });
      await trainEnlarger(model, train, { steps, whose });
      const given = picturesFor(test, whose);
      const drawn = model.sample(given.slice(0, 100), random(seed));
      const named = nearestLabels(drawn, train, trainLabels);
      const found: Record<string, number> = {
        bits: enlargedBits(model, test, given),
        'levels off': mean(strayed(drawn, own)),
        'same name': mean(named.map((label, n) => (label === testLabels[n] ? 100 : 0))),
      };
      if (whose === 'its own')
        found['bits, lied to'] = enlargedBits(model, test, picturesFor(test, "another's"));
      for (const [what, x] of Object.entries(found)) {
        const name = `small picture, ${whose}: ${what}`;
        numbers[name] = [...(numbers[name] ?? []), x];
        report(`${name}, seed ${seed}: ${x.toFixed(4)}`);
      }
      model.dispose();
    }
  }
  return numbers;
}

/**
 * The checkpoints `image-transformer` ('1-D, 14') and `image-enlarger`, each of 2,500 steps.
 */
export async function checkpoints(report: (line: string) => void): Promise<void> {
  await paintersCheckpoint(report);
  await enlargersCheckpoint(report);
}

export async function enlargersCheckpoint(report: (line: string) => void): Promise<void> {
  const { train, test } = smallDigits();
  const model = new Enlarger();
  await trainEnlarger(model, train, { steps: 2500 }, everyFiveHundred(report));
  report(`bits per pixel: ${enlargedBits(model, test, picturesFor(test)).toFixed(4)}`);
  saveCheckpoint(checkpointFile('image-enlarger'), model.parameters);
  model.dispose();
}

async function paintersCheckpoint(report: (line: string) => void): Promise<void> {
  const { train, test } = smallDigits();
  const model = painter(strings(14));
  await trainPainter(model, train, { steps: 2500 }, everyFiveHundred(report));
  report(`bits per pixel: ${mean(bitsByPlace(model, test)).toFixed(4)}`);
  saveCheckpoint(checkpointFile('image-transformer'), model.parameters);
}

function everyFiveHundred(report: (line: string) => void): Report {
  return {
    update: (step, { loss }) => step % 500 === 0 && report(`step ${step}: ${loss.toFixed(4)} nats`),
    done: () => {},
  };
}

/** Everything painted before may be seen, as by 'full', but it is painted rectangle by rectangle. */
function inTilesOrder(): ImageReading {
  const order = generationOrder(image, rectangles);
  const turn = order.map((_, position) => order.indexOf(position));
  return {
    attend: masked((i, j) => turn[j] <= turn[i]),
    shift: (embedded, start) => setBack(embedded, start, order),
  };
}

/** What a pixel sees is what its rectangle and the memory hold, but it is painted row by row. */
function withTilesSight(): ImageReading {
  const { queries, keys } = imageBlocks2D({ image, ...rectangles });
  const blockOf: number[] = [];
  queries.forEach((block, b) => {
    for (const i of block) if (i >= 0) blockOf[i] = b;
  });
  return { attend: masked((i, j) => j <= i && keys[blockOf[i]].includes(j)) };
}

function masked(sees: (i: number, j: number) => boolean): NonNullable<ImageReading['attend']> {
  const places = image[0] * image[1];
  const mask = Float32Array.from({ length: places * places }, (_, at) =>
    Number(sees(Math.floor(at / places), at % places)),
  );
  return (q, k, v) => scaledDotProductAttention(q, k, v, tf.tensor2d(mask, [places, places]));
}
