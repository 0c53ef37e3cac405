/** Running other programs. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { heldLocks } from './lock.mjs';
import { root } from './paths.mjs';

/**
 * Runs a program to its end without showing its output.
 * @param {string} command
 * @param {string[]} args
 * @param {{cwd?: string, env?: Record<string, string | undefined>, onLine?: (line: string) => void}} options
 *   onLine hears every line of output as it comes
 * @returns {Promise<{ok: boolean, tail: string, missing: boolean, ended: string}>} the last lines of
 *   output, whether there is no such program, and how it ended in words
 */
export function run(command, args, { cwd = root, env = {}, onLine } = {}) {
  return new Promise((resolve) => {
    // The locks go along: a set-up that is killed leaves, say, its pip running, and the next one
    // has to wait for that.
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', ...heldLocks()],
    });
    /** @type {string[]} */
    let lines = [];
    for (const input of /** @type {import('node:stream').Readable[]} */ (child.stdio.slice(1, 3))) {
      createInterface({ input }).on('line', (line) => {
        if (!line.trim()) return;
        lines = [...lines.slice(-14), line];
        onLine?.(line);
      });
    }
    child.on('error', (error) =>
      resolve({ ok: false, tail: error.message, missing: true, ended: 'could not be started' }),
    );
    child.on('close', (code, signal) => {
      const ended = signal ? `was ended by ${signal}` : `ended with exit code ${code}`;
      resolve({ ok: code === 0, tail: lines.join('\n'), missing: false, ended });
    });
  });
}

/**
 * Runs a program in this terminal, as if the user had started it.
 * @param {string} command
 * @param {string[]} args
 * @returns {Promise<number>} its exit code
 */
export function runHere(command, args) {
  return new Promise((resolve, reject) => {
    // Ctrl-C reaches the program too; this process outlives it to pass on how it ended.
    process.on('SIGINT', () => {});
    const child = spawn(command, args, { cwd: root, stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
  });
}
