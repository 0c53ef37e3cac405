/**
 * TensorFlow from where tfjs-node itself takes it: the library of TensorFlow's C interface and, for
 * x86-64, the addon ready-made. The addresses are those of tfjs-node's scripts/install.js.
 */
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { compileAddon, requireCompiler, type Task } from './cpp.ts';
import { lackOfSpace } from './disk.mjs';
import { unpack } from './download.ts';
import { SetupError } from './errors.mjs';
import { cache } from './paths.mjs';

export async function fromStorage(task: Task) {
  const { folder, tfjsNode, report } = task;
  const host = process.env.TFJS_NODE_CDN_STORAGE || 'https://storage.googleapis.com/';
  const { library, addon } = archives(tfjsNode);
  const lack = lackOfSpace(cache, 900);
  if (lack) throw new SetupError(`the download of tfjs-node needs ${lack}`);
  const deps = join(folder, 'deps');
  const output = join(folder, 'lib', 'napi-v8');
  mkdirSync(deps, { recursive: true });
  mkdirSync(output, { recursive: true });
  // The small one first: without it, a compiler is needed.
  const isReady = addon && (await unpack({ url: host + addon, folder: output, strip: 1, report }));
  if (!isReady) requireCompiler();
  const url = host + library;
  if (!(await unpack({ url, folder: deps, strip: 0, report }))) {
    throw new SetupError(`there is no ${url}`);
  }
  if (!isReady) await compileAddon(task);
}

function archives(tfjsNode: string): { library: string; addon?: string } {
  const load = createRequire(import.meta.url);
  const { version, binary } = load(join(tfjsNode, 'package.json'));
  const { LIBTENSORFLOW_VERSION } = load(join(tfjsNode, 'scripts', 'deps-constants.js'));
  const { platform, arch } = process;
  if (platform === 'darwin' && arch === 'arm64') {
    return { library: 'tf-builds/libtensorflow_r2_7_darwin_arm64_cpu.tar.gz' };
  }
  if (arch === 'x64' && (platform === 'linux' || platform === 'darwin')) {
    const addons = new URL(binary.host).pathname.slice(1);
    return {
      library: `tensorflow/libtensorflow/libtensorflow-cpu-${platform}-x86_64-${LIBTENSORFLOW_VERSION}.tar.gz`,
      addon: `${addons}/napi-v8/${version}/CPU-${platform}-${version}.tar.gz`,
    };
  }
  throw new SetupError(`tfjs-node offers no download for ${platform}-${arch}`);
}
