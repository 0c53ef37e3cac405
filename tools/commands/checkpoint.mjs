import { SetupError } from '../setup/errors.mjs';
import { setup } from '../setup/index.mjs';

/**
 * `npm run checkpoint -- 02`: trains the model of a lesson for longer than the lesson can, and
 * writes its weights to `src/checkpoints`. Lesson 02 takes a quarter of an hour on two cores.
 *
 * @param {string[]} args
 */
export default async function checkpoint(args) {
  if (args.join() !== '02') {
    throw new SetupError('Only lesson 02 has a checkpoint: `npm run checkpoint -- 02`.');
  }
  await setup();
  const {
    Adam,
    batches,
    checkpointFile,
    cosineSchedule,
    EncoderDecoder,
    letters,
    loadCmudict,
    phonemes,
    pronunciationErrors,
    saveCheckpoint,
    spellingPairs,
    train,
  } = await import('attention');
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
      if (step % 500 === 0) console.log(`step ${step}, loss ${loss.toFixed(3)}`);
    },
    done: () => {},
  });
  saveCheckpoint(checkpointFile('rnnsearch'), model.parameters);
  const { token, sequence } = pronunciationErrors(model, data.validation);
  const percent = (/** @type {number} */ rate) => `${(100 * rate).toFixed(2)} %`;
  console.log(`validation: phoneme error ${percent(token)}, word error ${percent(sequence)}`);
}
