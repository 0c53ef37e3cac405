/** The slides exporter: slides/.build from the TypeScript in slides. */
import { readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { tsc } from './build.mjs';
import { SetupError } from './errors.mjs';
import { root } from './paths.mjs';
import { run } from './process.mjs';
import { hash, read, write } from './stamp.mjs';

const source = join(root, 'slides');
const built = join(source, '.build');
const next = join(source, '.build-next');

/** Compiles the exporter if its sources have changed. */
export async function buildSlides() {
  const inputs = sourceHash();
  if (read(join(built, '.source-hash')) === inputs) return;
  rmSync(next, { recursive: true, force: true });
  const build = await run(process.execPath, [tsc, '-p', source, '--outDir', next]);
  if (!build.ok) {
    throw new SetupError(
      'The sources in slides do not compile; TypeScript says why below. Mend them (or `git checkout ' +
        `slides\` for the originals) and run the same command again.\n\n${build.tail}`,
    );
  }
  write(join(next, '.source-hash'), inputs);
  rmSync(built, { recursive: true, force: true });
  renameSync(next, built);
}

function sourceHash() {
  const files = ['.', 'browser'].flatMap((folder) =>
    readdirSync(join(source, folder))
      .filter((name) => /\.ts$|^tsconfig\.json$/.test(name))
      .map((name) => join(source, folder, name)),
  );
  const inputs = [...files.sort(), join(root, 'tsconfig.base.json')];
  return hash(...inputs.flatMap((file) => [file.slice(root.length), readFileSync(file)]));
}
