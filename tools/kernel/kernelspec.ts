/** Tells Jupyter about the kernel. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { builtTools, root } from '../setup/paths.mjs';

const here = path.join(root, 'tools', 'kernel');

/**
 * Writes the kernelspec into a Python environment, or any prefix that Jupyter searches. It has the
 * name that `tslab install` gives to the stock kernel, so that a notebook opens under either.
 */
export async function installKernelspec(venvDir: string) {
  const spec = {
    argv: [process.execPath, path.join(builtTools, 'kernel', 'launcher.js'), '{connection_file}'],
    display_name: 'TypeScript (tslab)',
    language: 'typescript',
    interrupt_mode: 'message', // see control.ts
    // Keeps a freed tensor's memory for the next tensor; by default glibc gives it back to the
    // operating system, which hands it out again page by page.
    env:
      process.platform !== 'linux'
        ? {}
        : {
            MALLOC_MMAP_THRESHOLD_: '33554432',
            MALLOC_TRIM_THRESHOLD_: '1073741824',
            MALLOC_TOP_PAD_: '67108864',
          },
  };
  const dir = path.join(venvDir, 'share', 'jupyter', 'kernels', 'tslab');
  await mkdir(dir, { recursive: true });
  await update(path.join(dir, 'kernel.json'), Buffer.from(`${JSON.stringify(spec, null, 2)}\n`));
  for (const logo of ['logo-svg.svg', 'logo-64x64.png'])
    await update(path.join(dir, logo), await readFile(path.join(here, logo)));
}

/** Replaces a file in one step, and only if its content changes. */
async function update(file: string, content: Buffer) {
  const old = await readFile(file).catch(() => undefined);
  if (old?.equals(content)) return;
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, content);
  await rename(draft, file);
}
