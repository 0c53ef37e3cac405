/** Is there room? Better asked before a long download than found out in the middle of it. */
import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { SetupError } from './errors.mjs';

/**
 * @param {string} folder where something will be written; it need not exist yet
 * @param {number} megabytes how much
 * @param {string} what
 */
export function requireSpace(folder, megabytes, what) {
  const lack = lackOfSpace(folder, megabytes);
  if (lack) {
    throw new SetupError(
      `There is too little space on the disk: ${what} need ${lack}. Free some and run the same ` +
        'command again.',
    );
  }
}

/**
 * @param {string} folder
 * @param {number} megabytes
 * @param {(path: string) => {bavail: number, bsize: number}} statfs
 * @returns {string | undefined} what is needed and what is there, if it is not enough
 */
export function lackOfSpace(folder, megabytes, statfs = statfsSync) {
  let existing = folder;
  while (!existsSync(existing)) existing = dirname(existing);
  const { bavail, bsize } = statfs(existing);
  const free = Math.floor((bavail * bsize) / 1e6);
  if (free >= megabytes) return undefined;
  return `${megabytes} MB in ${folder}, where ${free} MB are free`;
}
