/**
 * Before any command: the Node packages, and tools and slides as JavaScript. The files of tools that
 * end in .mjs or .cjs are what this takes, or what Node loads as it is; all others are TypeScript.
 */
import { accessSync, constants, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './errors.mjs';
import { withLock } from './lock.mjs';
import { nodePackages } from './node-packages.mjs';
import { buildFolder, nodeModules, root } from './paths.mjs';
import { run } from './process.mjs';
import { show } from './stage.mjs';
import { hash, read, write } from './stamp.mjs';

const typescript = join(nodeModules, 'typescript');

/** The compiler of package.json; node_modules/.bin/tsc is the older one inside tslab. */
export const tsc = join(typescript, 'bin', 'tsc');

/** Brings node_modules up to date, and what is made of tools and slides. */
export async function prepare() {
  if ((await nodePackages.isDone({ thorough: false })) && isBuilt()) return;
  const onWait = () => console.log('Another set-up of this folder is running; waiting for it.');
  await withLock(root, onWait, async () => {
    accessSync(root, constants.W_OK);
    if (!(await nodePackages.isDone({ thorough: false })))
      await show(`[1/5] ${nodePackages.title}`, nodePackages);
    await buildTools();
  });
}

const stamp = join(buildFolder, '.source-hash');
const isBuilt = () => read(stamp) === sourceHash();

/** Writes tools and slides into .build as JavaScript, file by file, if their sources have changed. */
export async function buildTools() {
  if (isBuilt()) return;
  const inputs = sourceHash();
  const next = `${buildFolder}-next`;
  rmSync(next, { recursive: true, force: true });
  const project = join(root, 'tools', 'tsconfig.build.json');
  const build = await run(process.execPath, [tsc, '-p', project, '--outDir', next]);
  if (!build.ok) {
    throw new SetupError(
      'The sources in tools and slides do not compile; TypeScript says why below. Mend them (or ' +
        '`git checkout tools slides` for the originals) and run the same command again.\n\n' +
        build.tail,
    );
  }
  write(join(next, '.source-hash'), inputs);
  rmSync(buildFolder, { recursive: true, force: true });
  renameSync(next, buildFolder);
}

function sourceHash() {
  const files = ['tools', 'slides'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ts|mjs)$|^tsconfig\.build\.json$/.test(name))
      .map((name) => join(root, folder, name)),
  );
  const inputs = [
    ...files.sort(),
    join(root, 'tsconfig.base.json'),
    join(typescript, 'package.json'),
  ];
  return hash(...inputs.flatMap((file) => [file.slice(root.length), readFileSync(file)]));
}
