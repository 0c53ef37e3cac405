/**
 * Stamps: a file that says from which inputs the things around it were made. It is written last,
 * so what has a fitting stamp is complete.
 */
import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';

/** @param {(string | Buffer)[]} parts */
export function hash(...parts) {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part).update('\0');
  return sum.digest('hex');
}

/**
 * @param {string} file
 * @returns {string | undefined} its text, or undefined if there is none
 */
export function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * Writes a file in one step: whoever reads it finds the old text or the new, never half of one.
 * @param {string} file
 * @param {string} text
 */
export function write(file, text) {
  const next = `${file}.${process.pid}`;
  writeFileSync(next, text);
  renameSync(next, file);
}
