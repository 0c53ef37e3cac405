import { median, peerPython, worker } from './turns.mjs';

/** An encoder layer of the Transformer with one thread, with two, and in PyTorch, by turns. */
export default async function layers() {
  const ours = (/** @type {string} */ threads) =>
    worker(process.execPath, ['transformer-layer.mjs'], { TF_NUM_INTRAOP_THREADS: threads });
  const [one, two] = [ours('1'), ours('2')];
  const peer = peerPython && worker(peerPython, ['transformer_layer_pytorch.py']);
  const workers = [one, two, ...(peer ? [peer] : [])];
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
    const [mine1, mine2, theirs] = seconds.map((times) => 1000 * median(times));
    const line = `encoder layer ${batch}×${length}×${dModel}: 1 thread ${mine1.toFixed(1)} ms, 2 threads ${mine2.toFixed(1)} ms`;
    const ratio = theirs / Math.min(mine1, mine2);
    console.log(
      peer ? `${line}, PyTorch ${theirs.toFixed(1)} ms, ratio ${ratio.toFixed(2)}` : line,
    );
  }
  for (const { end } of workers) end();
}
