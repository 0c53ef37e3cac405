import { judge, lesson17 } from 'attention';
import { expect, test } from 'vitest';
import { marks, stub } from '../marks';

test('17.1 accepts the right positions, and tells the classic mistakes apart', () => {
  const right = { order: [1, 0, 2, 3, 4, 5], fifth: [2, 3, 4], first: [0] };
  expect(marks(lesson17.pencil, right)).toBe('✓✓✓✓');
  expect(marks(lesson17.pencil, { ...right, fifth: [4, 2, 3] })).toBe('✓✓✓✓');
  expect(marks(lesson17.pencil, { ...right, order: [0, 1, 2, 3, 4, 5] })).toBe('✗✓✓✓');
  expect(marks(lesson17.pencil, { ...right, fifth: [2, 3, 4, 5] })).toBe('✓✗✗✓');
  expect(marks(lesson17.pencil, { ...right, fifth: [0, 2, 3, 4] })).toBe('✓✓✗✓');
  expect(marks(lesson17.pencil, { ...right, first: [] })).toBe('✓✓✓✗');
  expect(marks(lesson17.pencil)).toBe('○○○○');
});

test('17.2 accepts argmax of [xR; −xR], and neither half of the buckets nor R the other way', () => {
  const argmax = (values: number[]) => values.indexOf(Math.max(...values));
  const times = (x: number[], R: number[][]) =>
    R[0].map((_, c) => x.reduce((sum, value, row) => sum + value * R[row][c], 0));
  const both = (p: number[]) => argmax([...p, ...p.map((value) => -value)]);
  expect(marks(lesson17.angularBucket, (x, R) => both(times(x, R)))).toBe('✓✓✓✓');
  expect(marks(lesson17.angularBucket, (x, R) => argmax(times(x, R)))).toBe('✓✗✓✓');
  const absolute = (x: number[], R: number[][]) => argmax(times(x, R).map(Math.abs));
  expect(marks(lesson17.angularBucket, absolute)[1]).toBe('✗');
  const transposed = (x: number[], R: number[][]) =>
    both(R.map((row) => row.reduce((sum, r, i) => sum + r * (x[i] ?? 0), 0)));
  expect(marks(lesson17.angularBucket, transposed)).toBe('✓✓✗✓');
  expect(marks(lesson17.angularBucket, stub)).toBe('○○○○');
});

test('17.3 accepts weights exp(z − log Σ exp z), and neither a plain mean nor an overflow', () => {
  type Round = { z: number; o: number[] };
  const average = (rounds: Round[], weight: (z: number) => number) => {
    const weights = rounds.map(({ z }) => weight(z));
    const sum = weights.reduce((a, b) => a + b);
    return rounds[0].o.map(
      (_, d) => rounds.reduce((total, { o }, r) => total + weights[r] * o[d], 0) / sum,
    );
  };
  const right = (rounds: Round[]) => {
    const top = Math.max(...rounds.map(({ z }) => z));
    return average(rounds, (z) => Math.exp(z - top));
  };
  expect(marks(lesson17.combineRounds, right)).toBe('✓✓✓✓');
  expect(marks(lesson17.combineRounds, (rounds) => average(rounds, () => 1))).toBe('✓✗✓✗');
  expect(marks(lesson17.combineRounds, (rounds) => average(rounds, Math.exp))).toBe('✓✓✗✓');
  expect(marks(lesson17.combineRounds, (rounds) => average(rounds, (z) => z))[1]).toBe('✗');
  expect(marks(lesson17.combineRounds, stub)).toBe('○○○○');
});

test('17.4 wants digits recognised, then ever fewer dot products, and says what to look at', () => {
  expect(marks(lesson17.contest, { accuracy: 90, products: 352 })).toBe('✓✓✓✓');
  expect(marks(lesson17.contest, { accuracy: 90.6, products: 384 })).toBe('✓✓✓✗');
  expect(marks(lesson17.contest, { accuracy: 91.1, products: 576 })).toBe('✓✓✗✗');
  expect(marks(lesson17.contest, { accuracy: 91.3, products: 768 })).toBe('✓✗✗✗');
  expect(marks(lesson17.contest, { accuracy: 40, products: 64 })).toBe('✗✓✓✓');
  expect(marks(lesson17.contest)).toBe('○○○○');
  const lines = judge(lesson17.contest, { accuracy: 85, products: 900 }).lines.join('\n');
  expect(lines).toContain('85 %: too many near digits are never met');
  expect(lines).toContain('900 dot products; what is dear here');
});
