import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withExport } from '../../tools/lesson/new.ts';
import { rooms } from '../../tools/lessons.ts';

test('a new lesson’s export is put where it belongs; exports of several lines stay whole', () => {
  const index = readFileSync(join(rooms, 'index.ts'), 'utf8');
  const own = index.split('\n').filter((line) => /^export .*exercises';$/.test(line));
  expect(own.length).toBeGreaterThan(10);
  for (const line of own) expect(withExport(index.replace(`${line}\n`, ''), line)).toBe(index);
});
