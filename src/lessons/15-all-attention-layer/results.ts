import { loadCharacters } from '../../data/characters';
import { bitsPerCharacter, streamTraining, trainOnStreams } from '../../models/character-streams';
import { type LanguageModel, languageModel } from '../../models/language-model';
import type { Results } from '../../notebook/stored-results';
import { tf } from '../../tensors/tf';
import { crossEntropy } from '../../training/cross-entropy';
import { keptMegabytes, longContextNumbers, stepRatio, type TimedStep } from '../long-context';
import {
  allAttentionModel,
  allAttentionTraining,
  shifted,
  softmaxFeedForward,
  twoSoftmaxes,
} from './persistent';

const seeds = [1, 2, 3];

/** All persistent vectors of a head together begin with as much weight as one character. */
const asOneCharacter = shifted((N) => -Math.log(N));

/** The models of the lesson. */
const runs: Record<string, (seed: number) => LanguageModel> = {
  'N = 256': (seed) => allAttentionModel({ seed }).model,
  'N = 0': (seed) => allAttentionModel({ N: 0, seed }).model,
  networks: (seed) => languageModel({ seed }),
  'N = 16': (seed) => allAttentionModel({ N: 16, seed }).model,
  'N = 64': (seed) => allAttentionModel({ N: 64, seed }).model,
  'memory as one character': (seed) => allAttentionModel({ attend: asOneCharacter, seed }).model,
  'two softmaxes': (seed) => allAttentionModel({ attend: twoSoftmaxes, seed }).model,
  'stored as they are used': (seed) => allAttentionModel({ factors: false, seed }).model,
  'softmax networks': (seed) => languageModel({ feedForward: softmaxFeedForward, seed }),
  '6 layers, N = 64': (seed) => allAttentionModel({ layers: 6, N: 64, seed }).model,
  '9 layers, N = 0': (seed) => allAttentionModel({ layers: 9, N: 0, seed }).model,
};

/** All models with three seeds: bits and losses; and the row of the table that five lessons share. */
export async function results(report: (line: string) => void): Promise<Results> {
  const { train, heldOut } = loadCharacters();
  const numbers: Results['numbers'] = {};
  const curves: Results['curves'] = {};
  const parameters = (model: LanguageModel) =>
    Object.values(model.parameters).reduce((sum, { size }) => sum + size, 0);
  const trained = async (name: string, model: LanguageModel, seed: number, steps: number) => {
    const losses = await trainOnStreams(model, train, { steps });
    const { bits } = bitsPerCharacter(model, heldOut, { warmup: 4 });
    report(`${name}, seed ${seed}, ${steps} steps: ${bits.toFixed(3)}`);
    return { losses: thinned(losses), bits };
  };
  for (const [name, make] of Object.entries(runs)) {
    numbers[`${name}: bits per character`] = [];
    curves[`${name}: loss`] = [];
    for (const seed of seeds) {
      const model = make(seed);
      const { bits, losses } = await trained(name, model, seed, allAttentionTraining.steps);
      numbers[`${name}: bits per character`].push(bits);
      curves[`${name}: loss`].push(losses);
      numbers[`${name}: parameters`] = [parameters(model)];
      tf.dispose(model.parameters);
    }
  }
  for (const name of ['N = 0', 'memory as one character']) {
    numbers[`${name}, all steps: bits per character`] = [];
    for (const seed of seeds) {
      const model = runs[name](seed);
      const { bits } = await trained(name, model, seed, streamTraining.steps);
      numbers[`${name}, all steps: bits per character`].push(bits);
      tf.dispose(model.parameters);
    }
  }
  const row = { bits: [] as number[], step: [] as number[], kept: 0 };
  for (const seed of seeds) {
    const { model } = allAttentionModel({ seed });
    row.bits.push((await trained('all steps', model, seed, streamTraining.steps)).bits);
    const { ratio, kept } = costs(model, train);
    row.step.push(ratio);
    row.kept = kept;
    tf.dispose(model.parameters);
  }
  const ofRow = longContextNumbers({
    idea: 'all-attention',
    parameters: numbers['N = 256: parameters'][0],
    context: streamTraining.segment,
    ...row,
  });
  const { batch, segment } = streamTraining;
  const { steps } = allAttentionTraining;
  return {
    setting: `${steps} steps of ${batch} segments of ${segment} characters; seeds 1, 2 and 3`,
    numbers: { ...numbers, ...ofRow },
    curves,
  };
}

/** The mean of every ten losses. */
function thinned(losses: number[]): number[] {
  return Array.from({ length: Math.floor(losses.length / 10) }, (_, i) => {
    const ten = losses.slice(10 * i, 10 * i + 10);
    return ten.reduce((a, b) => a + b) / 10;
  });
}

/** What one training step costs beside one of the plain model. */
function costs(model: LanguageModel, text: Uint8Array): { ratio: number; kept: number } {
  const { batch, segment } = streamTraining;
  const ids = tf.tensor2d([...text.subarray(0, batch * segment)], [batch, segment], 'int32');
  const step = (one: LanguageModel): TimedStep => ({
    model: one,
    loss: () => {
      const { logits } = one.forward(ids);
      return crossEntropy(logits.reshape([ids.size, -1]), ids.flatten(), tf.ones([ids.size]));
    },
  });
  const plain = languageModel({ seed: 1 });
  const found = { ratio: stepRatio(step(model), step(plain)), kept: keptMegabytes(step(model)) };
  tf.dispose([plain.parameters, ids]);
  return found;
}
