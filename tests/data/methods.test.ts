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

test('the family of each method is the folder that its function stands in', () => {
  const folders: Record<string, string[]> = {
    scores: ['scores'],
    heads: ['heads'],
    images: ['images'],
    length: ['sparse', 'lsh', 'positions'],
    graphs: ['graphs'],
  };
  const source = new URL('../../src/attention/', import.meta.url);
  for (const { name, family, implementation } of methods) {
    const files = folders[family].flatMap((folder) =>
      readdirSync(new URL(folder, source)).map((file) => new URL(`${folder}/${file}`, source)),
    );
    const defined = new RegExp(`^export (async )?function ${implementation}\\b`, 'm');
    expect(
      files.some((file) => defined.test(readFileSync(file, 'utf8'))),
      `${name}: ${implementation} in ${folders[family]}`,
    ).toBe(true);
  }
});
