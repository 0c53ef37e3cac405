import { forLargeMatrices, median, peerPython, worker } from './turns.mjs';

/** An encoder layer of the Transformer, as the lessons run it and as large matrices want it, and in PyTorch, by turns. */
export default async function layers() {
  const ours = (/** @type {Record<string, string>} */ settings) =>
    worker(process.execPath, ['transformer-layer.mjs'], settings);
  const python = peerPython();
  const peer = python && worker(python, ['transformer_layer_pytorch.py']);
  const workers = [ours({}), ours(forLargeMatrices), ...(peer ? [peer] : [])];
  for (const [batch, length, dModel, heads, steps] of [
    [32, 16, 64, 4, 50],
    [32, 64, 128, 8, 10],
    [8, 256, 256, 8, 4],
  ]) {
    const job = { batch, length, dModel, heads, steps };
    const seconds = workers.map(() => /** @type {number[]} */ ([]));
    for (let round = 0; round < 8; round++) {
      for (const [i, { run }] of workers.entries()) {
        const times = await run(job);
        if (round > 1) seconds[i].push(...times); // the first ones warm up
      }
    }
    const [small, large, theirs] = seconds.map((times) => 1000 * median(times));
    const line = `encoder layer ${batch}×${length}×${dModel}: ${small.toFixed(1)} ms, for large matrices ${large.toFixed(1)} ms`;
    const ratio = theirs / Math.min(small, large);
    console.log(
      peer ? `${line}, PyTorch ${theirs.toFixed(1)} ms, ratio ${ratio.toFixed(2)}` : line,
    );
  }
  for (const { end } of workers) end();
}
