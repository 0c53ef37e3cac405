/** Stage: the packages of package-lock.json, in node_modules. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { requireSpace } from './disk.mjs';
import { SetupError } from './errors.mjs';
import { nodeModules, root } from './paths.mjs';
import { run } from './process.mjs';
import { hash, read, write } from './stamp.mjs';

const stamp = join(nodeModules, '.attention-lock-hash');
/** What npm itself writes when it is through: the part of the lock that is installed here. */
const installed = join(nodeModules, '.package-lock.json');

/** @type {import('./stage.mjs').Stage} */
export const nodePackages = {
  title: 'Node packages: half a minute the first time',
  isDone() {
    const inputs = inputHash();
    if (read(stamp) === inputs) return true;
    if (!isInstalled()) return false;
    write(stamp, inputs); // by a hand-written `npm ci` or `npm install`
    return true;
  },
  async run(report) {
    requireSpace(root, 900, 'The Node packages');
    rmSync(stamp, { force: true });
    rmSync(installed, { force: true });
    const npm = await run('npm', ['ci', '--ignore-scripts', '--include=dev'], { onLine: report });
    if (npm.missing) {
      throw new SetupError(
        'The program `npm` was not found, though it comes with Node.js. Install Node.js from ' +
          'https://nodejs.org (on Debian and Ubuntu, `sudo apt install npm` adds it) and run the ' +
          'same command again.',
      );
    }
    if (!npm.ok) {
      throw new SetupError(
        `The Node packages could not be installed: \`npm ci\` ${npm.ended}. Its last words are ` +
          'below. If it is the network, run the same command again later: what has been ' +
          `downloaded is kept, and it goes on from there.\n\n${npm.tail}`,
      );
    }
    write(stamp, inputHash());
  },
};

function inputHash() {
  return hash(read(join(root, 'package-lock.json')) ?? '', process.platform, process.arch);
}

/** Whether npm says it has installed just what the lock asks for, for this kind of machine. */
function isInstalled() {
  const have = packagesOf(installed);
  const want = packagesOf(join(root, 'package-lock.json'));
  if (!have || !want) return false;
  delete want['']; // the project itself
  return Object.keys({ ...want, ...have }).every((name) => {
    if (!have[name]) return want[name].optional;
    const { version, integrity, os, cpu } = have[name];
    return (
      version === want[name]?.version &&
      integrity === want[name]?.integrity &&
      (os?.includes(process.platform) ?? true) &&
      (cpu?.includes(process.arch) ?? true)
    );
  });
}

/** @param {string} lock */
function packagesOf(lock) {
  try {
    return JSON.parse(readFileSync(lock, 'utf8')).packages;
  } catch {
    return undefined; // not there, or cut off
  }
}
