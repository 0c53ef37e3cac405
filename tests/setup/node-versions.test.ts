import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { root } from '../../tools/setup/paths.mjs';
import { nodeBinary } from './node-binary';
import { Sandbox } from './sandbox';

const downloads = { timeout: 300_000 }; // the first time
const versions = ['22.23.3', '24.9.0'];
const script = `
  const { tf, backendName } = require('attention');
  console.log(backendName(), tf.matMul([[1, 2]], [[3], [4]]).arraySync());`;
const product = (node: string) =>
  execFileSync(node, ['--eval', script], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });

test.for(versions)(
  'Node %s multiplies on the same backend as this one',
  downloads,
  (version, { skip }) => {
    const node = nodeBinary(version);
    if (!node) return skip('npm does not give it');
    expect(product(node)).toContain('[ [ 11 ] ]');
    expect(product(node)).toBe(product(process.execPath));
  },
);

test.for(versions)(
  'the set-up of one Node is good for Node %s',
  downloads,
  async (version, { skip }) => {
    const node = nodeBinary(version);
    if (!node) return skip('npm does not give it');
    const sandbox = new Sandbox();
    expect((await sandbox.run('quick')).code).toBe(0);
    expect(await sandbox.runWith(node, 'quick')).toEqual({ code: 0, output: '' });
    // ... and it can do it from nothing.
    expect((await new Sandbox().runWith(node, 'quick')).code).toBe(0);
  },
);
