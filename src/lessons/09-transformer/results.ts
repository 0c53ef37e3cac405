import { type Batch, batch, batches } from '../../data/batches';
import { letters, loadCmudict, phonemes } from '../../data/cmudict';
import { loadNumberPairs, numberWords } from '../../data/number-words';
import { errorByLength, pronunciationErrors, spellingPairs } from '../../models/pronounce';
import { Transformer } from '../../models/transformer';
import type { Results } from '../../notebook/stored-results';
import { Adam, type AdamOptions } from '../../training/adam';
import { checkpointFile, saveCheckpoint } from '../../training/checkpoint';
import { cosineSchedule, warmupSchedule } from '../../training/schedule';
import { train } from '../../training/train';
import { type Part, type VariantOptions, variant } from './variant';

const base = {
  sourceTokens: numberWords.english.size,
  targetTokens: numberWords.german.size,
  ...{ dModel: 32, heads: 4, layers: 2, maxLength: 32, labelSmoothing: 0.1 },
};
const warm = (step: number) => 0.2 * warmupSchedule(base.dModel, 50)(step);
/** The same fall, without the climb before it. */
const cold = (step: number) => warm(Math.max(step, 50));
const paper: AdamOptions = { beta1: 0.9, beta2: 0.98, epsilon: 1e-9 };

type Run = Partial<VariantOptions> & {
  without?: Part;
  rate?: (step: number) => number;
  steps?: number;
};

/** What is trained on numbers, from English to German, beside the Transformer as it is. */
const runs: Record<string, Run> = {
  'the whole Transformer': {},
  '1 head': { heads: 1 },
  '2 heads': { heads: 2 },
  '16 heads': { heads: 16 },
  'learned positions': { positions: 'learned' },
  'without positions': { without: 'positions' },
  'without residual connections': { without: 'residual connections' },
  'without layer norm': { without: 'layer norm' },
  'without feed-forward': { without: 'feed-forward' },
  'without self-attention in the encoder': { without: 'encoder self-attention' },
  'without self-attention in the decoder': { without: 'decoder self-attention' },
  'without a causal mask': { without: 'causal mask' },
  'without warm-up': { rate: cold },
  'without label smoothing': { labelSmoothing: 0 },
  'six layers, post-norm, warm-up': { layers: 6, steps: 200 },
  'six layers, post-norm, no warm-up': { layers: 6, steps: 200, rate: cold },
  'six layers, pre-norm, warm-up': { layers: 6, steps: 200, norm: 'pre' },
  'six layers, pre-norm, no warm-up': { layers: 6, steps: 200, norm: 'pre', rate: cold },
};

/** Every part taken out once, other heads and positions; and one pass over the words of CMUdict. */
export async function results(report: (line: string) => void): Promise<Results> {
  const numbers: Record<string, number[]> = {};
  const curves: Record<string, number[][]> = {};
  const note = (name: string, value: number) => {
    numbers[name] = [...(numbers[name] ?? []), value];
    report(`${name}: ${value.toFixed(3)}`);
  };
  for (const seed of [1, 2, 3]) {
    for (const [name, run] of Object.entries(runs)) {
      const { right, loss, losses } = translated({ ...run, seed });
      note(`${name}: right`, 100 * right);
      note(`${name}: loss`, loss);
      curves[name] = [...(curves[name] ?? []), every(5, losses)];
    }
  }
  const data = loadCmudict();
  for (const seed of [1, 2, 3]) {
    const { model, losses } = await pronouncing({ steps: 819, warmup: 100, seed });
    curves['pronunciation, loss'] = [...(curves['pronunciation, loss'] ?? []), every(9, losses)];
    const byLength = errorByLength(model, data.validation);
    curves['pronunciation, by length'] = [...(curves['pronunciation, by length'] ?? []), byLength];
    note('error, all test words', 100 * pronunciationErrors(model, data.test).token);
    note('error, longest words over shortest', byLength[5] / byLength[0]);
    model.dispose();
  }
  return { setting: 'seeds 1, 2 and 3', numbers, curves };
}

/** The checkpoint `transformer`: as many steps, on the same batches, as `rnnsearch` of lesson 02. */
export async function checkpoints(report: (line: string) => void): Promise<void> {
  const { model } = await pronouncing({ steps: 10_000, warmup: 400, seed: 1 }, report);
  saveCheckpoint(checkpointFile('transformer'), model.parameters);
}

/** Trains on 8,000 numbers, and measures on 500 others. */
function translated({ without, rate = warm, steps = 400, seed = 1, ...options }: Run) {
  const { train: pairs, test } = loadNumberPairs({ from: 'english', to: 'german' });
  const model = variant({ ...base, ...options, seed }, without);
  const adam = new Adam(model.parameters, { ...paper, learningRate: rate });
  const stream = batches(pairs, { batchSize: 64, seed });
  const losses = Array.from({ length: steps }, () => {
    const some: Batch = stream.next().value;
    return adam.minimize(() => model.loss(some));
  });
  const held = model.loss(batch(test), 0);
  const loss = held.dataSync()[0];
  const written = model.write(
    test.map(({ source }) => source),
    22,
  );
  const right = test.filter(
    ({ targetWords }, i) => numberWords.german.decode(written[i]).join() === targetWords.join(),
  ).length;
  held.dispose();
  adam.dispose();
  model.dispose();
  return { right: right / test.length, loss, losses };
}

/** A Transformer about as large as lesson 02's model, trained on the same batches. */
async function pronouncing(
  { steps, warmup, seed }: { steps: number; warmup: number; seed: number },
  report?: (line: string) => void,
) {
  const sizes = { sourceTokens: letters.size, targetTokens: phonemes.size, seed };
  const model = new Transformer({
    ...sizes,
    ...{ dModel: 96, heads: 4, layers: 2, labelSmoothing: 0.1 },
  });
  const adam = new Adam(model.parameters, {
    ...paper,
    learningRate: cosineSchedule(0.002, steps, warmup),
  });
  const stream = batches(spellingPairs(loadCmudict().train), { batchSize: 128, seed });
  const losses = await train(steps, () => adam.minimize(() => model.loss(stream.next().value)), {
    update: (step, { loss }) => {
      if (step % 500 === 0) report?.(`step ${step}, loss ${loss.toFixed(3)}`);
    },
    done: () => {},
  });
  adam.dispose();
  return { model, losses };
}

/** Means of so many numbers in a row. */
function every(count: number, values: readonly number[]): number[] {
  return Array.from({ length: Math.floor(values.length / count) }, (_, i) => {
    const some = values.slice(i * count, (i + 1) * count);
    return some.reduce((sum, x) => sum + x, 0) / count;
  });
}
