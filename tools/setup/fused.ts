/**
 * Stage: the fused operations of src/tensors/fused/native, one library compiled for this processor.
 * It stands in the user's cache and is linked beside the addon; where it cannot be had, the course
 * runs without.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { findCompiler } from './cpp.ts';
import { SetupError } from './errors.mjs';
import { withLock } from './lock.mjs';
import { cache, nodeModules, root } from './paths.mjs';
import { run } from './process.mjs';
import type { Stage } from './stage.mjs';
import { hash, read, write } from './stamp.mjs';
import { installedTensorFlow } from './tensorflow.ts';

const link = join(nodeModules, '@tensorflow', 'tfjs-node', 'lib', 'fused');
const native = join(root, 'src', 'tensors', 'fused', 'native');
const loader = join(root, 'tools', 'setup', 'fused-library.cjs');
const { fileName } = createRequire(import.meta.url)(loader);

// Not -ffast-math: results have to repeat, and exp has to keep its limits. And no packets of half
// precision: nothing here uses them, and Eigen's do not compile for a processor with AVX512-FP16.
const flags = [
  ...['-std=c++17', '-O3', '-march=native', '-DNDEBUG', '-fno-math-errno', '-fno-trapping-math'],
  ...['-fPIC', '-fvisibility=hidden', '-w', '-DNAPI_VERSION=8', '-U__AVX512FP16__'],
];

export const fusedOperations: Stage = {
  title: 'Fused operations, compiled for this processor: one to three minutes, once for all clones',
  isDone({ thorough }) {
    const tensorflow = installedTensorFlow();
    if (!tensorflow) return true; // its own stage has said why
    const folder = cacheFolder(tensorflow);
    if (existsSync(join(folder, fileName())) && isLinked(folder)) return true;
    return !thorough && read(`${folder}.failed`) === failureInputs();
  },
  async run(report) {
    const tensorflow = installedTensorFlow() as string;
    const folder = cacheFolder(tensorflow);
    rmSync(link, { recursive: true, force: true });
    const onWait = () => report('another set-up is at it; waiting for that');
    try {
      await withLock(folder, onWait, () => fill(folder, tensorflow, report));
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      write(`${folder}.failed`, failureInputs());
      return (
        `The fused operations are not there: ${error.message}. Everything runs without them, but ` +
        'training takes up to three times as long. To try again: `npm run setup`.'
      );
    }
    rmSync(`${folder}.failed`, { force: true });
    symlinkSync(folder, link);
  },
};

async function fill(folder: string, tensorflow: string, report: (news: string) => void) {
  const library = join(folder, fileName());
  if (existsSync(library)) return;
  report('compiling');
  const parts = `${library}.parts`;
  mkdirSync(parts, { recursive: true });
  try {
    const next = join(parts, 'library.node');
    await compile(tensorflow, parts, next);
    copyFileSync(loader, join(folder, 'index.cjs'));
    const addon = join(tensorflow, 'lib', 'napi-v8', 'tfjs_binding.node');
    // TensorFlow looks at new operations when the first of all is called, and ends the process at a bad one.
    const check = `const tensorflow = require(${JSON.stringify(addon)});
      require(${JSON.stringify(next)}); tensorflow.executeOp('NoOp', [], [], 0)`;
    const { ok, tail, ended } = await run(process.execPath, ['-e', check]);
    if (!ok)
      throw new SetupError(`what was compiled cannot be loaded (${lastError(tail) || ended})`);
    renameSync(next, library);
  } finally {
    rmSync(parts, { recursive: true, force: true });
  }
}

/** @param parts where what is in between may stand */
async function compile(tensorflow: string, parts: string, library: string) {
  const compiler = findCompiler();
  if (!compiler) {
    throw new SetupError(
      'they take a C++ compiler, and there is none (`sudo apt install g++` on Debian and Ubuntu, ' +
        '`sudo dnf install gcc-c++` on Fedora)',
    );
  }
  const include = join(tensorflow, 'deps', 'include');
  if (!existsSync(join(include, 'Eigen'))) {
    throw new SetupError('they take headers that only TensorFlow’s Python wheel for Linux has');
  }
  const headers = [include, join(nodeModules, 'node-api-headers', 'include')];
  const sources = readdirSync(native).filter((name) => name.endsWith('.cc'));
  const objects = sources.map((name) => join(parts, `${name}.o`));
  const commands = sources.map((name, i) => [
    ...flags,
    ...headers.flatMap((folder) => ['-isystem', folder]),
    ...['-c', join(native, name), '-o', objects[i]],
  ]);
  const deps = join(tensorflow, 'deps', 'lib');
  const results = await Promise.all(commands.map((args) => run(compiler, args)));
  const linked = ['-shared', ...objects, `-L${deps}`, '-ltensorflow', '-ltensorflow_framework'];
  if (results.every(({ ok }) => ok)) results.push(await run(compiler, [...linked, '-o', library]));
  const failed = results.find(({ ok }) => !ok);
  if (failed) {
    throw new SetupError(
      `they do not compile (${compiler} ${failed.ended}: ${lastError(failed.tail)})`,
    );
  }
}

function lastError(tail: string) {
  return (tail.split('\n').find((line) => /[Ee]rror:|Check failed/.test(line)) ?? '').trim();
}

function cacheFolder(tensorflow: string) {
  const sources = readdirSync(native).sort();
  const inputs = sources.flatMap((name) => [name, readFileSync(join(native, name))]);
  const all = hash(...inputs, readFileSync(loader), ...flags, basename(tensorflow));
  return join(cache, `fused-${all.slice(0, 16)}`);
}

/** What may have changed before another attempt makes sense. */
function failureInputs() {
  return hash(findCompiler() ?? '', fileName());
}

function isLinked(folder: string) {
  try {
    return readlinkSync(link) === folder;
  } catch {
    return false;
  }
}
