/**
 * `npm test`: the set-up, then types, lint and format, then all tests;
 * `npm test -- attention` only those of that name.
 */
import { join } from 'node:path';
import { setup } from '../setup/index.mjs';
import { nodeModules, root } from '../setup/paths.mjs';
import { runHere } from '../setup/process.mjs';
import check from './check.mjs';

/** @param {string[]} argv goes to Vitest */
export default async function (argv) {
  const start = performance.now();
  await setup();
  const ready = performance.now();
  const checked = await check();
  const seconds = [ready - start, performance.now() - ready].map((one) => one / 1000);
  process.env.SECONDS_BEFORE = `set-up=${seconds[0]},check=${seconds[1]}`;
  const tested = await runHere(process.execPath, [
    join(nodeModules, 'vitest', 'vitest.mjs'),
    'run',
    ...(argv.some((one) => one.startsWith('--reporter')) ? [] : ['--reporter=default']),
    `--reporter=${join(root, 'tools', 'test', 'seconds.mjs')}`,
    ...argv,
  ]);
  return checked || tested;
}
