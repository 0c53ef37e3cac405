/** Sliding-window attention beside the Python package local-attention, step by step in turns. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from '../setup/paths.mjs';
import { median } from './median.mjs';

const bench = join(root, 'tools', 'bench');

/**
 * Prints for each length the ratio of the times (median of the rounds' ratios) and of the memory.
 *
 * @param {string} python with the packages of tools/bench/requirements.txt
 */
export async function compareLocalAttention(python) {
  for (const length of [4096, 16384]) {
    // New processes: memory that is kept from a longer sequence would hide what a shorter one needs.
    const ours = steps(process.execPath, 'local-attention.mjs');
    const theirs = steps(python, 'local_attention_pytorch.py');
    for (const side of [ours, theirs]) await side.step(512); // what is loaded once does not count
    /** @type {[Step, Step][]} */
    const rounds = [];
    for (let round = 0; round < 8; round++) {
      rounds.push([await ours.step(length), await theirs.step(length)]);
    }
    ours.end();
    theirs.end();
    const later = rounds.slice(1); // the first one meets cold memory, on both sides
    const [mine, peer, ratio] = [
      later.map(([a]) => a.seconds),
      later.map(([, b]) => b.seconds),
      later.map(([a, b]) => b.seconds / a.seconds),
    ].map(median);
    const [a, b] = rounds[0].map(({ megabytes }) => megabytes);
    console.log(
      `sliding window, ${length} tokens: ${(mine * 1e3).toFixed(0)} ms, ` +
        `local-attention ${(peer * 1e3).toFixed(0)} ms, ratio ${ratio.toFixed(2)}` +
        (a && b
          ? `; memory ${a.toFixed(0)} MB, ${b.toFixed(0)} MB, ratio ${(b / a).toFixed(2)}`
          : ''),
    );
  }
}

/** @typedef {{ seconds: number, megabytes: number | null }} Step */

/**
 * @param {string} program
 * @param {string} script
 */
function steps(program, script) {
  const child = spawn(program, [join(bench, script)], { stdio: ['pipe', 'pipe', 'ignore'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    /**
     * @param {number} length
     * @returns {Promise<Step>}
     */
    async step(length) {
      child.stdin.write(`${length}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`${script} ended early`);
      return JSON.parse(value);
    },
    end: () => child.stdin.end(),
  };
}
