/** The map of the course: which slide of the deck is in which lesson, by which functions. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as attention from 'attention';
import { expect, test } from 'vitest';
import { withTable } from '../../tools/lesson/table';
import { deck, lessons, writtenLessons } from '../../tools/lessons';
import { root } from '../../tools/setup/paths.mjs';

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const package_ = attention as Record<string, unknown>;
const exercisesOf = (number: string) => Object.keys((package_[`lesson${number}`] as object) ?? {});

test('every slide of the deck is in a lesson, and no lesson names a slide that is not there', () => {
  const used = new Set(lessons().flatMap(({ slides }) => slides.map(({ slide }) => slide)));
  expect(deck().filter((slide) => !used.has(slide))).toEqual([]);
  expect([...used].filter((slide) => !deck().includes(slide))).toEqual([]);
  const numbers = Array.from({ length: 24 }, (_, i) => String(i).padStart(2, '0'));
  expect(lessons().map(({ number }) => number)).toEqual(numbers);
});

test('every function of every row is there, and a test calls it', () => {
  const tests = readdirSync(join(root, 'tests'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => readFileSync(join(root, 'tests', file), 'utf8'));
  for (const { slide, functions } of lessons().flatMap(({ slides }) => slides)) {
    for (const name of functions) {
      expect(package_[name], `${name}, of ${slide}`).toBeDefined();
      const called = new RegExp(`\\b${name}\\b`);
      expect(
        tests.some((text) => called.test(text)),
        `a test of ${name}`,
      ).toBe(true);
    }
  }
});

test.each(writtenLessons())(
  '$name has its title and the sections of its rows, and checks all its exercises',
  ({ number, title, slides, notebook }) => {
    const cells: { cell_type: string; source: string | string[] }[] = JSON.parse(
      readFileSync(notebook, 'utf8'),
    ).cells;
    const sources = cells.map(({ source }) => [source].flat().join(''));
    expect(sources[0].split('\n')[0]).toBe(`# ${number} · ${title}`);
    const headings = sources.filter((_, i) => cells[i].cell_type === 'markdown').join('\n');
    const code = sources.filter((_, i) => cells[i].cell_type === 'code').join('\n');
    const exercises = exercisesOf(number);
    for (const { slide, section, exercises: named = [] } of slides) {
      expect(headings, slide).toMatch(new RegExp(`^#+ ${escaped(section ?? 'no section')}$`, 'm'));
      expect(exercises, slide).toEqual(expect.arrayContaining(named));
    }
    for (const name of exercises) expect(code).toContain(`check(lesson${number}.${name}`);
  },
);

test('the README has the table of lessons as their rooms say (npm run lesson -- table)', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  expect(readme).toBe(withTable(readme));
  for (const { title } of lessons()) expect(readme).toContain(title);
});
