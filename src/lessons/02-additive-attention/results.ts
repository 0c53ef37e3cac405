import { batches } from '../../data/batches';
import { letters, loadCmudict, phonemes } from '../../data/cmudict';
import { EncoderDecoder } from '../../models/encoder-decoder';
import {
  errorByLength,
  lengthGroups,
  pronunciationErrors,
  spellingPairs,
} from '../../models/pronounce';
import type { Results } from '../../notebook/stored-results';
import { Adam } from '../../training/adam';
import { checkpointFile, saveCheckpoint } from '../../training/checkpoint';
import { cosineSchedule } from '../../training/schedule';
import { train } from '../../training/train';
import { errorOfGlued, trained, wrongByPosition } from '../01-seq2seq-bottleneck/results';

/** Three seeds of the model with attention, as lesson 01 has of that without. */
export async function results(report: (line: string) => void): Promise<Results> {
  const data = loadCmudict();
  const numbers: Record<string, number[]> = {};
  const curves: Record<string, number[][]> = { 'with attention': [], 'wrong by position': [] };
  const note = (name: string, value: number) => {
    numbers[name] = [...(numbers[name] ?? []), value];
    report(`${name}: ${value.toFixed(2)}`);
  };
  for (const seed of [1, 2, 3]) {
    const { model } = await trained({ attention: true, seed });
    const byLength = errorByLength(model, data.validation);
    curves['with attention'].push(byLength);
    curves['wrong by position'].push(wrongByPosition(model));
    byLength.forEach((error, i) => {
      note(`error, ${lengthGroups[i].join('–')} letters`, error);
    });
    note('error, longest words over shortest', byLength[5] / byLength[0]);
    note('error, all test words', 100 * pronunciationErrors(model, data.test).token);
    const { alone, glued } = errorOfGlued(model);
    note('error, six letters', alone);
    note('error, two words of six letters glued', glued);
    model.dispose();
  }
  const setting = 'one pass over the training words, seeds 1, 2 and 3';
  return { setting, numbers, curves };
}

/** The checkpoint `rnnsearch`: the model of the lesson, trained twelve times as long. */
export async function checkpoints(report: (line: string) => void): Promise<void> {
  const steps = 10_000;
  const model = new EncoderDecoder({ sourceTokens: letters.size, targetTokens: phonemes.size });
  const adam = new Adam(model.parameters, {
    learningRate: cosineSchedule(0.003, steps),
    clipNorm: 5,
  });
  const stream = batches(spellingPairs(loadCmudict().train), { batchSize: 128, seed: 1 });
  await train(steps, () => adam.minimize(() => model.loss(stream.next().value)), {
    update: (step, { loss }) => {
      if (step % 500 === 0) report(`step ${step}, loss ${loss.toFixed(3)}`);
    },
    done: () => {},
  });
  saveCheckpoint(checkpointFile('rnnsearch'), model.parameters);
}
