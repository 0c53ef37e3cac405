import { loadCharacters } from '../../data/characters';
import { bitsPerCharacter, streamTraining, trainOnStreams } from '../../models/character-streams';
import { type LanguageModel, languageModel } from '../../models/language-model';
import type { Results } from '../../notebook/stored-results';
import { random } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import { keptMegabytes, longContextNumbers, middle, stepRatio } from '../long-context';
import { longReformer, longTraining } from './long-reformer';
import {
  deepModel,
  depthAmount,
  partsModel,
  partsSizes,
  processMegabytes,
  reformerParts,
  runStep,
  stepOf,
} from './memory';
import {
  dropping,
  embeddingTwice,
  reversibleModel,
  sharedQueryKey,
  towerLayers,
  towerTraining,
} from './reversible-models';

const seeds = [1, 2, 3];
const depths = [1, 2, 4, 8, 16, 32];
const droppingTraining = { steps: 120 };

/** Three seeds of everything that the lesson has no time for. */
export async function results(report: (line: string) => void): Promise<Results> {
  const { train, heldOut } = loadCharacters();
  const numbers: Results['numbers'] = {};
  const curves: Results['curves'] = { depths: [depths] };
  const add = (name: string, x: number) => {
    numbers[name] = [...(numbers[name] ?? []), x];
  };
  const addCurve = (name: string, list: number[]) => {
    curves[name] = [...(curves[name] ?? []), list];
  };

  // Memory first: in processes of their own, while this one is small.
  for (const _ of seeds) {
    const slopes = (['plain', 'reversible'] as const).map((kind) => {
      const grown = processMegabytes({ kind, depths });
      addCurve(`${kind}: megabytes of the process`, grown.map(Math.round));
      return (grown[5] - grown[0]) / (depths[5] - depths[0]);
    });
    add('a reversible layer, by a plain one: growth of the process', slopes[1] / slopes[0]);
    report(`process: ${slopes.map((x) => x.toFixed(2))} MB for each layer`);
  }

  // Fig. 3 on the common model.
  const variants: Record<string, (seed: number) => LanguageModel> = {
    plain: (seed) => languageModel({ seed }),
    reversible: (seed) => reversibleModel({ seed }).model,
    'shared QK': (seed) => languageModel({ seed, attention: sharedQueryKey }),
    'plain, embedding twice': (seed) => languageModel({ seed, stack: embeddingTwice }),
  };
  const { batch, segment } = streamTraining;
  const amount = { batch, length: segment };
  const row = { step: [] as number[], kept: 0, parameters: 0 };
  for (const [name, make] of Object.entries(variants))
    for (const seed of seeds) {
      const model = make(seed);
      const losses = await trainOnStreams(model, train);
      add(`${name}: bits per character`, bitsPerCharacter(model, heldOut).bits);
      add(`${name}: loss of steps 100 to 300`, mean(losses.slice(100, 300)));
      addCurve(`${name}: loss`, inTwenties(losses));
      add(`${name}: parameters`, parametersOf(model));
      if (name === 'reversible') {
        const plain = languageModel({ seed });
        row.step.push(stepRatio(stepOf(model, amount), stepOf(plain, amount)));
        row.kept = keptMegabytes(stepOf(model, amount));
        row.parameters = parametersOf(model);
        tf.dispose(plain.parameters);
      }
      report(
        `${name}, seed ${seed}: ${numbers[`${name}: bits per character`][seed - 1].toFixed(3)}`,
      );
      tf.dispose(model.parameters);
    }
  const bits = numbers['reversible: bits per character'];
  Object.assign(
    numbers,
    longContextNumbers({ idea: 'reversible', bits, context: segment, ...row }),
  );

  for (const seed of seeds) {
    const tower = reversibleModel({ layers: towerLayers, seed });
    await tower.train(train, towerTraining);
    add('tower: bits per character', bitsPerCharacter(tower.model, heldOut).bits);
    report(`tower, seed ${seed}: ${numbers['tower: bits per character'][seed - 1].toFixed(3)}`);
    tf.dispose(tower.parameters);
  }

  // The price: the same blocks, with and without running them again; and the parts of the Reformer.
  const [again, kept] = (['reversible', 'kept'] as const).map((kind) =>
    stepOf(deepModel(kind, 8), depthAmount),
  );
  for (const _ of seeds) add('time of a step, by that of keeping all', stepRatio(again, kept, 5));
  tf.dispose([again.model.parameters, kept.model.parameters]);
  const partNames = Object.keys(reformerParts) as (keyof typeof reformerParts)[];
  const partSteps = partNames.map((name) =>
    stepOf(partsModel(name), { batch: 1, length: partsSizes.length }),
  );
  // In turns, so that what else the machine does meets all of them; the first round warms up.
  const rounds = Array.from({ length: 1 + 5 * seeds.length }, () =>
    partSteps.map((step) => {
      const start = performance.now();
      runStep(step);
      return performance.now() - start;
    }),
  ).slice(1);
  for (const seed of seeds) {
    const five = rounds.slice(5 * (seed - 1), 5 * seed);
    const ratios = partNames.map((_, i) => middle(five.map((each) => each[i] / each[0])));
    partNames.forEach((name, i) => {
      add(`${name}: time of a step`, ratios[i]);
    });
    report(`parts: ${ratios.map((ratio) => ratio.toFixed(2))}`);
  }
  for (const { model } of partSteps) tf.dispose(model.parameters);

  for (const replay of [true, false])
    for (const seed of seeds) {
      const name = `dropout ${replay ? 'replayed' : 'drawn again'}`;
      const model = reversibleModel({
        layers: 8,
        seed,
        dress: dropping(replay, random(100 + seed)),
      });
      const losses = await model.train(train, droppingTraining);
      add(`${name}: loss of the last 30 steps`, mean(losses.slice(-30)));
      addCurve(`${name}: loss`, inTens(losses));
      report(`${name}, seed ${seed}: ${mean(losses.slice(-30)).toFixed(3)}`);
      tf.dispose(model.parameters);
    }

  for (const seed of seeds) {
    const long = longReformer({ seed });
    const losses = await long.train(train, longTraining);
    addCurve('Reformer: bits of each step', losses.map(inBits));
    add('Reformer: bits of step 10', inBits(losses[9]));
    add('Reformer: bits per character', long.bits(heldOut));
    report(
      `Reformer, seed ${seed}: ${numbers['Reformer: bits per character'][seed - 1].toFixed(3)}`,
    );
    tf.dispose(long.parameters);
  }

  const { steps } = streamTraining;
  const setting =
    `${steps} steps of ${batch} × ${segment} characters (tower ${towerTraining.steps}, Reformer ` +
    `${longTraining.steps} steps of one window); seeds 1, 2 and 3`;
  return { setting, numbers, curves };
}

const inBits = (nats: number) => nats / Math.LN2;
const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
const inTens = (list: number[]) => thinned(list, 10);
const inTwenties = (list: number[]) => thinned(list, 20);

/** The mean of so many at a time. */
function thinned(list: number[], count: number): number[] {
  return Array.from({ length: Math.floor(list.length / count) }, (_, i) =>
    mean(list.slice(count * i, count * (i + 1))),
  );
}

const parametersOf = ({ parameters }: LanguageModel) =>
  Object.values(parameters).reduce((sum, { size }) => sum + size, 0);
