import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { settings } from '../bench/turns.ts';
import { SetupError } from '../setup/errors.mjs';
import { setup } from '../setup/index.ts';
import { builtTools, root, venvPython } from '../setup/paths.mjs';

const sections: Record<string, () => Promise<() => unknown>> = {
  kernel: async () => (await import('../bench/kernel.ts')).default,
  training: async () => (await import('../bench/training.ts')).default,
  layers: async () => (await import('../bench/layers.ts')).default,
  lsh: async () => (await import('../bench/peers.ts')).lsh,
  window: async () => (await import('../bench/peers.ts')).window,
  cost: async () => cost,
  sparse: async () => (await import('../bench/peers.ts')).sparse,
};

/**
 * `npm run bench [-- sections]`: what a learner waits for (`kernel`), training speed beside PyTorch
 * (`training`, `layers`), LSH and sliding-window attention beside reformer-pytorch and
 * local-attention (`lsh`, `window`), strided attention beside PyTorch's full one (`sparse`), and how time and memory grow with length (`cost`); all of
 * them if none is named. `--peers` first installs the others into an environment of its own.
 */
export default async function main(args: string[]) {
  const names = args.filter((arg) => arg !== '--peers');
  const unknown = names.filter((name) => !(name in sections));
  if (unknown.length > 0) {
    const known = Object.keys(sections).join(', ');
    throw new SetupError(
      `There is nothing called ${unknown.join(', ')} to measure, but: ${known}.`,
    );
  }
  await setup();
  if (args.includes('--peers')) installPeers();
  const start = performance.now();
  const left = names.length > 0 ? names : Object.keys(sections);
  // Nine minutes, for what has begun then ends within the tenth.
  while (left.length > 0 && performance.now() - start < 9 * 60_000) {
    const run = await sections[left.shift() as string]();
    await run();
  }
  if (left.length > 0)
    console.log(`The time is over. Left out: ${left.join(', ')}; name them to measure them.`);
}

/** In a process of its own: its settings are for large matrices. */
function cost() {
  execFileSync(process.execPath, [join(builtTools, 'bench', 'cost.js')], {
    env: { ...process.env, ...settings(2) },
    stdio: ['ignore', 'inherit', 'ignore'], // TensorFlow says on stderr that it uses oneDNN
  });
}

function installPeers() {
  const peers = join(root, '.venv-peers');
  execFileSync(venvPython, ['-m', 'venv', peers], { stdio: 'inherit' });
  const python = join(peers, 'bin', 'python');
  const requirements = join(root, 'tools', 'bench', 'requirements.txt');
  execFileSync(python, ['-m', 'pip', 'install', '-q', '-r', requirements], { stdio: 'inherit' });
}
