import { forLargeMatrices, median, peerPython, worker } from './turns.mjs';

/** LSH attention, forward and backward, beside reformer-pytorch, two threads each. */
export const lsh = () => compare('lsh', 'LSH attention', 'reformer-pytorch');

/** Sliding-window attention, forward and backward, beside local-attention, two threads each. */
export const window = () => compare('window', 'sliding window', 'local-attention');

/**
 * Prints for each length the times, their ratio round by round, and the memory of the first steps.
 *
 * @param {string} step
 * @param {string} what
 * @param {string} peer
 */
async function compare(step, what, peer) {
  const python = peerPython();
  if (!python) return console.log(`(no ${peer} to compare with: npm run bench -- --peers)`);
  for (const length of [4096, 16384]) {
    // New processes: memory that is kept from a longer sequence would hide what a shorter one needs.
    const ours = worker(process.execPath, ['attention-step.mjs', step], forLargeMatrices);
    const theirs = worker(python, ['attention_step_pytorch.py', step]);
    for (const side of [ours, theirs]) await side.run(512); // what is loaded once does not count
    const rounds = [];
    for (let i = 0; i < 8; i++) rounds.push([await ours.run(length), await theirs.run(length)]);
    ours.end();
    theirs.end();
    const later = rounds.slice(1); // the first one meets cold memory, on both sides
    const ratios = later.map(([a, b]) => b.seconds / a.seconds);
    const [mine, other] = [0, 1].map((side) => median(later.map((round) => round[side].seconds)));
    const [a, b] = rounds[0].map(({ megabytes }) => megabytes);
    console.log(
      `${what}, ${length} tokens: ${(mine * 1e3).toFixed(0)} ms, ${peer} ` +
        `${(other * 1e3).toFixed(0)} ms, ratio ${median(ratios).toFixed(2)} ` +
        `(${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})` +
        (a && b
          ? `; memory ${a.toFixed(0)} MB, ${b.toFixed(0)} MB, ratio ${(b / a).toFixed(2)}`
          : ''),
    );
  }
}
