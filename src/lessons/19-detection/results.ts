import { loadDigitCrowds } from '../../data/digit-crowds';
import type { Results } from '../../notebook/stored-results';
import { flatten } from '../../tensors/parameters';
import { tf } from '../../tensors/tf';
import { averagePrecision, type Finds, suppress } from '../../training/average-precision';
import { checkpointFile, loadCheckpoint, saveCheckpoint } from '../../training/checkpoint';
import {
  cellDetector,
  type DetectorOptions,
  detector,
  findsPerObject,
  foundByDetector,
  foundByPlaces,
  seeCrowds,
  trainCellDetector,
  trainDetector,
} from './detectors';

/** The training of the lesson, and those that it has no time for. */
const runs: Record<string, DetectorOptions> = {
  DETR: {},
  'no matching': { pairing: 'nearest' },
  'no self-attention': { selfAttention: false },
  'no positions': { positions: false },
  'no positions, no coordinates': { positions: false, coordinates: false },
};

/** The thresholds over which the paper's AP is a mean. */
const strict = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95];

/** Makes the eye, with the detector of each place: a minute and a half. All results are made with it. */
export async function checkpoints(report: (line: string) => void): Promise<void> {
  const one = cellDetector();
  const losses = await trainCellDetector(one, loadDigitCrowds({ train: 6000, test: 1 }).train);
  saveCheckpoint(checkpointFile('cell-detector'), flatten(one));
  report(`cell detector: loss ${losses.slice(-50).reduce((a, b) => a + b) / 50}`);
}

/** Trains every detector with three seeds, and one of them three times as long: the checkpoint 'detr'. */
export async function results(report: (line: string) => void): Promise<Results> {
  const { train, test } = loadDigitCrowds();
  const cells = cellDetector();
  loadCheckpoint(checkpointFile('cell-detector'), flatten(cells));
  const [seen, unseen] = [seeCrowds(train, cells.eye), seeCrowds(test, cells.eye)];

  const numbers: Results['numbers'] = {};
  const add = (name: string, x: number) => {
    numbers[name] = [...(numbers[name] ?? []), x];
  };
  const measure = (name: string, found: Finds[]) => {
    const clean = found.map((one) => suppress(one));
    const ap50 = 100 * averagePrecision(found, test);
    add(`${name}: AP50`, ap50);
    add(`${name}: AP50 with NMS`, 100 * averagePrecision(clean, test));
    add(`${name}: AP`, 100 * averagePrecision(found, test, strict));
    add(`${name}: AP with NMS`, 100 * averagePrecision(clean, test, strict));
    add(`${name}: finds per object`, findsPerObject(found, test));
    return ap50;
  };
  measure('each place', foundByPlaces(cells, unseen));

  const curves: Results['curves'] = {};
  for (const seed of [1, 2, 3])
    for (const [name, options] of Object.entries(runs)) {
      const one = detector({ ...options, seed });
      const losses = await trainDetector(one, seen);
      curves[`${name}: loss`] = [...(curves[`${name}: loss`] ?? []), fifties(losses)];
      const { decoderLayers } = one.options;
      for (let layer = 0; layer < decoderLayers; layer++) {
        const of = layer === decoderLayers - 1 ? name : `${name}, layer ${layer + 1}`;
        const ap50 = measure(of, foundByDetector(one, unseen, { layer }));
        report(`${of}, seed ${seed}: AP50 ${ap50.toFixed(1)}`);
      }
      tf.dispose(one.tree);
    }
  const longer = detector();
  await trainDetector(longer, seen, { steps: 3000 });
  for (const layer of [0, 1, 2]) {
    const of = `DETR, three times as long${layer < 2 ? `, layer ${layer + 1}` : ''}`;
    const ap50 = measure(of, foundByDetector(longer, unseen, { layer }));
    report(`${of}: AP50 ${ap50.toFixed(1)}`);
  }
  saveCheckpoint(checkpointFile('detr'), longer.parameters);
  tf.dispose(longer.tree);
  const setting = '1000 steps of 32 crowds; seeds 1, 2 and 3';
  return { setting, numbers, curves };
}

/** The mean of every fifty losses. */
function fifties(losses: number[]): number[] {
  return Array.from({ length: Math.floor(losses.length / 50) }, (_, i) =>
    losses.slice(50 * i, 50 * i + 50).reduce((sum, loss) => sum + loss / 50, 0),
  );
}
