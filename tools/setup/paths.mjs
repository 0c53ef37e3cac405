/** Where things are: the project, its Python, and the cache that all clones of one user share. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
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
