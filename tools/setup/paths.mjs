/** Where things are: the project, its Python, and the cache that all clones of one user share. */
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// This file is read in tools, and in .build, where what is made of tools stands.
const folder = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const root = basename(folder) === '.build' ? dirname(folder) : folder;
/** What tools and slides are as JavaScript, see prepare.mjs. */
export const buildFolder = join(root, '.build');
/** For what is started as a process of its own. */
export const builtTools = join(buildFolder, 'tools');
export const nodeModules = join(root, 'node_modules');
export const venv = join(root, '.venv');
export const venvPython = join(venv, 'bin', 'python');
export const notebooks = join(root, 'notebooks');

const caches =
  process.env.XDG_CACHE_HOME ||
  (process.platform === 'darwin'
    ? join(homedir(), 'Library', 'Caches')
    : join(homedir(), '.cache'));
export const cache = join(caches, 'attention-course');
