import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { installKernelspec } from '../../tools/kernel/kernelspec';

const root = path.join(import.meta.dirname, '../..');
const python = process.env.ATTENTION_PYTHON ?? path.join(root, '.venv/bin/python');
let prefix: string;

beforeAll(async () => {
  prefix = await mkdtemp(path.join(tmpdir(), 'kernel-test-'));
  await installKernelspec(prefix);
  const stock = path.join(root, 'node_modules/tslab/bin/tslab');
  const spec = {
    argv: [process.execPath, stock, 'kernel', '--config-path={connection_file}'],
    display_name: 'stock tslab',
    language: 'typescript',
  };
  await mkdir(kernelDir('tslab-stock'));
  await writeFile(path.join(kernelDir('tslab-stock'), 'kernel.json'), JSON.stringify(spec));
});

afterAll(() => rm(prefix, { recursive: true }));

const kernelDir = (name: string) => path.join(prefix, 'share/jupyter/kernels', name);

/** Runs classes of test_kernel.py against the kernels in `prefix`; throws what it prints if one fails. */
function runTests(...classes: string[]): Promise<void> {
  const script = path.join(import.meta.dirname, 'test_kernel.py');
  const env = { ...process.env, JUPYTER_PATH: path.join(prefix, 'share/jupyter') };
  return new Promise((resolve, reject) => {
    execFile(python, [script, ...classes], { cwd: tmpdir(), env }, (error, stdout, stderr) =>
      error ? reject(new Error(`${error.message}\n${stdout}\n${stderr}`)) : resolve(),
    );
  });
}

const minutes = 60_000;

test('the kernel answers as the Jupyter message specification asks', { timeout: 2 * minutes }, () =>
  runTests('Conformance', 'Requests', 'Results'),
);

test('a cell takes what TypeScript takes', { timeout: 2 * minutes }, () => runTests('Pasted'));

test('an error names the cell and the line that was typed', { timeout: 2 * minutes }, () =>
  runTests('Errors'),
);

test('an interrupt stops whatever cells run, and nothing else', { timeout: 5 * minutes }, () =>
  runTests('Interrupts'),
);

test(
  'the process starts anywhere, keeps quiet and ends when it should',
  {
    timeout: 2 * minutes,
  },
  () => runTests('Processes'),
);

test('a notebook runs under this kernel and under the stock kernel', { timeout: 2 * minutes }, () =>
  runTests('Notebooks'),
);

test('the kernelspec is written once, with absolute paths', async () => {
  const file = path.join(kernelDir('tslab'), 'kernel.json');
  const spec = JSON.parse(await readFile(file, 'utf8'));
  expect(spec).toMatchObject({
    argv: [
      process.execPath,
      path.join(root, '.build/tools/kernel/launcher.js'),
      '{connection_file}',
    ],
    display_name: 'TypeScript (tslab)',
    language: 'typescript',
    interrupt_mode: 'message',
  });
  const { ino, mtimeMs } = await stat(file);
  await installKernelspec(prefix);
  expect(await stat(file)).toMatchObject({ ino, mtimeMs });
  await writeFile(file, '{}');
  await installKernelspec(prefix);
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(spec);
});
