/** Every lesson keeps the rules, by its committed notebook alone: `npm run lesson -- check 08` says the same. */
import { describe, expect, test } from 'vitest';
import { lineOf, rules, subjectOf } from '../../tools/lesson/rules';
import { writtenLessons } from '../../tools/lessons';
import { chosen } from '../chosen';

describe.each(chosen(writtenLessons()))('$name', (lesson) => {
  test.each(Object.entries(rules))('%s', (_, rule) => {
    const complaints = rule(subjectOf(lesson)).map(lineOf);
    expect(complaints.join('\n')).toBe('');
  });
});
