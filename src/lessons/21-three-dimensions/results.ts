import type { Results } from '../../notebook/stored-results';
import { tf } from '../../tensors/tf';
import {
  type CloudReaderOptions,
  type CloudTraining,
  cloudReader,
  cloudsRight,
  heldOutClouds,
  trainCloudReader,
} from './cloud-readers';
import { errorOfLargest, numberReader, type Pooling, trainNumberReader } from './number-sets';

type Standing = NonNullable<Parameters<typeof heldOutClouds>[1]>;

const seeds = [1, 2, 3];
const poolings: Pooling[] = ['raw', 'mean', 'sum', 'max', 'attention'];

/** All readers of clouds: what they are, and how the clouds stood from which they learned. */
const readers: Record<string, CloudReaderOptions & Pick<CloudTraining, 'turned' | 'steps'>> = {
  flat: { kind: 'flat' },
  mean: { kind: 'mean' },
  max: { kind: 'max' },
  attention: { kind: 'attention' },
  vector: { kind: 'vector' },
  'vector, long': { kind: 'vector', steps: 750 },
  distance: { kind: 'distance' },
  'max, turned': { kind: 'max', turned: 'anyhow' },
  'attention, turned': { kind: 'attention', turned: 'anyhow' },
  'vector, turned': { kind: 'vector', turned: 'anyhow' },
  'parts: attention': { kind: 'attention', task: 'part' },
  'parts: vector': { kind: 'vector', task: 'part' },
  'parts: scalar': { kind: 'scalar', task: 'part' },
  'parts: distance': { kind: 'distance', task: 'part' },
};

/** Every reader with three seeds, on clouds that are held out: as learned, turned, and with gaps. */
export async function results(report: (line: string) => void): Promise<Results> {
  const numbers: Results['numbers'] = {};
  const add = (name: string, x: number) => {
    numbers[name] = [...(numbers[name] ?? []), x];
  };
  for (const kind of poolings)
    for (const seed of seeds) {
      const model = numberReader({ kind, seed });
      await trainNumberReader(model);
      const error = errorOfLargest(model);
      add(`largest: ${kind}`, error);
      report(`largest of a set, ${kind}, seed ${seed}: ${error.toFixed(2)}`);
      tf.dispose(model.parameters);
    }
  for (const [name, { turned, steps, ...options }] of Object.entries(readers))
    for (const seed of seeds) {
      const model = cloudReader({ ...options, seed });
      await trainCloudReader(model, { turned, steps });
      const gaps: Record<string, Standing> = {
        half: { missing: 'half' },
        side: { missing: 'side' },
      };
      const seen: Record<string, Standing> = {
        upright: {},
        turned: { turned: 'anyhow' },
        ...(options.kind === 'flat' ? {} : gaps),
      };
      for (const [how, clouds] of Object.entries(seen)) {
        const examples = heldOutClouds(model.task, clouds);
        add(`${name}: ${how}`, cloudsRight(model, examples));
        tf.dispose(examples);
      }
      const told = Object.keys(seen).map((how) => {
        const runs = numbers[`${name}: ${how}`];
        return `${how} ${runs[runs.length - 1].toFixed(1)} %`;
      });
      report(`${name}, seed ${seed}: ${told.join(', ')}`);
      tf.dispose(model.parameters);
    }
  return {
    setting: 'numbers: 800 steps of 64 sets; clouds: 250 steps of 14; seeds 1, 2 and 3',
    numbers,
  };
}
