/** Compiles tfjs-node's addon against the TensorFlow library in a folder: one command. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { SetupError } from './errors.mjs';
import { nodeModules } from './paths.mjs';
import { run } from './process.mjs';

/** @returns a C++ compiler, as a path */
export function findCompiler(): string | undefined {
  const { CXX, PATH = '' } = process.env;
  return [CXX || [], 'c++', 'g++', 'clang++']
    .flat()
    .flatMap((name) =>
      PATH.split(delimiter).map((folder) => (name.includes('/') ? name : join(folder, name))),
    )
    .find(existsSync);
}

export function requireCompiler() {
  const compiler = findCompiler();
  if (compiler) return compiler;
  throw new SetupError(
    'building its addon takes a C++ compiler, and there is none (`sudo apt install g++` on Debian ' +
      'and Ubuntu, `sudo dnf install gcc-c++` on Fedora, `xcode-select --install` on macOS)',
  );
}

/** To bring a TensorFlow into a folder. */
export interface Task {
  folder: string;
  /** The package `@tensorflow/tfjs-node`. */
  tfjsNode: string;
  /** Takes the latest news of what takes long. */
  report: (news: string) => void;
}

/** The folder holds deps/include and deps/lib and gets lib/napi-v8/tfjs_binding.node. */
export async function compileAddon({ folder, tfjsNode, report }: Task) {
  const compiler = requireCompiler();
  report('compiling the addon');
  const output = join(folder, 'lib', 'napi-v8');
  mkdirSync(output, { recursive: true });
  const binding = join(tfjsNode, 'binding');
  const sources = readdirSync(binding).filter((name) => name.endsWith('.cc'));
  const library = join(folder, 'deps', 'lib');
  const [origin, undefinedSymbols] =
    process.platform === 'darwin'
      ? ['@loader_path', ['-undefined', 'dynamic_lookup']] // Node's own, known at run time
      : ['$ORIGIN', []];
  const { ok, tail, ended } = await run(compiler, [
    ...['-shared', '-fPIC', '-O2', '-std=c++17', '-DNAPI_VERSION=8', ...undefinedSymbols],
    ...['-I', join(folder, 'deps', 'include')],
    ...['-I', join(nodeModules, 'node-api-headers', 'include')],
    ...sources.map((name) => join(binding, name)),
    ...[`-L${library}`, '-ltensorflow', '-ltensorflow_framework'],
    `-Wl,-rpath,${origin}/../../deps/lib`,
    ...['-o', join(output, 'tfjs_binding.node')],
  ]);
  if (ok) return;
  const error = tail.split('\n').find((line) => line.includes('error')) ?? '';
  throw new SetupError(`its addon does not compile (${compiler} ${ended}: ${error.trim()})`);
}
