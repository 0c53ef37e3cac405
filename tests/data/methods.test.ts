import { readdirSync, readFileSync } from 'node:fs';
import * as attention from 'attention';
import { methods } from 'attention';
import { expect, test } from 'vitest';

test("the lecture's list has 36 methods, by falling number of papers", () => {
  expect(methods).toHaveLength(36);
  expect(new Set(methods.map(({ name }) => name)).size).toBe(36);
  expect(methods.every(({ papers }, i) => i === 0 || papers <= methods[i - 1].papers)).toBe(true);
  expect(methods.reduce((sum, { papers }) => sum + papers, 0)).toBe(4753);
});

test('each of the 36 methods is implemented, and tested against values from elsewhere', () => {
  const folder = new URL('../attention/', import.meta.url);
  const tests = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(new URL(file, folder), 'utf8'));
  for (const { name, implementation } of methods) {
    expect((attention as Record<string, unknown>)[implementation], name).toBeTypeOf('function');
    const proven = tests.some(
      (text) => text.includes(`${implementation}(`) && /golden\(/.test(text),
    );
    expect(proven, `${name}: a golden value for ${implementation}`).toBe(true);
  }
});
