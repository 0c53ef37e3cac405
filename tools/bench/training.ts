import { alternate, peerPython, report, worker } from './turns.ts';

/** Training the model of lesson 02, beside the same one in PyTorch: one thread against one, two against two. */
export default async function training() {
  const { batches, loadCmudict, spellingPairs } = await import('attention');
  const python = peerPython();
  const pairs = spellingPairs(loadCmudict().train);
  const steps = 8;
  for (const threads of [1, 2] as const) {
    const ours = worker(process.execPath, ['rnnsearch.js'], threads);
    const sides = [ours];
    if (python) sides.push(worker(python, ['rnnsearch_pytorch.py'], threads));
    for (const batchSize of [64, 128]) {
      const stream = batches(pairs, { batchSize, seed: 1 });
      const lot = () => Array.from({ length: steps }, () => stream.next().value);
      const what = `training step of lesson 02, batch ${batchSize}`;
      report(what, 'PyTorch', await alternate(sides, lot), { threads, steps });
    }
    for (const { end } of sides) end();
  }
}
