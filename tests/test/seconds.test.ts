import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../../tools/setup/paths.mjs';
import { partOf, tableOf } from '../../tools/test/seconds';

test.each([
  ['tests/attention/heads/multi-head.test.ts', 'src'],
  ['tests/layers/reversible-memory.test.ts', 'src'],
  ['tests/lessons/08-multi-head-attention/exercises.test.ts', 'lessons'],
  ['tests/kernel/kernel.test.ts', 'kernel'],
  ['tests/structure.test.ts', 'structure'],
])('%s is of the part %s', (file, part) => {
  expect(partOf(join(root, file))).toBe(part);
});

test('the largest part stands first, the whole last', () => {
  const seconds = new Map([
    ['plots', 2],
    ['lessons', 416.04],
    ['src', 30],
  ]);
  const rows = tableOf(seconds).split('\n');
  expect(rows.map((row) => row.split(/\s+/))).toEqual([
    ['lessons', '416.0', 's'],
    ['src', '30.0', 's'],
    ['plots', '2.0', 's'],
    ['whole', '448.0', 's'],
  ]);
});
