/**
 * `npm test`: the set-up, then types, lint and format, then all tests;
 * `npm test -- attention` only those of that name.
 */
import { join } from 'node:path';
import { setup } from '../setup/index.mjs';
import { nodeModules } from '../setup/paths.mjs';
import { runHere } from '../setup/process.mjs';
import check from './check.mjs';

/** @param {string[]} argv goes to Vitest */
export default async function (argv) {
  await setup();
  const checked = await check();
  const tested = await runHere(process.execPath, [
    join(nodeModules, 'vitest', 'vitest.mjs'),
    'run',
    ...argv,
  ]);
  return checked || tested;
}
