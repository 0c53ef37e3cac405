import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { bench, median, peerPython } from './turns.mjs';

/** The training speed of lesson 02 beside the same model in PyTorch: twenty batches each, by turns. */
export default async function training() {
  const { Adam, batches, EncoderDecoder, letters, loadCmudict, phonemes, spellingPairs } =
    await import('attention');
  const python = peerPython();
  const pairs = spellingPairs(loadCmudict().train);
  for (const batchSize of [64, 128]) {
    const stream = batches(pairs, { batchSize, seed: 1 });
    const model = new EncoderDecoder({ sourceTokens: letters.size, targetTokens: phonemes.size });
    const adam = new Adam(model.parameters, { clipNorm: 5 });
    /** @type {number[]} */
    const ours = [];
    /** @type {number[]} */
    const theirs = [];
    for (let round = 0; round < 6; round++) {
      const lot = Array.from({ length: 40 }, () => stream.next().value);
      const seconds = lot.map((batch) => {
        const start = performance.now();
        adam.minimize(() => model.loss(batch));
        return (performance.now() - start) / 1000;
      });
      ours.push(...seconds.slice(10)); // the first ones warm up
      if (!python) continue;
      const input = lot.map((batch) => JSON.stringify(batch)).join('\n');
      const script = join(bench, 'rnnsearch_pytorch.py');
      const printed = execFileSync(python, [script], { input, encoding: 'utf8' });
      theirs.push(...JSON.parse(printed).slice(10));
    }
    const [mine, peer] = [median(ours), median(theirs)];
    const line = `training, batch ${batchSize}: ${(1 / mine).toFixed(1)} steps/s`;
    console.log(
      theirs.length > 0
        ? `${line}, PyTorch ${(1 / peer).toFixed(1)} steps/s, ratio ${(peer / mine).toFixed(2)}`
        : line,
    );
    adam.dispose();
    model.dispose();
  }
}
