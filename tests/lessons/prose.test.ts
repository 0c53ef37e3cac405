/** Every lesson keeps the rules, by its committed notebook alone: `npm run lesson -- check 08` says the same. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { lineOf, rules, subjectOf } from '../../tools/lesson/rules';
import { writtenLessons } from '../../tools/lessons';
import { notebookText } from '../../tools/notebooks/run';
import { chosen } from '../chosen';

describe.each(chosen(writtenLessons()))('$name', (lesson) => {
  test.each(Object.entries(rules))('%s', (_, rule) => {
    const complaints = rule(subjectOf(lesson)).map(lineOf);
    expect(complaints.join('\n')).toBe('');
  });

  test('stands in its file as `npm run notebooks` writes it: a figure has one line', () => {
    const text = readFileSync(lesson.notebook, 'utf8');
    expect(text === notebookText(JSON.parse(text))).toBe(true);
  });
});
