import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { compareLocalAttention } from '../bench/compare-local-attention.mjs';
import { median } from '../bench/median.mjs';
import { setup } from '../setup/index.mjs';
import { root, venvPython } from '../setup/paths.mjs';

const bench = join(root, 'tools', 'bench');
const peers = join(root, '.venv-peers');

/**
 * `npm run bench`: what a learner waits for, and the training speed of lesson 02 beside the same
 * model in PyTorch, batch by batch in one run. `npm run bench -- --peers` first installs PyTorch
 * and local-attention into an environment of its own, `.venv-peers`. `npm run bench -- --cost`
 * measures instead how attention's time and memory grow with the length of the sequence.
 *
 * @param {string[]} args
 */
export default async function main(args) {
  await setup();
  if (args.includes('--cost')) return (await import('../bench/cost.mjs')).default();
  if (args.includes('--peers')) installPeers();
  const lesson = join(root, 'notebooks', '02-additive-attention.ipynb');
  const env = { ...process.env, JUPYTER_PREFER_ENV_PATH: '1' };
  const kernel = JSON.parse(
    execFileSync(venvPython, [join(bench, 'kernel.py'), lesson], { env, encoding: 'utf8' }),
  );
  console.log(`kernel start to first heatmap  ${kernel.startToHeatmap.toFixed(2)} s (median of 5)`);
  console.log(`import of src in a cell        ${kernel.importSource.toFixed(2)} s (median of 5)`);
  if (kernel.memory) console.log(`kernel after lesson 02         ${kernel.memory.toFixed(0)} MB`);
  await compareTraining();
  const python = join(peers, 'bin', 'python');
  if (existsSync(python)) await compareLocalAttention(python);
}

function installPeers() {
  execFileSync(venvPython, ['-m', 'venv', peers], { stdio: 'inherit' });
  const python = join(peers, 'bin', 'python');
  const requirements = join(bench, 'requirements.txt');
  execFileSync(python, ['-m', 'pip', 'install', '-q', '-r', requirements], { stdio: 'inherit' });
}

/** Takes turns, twenty batches each, so that a change of the machine's speed meets both. */
async function compareTraining() {
  const { Adam, batches, EncoderDecoder, letters, loadCmudict, phonemes, spellingPairs } =
    await import('attention');
  const pairs = spellingPairs(loadCmudict().train);
  const python = join(peers, 'bin', 'python');
  if (!existsSync(python)) console.log('(no PyTorch to compare with: npm run bench -- --peers)');
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
      if (!existsSync(python)) continue;
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
