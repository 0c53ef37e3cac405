/**
 * TensorFlow out of its Python wheel, for networks that reach PyPI but not tfjs-node's own host. The
 * wheel holds the C interface too; the addon is compiled against it.
 */
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { compileAddon, requireCompiler, type Task } from './cpp.ts';
import { lackOfSpace } from './disk.mjs';
import { SetupError } from './errors.mjs';
import { cache, root, venvPython } from './paths.mjs';
import { run } from './process.mjs';
import { pipEnvironment } from './python.ts';

const machines = { x64: 'x86_64', arm64: 'aarch64' } as Record<string, string>;

export async function fromWheel(task: Task) {
  const { folder, report } = task;
  const machine = machines[process.arch];
  if (process.platform !== 'linux' || !machine || !hasGlibc()) {
    throw new SetupError('its Python wheel is used only on Linux with glibc, on x86-64 or ARM64');
  }
  requireCompiler();
  const lack = lackOfSpace(cache, 1300);
  if (lack) throw new SetupError(`its Python wheel needs ${lack}`);
  const wheel = await download(folder, machine, report);
  report('unpacking');
  const deps = join(folder, 'deps');
  const script = join(root, 'tools', 'python', 'extract_tensorflow.py');
  const extracted = await run(venvPython, ['-I', script, wheel, deps]);
  if (!extracted.ok) {
    rmSync(wheel);
    throw new SetupError(`its wheel could not be unpacked (${extracted.tail.split('\n').at(-1)})`);
  }
  // The names the linker asks for.
  symlinkSync('libtensorflow_cc.so.2', join(deps, 'lib', 'libtensorflow.so'));
  symlinkSync('libtensorflow_framework.so.2', join(deps, 'lib', 'libtensorflow_framework.so'));
  await compileAddon(task);
}

/**
 * A wheel that is complete stays until TensorFlow is installed: if only the compiler was at fault,
 * the next attempt need not download again.
 *
 * @returns the file
 */
async function download(
  folder: string,
  machine: string,
  report: (news: string) => void,
): Promise<string> {
  const kept = folder.replace(/\.next$/, '.wheel');
  const isWheel = (name: string) => name.endsWith('.whl');
  mkdirSync(kept, { recursive: true });
  const have = readdirSync(kept).find(isWheel);
  if (have) return join(kept, have);
  report('downloading 275 MB from PyPI');
  const temporary = join(folder, 'download');
  mkdirSync(temporary);
  const pip = await run(
    venvPython,
    [
      ...['-I', '-m', 'pip', 'download', '--no-deps', '--no-cache-dir', '--progress-bar', 'off'],
      ...['--only-binary=:all:', '--python-version', '3.11', '--implementation', 'cp'],
      ...['--platform', `manylinux_2_27_${machine}`, '--dest', temporary, '--require-hashes'],
      ...['--requirement', join(root, 'tools', 'python', 'tensorflow.txt')],
    ],
    { env: { ...pipEnvironment, TMPDIR: temporary } }, // /tmp may be small
  );
  const name = readdirSync(temporary).find(isWheel);
  if (!pip.ok || !name) {
    throw new SetupError(`PyPI did not give its wheel (pip: ${pip.tail.split('\n').at(-1)})`);
  }
  renameSync(join(temporary, name), join(kept, name));
  rmSync(temporary, { recursive: true });
  return join(kept, name);
}

function hasGlibc() {
  const report = process.report as unknown as {
    excludeNetwork: boolean;
    getReport(): { header: object };
  };
  report.excludeNetwork = true; // or it looks up the names of all open connections
  return 'glibcVersionRuntime' in report.getReport().header;
}
