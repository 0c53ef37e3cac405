import { expect, test } from 'vitest';
import { lackOfSpace, requireSpace } from '../../tools/setup/disk.mjs';

const disk = (megabytes: number) => () => ({ bavail: megabytes * 1000, bsize: 1000 });

test('a disk with enough space is no matter', () => {
  expect(lackOfSpace('/', 900, disk(901))).toBeUndefined();
});

test('too little space is told in numbers, also for a folder that is not there yet', () => {
  const lack = lackOfSpace('/no/such/folder', 900, disk(12));
  expect(lack).toBe('900 MB in /no/such/folder, where 12 MB are free');
});

test('the set-up stops before it fills a disk', () => {
  expect(() => requireSpace('/', 1e9, 'The Node packages')).toThrow(
    /too little space on the disk: The Node packages need 1000000000 MB.*run the same command again/,
  );
});
