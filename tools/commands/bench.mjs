import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { compareLsh } from '../bench/lsh_compare.mjs';
import { setup } from '../setup/index.mjs';
import { root, venvPython } from '../setup/paths.mjs';

const bench = join(root, 'tools', 'bench');
const peers = join(root, '.venv-peers');

/**
 * `npm run bench`: what a learner waits for, and the training speed of lesson 02 beside the same
 * model in PyTorch, batch by batch in one run; LSH attention beside reformer-pytorch. `npm run bench -- --peers` first installs PyTorch
 * into an environment of its own, `.venv-peers`.
 *
 * @param {string[]} args
 */
export default async function main(args) {
  await setup();
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
  await compareLayers();
  const python = join(peers, 'bin', 'python');
  if (existsSync(python)) await compareLsh(python);
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

/** An encoder layer of the Transformer with one thread, with two, and in PyTorch, by turns. */
async function compareLayers() {
  const script = join(bench, 'transformer-layer.mjs');
  const python = join(peers, 'bin', 'python');
  const ours = (/** @type {string} */ threads) =>
    worker(process.execPath, script, { TF_NUM_INTRAOP_THREADS: threads });
  const [one, two] = [ours('1'), ours('2')];
  const peer = existsSync(python)
    ? worker(python, join(bench, 'transformer_layer_pytorch.py'), { OMP_NUM_THREADS: '2' })
    : undefined;
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

/**
 * A process that takes jobs as JSON lines and answers each with one.
 *
 * @param {string} program
 * @param {string} script
 * @param {Record<string, string>} settings of its environment
 */
function worker(program, script, settings) {
  const child = spawn(program, [script], {
    env: { ...process.env, ...settings },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    /** @param {object} job */
    async run(job) {
      child.stdin.write(`${JSON.stringify(job)}\n`);
      const { value, done } = await answers.next();
      if (done) throw new Error(`${script} ended before it answered`);
      return /** @type {number[]} */ (JSON.parse(value));
    },
    end: () => child.stdin.end(),
  };
}

/** @param {number[]} values */
function median(values) {
  return values.sort((a, b) => a - b)[values.length >> 1];
}
