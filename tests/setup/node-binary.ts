/** Other versions of Node, from npm, kept in the user's cache. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cache } from '../../tools/setup/paths.mjs';

/** The executable of that version, or undefined where npm cannot give it. */
export function nodeBinary(version: string): string | undefined {
  const name = `node-${process.platform}-${process.arch}`;
  const file = join(cache, 'node', version);
  if (existsSync(file)) return file;
  mkdirSync(join(cache, 'node'), { recursive: true });
  const temporary = mkdtempSync(join(cache, 'node', 'tmp-'));
  try {
    execFileSync(
      'npm',
      ['install', '--prefix', temporary, '--ignore-scripts', '--no-save', `${name}@${version}`],
      { stdio: 'ignore', cwd: tmpdir() },
    );
    renameSync(join(temporary, 'node_modules', name, 'bin', 'node'), file);
    return file;
  } catch {
    return undefined;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
