import { type Exercise, judge, lesson17 } from 'attention';
import { expect, test } from 'vitest';

/** Marks of the behaviours in order, such as '✓✗✗✓'. */
const marks = <T>(exercise: Exercise<T>, answer?: T) =>
  judge(exercise, answer)
    .lines.slice(1)
    .map((line) => line.trim()[0])
    .join('');

const stub = () => {
  throw new Error('not implemented');
};

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

test('17.4 accepts the share of pairs that ever meet, not of meetings', () => {
  type Met = (buckets: number[][], pairs: [number, number][]) => number;
  const share =
    (holds: (meetings: boolean[]) => number): Met =>
    (buckets, pairs) =>
      pairs.reduce((sum, [i, j]) => sum + holds(buckets.map((row) => row[i] === row[j])), 0) /
      pairs.length;
  const ever = share((meetings) => Number(meetings.some(Boolean)));
  const always = share((meetings) => Number(meetings.every(Boolean)));
  const often = share((meetings) => meetings.filter(Boolean).length);
  expect(marks(lesson17.metShare, ever)).toBe('✓✓✓✓');
  expect(marks(lesson17.metShare, always)).toBe('✓✓✗✓');
  expect(marks(lesson17.metShare, often)).toBe('✓✗✓✓');
  const anyRound: Met = (buckets, pairs) =>
    pairs.filter(([i, j]) => buckets.some((a) => buckets.some((b) => a[i] === b[j]))).length /
    pairs.length;
  expect(marks(lesson17.metShare, anyRound)[3]).toBe('✗');
  expect(marks(lesson17.metShare, stub)).toBe('○○○○');
});
