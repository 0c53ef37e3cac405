/** Where the files lie that go into a deck, whether this runs as slides/*.ts or as what is made of it. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { buildFolder, root } from '../tools/setup/paths.mjs';

export const slidesFolder = join(root, 'slides');

/** A file of the folder browser, as JavaScript. */
export const browserScript = (name: string) => join(buildFolder, 'slides', 'browser', `${name}.js`);

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
