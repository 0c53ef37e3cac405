import { type Exercise, lesson10 } from 'attention';
import { describe, expect, test } from 'vitest';
import { marks, stub } from '../marks';

describe('the exercises of lesson 10', () => {
  test('10.1 accepts the right numbers, and tells what was forgotten', () => {
    const [weights, first] = [
      [1 / 4, 1 / 8, 5 / 8],
      [1 / 16, 5 / 16, 5 / 16, 5 / 16],
    ];
    const right = { weights, context: 10.625, first };
    expect(marks(lesson10.pencil, right)).toBe('✓✓✓');
    expect(marks(lesson10.pencil, { ...right, weights: [5 / 8, 1 / 8, 1 / 4] })).toBe('✗✗✓');
    expect(marks(lesson10.pencil, { ...right, weights: [2, 1, 5] })).toBe('✗✗✓');
    expect(marks(lesson10.pencil, { ...right, context: 11 })).toBe('✓✗✓');
    expect(marks(lesson10.pencil, { ...right, first: [1 / 6, 5 / 6, 0, 0] })).toBe('✓✓✗');
    expect(marks(lesson10.pencil, { ...right, first: [1 / 8, 5 / 8, 1 / 4, 0] })).toBe('✓✓✗');
    expect(marks(lesson10.pencil)).toBe('○○○');
  });

  const grid = (queries: number, keys: number, row: (i: number, j: number) => number) =>
    Array.from({ length: queries }, (_, i) => Array.from({ length: keys }, (_, j) => row(i, j)));
  const clip = (x: number, k: number) => Math.max(-k, Math.min(k, x));

  test('10.2 accepts the rows, and tells the classic mistakes apart', () => {
    const rows =
      (row: (i: number, j: number, k: number) => number) => (n: number, m: number, k: number) =>
        grid(n, m, (i, j) => row(i + m - n, j, k));
    const marked = (row: (i: number, j: number, k: number) => number) =>
      marks(lesson10.rows, rows(row));
    expect(marked((i, j, k) => clip(j - i, k) + k)).toBe('✓✓✓✓✓');
    expect(marked((i, j, k) => clip(i - j, k) + k)).toBe('✓✗✗✓✗');
    expect(marked((i, j, k) => clip(j - i, k))).toBe('✗✗✗✓✗');
    expect(marked((i, j, k) => j - i + k)).toBe('✓✓✗✗✗');
    expect(marked((i, j, k) => (j - i + k + 100 * (2 * k + 1)) % (2 * k + 1))).toBe('✓✓✗✓✗');
    expect(marked((i, j, k) => clip(Math.abs(j - i), k) + k)).toBe('✓✗✗✓✗');
    const unaligned = (n: number, m: number, k: number) => grid(n, m, (i, j) => clip(j - i, k) + k);
    expect(marks(lesson10.rows, unaligned)).toBe('✓✓✓✓✗');
    expect(marks(lesson10.rows, stub)).toBe('○○○○○');
  });

  test('10.3 accepts the counts, and tells what was counted too often', () => {
    type Held = typeof lesson10.held extends Exercise<infer T> ? T : never;
    const right: Held = (b, h, n, d) => ({
      perPair: b * h * n * n * d,
      shared: n * n * d,
      shifted: 2 * n * d + 2 * n * n * b * h,
    });
    const changed = (change: (...sizes: Parameters<Held>) => Partial<ReturnType<Held>>): Held => {
      return (...sizes) => ({ ...right(...sizes), ...change(...sizes) });
    };
    const marked = (change: Parameters<typeof changed>[0]) => marks(lesson10.held, changed(change));
    expect(marked(() => ({}))).toBe('✓✓✓');
    expect(marked((_, h, n, d) => ({ perPair: h * n * n * d }))).toBe('✗✓✓');
    expect(marked((_, h, n, d) => ({ shared: h * n * n * d }))).toBe('✓✗✓');
    expect(marked((b, h, n) => ({ shifted: 2 * n * n * b * h }))).toBe('✓✓✗');
    expect(marked((b, h, n, d) => ({ shifted: n * d + n * n * b * h }))).toBe('✓✓✗');
    expect(marks(lesson10.held, stub)).toBe('○○○');
  });
});
