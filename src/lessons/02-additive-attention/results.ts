import { batches } from '../../data/batches';
import { letters, loadCmudict, phonemes } from '../../data/cmudict';
import { EncoderDecoder } from '../../models/encoder-decoder';
import { pronunciationErrors, spellingPairs } from '../../models/pronounce';
import type { Results } from '../../notebook/stored-results';
import { Adam } from '../../training/adam';
import { checkpointFile, saveCheckpoint } from '../../training/checkpoint';
import { cosineSchedule } from '../../training/schedule';
import { train } from '../../training/train';

/** The checkpoint `rnnsearch`: the model of the lesson, trained eleven times as long. */
export async function results(report: (line: string) => void): Promise<Results> {
  const steps = 10_000;
  const data = loadCmudict();
  const model = new EncoderDecoder({ sourceTokens: letters.size, targetTokens: phonemes.size });
  const adam = new Adam(model.parameters, {
    learningRate: cosineSchedule(0.003, steps),
    clipNorm: 5,
  });
  const stream = batches(spellingPairs(data.train), { batchSize: 128, seed: 1 });
  await train(steps, () => adam.minimize(() => model.loss(stream.next().value)), {
    update: (step, { loss }) => {
      if (step % 500 === 0) report(`step ${step}, loss ${loss.toFixed(3)}`);
    },
    done: () => {},
  });
  saveCheckpoint(checkpointFile('rnnsearch'), model.parameters);
  const { token, sequence } = pronunciationErrors(model, data.validation);
  return {
    setting: '10,000 steps of batch 128, seed 1',
    numbers: { 'validation phoneme error': [token], 'validation word error': [sequence] },
  };
}
