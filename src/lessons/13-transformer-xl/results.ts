import { loadCharacters } from '../../data/characters';
import { bitsByContext, bitsPerCharacter, streamTraining } from '../../models/character-streams';
import type { LanguageModel } from '../../models/language-model';
import type { Results } from '../../notebook/stored-results';
import { tf } from '../../tensors/tf';
import { checkpointFile, saveCheckpoint } from '../../training/checkpoint';
import { crossEntropy } from '../../training/cross-entropy';
import { keptMegabytes, longContextNumbers, stepRatio, type TimedStep } from '../long-context';
import { effectiveContext, memoryModel, memoryRuns } from './memories';

const seeds = [1, 2, 3];
const total = 8192;
const memoryLengths = [0, 16, 32, 64, 128, 256, 512];
const contexts = [1, 2, 4, 8, 16, 32, 56, 96, 128, 192, 256];

/** The checkpoints: the plain model for the lessons that come after, and one with numbered places. */
const files = {
  plain: 'language-model',
  'numbered places, no memory': 'numbered-places',
};

/** All models of the lesson with three seeds, and what an evaluation with a memory saves. */
export async function results(report: (line: string) => void): Promise<Results> {
  const { train, heldOut } = loadCharacters();
  const numbers: Results['numbers'] = {};
  const curves: Results['curves'] = {
    'memory lengths': [memoryLengths],
    contexts: [contexts],
    'speed contexts': [[64, 128, 256, 512]],
  };
  const add = (name: string, x: number) => {
    numbers[name] = [...(numbers[name] ?? []), x];
  };
  const addCurve = (name: string, list: number[]) => {
    curves[name] = [...(curves[name] ?? []), list];
  };
  const bitsOf: Record<string, number[]> = {};
  const steps: Record<string, { ratios: number[]; kept: number; parameters: number }> = {};
  for (const name of Object.keys(memoryRuns) as (keyof typeof memoryRuns)[]) {
    for (const seed of seeds) {
      const { model, memoryLength, train: trainOn } = memoryModel(name, seed);
      const losses = await trainOn(train);
      if (seed === 1) addCurve(`${name}: loss`, thinned(losses));
      const { bits, byPlace } = bitsPerCharacter(model, heldOut, { memoryLength, warmup: 4 });
      add(`${name}: bits per character`, bits);
      bitsOf[name] = numbers[`${name}: bits per character`];
      addCurve(`${name}: bits by place`, byPlace);
      if (name !== 'plain' && name !== 'numbered places, no memory') {
        const byMemory = memoryLengths.map(
          (M) => bitsPerCharacter(model, heldOut, { memoryLength: M, warmup: 8, total }).bits,
        );
        addCurve(`${name}: bits by memory length`, byMemory);
      }
      const asked = memoryLength ? contexts : contexts.filter((context) => context <= 56);
      const byContext = bitsByContext(model, heldOut, asked, { memoryLength, most: 512 });
      addCurve(`${name}: bits by context`, byContext);
      add(`${name}: effective context`, effectiveContext(asked, byContext));
      const { ratios, kept } = costs(model, memoryLength, train);
      steps[name] = {
        ratios: [...(steps[name]?.ratios ?? []), ratios],
        kept,
        parameters: Object.values(model.parameters).reduce((sum, { size }) => sum + size, 0),
      };
      if (name === 'Transformer-XL') addCurve('speed-up of evaluation', speedUps(model, heldOut));
      if (seed === 1 && name in files)
        saveCheckpoint(checkpointFile(files[name as keyof typeof files]), model.parameters);
      tf.dispose(model.parameters);
      report(
        `${name}, seed ${seed}: ${bits.toFixed(3)}; by context ${byContext.map((x) => x.toFixed(3))}`,
      );
    }
  }
  for (const [idea, name, context] of [
    ['plain', 'plain', 64],
    ['Transformer-XL', 'Transformer-XL', 256],
  ] as const) {
    const { ratios, kept, parameters } = steps[name];
    const row = { idea, bits: bitsOf[name], parameters, context, step: ratios, kept };
    Object.assign(numbers, longContextNumbers(row));
  }
  const { steps: count, batch, segment } = streamTraining;
  const setting =
    `${count} steps of ${batch} segments of ${segment} characters, numbered places twice as many; ` +
    'seeds 1, 2 and 3';
  return { setting, numbers, curves };
}

/** The mean of every ten losses. */
function thinned(losses: number[]): number[] {
  return Array.from({ length: Math.floor(losses.length / 10) }, (_, i) => {
    const ten = losses.slice(10 * i, 10 * i + 10);
    return ten.reduce((a, b) => a + b) / 10;
  });
}

/** What one training step costs beside one of the plain model. */
function costs(model: LanguageModel, memoryLength: number, text: Uint8Array) {
  const { batch, segment } = streamTraining;
  const ids = tf.tensor2d([...text.subarray(0, batch * segment)], [batch, segment], 'int32');
  const step = (one: LanguageModel, M: number): TimedStep & { memories: tf.Tensor3D[] } => {
    const { memories } = one.forward(ids, { memoryLength: M });
    const loss = () => {
      const { logits } = one.forward(ids, { memories, memoryLength: M });
      return crossEntropy(logits.reshape([ids.size, -1]), ids.flatten(), tf.ones([ids.size]));
    };
    return { model: one, loss, memories };
  };
  const plain = memoryModel('plain').model;
  const [this_, other] = [step(model, memoryLength), step(plain, 0)];
  const found = { ratios: stepRatio(this_, other), kept: keptMegabytes(this_) };
  tf.dispose([ids, this_.memories, other.memories, plain.parameters]);
  return found;
}

/**
 * How many times longer a character takes with a window that is moved on by one for each than with a
 * memory of the same length: for contexts of 64 to 512 characters.
 */
function speedUps(model: LanguageModel, text: Uint8Array): number[] {
  const segment = 64;
  const cut = (from: number, length: number) =>
    tf.tensor2d([...text.subarray(from, from + length)], [1, length], 'int32');
  return [64, 128, 256, 512].map((context) => {
    const inWindow = () => {
      const start = performance.now();
      for (let i = 0; i < 4; i++)
        tf.tidy(() => void model.forward(cut(i, context)).logits.dataSync());
      return (performance.now() - start) / 4;
    };
    let memories: tf.Tensor3D[] = [];
    const withMemory = () => {
      const start = performance.now();
      const ids = cut(0, segment);
      const read = tf.tidy(() => {
        const found = model.forward(ids, { memories, memoryLength: context });
        found.logits.dataSync();
        return found.memories;
      });
      tf.dispose([memories, ids]);
      memories = read;
      return (performance.now() - start) / segment;
    };
    for (let filled = 0; filled <= context; filled += segment) withMemory();
    inWindow();
    const ratios = Array.from({ length: 9 }, () => inWindow() / withMemory());
    tf.dispose(memories);
    return ratios.sort((a, b) => a - b)[4];
  });
}
