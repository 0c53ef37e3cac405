import { type Exercise, judge, lesson05 } from 'attention';
import { expect, test } from 'vitest';

const marks = <T>(exercise: Exercise<T>, answer?: T) =>
  judge(exercise, answer)
    .lines.slice(1)
    .map((line) => line.trim()[0])
    .join('');

test('5.1 accepts the right number, and leads on from a wrong one', () => {
  expect(marks(lesson05.pencil)).toBe('○');
  expect(marks(lesson05.pencil, { answer: 0 })).toBe('✓');
  expect(marks(lesson05.pencil, { answer: 1 })).toBe('✗');
});

test('5.2 waits for an answer, and tells each mistake apart', () => {
  const stub = () => {
    throw new Error('not implemented');
  };
  expect(marks(lesson05.step, stub)).toBe('○');
  expect(marks(lesson05.step, (x) => 2 * x)).toBe('✓');
  expect(marks(lesson05.step, (x) => x)).toBe('✗');
});
