import { type Batch, batch, batches } from '../../data/batches';
import { letters, loadCmudict, phonemes } from '../../data/cmudict';
import { loadNumberPairs, numberWords } from '../../data/number-words';
import { errorByLength, pronunciationErrors, spellingPairs } from '../../models/pronounce';
import { Transformer } from '../../models/transformer';
import type { Results } from '../../notebook/stored-results';
import { tf } from '../../tensors/tf';
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

type Run = Partial<VariantOptions> & { without?: Part; rate?: (step: number) => number };

/** What is trained for 400 steps on numbers, from English to German. */
const runs: Record<string, Run> = {
  'the whole Transformer': {},
  'learned positions': { positions: 'learned' },
  '1 head': { heads: 1 },
  '16 heads': { heads: 16 },
  'without positions': { without: 'positions' },
  'without residual connections': { without: 'residual connections' },
  'without layer norm': { without: 'layer norm' },
  'without feed-forward': { without: 'feed-forward' },
  'without self-attention in the encoder': { without: 'encoder self-attention' },
  'without self-attention in the decoder': { without: 'decoder self-attention' },
  'without a causal mask': { without: 'causal mask' },
  'without warm-up': { rate: cold },
  'without label smoothing': { labelSmoothing: 0 },
};
/** What is trained on, to 1,000 steps. */
const longer = ['the whole Transformer', 'learned positions'];

/** What is trained for 200 steps only, six layers deep. */
const deep: Record<string, Run> = {
  'post-norm, warm-up': {},
  'post-norm, no warm-up': { rate: cold },
  'post-norm, no warm-up, a quarter of the rate': { rate: (step) => cold(step) / 4 },
  'pre-norm, warm-up': { norm: 'pre' },
  'pre-norm, no warm-up': { norm: 'pre', rate: cold },
};

/** Every part taken out once, other heads and positions; and one pass over the words of CMUdict. */
export async function results(report: (line: string) => void): Promise<Results> {
  const numbers: Record<string, number[]> = {};
  const curves: Record<string, number[][]> = {};
  const note = (name: string, value: number) => {
    numbers[name] = [...(numbers[name] ?? []), value];
    report(`${name}: ${value.toFixed(3)}`);
  };
  const seeds = [1, 2, 3];
  for (const seed of seeds) {
    for (const [name, run] of Object.entries(runs)) {
      const one = translator({ ...run, seed });
      const measure = (what: string) => {
        note(`${what}: right`, 100 * one.right());
        note(`${what}: loss`, one.loss());
      };
      one.train(400);
      measure(name);
      if (longer.includes(name)) {
        one.train(600);
        measure(`${name}, 1,000 steps`);
      }
      one.dispose();
    }
    for (const [name, run] of Object.entries(deep)) {
      const one = translator({ ...run, layers: 6, seed });
      const losses = one.train(200);
      note(`six layers, ${name}: loss`, one.loss());
      curves[name] = [...(curves[name] ?? []), every(5, losses)];
      one.dispose();
    }
  }
  const data = loadCmudict();
  const curve = 'pronunciation, by length';
  for (const seed of seeds) {
    const model = await pronouncing({ steps: 819, warmup: 100, seed });
    curves[curve] = [...(curves[curve] ?? []), errorByLength(model, data.validation)];
    note('error, all test words', 100 * pronunciationErrors(model, data.test).token);
    model.dispose();
  }
  return { setting: 'seeds 1, 2 and 3', numbers, curves };
}

/** The checkpoint `transformer`: as many steps, on the same batches, as `rnnsearch` of lesson 02. */
export async function checkpoints(report: (line: string) => void): Promise<void> {
  const model = await pronouncing({ steps: 10_000, warmup: 400, seed: 1 }, report);
  saveCheckpoint(checkpointFile('transformer'), model.parameters);
}

/** Learns from 8,000 numbers, and is measured on 500 others. */
function translator({ without, rate = warm, seed = 1, ...options }: Run) {
  const { train: pairs, test } = loadNumberPairs({ from: 'english', to: 'german' });
  const model = variant({ ...base, ...options, seed }, without);
  const adam = new Adam(model.parameters, { ...paper, learningRate: rate });
  const stream = batches(pairs, { batchSize: 64, seed });
  return {
    /** The loss of each step. */
    train: (steps: number) =>
      Array.from({ length: steps }, () => {
        const some: Batch = stream.next().value;
        return adam.minimize(() => model.loss(some));
      }),
    /** The loss on held-out numbers, not smoothed. */
    loss: () => tf.tidy(() => model.loss(batch(test), 0).dataSync()[0]),
    /** The share of held-out numbers that are written without a mistake. */
    right() {
      const sources = test.map(({ source }) => source);
      const written = model.write(sources, 22).map((ids) => numberWords.german.decode(ids).join());
      return (
        test.filter(({ targetWords }, i) => written[i] === targetWords.join()).length / test.length
      );
    },
    dispose() {
      adam.dispose();
      model.dispose();
    },
  };
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
  await train(steps, () => adam.minimize(() => model.loss(stream.next().value)), {
    update: (step, { loss }) => {
      if (step % 500 === 0) report?.(`step ${step}, loss ${loss.toFixed(3)}`);
    },
    done: () => {},
  });
  adam.dispose();
  return model;
}

/** Means of so many numbers in a row. */
function every(count: number, values: readonly number[]): number[] {
  return Array.from({ length: Math.floor(values.length / count) }, (_, i) => {
    const some = values.slice(i * count, (i + 1) * count);
    return some.reduce((sum, x) => sum + x, 0) / count;
  });
}
