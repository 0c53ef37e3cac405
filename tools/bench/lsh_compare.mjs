import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from '../setup/paths.mjs';

const here = join(root, 'tools', 'bench');
// Two threads each; oneDNN's kernels, which PyTorch uses too, pay off for matrices as large as these.
const env = { ...process.env, TF_NUM_INTRAOP_THREADS: '2', TF_ENABLE_ONEDNN_OPTS: '1' };

/**
 * LSH self-attention, forward and backward, beside reformer-pytorch: the two take turns, step by
 * step, so that a change of the machine's speed meets both.
 *
 * @param {string} python with PyTorch and reformer-pytorch
 */
export async function compareLsh(python, lengths = [4096, 16384], steps = 7) {
  for (const length of lengths) {
    const ours = worker(process.execPath, join(here, 'lsh.mjs'), length);
    const theirs = worker(python, join(here, 'lsh_pytorch.py'), length);
    const [times, ratios, memory] = [[0], [0], [0, 0]];
    for (let step = -2; step < steps; step++) {
      const [mine, peer] = [await ours.step(), await theirs.step()];
      memory[0] = mine.megabytes;
      memory[1] = peer.megabytes;
      if (step < 0) continue; // the first ones warm up
      times[step] = mine.seconds;
      ratios[step] = peer.seconds / mine.seconds;
    }
    ours.end();
    theirs.end();
    const megabytes = memory.map((value) => `${value.toFixed(0)} MB`);
    console.log(
      `LSH attention, ${length} tokens: ${median(times).toFixed(2)} s a step, reformer-pytorch takes ` +
        `${median(ratios).toFixed(1)} times as long (${Math.min(...ratios).toFixed(1)} to ` +
        `${Math.max(...ratios).toFixed(1)}); peak ${megabytes[0]}, reformer-pytorch ${megabytes[1]}`,
    );
  }
}

/**
 * @param {string} command
 * @param {string} script
 * @param {number} length
 */
function worker(command, script, length) {
  const child = spawn(command, [script, String(length)], {
    env,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async step() {
      child.stdin.write('step\n');
      const { value, done } = await lines.next();
      if (done) throw new Error(`${script} ended early: run it by itself to see why`);
      const [seconds, megabytes] = JSON.parse(value);
      return { seconds, megabytes };
    },
    end: () => child.stdin.end(),
  };
}

/** @param {number[]} values */
function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
