import type { HeadAttention } from '../../attention/heads/multi-head';
import { scaledDotProductAttention } from '../../attention/scores/scaled-dot-product';
import {
  type SparsePattern,
  sparseTransformerAttention,
} from '../../attention/sparse/sparse-transformer';
import { loadCharacters } from '../../data/characters';
import { bitsPerCharacter, streamTraining, trainOnStreams } from '../../models/character-streams';
import { languageModel } from '../../models/language-model';
import type { Results } from '../../notebook/stored-results';
import { random, uniform } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import { checkpointFile, saveCheckpoint } from '../../training/checkpoint';
import { crossEntropy } from '../../training/cross-entropy';
import {
  bitsByPlace,
  bitsPerPixel,
  painter,
  smallDigits,
  trainPainter,
} from '../11-image-transformer/painters';
import { keptMegabytes, longContextNumbers, stepRatio, type TimedStep } from '../long-context';
import {
  digitPatterns,
  digitSteps,
  eveningTokens,
  patternHeads,
  patternReader,
  textPatterns,
  trainWaiter,
  waiterBits,
  waiterPatterns,
} from './patterns';

const seeds = [1, 2, 3];
const lengths = [1024, 2048, 4096, 8192, 16384];

/** Digits, text and evenings with every pattern, three seeds each; and what long sequences cost. */
export async function results(report: (line: string) => void): Promise<Results> {
  const numbers: Results['numbers'] = {};
  const curves: Results['curves'] = { lengths: [lengths] };
  const add = (name: string, x: number) => {
    numbers[name] = [...(numbers[name] ?? []), x];
  };
  const { train: digits, test } = smallDigits();
  for (const [name, seen] of Object.entries(digitPatterns)) {
    for (const seed of seeds) {
      const attend = patternHeads(seen);
      const model = painter('full', { seed });
      await trainPainter(model, digits, { steps: digitSteps, attend });
      const bits = bitsPerPixel(model, test, { attend });
      add(`digits, ${name}: bits per pixel`, bits);
      report(`digits, ${name}, seed ${seed}: ${bits.toFixed(4)}`);
      if (seed === 1) {
        curves[`digits, ${name}: bits by place`] = [bitsByPlace(model, test, { attend })];
        saveCheckpoint(checkpointFile(`digits-${name}`), model.parameters);
      }
      model.dispose();
    }
  }

  const { train, heldOut } = loadCharacters();
  for (const [name, seen] of Object.entries(textPatterns)) {
    for (const seed of seeds) {
      const model = patternReader(patternHeads(seen), { seed });
      await trainOnStreams(model, train);
      const { bits, byPlace } = bitsPerCharacter(model, heldOut, { warmup: 4 });
      add(`text, ${name}: bits per character`, bits);
      const places = `text, ${name}: bits by place`;
      curves[places] = [...(curves[places] ?? []), byPlace];
      report(`text, ${name}, seed ${seed}: ${bits.toFixed(4)}`);
      if (name === 'fixed' && seed === 1)
        saveCheckpoint(checkpointFile('text-fixed'), model.parameters);
      tf.dispose(model.parameters);
    }
  }
  for (const idea of ['strided', 'fixed'] as const)
    Object.assign(numbers, row(idea, numbers[`text, ${idea}: bits per character`], train));

  for (const [name, seen] of Object.entries(waiterPatterns)) {
    for (const seed of seeds) {
      const model = patternReader(patternHeads(seen), { seed, tokens: eveningTokens });
      await trainWaiter(model, { seed });
      const bits = waiterBits(model);
      add(`waiter, ${name}: bits per drink`, bits);
      report(`waiter, ${name}, seed ${seed}: ${bits.toFixed(4)}`);
      tf.dispose(model.parameters);
    }
  }

  Object.assign(curves, costs(report));
  const { steps, batch, segment } = streamTraining;
  const setting =
    `digits: ${digitSteps} steps of 16; text: ${steps} steps of ${batch} segments of ${segment} ` +
    'characters; waiter: 300 steps of 8 evenings; seeds 1, 2 and 3';
  return { setting, numbers, curves };
}

/** The sparse attention of `src`, both patterns merged. */
const merged =
  (options: SparsePattern): HeadAttention<any> =>
  (q, k, v) =>
    sparseTransformerAttention<tf.Tensor4D>(q, k, v, undefined, { ...options, use: 'merged' });

/** A row of the table that five lessons share. */
function row(idea: 'strided' | 'fixed', bits: number[], text: Uint8Array): Results['numbers'] {
  const { batch, segment } = streamTraining;
  const ids = tf.tensor2d([...text.subarray(0, batch * segment)], [batch, segment], 'int32');
  const step = (model: TimedStep['model']): TimedStep => ({
    model,
    loss: () => {
      const { logits } = model.forward(ids);
      return crossEntropy(logits.reshape([ids.size, -1]), ids.flatten(), tf.ones([ids.size]));
    },
  });
  const options: SparsePattern = {
    pattern: idea,
    stride: 8,
    ...(idea === 'fixed' && { summary: 2 }),
  };
  const plain = step(languageModel({ seed: 1 }));
  const sparse = step(patternReader(merged(options)));
  const ratios = seeds.map(() => stepRatio(sparse, plain));
  const kept = keptMegabytes(sparse);
  const parameters = Object.values(sparse.model.parameters).reduce(
    (sum, { size }) => sum + size,
    0,
  );
  tf.dispose([ids, plain.model.parameters, sparse.model.parameters]);
  return longContextNumbers({ idea, bits, parameters, context: segment, step: ratios, kept });
}

/** Seconds of attention forward and backward, by length: the middle of three runs. */
function costs(report: (line: string) => void): Record<string, number[][]> {
  const root = (n: number) => Math.round(Math.sqrt(n));
  const attend = (n: number): Record<string, HeadAttention<any>> => ({
    ...(n <= 4096 && { dense: (q, k, v) => scaledDotProductAttention(q, k, v) }),
    'strided, l = √n': merged({ pattern: 'strided', stride: root(n) }),
    'strided, l = 32': merged({ pattern: 'strided', stride: 32 }),
    'fixed, l = √n, c = 1': merged({ pattern: 'fixed', stride: root(n) }),
  });
  const found: Record<string, number[]> = {};
  for (const n of lengths) {
    const next = random(n);
    const inputs = [0, 1, 2].map(() => uniform([1, 2, n, 16], next, 1) as tf.Tensor4D);
    for (const [name, f] of Object.entries(attend(n))) {
      const once = () => {
        const start = performance.now();
        tf.tidy(() => {
          const all = tf.grads((q, k, v) => tf.sum(f(q as never, k as never, v as never).context));
          for (const one of all(inputs)) one.dataSync();
        });
        return (performance.now() - start) / 1000;
      };
      once(); // the pattern is laid out once
      const times = [once(), once(), once()].sort((a, b) => a - b);
      found[name] = [...(found[name] ?? []), times[1]];
    }
    tf.dispose(inputs);
    report(`length ${n}: ${Object.values(found).map((list) => list.at(-1)?.toFixed(3))}`);
  }
  return Object.fromEntries(
    Object.entries(found).map(([name, list]) => [`seconds, ${name}`, [list]]),
  );
}
