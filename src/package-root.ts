import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of this package, `src`, whether its sources run or what was built from them. */
export function packageRoot(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}
