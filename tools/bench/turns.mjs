/** Two programs that take turns, so that a change of the machine's speed meets both. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from '../setup/paths.mjs';

export const bench = join(root, 'tools', 'bench');

/** Python with the packages that we compare with, if `npm run bench -- --peers` has installed it. */
export function peerPython() {
  const python = join(root, '.venv-peers', 'bin', 'python');
  return existsSync(python) ? python : undefined;
}

/** Two threads, and oneDNN's kernels, which PyTorch uses too: they pay off for large matrices. */
export const forLargeMatrices = { TF_NUM_INTRAOP_THREADS: '2', TF_ENABLE_ONEDNN_OPTS: '1' };

/**
 * A process that takes jobs as JSON lines and answers each with one.
 *
 * @param {string} program
 * @param {string[]} args the script, in tools/bench, and what follows it
 * @param {Record<string, string>} [settings] of its environment
 */
export function worker(program, [script, ...args], settings = {}) {
  const child = spawn(program, [join(bench, script), ...args], {
    env: { ...process.env, ...settings },
    // TensorFlow says there that it uses oneDNN.
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    /** @param {unknown} job @returns {Promise<any>} */
    async run(job) {
      child.stdin.write(`${JSON.stringify(job)}\n`);
      const { value, done } = await answers.next();
      if (done) throw new Error(`${script} ended early: run it by itself to see why`);
      return JSON.parse(value);
    },
    end: () => child.stdin.end(),
  };
}

/** @param {number[]} values */
export function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
