/** The map of the course: which slide of the deck is in which lesson, by which functions. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as attention from 'attention';
import { expect, test } from 'vitest';
import { notebooks, root } from '../../tools/setup/paths.mjs';
import { deck, files, lessons, numbered } from '../course-map';

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const package_ = attention as Record<string, unknown>;

test('every slide of the deck is in a lesson, and no lesson names a slide that is not there', () => {
  const used = new Set(lessons.flatMap(({ slides }) => Object.keys(slides)));
  expect(deck.filter((slide) => !used.has(slide))).toEqual([]);
  expect([...used].filter((slide) => !deck.includes(slide))).toEqual([]);
  expect(lessons.map(({ lesson }) => lesson)).toEqual(Array.from({ length: 24 }, (_, i) => i));
});

test('every function of every lesson is there, and a test calls it', () => {
  const tests = readdirSync(join(root, 'tests'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => readFileSync(join(root, 'tests', file), 'utf8'));
  for (const { title, functions } of lessons) {
    for (const name of functions) {
      expect(package_[name], `${name}, of ${title}`).toBeDefined();
      const called = new RegExp(`\\b${name}\\b`);
      expect(
        tests.some((text) => called.test(text)),
        `a test of ${name}`,
      ).toBe(true);
    }
  }
});

test.each(files)(
  '%s has the title and the sections, shows the functions and checks the exercises of its row',
  (file) => {
    const row = lessons[Number(file.slice(0, 2))];
    const cells: { cell_type: string; source: string | string[] }[] = JSON.parse(
      readFileSync(join(notebooks, file), 'utf8'),
    ).cells;
    const sources = cells.map(({ source }) => [source].flat().join(''));
    expect(sources[0].split('\n')[0]).toBe(`# ${numbered(row.lesson)} · ${row.title}`);
    const headings = sources.filter((_, i) => cells[i].cell_type === 'markdown').join('\n');
    for (const [slide, section] of Object.entries(row.slides)) {
      expect(headings, slide).toMatch(new RegExp(`^#+ ${escaped(section ?? 'no section')}$`, 'm'));
    }
    const code = sources.filter((_, i) => cells[i].cell_type === 'code').join('\n');
    for (const name of row.functions) expect(code, name).toContain(name);
    const exercises = package_[`lesson${numbered(row.lesson)}`] as object;
    for (const name of Object.keys(exercises)) {
      expect(code).toContain(`check(lesson${numbered(row.lesson)}.${name}`);
    }
  },
);

test('the README lists all lessons, and links those that are there', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  for (const { lesson, title } of lessons) {
    const file = files.find((name) => name.startsWith(numbered(lesson)));
    const cell = file ? `[${title}](notebooks/${file})` : title;
    expect(readme).toContain(`| ${numbered(lesson)} | ${cell} |`);
  }
});
