import { alternate, peerPython, report, worker } from './turns.ts';

/** Training an encoder layer of the Transformer, beside PyTorch: one thread against one, two against two. */
export default async function layers() {
  const python = peerPython();
  for (const threads of [1, 2] as const) {
    const ours = worker(process.execPath, ['transformer-layer.js'], threads);
    const sides = [ours];
    if (python) sides.push(worker(python, ['transformer_layer_pytorch.py'], threads));
    for (const [batch, length, dModel, heads, steps] of [
      [32, 16, 64, 4, 200],
      [32, 64, 128, 8, 20],
      [8, 256, 256, 8, 6],
    ]) {
      const rounds = await alternate(sides, () => ({ batch, length, dModel, heads, steps }));
      const what = `encoder layer ${batch}×${length}×${dModel}`;
      report(what, 'PyTorch', rounds, { threads, steps });
    }
    for (const { end } of sides) end();
  }
}
