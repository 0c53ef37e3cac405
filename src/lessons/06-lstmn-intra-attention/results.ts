import { batch } from '../../data/batches';
import { loadCmudict } from '../../data/cmudict';
import { pronunciationErrors, spellingPairs, wordsOfLength } from '../../models/pronounce';
import type { Results } from '../../notebook/stored-results';
import { random, shuffled } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import { critic, judgedRight, trainCritic } from './critic';
import {
  echo,
  echoed,
  echoSentences,
  type MachineReader,
  machineReader,
  memories,
  perplexity,
  perplexityWithin,
  readingList,
  trainMachineReader,
  withoutSummary,
} from './machine-reader';
import { type Fusion, speller, trainSpeller } from './speller';

const seeds = [1, 2, 3];
const cells = ['lstm', 'lstmn'] as const;

/** All trainings of the lesson with three seeds, and longer ones. */
export async function results(report: (line: string) => void): Promise<Results> {
  const numbers: Results['numbers'] = {};
  const curves: Results['curves'] = { memories: [memories] };
  const note = (name: string, value: number) => {
    numbers[name] = [...(numbers[name] ?? []), value];
    report(`${name}: ${value.toPrecision(5)}`);
  };

  const again = echoSentences();
  const players = [
    { name: 'lstm', cell: 'lstm' },
    { name: 'lstmn', cell: 'lstmn' },
    { name: 'lstmn without h̃ in the score', cell: 'lstmn', run: withoutSummary },
  ] as const;
  for (const { name, cell, ...how } of players) {
    const run = 'run' in how ? how.run : undefined;
    for (const seed of seeds) {
      const reader = machineReader({ cell, coder: again.coder, depth: 32, seed });
      await trainMachineReader(reader, again.sentences, {
        ...{ steps: 450, batch: 32, learningRate: 0.02, run },
        rows: (some) => echo(again.coder, some),
      });
      note(`${name}: echo, words right`, 100 * echoed(reader, again.heldOut, run));
      tf.dispose(reader.parameters);
    }
  }

  const { sentences, heldOut, reviews, coder } = readingList();
  for (const cell of cells) {
    curves[`${cell}: perplexity within`] = [];
    for (const seed of seeds) {
      const reader = machineReader({ cell, coder, seed });
      await trainMachineReader(reader, sentences);
      note(`${cell}: perplexity`, perplexity(reader, heldOut));
      const within = memories.map((memory) => perplexityWithin(reader, heldOut, memory));
      curves[`${cell}: perplexity within`].push(within);
      report(within.map((one) => one.toFixed(1)).join(' '));

      const order = shuffled(reviews, random(seed));
      const [learn, test] = [order.slice(0, 700), order.slice(700)];
      const fresh = machineReader({ cell, coder, seed });
      const grade = async (name: string, judge: MachineReader, recurrent = true) => {
        const one = critic(judge, { recurrent, seed });
        await trainCritic(one, learn);
        note(`${name}: reviews right`, judgedRight(one, test));
        tf.dispose([one.learned, judge.parameters]);
      };
      await grade(`${cell}, fresh`, fresh);
      await grade(`${cell}, pretrained`, reader);
      if (cell === 'lstm') await grade('no order', machineReader({ cell, coder, seed }), false);
    }
  }

  const { train, test } = loadCmudict();
  const [pairs, words] = [spellingPairs(wordsOfLength(train, [3, 6])), wordsOfLength(test, [3, 6])];
  const some = words.slice(0, 500);
  for (const fusion of ['shallow', 'deep', 'no tapes', 'no tapes, deep query'] as Fusion[]) {
    for (const seed of seeds) {
      const model = speller(fusion, { seed });
      await trainSpeller(model, pairs);
      note(`${fusion}: phonemes wrong`, 100 * pronunciationErrors(model, some).token);
      const loss = tf.tidy(() => model.loss(batch(spellingPairs(some))).dataSync()[0]);
      note(`${fusion}: perplexity`, Math.exp(loss));
      tf.dispose(model.parameters);
    }
  }
  for (const cell of cells) {
    for (const seed of seeds) {
      const reader = machineReader({ cell, coder, seed });
      await trainMachineReader(reader, sentences, { steps: 800 });
      note(`${cell}: perplexity, 800 steps`, perplexity(reader, heldOut));
      tf.dispose(reader.parameters);
    }
  }
  return { setting: 'seeds 1, 2 and 3', numbers, curves };
}
