import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Sandbox } from './sandbox';

test('a second set-up does nothing, says nothing and calls nothing', async () => {
  const sandbox = new Sandbox();
  const first = await sandbox.run('quick');
  expect(first.code).toBe(0);
  expect(first.output.match(/^\[\d\/5\]/gm)).toEqual(['[1/5]', '[2/5]', '[3/5]', '[5/5]']);
  sandbox.calls();
  expect(await sandbox.run('quick')).toEqual({ code: 0, output: '' });
  expect(sandbox.calls()).toEqual([]);
});

test('a changed lock brings the Node packages anew, a changed source only the build', async () => {
  const sandbox = new Sandbox();
  await sandbox.run('quick');
  sandbox.write('src/index.ts', 'export const changed = true;');
  expect((await sandbox.run('quick')).output).toMatch(/^\[5\/5\].*\n {2}done in .*\n$/);
  expect(readFileSync(join(sandbox.project, 'src/dist/index.js'), 'utf8')).toContain('changed');
  sandbox.write('package-lock.json', '{ "packages": { "": {}, "node_modules/more": {} } }');
  expect((await sandbox.run('quick')).output).toMatch(/^\[1\/5\]/);
});

test('a source that does not compile is shown, and the build before it stays', async () => {
  const sandbox = new Sandbox();
  await sandbox.run('quick');
  sandbox.write('src/index.ts', 'oops');
  sandbox.write('node_modules/typescript/bin/tsc', "console.log('TS1005'); process.exit(2);");
  const { code, output } = await sandbox.run('build');
  expect(code).toBe(1);
  expect(output).toContain('The sources in src do not compile');
  expect(output).toContain('TS1005');
  expect(existsSync(join(sandbox.project, 'src/dist/index.js'))).toBe(true);
});

test('packages that `npm ci` has installed by hand are not installed again', async () => {
  const sandbox = new Sandbox();
  await sandbox.run('quick');
  rmSync(join(sandbox.project, 'node_modules/.attention-lock-hash'));
  const lock = { packages: { 'node_modules/typescript': {} } };
  sandbox.write('node_modules/.package-lock.json', JSON.stringify(lock));
  sandbox.calls();
  expect((await sandbox.run('quick')).output).toBe('');
  expect(sandbox.calls()).toEqual([]);

  // ... but those of another lock, or of an `npm ci` that was cut off, are.
  rmSync(join(sandbox.project, 'node_modules/.attention-lock-hash'));
  sandbox.write('node_modules/.package-lock.json', JSON.stringify(lock).slice(0, -5));
  expect((await sandbox.run('quick')).output).toMatch(/^\[1\/5\]/);
});

test('when npm fails its last words are shown, and a rerun goes on', async () => {
  const sandbox = new Sandbox();
  sandbox.program('npm', 'mkdir -p node_modules; echo "npm error network ECONNRESET"; exit 1');
  const { code, output } = await sandbox.run('quick');
  expect(code).toBe(1);
  expect(output).toMatch(/`npm ci` ended with exit code 1.*run the same command again/);
  expect(output.trimEnd()).toMatch(/npm error network ECONNRESET$/);
  sandbox.program(
    'npm',
    `mkdir -p node_modules; cp -R "${sandbox.folder}/packages/." node_modules`,
  );
  expect((await sandbox.run('quick')).code).toBe(0);
});

test('a missing npm is named', async () => {
  const sandbox = new Sandbox();
  rmSync(join(sandbox.bin, 'npm'));
  expect((await sandbox.run('quick')).output).toContain('The program `npm` was not found');
});

test('when pip fails its last words are shown, and a rerun goes on', async () => {
  const sandbox = new Sandbox();
  sandbox.python('3.12', 'echo "Collecting jupyterlab"; echo "ERROR: Connection broken"; exit 1');
  const { code, output } = await sandbox.run('quick');
  expect(code).toBe(1);
  expect(output).toMatch(/`pip install` ended with exit code 1.*run the same command again/);
  expect(output.trimEnd()).toMatch(/ERROR: Connection broken$/);
  sandbox.python('3.12');
  expect((await sandbox.run('quick')).code).toBe(0);
});

test('a .venv whose Python is gone is made anew', async () => {
  const sandbox = new Sandbox();
  await sandbox.run('quick');
  rmSync(join(sandbox.project, '.venv/bin/python'));
  expect((await sandbox.run('quick')).output).toMatch(/^\[2\/5\]/);
});

test('JupyterLab is set to ask nothing about news and updates', async () => {
  const sandbox = new Sandbox();
  await sandbox.run('quick');
  const file = join(sandbox.project, '.venv/share/jupyter/lab/settings/overrides.json');
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
    '@jupyterlab/apputils-extension:notification': { fetchNews: 'false', checkForUpdates: false },
  });
});

test('JupyterLab has the styles of the lessons, as an extension', async () => {
  const sandbox = new Sandbox();
  await sandbox.run('quick');
  const folder = join(sandbox.project, '.venv/share/jupyter/labextensions/attention-attention');
  const { jupyterlab } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const script = readFileSync(join(folder, jupyterlab._build.load), 'utf8');
  const head: string[] = [];
  const document = {
    createElement: () => ({ textContent: '' }),
    head: { append: (style: { textContent: string }) => head.push(style.textContent) },
  };
  const window: { _JUPYTERLAB?: Record<string, { get: () => () => object }> } = {};
  new Function('window', 'document', script)(window, document);
  expect(window._JUPYTERLAB?.['attention-attention'].get()()).toEqual({});
  expect(head.join()).toContain('word-break: normal');
});
