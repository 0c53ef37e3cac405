/**
 * Stage: TensorFlow's native library and the addon through which tfjs-node calls it. They stand in
 * the user's cache, laid out as in the package, and the package links there: a second clone
 * downloads nothing.
 */
import {
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { findCompiler } from './cpp.ts';
import { SetupError } from './errors.mjs';
import { withLock } from './lock.mjs';
import { cache, nodeModules, root } from './paths.mjs';
import { run } from './process.mjs';
import type { Stage } from './stage.mjs';
import { hash, read, write } from './stamp.mjs';
import { fromStorage } from './tensorflow-storage.ts';
import { fromWheel } from './tensorflow-wheel.ts';

const tfjsNode = join(nodeModules, '@tensorflow', 'tfjs-node');
const links = ['deps', 'lib/napi-v8'];
const addon = 'lib/napi-v8/tfjs_binding.node';

export const nativeTensorFlow: Stage = {
  title: 'TensorFlow (a download of up to 280 MB, once for all clones)',
  async isDone({ thorough }) {
    const home = homeFolder();
    if (isWhole(home) && isLinked(home)) return !thorough || (await verify(home)) === undefined;
    return !thorough && read(failureFile(home)) === failureInputs();
  },
  async run(report) {
    const home = homeFolder();
    unlink(); // what is loaded while it changes would crash
    mkdirSync(cache, { recursive: true });
    const onWait = () => report('another set-up is at it; waiting for that');
    const reasons = await withLock(home, onWait, () => fill(home, report));
    if (reasons.length === 0) {
      link(home);
      rmSync(failureFile(home), { force: true });
      return;
    }
    write(failureFile(home), failureInputs());
    return (
      `The native TensorFlow could not be installed: ${reasons.join('; and ')}. The course runs ` +
      'all the same, on TensorFlow.js in pure JavaScript: right, but up to a hundred times ' +
      'slower. To try again: `npm run setup`.'
    );
  },
};

/** @returns the folder in the cache, if it is whole and linked */
export function installedTensorFlow(): string | undefined {
  const home = homeFolder();
  return isWhole(home) && isLinked(home) ? home : undefined;
}

/**
 * Makes the folder in the cache whole, from the first source that can.
 * @returns why it could not be done; empty if it was
 */
async function fill(home: string, report: (news: string) => void): Promise<string[]> {
  if (isWhole(home) && (await verify(home)) === undefined) return [];
  const reasons = [];
  // The wheel has the headers that the fused operations take, too, if there is a compiler for them.
  const sources = findCompiler() ? [fromWheel, fromStorage] : [fromStorage, fromWheel];
  for (const source of sources) {
    const next = `${home}.next`;
    rmSync(next, { recursive: true, force: true });
    mkdirSync(next, { recursive: true });
    try {
      await source({ folder: next, tfjsNode, report });
      const fault = await verify(next);
      if (fault) throw new SetupError(`what was installed does not work here (${fault})`);
      write(join(next, 'sizes.json'), JSON.stringify(sizes(next), null, 2));
      rmSync(home, { recursive: true, force: true });
      renameSync(next, home);
      for (const name of readdirSync(cache)) {
        // what earlier attempts left
        if (name.startsWith(`${basename(home)}.`)) rmSync(join(cache, name), { recursive: true });
      }
      return [];
    } catch (error) {
      const refusedBySystem = error instanceof Error && 'syscall' in error;
      if (!(error instanceof SetupError) && !refusedBySystem) throw error;
      reasons.push((error as Error).message);
      rmSync(next, { recursive: true, force: true });
    }
  }
  return reasons;
}

/** The folder in the cache: its name says all that its content depends on. */
function homeFolder() {
  const { version } = JSON.parse(read(join(tfjsNode, 'package.json')) ?? '{}');
  const pin = read(join(root, 'tools', 'python', 'tensorflow.txt'));
  const [, tensorflow] = /==([\w.]+)/.exec(pin ?? '') ?? [];
  const machine = `${process.platform}-${process.arch}`;
  const kind = findCompiler() ? 'compiled' : 'ready-made';
  return join(cache, `tensorflow-${tensorflow}-tfjs-node-${version}-${machine}-${kind}`);
}

function failureFile(home: string) {
  return `${home}.failed`;
}

/** What may have changed before another attempt makes sense: a compiler, another host. */
function failureInputs() {
  return hash(findCompiler() ?? '', process.env.TFJS_NODE_CDN_STORAGE ?? '');
}

/** Cheap enough for every start: a file that is missing or cut off shows by its size. */
function isWhole(home: string) {
  const text = read(join(home, 'sizes.json'));
  return text !== undefined && text === JSON.stringify(sizes(home), null, 2);
}

function sizes(home: string) {
  try {
    const libraries = readdirSync(join(home, 'deps', 'lib')).map((name) => `deps/lib/${name}`);
    const files = [...libraries.sort(), addon];
    return Object.fromEntries(files.map((file) => [file, statSync(join(home, file)).size]));
  } catch {
    return {};
  }
}

/** @returns what is wrong with it */
async function verify(home: string): Promise<string | undefined> {
  const script = join(root, 'tools', 'setup', 'verify-addon.cjs');
  const { ok, ended, tail } = await run(process.execPath, [script, join(home, addon)]);
  return ok ? undefined : tail.split('\n').at(-1) || `the test ${ended}`;
}

function isLinked(home: string) {
  try {
    return links.every((name) => readlinkSync(join(tfjsNode, name)) === join(home, name));
  } catch {
    return false;
  }
}

function link(home: string) {
  for (const name of links) {
    mkdirSync(dirname(join(tfjsNode, name)), { recursive: true });
    symlinkSync(join(home, name), join(tfjsNode, name));
  }
}

function unlink() {
  for (const name of links) rmSync(join(tfjsNode, name), { recursive: true, force: true });
}
