/** `npm run check`: format, lint and types of everything, in seconds. */
import { join } from 'node:path';
import { nodeModules } from '../setup/paths.mjs';
import { tsc } from '../setup/prepare.mjs';
import { runHere } from '../setup/process.mjs';

export default async function () {
  const biome = join(nodeModules, '@biomejs', 'biome', 'bin', 'biome');
  const format = await runHere(process.execPath, [biome, 'check', '.']);
  const types = await runHere(process.execPath, [tsc, '-p', '.']);
  console.log(types === 0 ? 'The types fit.' : 'The types do not fit: see above.');
  return format || types;
}
