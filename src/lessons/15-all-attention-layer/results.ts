import { loadCharacters } from '../../data/characters';
import { bitsPerCharacter, streamTraining, trainOnStreams } from '../../models/character-streams';
import { type LanguageModel, languageModel } from '../../models/language-model';
import type { Results } from '../../notebook/stored-results';
import { tf } from '../../tensors/tf';
import { crossEntropy } from '../../training/cross-entropy';
import { keptMegabytes, longContextNumbers, stepRatio, type TimedStep } from '../long-context';
import { allAttentionModel, softmaxFeedForward, twoSoftmaxes } from './persistent';

const seeds = [1, 2, 3];

/** The models of the lesson. The one with ReLU networks is lesson 13's plain model, and stored there. */
const runs: Record<string, (seed: number) => LanguageModel> = {
  'N = 0': (seed) => allAttentionModel({ N: 0, seed }).model,
  'N = 4': (seed) => allAttentionModel({ N: 4, seed }).model,
  'N = 16': (seed) => allAttentionModel({ N: 16, seed }).model,
  'N = 64': (seed) => allAttentionModel({ N: 64, seed }).model,
  'N = 256': (seed) => allAttentionModel({ seed }).model,
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
  const step: number[] = [];
  let kept = 0;
  const parameters = (model: LanguageModel) =>
    Object.values(model.parameters).reduce((sum, { size }) => sum + size, 0);
  for (const [name, make] of Object.entries(runs)) {
    const bits: number[] = [];
    const losses: number[][] = [];
    for (const seed of seeds) {
      const model = make(seed);
      losses.push(thinned(await trainOnStreams(model, train)));
      bits.push(bitsPerCharacter(model, heldOut, { warmup: 4 }).bits);
      report(`${name}, seed ${seed}: ${bits.at(-1)?.toFixed(3)}`);
      numbers[`${name}: parameters`] = [parameters(model)];
      if (name === 'N = 256') {
        const found = costs(model, train);
        step.push(found.ratio);
        kept = found.kept;
      }
      tf.dispose(model.parameters);
    }
    numbers[`${name}: bits per character`] = bits;
    curves[`${name}: loss`] = losses;
  }
  const row = {
    idea: 'all-attention',
    bits: numbers['N = 256: bits per character'],
    parameters: numbers['N = 256: parameters'][0],
    context: streamTraining.segment,
    step,
    kept,
  };
  const { steps, batch, segment } = streamTraining;
  return {
    setting: `${steps} steps of ${batch} segments of ${segment} characters; seeds 1, 2 and 3`,
    numbers: { ...numbers, ...longContextNumbers(row) },
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
