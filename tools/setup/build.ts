/** Stage: the package `attention`, built from src into src/dist. */
import { readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './errors.mjs';
import { nodeModules, root } from './paths.mjs';
import { tsc } from './prepare.mjs';
import { run } from './process.mjs';
import type { Stage } from './stage.mjs';
import { hash, read, write } from './stamp.mjs';

const source = join(root, 'src');
const dist = join(source, 'dist');
/** As deep as dist, so that the source maps fit; with a dot, so that tsc does not read it. */
const next = join(source, '.dist-next');
const typescript = join(nodeModules, 'typescript');

export const sourceBuild: Stage = {
  title: 'The package `attention`, from src',
  isDone: () => read(join(dist, '.source-hash')) === sourceHash(),
  async run() {
    const inputs = sourceHash();
    rmSync(next, { recursive: true, force: true });
    const build = await run(process.execPath, [tsc, '-p', source, '--outDir', next]);
    if (!build.ok) {
      throw new SetupError(
        'The sources in src do not compile; TypeScript says why below. Mend them (or `git ' +
          `checkout src\` for the originals) and run the same command again.\n\n${build.tail}`,
      );
    }
    write(join(next, '.source-hash'), inputs);
    // A kernel that reads dist meanwhile finds it whole.
    rmSync(dist, { recursive: true, force: true });
    renameSync(next, dist);
  },
};

function sourceHash() {
  const files = readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.ts$|^(package|tsconfig)\.json$/.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => !file.startsWith(join(dist, '/')) && !file.startsWith(join(next, '/')));
  const inputs = [
    ...files.sort(),
    join(root, 'tsconfig.base.json'),
    join(typescript, 'package.json'),
  ];
  return hash(...inputs.flatMap((file) => [file.slice(root.length), readFileSync(file)]));
}
