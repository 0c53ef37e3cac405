/**
 * Trains the encoder–decoder of lesson 02; rnnsearch_pytorch.py is the other side. Reads lists of batches
 * as JSON lines on standard input, takes a step for each, and answers with their seconds, by the clock
 * and of the processor. Threads: TF_NUM_INTRAOP_THREADS.
 */
import { answer } from './turns.ts';

const { Adam, EncoderDecoder, letters, phonemes } = await import('attention');

const model = new EncoderDecoder({ sourceTokens: letters.size, targetTokens: phonemes.size });
const adam = new Adam(model.parameters, { clipNorm: 5 });

type Batch = { source: number[][]; target: number[][] };
await answer((batches: Batch[]) => () => {
  for (const batch of batches) adam.minimize(() => model.loss(batch));
});
