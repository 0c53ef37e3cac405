import { type Exercise, judge, lesson18 } from 'attention';
import { expect, test } from 'vitest';

const marks = <T>(exercise: Exercise<T>, answer?: T) =>
  judge(exercise, answer)
    .lines.slice(1)
    .map((line) => line.trim()[0])
    .join('');

test('18.1 accepts the right number, and leads on from a wrong one', () => {
  expect(marks(lesson18.pencil)).toBe('○');
  expect(marks(lesson18.pencil, { answer: 0 })).toBe('✓');
  expect(marks(lesson18.pencil, { answer: 1 })).toBe('✗');
});

test('18.2 waits for an answer, and tells each mistake apart', () => {
  const stub = () => {
    throw new Error('not implemented');
  };
  expect(marks(lesson18.step, stub)).toBe('○');
  expect(marks(lesson18.step, (x) => 2 * x)).toBe('✓');
  expect(marks(lesson18.step, (x) => x)).toBe('✗');
});
