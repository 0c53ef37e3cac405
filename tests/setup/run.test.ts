import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../../tools/setup/paths.mjs';
import { nodeBinary } from './node-binary';
import { Sandbox } from './sandbox';

const run = join(root, 'tools/run.cjs');

test.for(['4.9.1', '18.20.8'])(
  'Node %s is told which Node to install',
  { timeout: 300_000 },
  (version, { skip }) => {
    const node = nodeBinary(version);
    if (!node) return skip('npm does not give it');
    const { status, stderr } = spawnSync(node, [run, 'start'], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toContain(`needs Node.js 20 or newer, and this is v${version}`);
    expect(stderr).toContain('https://nodejs.org');
    expect(stderr.trim().split('\n')).toHaveLength(1);
  },
);

test('Windows is shown the way to WSL', () => {
  const pretend = `Object.defineProperty(process, 'platform', { value: 'win32' });`;
  const preload = `data:text/javascript,${encodeURIComponent(pretend)}`;
  const { status, stderr } = spawnSync(process.execPath, ['--import', preload, run, 'start'], {
    encoding: 'utf8',
  });
  expect(status).toBe(1);
  expect(stderr).toContain('wsl --install');
});

test('an unknown command is answered with the list of commands', async () => {
  const { code, output } = await new Sandbox().run('strat');
  expect(code).toBe(1);
  expect(output).toMatch(/no command `strat`.*build, check.*setup, slides, start, test\./);
});

test('a failure the user can mend shows as one paragraph, any other with its stack', async () => {
  const sandbox = new Sandbox();
  await sandbox.run('quick');
  const failing = (error: string) =>
    `import { SetupError } from '../setup/errors.mjs'; export default () => { throw ${error}; };`;
  sandbox.write('tools/commands/expected.ts', failing("new SetupError('Do this and that.')"));
  sandbox.write('tools/commands/unexpected.ts', failing("new Error('a bug')"));
  const readOnly = "Object.assign(new Error(), { code: 'EROFS', path: '/some/file' })";
  sandbox.write('tools/commands/read-only.ts', failing(readOnly));

  expect(await sandbox.run('expected')).toEqual({ code: 1, output: 'Do this and that.\n' });
  expect((await sandbox.run('unexpected')).output).toMatch(/Error: a bug\n.* at .*unexpected\.js/);
  expect((await sandbox.run('read-only')).output).toMatch(
    /^\/some\/file cannot be written \(EROFS\)/,
  );
});

test('arguments reach the command, and its exit code the shell', async () => {
  const sandbox = new Sandbox();
  sandbox.write('tools/commands/count.ts', 'export default (argv: string[]) => argv.length;');
  expect((await sandbox.run('count', 'a', 'b', 'c')).code).toBe(3);
});

test('package.json asks for the Node that tools/run.cjs asks for', () => {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  expect(engines.node).toBe('>=20');
});
