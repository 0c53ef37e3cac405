/** `npm test`: the set-up, then all tests; `npm test -- attention` only those of that name. */
import { join } from 'node:path';
import { setup } from '../setup/index.mjs';
import { nodeModules } from '../setup/paths.mjs';
import { runHere } from '../setup/process.mjs';

/** @param {string[]} argv goes to Vitest */
export default async function (argv) {
  await setup();
  return runHere(process.execPath, [join(nodeModules, 'vitest', 'vitest.mjs'), 'run', ...argv]);
}
