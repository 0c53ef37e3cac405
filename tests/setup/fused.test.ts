import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, realpathSync, renameSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findCompiler } from '../../tools/setup/cpp';
import { root } from '../../tools/setup/paths.mjs';
import { Sandbox } from './sandbox';

const require = createRequire(import.meta.url);
const { fileName } = require('../../tools/setup/fused-library.cjs');
const tfjsNode = join(root, 'node_modules/@tensorflow/tfjs-node');
const compiled = join(tfjsNode, 'lib/fused', fileName());

/** With this machine's TensorFlow in its cache, and a compiler that gives what this machine's made. */
async function withTensorFlow() {
  const sandbox = new Sandbox();
  sandbox.program('c++', `for last; do :; done; cp "${compiled}" "$last"`);
  await sandbox.run('quick'); // there is no network: it fails, and says where it would stand
  const [failed] = readdirSync(sandbox.cache);
  const home = join(sandbox.cache, failed.replace(/\.failed$/, ''));
  symlinkSync(join(realpathSync(join(tfjsNode, 'lib/napi-v8')), '../..'), home);
  return sandbox;
}

const linkIn = (sandbox: Sandbox) =>
  join(sandbox.project, 'node_modules/@tensorflow/tfjs-node/lib/fused');

test('a system that does not list what its processor can has a name for it, too', () => {
  const name = fileName('/no/such/file');
  expect(name).toMatch(/^[0-9a-f]{16}\.node$/);
  expect(fileName('/no/such/file')).toBe(name);
});

test.runIf(existsSync(compiled))(
  'fused operations are compiled once, for this processor',
  async () => {
    const sandbox = await withTensorFlow();
    expect((await sandbox.run('setup')).output).toMatch(/^\[4\/5\] Fused.*\n {2}done/m);
    const folder = realpathSync(linkIn(sandbox));
    expect(readdirSync(folder).sort()).toEqual([fileName(), 'index.cjs'].sort());
    sandbox.calls();
    expect((await sandbox.run('quick')).output).toBe('');
    expect(sandbox.calls()).toEqual([]);

    // Another processor that shares the cache does not take them, but has its own compiled.
    renameSync(join(folder, fileName()), join(folder, 'another.node'));
    expect(require(join(folder, 'index.cjs')).load()).toBe(false);
    expect((await sandbox.run('quick')).output).toMatch(/^\[4\/5\] Fused.*\n {2}done/);
    expect(readdirSync(folder)).toContain(fileName());

    // A changed source stands beside, for clones that have the old one.
    sandbox.write('src/tensors/fused/native/library.cc', '// another');
    expect((await sandbox.run('quick')).output).toMatch(/^\[4\/5\] Fused.*\n {2}done/m);
    expect(realpathSync(linkIn(sandbox))).not.toBe(folder);
  },
);

test.runIf(existsSync(compiled) && process.arch === 'x64')(
  'they compile for processors of all kinds, not only for this one',
  { timeout: 600_000 },
  async ({ skip }) => {
    const sandbox = await withTensorFlow();
    sandbox.calls();
    await sandbox.run('setup');
    const command = sandbox.calls().find((line) => line.includes('/dense.cc ')) as string;
    const args = command.split(' ').slice(1);
    const compiler = findCompiler() as string;
    const known = spawnSync(compiler, ['-Q', '--help=target'], { encoding: 'utf8' }).stdout;
    const kinds = ['x86-64', 'haswell', 'skylake-avx512', 'sapphirerapids', 'znver3'];
    const kindsHere = kinds.filter((kind) => known.includes(kind));
    if (kindsHere.length === 0) skip('this compiler does not list the processors it knows');
    for (const kind of kindsHere) {
      const object = join(sandbox.folder, `${kind}.o`);
      execFileSync(compiler, [...args, `-march=${kind}`, '-o', object], { stdio: 'pipe' });
      expect(existsSync(object)).toBe(true);
    }
  },
);

test.runIf(existsSync(compiled))(
  'what does not compile is said once, and all runs on',
  async () => {
    const sandbox = await withTensorFlow();
    sandbox.program('c++', 'echo "x.cc:1: error: no such thing"; exit 1');
    const { code, output } = await sandbox.run('setup');
    expect(code).toBe(0);
    expect(output).toMatch(/not there: they do not compile \(.*error: no such thing\)/);
    expect((await sandbox.run('quick')).output).toBe('');
    expect(existsSync(linkIn(sandbox))).toBe(false);
  },
);
