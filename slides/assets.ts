/** Where the files lie that go into a deck, whether this runs as slides/*.ts or slides/.build/*.js. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
export const slidesFolder = here.endsWith('.build') ? dirname(here) : here;
export const projectFolder = dirname(slidesFolder);

/** A file of the folder slides. */
export function asset(name: string): string {
  return join(slidesFolder, name);
}

const require = createRequire(join(slidesFolder, 'assets.ts'));

/** A file of a Node package, whatever the package exports. */
export function packageFile(name: string): string {
  const found = require.resolve
    .paths('katex')
    ?.map((folder) => join(folder, name))
    .find(existsSync);
  if (!found) throw new Error(`There is no ${name} in node_modules.`);
  return found;
}
