import { loadCharacters } from '../../data/characters';
import { bitsPerCharacter, streamTraining } from '../../models/character-streams';
import { type LanguageModel, languageModel } from '../../models/language-model';
import type { Results } from '../../notebook/stored-results';
import { tf } from '../../tensors/tf';
import { crossEntropy } from '../../training/cross-entropy';
import { keptMegabytes, longContextNumbers, stepRatio, type TimedStep } from '../long-context';
import { reachOf, type SpanOptions, spanModel, spanTraining } from './spans';

const seeds = [1, 2, 3];
type Run = SpanOptions & { lambda?: number };

/** The models of the lesson; a fixed window that depends on learned spans comes after them. */
const runs: Record<string, Run> = {
  'from 0': { z: 0 },
  'a ramp for all, z = 0': { z: 0, learned: false },
  'λ = 0': {},
  'λ = 0.0003': { lambda: 0.0003 },
  'λ = 0.001': { lambda: 0.001 },
  'the full window': { fixed: spanTraining.segment },
};

/** All models with three seeds: bits, spans, and how the spans moved. */
export async function results(report: (line: string) => void): Promise<Results> {
  const { train, heldOut } = loadCharacters();
  const numbers: Results['numbers'] = {};
  const curves: Results['curves'] = {};
  const add = (name: string, x: number) => {
    numbers[name] = [...(numbers[name] ?? []), x];
  };
  const addCurve = (name: string, list: number[]) => {
    curves[name] = [...(curves[name] ?? []), list];
  };
  const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;

  async function trained(name: string, { lambda = 0, ...options }: Run, seed: number) {
    const one = spanModel({ ...options, seed });
    await one.train(train, { lambda });
    const { bits } = bitsPerCharacter(one.model, heldOut, { segment: spanTraining.segment });
    const keys = one.keys();
    add(`${name}: bits per character`, bits);
    add(`${name}: keys a head sees`, mean(keys.flat()));
    addCurve(`${name}: keys of each head`, keys.flat());
    report(`${name}, seed ${seed}: ${bits.toFixed(3)} ${keys.map((row) => row.map(Math.round))}`);
    tf.dispose(one.parameters);
  }

  for (const [name, run] of Object.entries(runs))
    for (const seed of seeds) await trained(name, run, seed);
  for (const seed of seeds) {
    const window = Math.round(numbers['λ = 0.0003: keys a head sees'][seed - 1]);
    await trained('a fixed window of the same mean', { fixed: window }, seed);
  }

  const ofRow = await rowNumbers(train, heldOut, report);
  Object.assign(numbers, ofRow);

  const { steps, batch, segment } = spanTraining;
  const setting = `${steps} steps of ${batch} segments of ${segment} characters; seeds 1, 2 and 3`;
  return { setting, numbers, curves };
}

/** The row of the table that five lessons share: trained with their number of steps. */
export async function rowNumbers(
  train: Uint8Array,
  heldOut: Uint8Array,
  report: (line: string) => void,
): Promise<Results['numbers']> {
  const bits: number[] = [];
  const step: number[] = [];
  const mean: number[] = [];
  let [reach, kept, parameters] = [0, 0, 0];
  for (const seed of seeds) {
    const one = spanModel({ seed });
    await one.train(train, { lambda: 0.0003, steps: streamTraining.steps });
    bits.push(bitsPerCharacter(one.model, heldOut, { segment: spanTraining.segment }).bits);
    const keys = one.keys();
    mean.push(keys.flat().reduce((a, b) => a + b) / keys.flat().length);
    reach = Math.max(reach, reachOf(keys));
    const found = costs(one.model, train);
    step.push(found.ratio);
    kept = found.kept;
    parameters = Object.values(one.parameters).reduce((sum, { size }) => sum + size, 0);
    report(
      `all steps, seed ${seed}: ${bits[bits.length - 1].toFixed(3)} ${keys.map((row) => row.join(' '))}`,
    );
    tf.dispose(one.parameters);
  }
  const context = Math.min(reach, spanTraining.segment);
  const row = { idea: 'adaptive span', bits, parameters, context, step, kept };
  return { ...longContextNumbers(row), 'all steps: keys a head sees': mean };
}

/** What one training step costs beside one of the plain model, on as many characters. */
function costs(model: LanguageModel, text: Uint8Array): { ratio: number; kept: number } {
  const step = (one: LanguageModel, batch: number, segment: number): TimedStep => ({
    model: one,
    loss: () => {
      const ids = tf.tensor2d([...text.subarray(0, batch * segment)], [batch, segment], 'int32');
      const { logits } = one.forward(ids);
      return crossEntropy(logits.reshape([ids.size, -1]), ids.flatten(), tf.ones([ids.size]));
    },
  });
  const plain = languageModel({ seed: 1 });
  const [here, there] = [step(model, spanTraining.batch, spanTraining.segment), step(plain, 8, 64)];
  const found = { ratio: stepRatio(here, there), kept: keptMegabytes(here) };
  tf.dispose(plain.parameters);
  return found;
}
