import { type Exercise, lesson14 } from 'attention';
import { describe, expect, test } from 'vitest';
import { marks, stub } from '../marks';

describe('the exercises of lesson 14', () => {
  test('14.1 accepts the right numbers, and tells what was forgotten', () => {
    const right = {
      mask: [1, 1, 0.75, 0.25],
      weights: [1 / 3, 1 / 3, 1 / 4, 1 / 12],
      slope: 5 / 3,
    };
    expect(marks(lesson14.pencil, right)).toBe('✓✓✓');
    expect(marks(lesson14.pencil, { ...right, mask: [1, 1, 0.5, 0] })).toBe('✗✗✓');
    expect(marks(lesson14.pencil, { ...right, mask: [1.75, 1.25, 0.75, 0.25] })).toBe('✗✗✓');
    expect(marks(lesson14.pencil, { ...right, weights: [0.25, 0.25, 0.1875, 0.0625] })).toBe('✓✗✓');
    expect(marks(lesson14.pencil, { ...right, weights: [0.25, 0.25, 0.25, 0.25] })).toBe('✓✗✓');
    expect(marks(lesson14.pencil, { ...right, slope: 2 })).toBe('✓✓✗'); // without the average
    expect(marks(lesson14.pencil, { ...right, slope: -5 / 3 })).toBe('✓✓✗');
    expect(marks(lesson14.pencil)).toBe('○○○');
  });

  test('14.2 accepts the mask, and tells the classic mistakes apart', () => {
    type Mask = typeof lesson14.mask extends Exercise<infer T> ? T : never;
    const clamp = (x: number) => Math.max(0, Math.min(1, x));
    const masked =
      (m: (z: number, R: number, x: number) => number, dm: typeof m): Mask =>
      (z, R, distances) => {
        const at = (f: typeof m) => Array.from({ length: distances }, (_, x) => f(z, R, x));
        return { m: at(m), dm: at(dm) };
      };
    const slope = (z: number, R: number, x: number) => (x > z && x < z + R ? 1 / R : 0);
    const ramp = (z: number, R: number, x: number) => (R + z - x) / R;
    const right = (z: number, R: number, x: number) => clamp(ramp(z, R, x));
    expect(marks(lesson14.mask, masked(right, slope))).toBe('✓✓✓✓');
    expect(marks(lesson14.mask, masked(ramp, slope))).toBe('✗✗✓✓');
    expect(
      marks(
        lesson14.mask,
        masked((z, _, x) => Number(x <= z), slope),
      ),
    ).toBe('✗✗✓✓');
    expect(
      marks(
        lesson14.mask,
        masked(right, (_, R) => 1 / R),
      ),
    ).toBe('✓✓✗✗');
    expect(
      marks(
        lesson14.mask,
        masked(right, (z, R, x) => -slope(z, R, x)),
      ),
    ).toBe('✓✓✗✗');
    const everywhere = (z: number, R: number, x: number) => (x < z + R ? 1 / R : 0);
    expect(marks(lesson14.mask, masked(right, everywhere))).toBe('✓✓✗✗');
    expect(marks(lesson14.mask, stub)).toBe('○○○○');
  });

  test('14.3 accepts the counts, and tells what was forgotten', () => {
    type Work = typeof lesson14.work extends Exercise<infer T> ? T : never;
    const pairs = (reach: number, queries: number) =>
      Array.from({ length: queries }, (_, t) => Math.min(t + 1, reach)).reduce((a, b) => a + b, 0);
    const counted =
      (one: typeof pairs, all = (layer: number[]) => layer.map(() => Math.max(...layer))): Work =>
      (reach, queries) => {
        const sum = (list: number[]) => list.reduce((a, b) => a + one(b, queries), 0);
        return { apart: sum(reach.flat()), together: sum(reach.flatMap(all)) };
      };
    expect(marks(lesson14.work, counted(pairs))).toBe('✓✓✓✓');
    expect(
      marks(
        lesson14.work,
        counted((reach, queries) => reach * queries),
      ),
    ).toBe('✗✗✗✗');
    expect(
      marks(
        lesson14.work,
        counted(pairs, (layer) => layer),
      ),
    ).toBe('✓✓✓✗');
    expect(
      marks(
        lesson14.work,
        counted(pairs, (layer) => [Math.max(...layer)]),
      ),
    ).toBe('✓✓✓✗');
    expect(marks(lesson14.work, stub)).toBe('○○○○');
  });
});
