import { alternate, peerPython, report, worker } from './turns.ts';

/** LSH attention, forward and backward, beside reformer-pytorch, two threads each. */
export const lsh = () => compare('lsh', 'LSH attention', 'reformer-pytorch');

/** Sliding-window attention, forward and backward, beside local-attention, two threads each. */
export const window = () => compare('window', 'sliding window', 'local-attention');

/**
 * Strided attention, forward and backward, beside PyTorch's attention to all that came before, which
 * keeps no matrix either: there is no sparse attention for a processor among the peers. Two threads each.
 */
export const sparse = () => compare('strided', 'strided attention', 'full attention of PyTorch');

/** Prints for each length the times, their ratio, and the memory of the first steps. */
async function compare(step: string, what: string, peer: string) {
  const python = peerPython();
  if (!python) return console.log(`(no ${peer} to compare with: npm run bench -- --peers)`);
  for (const length of [4096, 16384, 65536]) {
    // New processes: memory that is kept from a longer sequence would hide what a shorter one needs.
    const sides = [
      worker(process.execPath, ['attention-step.js', step], 2),
      worker(python, ['attention_step_pytorch.py', step], 2),
    ];
    for (const { run } of sides) await run(512); // what is loaded once does not count
    const memory = [];
    for (const { run } of sides) memory.push((await run(length)).megabytes);
    const rounds = await alternate(sides, () => length, { warm: true });
    report(`${what}, ${length} tokens`, peer, rounds, { threads: 2 });
    const [a, b] = memory;
    if (a && b) {
      const ratio = (b / a).toFixed(2);
      console.log(`  memory ${a.toFixed(0)} MB, ${b.toFixed(0)} MB, ratio ${ratio}`);
    }
    for (const { end } of sides) end();
  }
}
