import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Sandbox } from './sandbox';

test('a Python that is too old is named, with what to install', async () => {
  const sandbox = new Sandbox();
  sandbox.python('3.8');
  const { code, output } = await sandbox.run('quick');
  expect(code).toBe(1);
  expect(output).toContain('needs Python 3.10 to 3.14');
  expect(output).toContain('python3 is 3.8');
  expect(output).toContain('sudo apt install python3 python3-venv');
});

test('a Python too new for the packages is named too', async () => {
  const sandbox = new Sandbox();
  sandbox.python('3.15');
  expect((await sandbox.run('quick')).output).toContain('python3 is 3.15');
});

test('no Python at all, and what to install', async () => {
  const sandbox = new Sandbox();
  rmSync(join(sandbox.bin, 'python3'));
  const { code, output } = await sandbox.run('quick');
  expect(code).toBe(1);
  expect(output).toContain('none was found. Install one');
});

test('where python3 is too old, a newer one under its own name is taken', async () => {
  const sandbox = new Sandbox();
  sandbox.python('3.8');
  sandbox.python('3.13', 'exit 0', 'python3.13');
  expect((await sandbox.run('quick')).code).toBe(0);
  expect(sandbox.calls()).toContainEqual(expect.stringMatching(/^python3\.13 .*-m venv/));
});

test('a Python without its venv module is told apart, with the package to install', async () => {
  const sandbox = new Sandbox();
  sandbox.program(
    'python3',
    `echo "Python 3.11"; echo "ModuleNotFoundError: No module named 'ensurepip'"; exit 1`,
  );
  const { code, output } = await sandbox.run('quick');
  expect(code).toBe(1);
  expect(output).toContain('sudo apt install python3.11-venv');
});

test('PYTHON chooses the Python, and only that one', async () => {
  const sandbox = new Sandbox();
  sandbox.python('3.10', 'exit 0', 'my-python');
  sandbox.env.PYTHON = 'my-python';
  expect((await sandbox.run('quick')).code).toBe(0);
  expect(sandbox.calls()).toContainEqual(expect.stringMatching(/^my-python .*-m venv/));

  const other = new Sandbox();
  other.env.PYTHON = '/no/such/python';
  expect((await other.run('quick')).output).toContain('none was found at PYTHON=/no/such/python');
});
