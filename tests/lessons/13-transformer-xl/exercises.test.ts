import { type Exercise, lesson13 } from 'attention';
import { describe, expect, test } from 'vitest';
import { marks, stub } from '../marks';

type Answer<E> = E extends Exercise<infer T> ? T : never;

describe('the exercises of lesson 13', () => {
  test('13.1 accepts the right numbers, and tells what was forgotten', () => {
    const right = { reach: 200, distances: 100, terms: [2, 6, -1, 3], score: 10 / Math.SQRT2 };
    expect(marks(lesson13.pencil, right)).toBe('✓✓✓✓');
    expect(marks(lesson13.pencil, { ...right, reach: 50 })).toBe('✗✓✓✓');
    expect(marks(lesson13.pencil, { ...right, distances: 50 })).toBe('✓✗✓✓');
    expect(marks(lesson13.pencil, { ...right, terms: [2, 6, 10, 21] })).toBe('✓✓✗✓');
    expect(marks(lesson13.pencil, { ...right, score: 10 })).toBe('✓✓✓✗');
    expect(marks(lesson13.pencil)).toBe('○○○○');
  });

  test('13.2 accepts the columns, and tells the classic mistakes apart', () => {
    type Column = Answer<typeof lesson13.column>;
    const marked = (f: (i: number, j: number, L: number, M: number) => number): string =>
      marks(lesson13.column, ((i, j, L, M) => (j <= M + i ? f(i, j, L, M) : undefined)) as Column);
    expect(marked((i, j, L) => j + L - 1 - i)).toBe('✓✓✓✓');
    expect(marked((i, j, L) => j - (L - 1 - i))).toBe('✓✗✗✓');
    expect(marked((i, j) => j + i)).toBe('✗✗✗✓');
    expect(marked((i, j, L, M) => M + i - j + 0 * L)).toBe('✗✗✗✓');
    expect(marked((i, j, L, M) => j + L - 1 - i - M)).toBe('✗✓✗✓');
    const unmasked: Column = (i, j, L) => j + L - 1 - i;
    expect(marks(lesson13.column, unmasked)).toBe('✓✓✓✗');
    const withoutMemory: Column = (i, j, L) => (j <= i ? j + L - 1 - i : undefined);
    expect(marks(lesson13.column, withoutMemory)).toBe('✓✓✗✓');
    expect(marks(lesson13.column, stub)).toBe('○○○○');
  });

  test('13.3 accepts the memory, and tells the classic mistakes apart', () => {
    type Remember = Answer<typeof lesson13.remember>;
    const marked = (f: Remember) => marks(lesson13.remember, f);
    expect(marked((m, s, M) => [...m, ...s].slice(Math.max(0, m.length + s.length - M)))).toBe(
      '✓✓✓✓✓',
    );
    expect(marked((m, s, M) => [...m, ...s].slice(-M))).toBe('✓✓✓✓✗');
    expect(marked((m, s, M) => [...m, ...s].slice(0, M))).toBe('✓✓✗✗✓');
    expect(marked((_, s, M) => s.slice(Math.max(0, s.length - M)))).toBe('✓✗✗✓✓');
    expect(marked((m, s) => [...m, ...s])).toBe('✓✓✗✗✗');
    expect(
      marked((m, s, M) => {
        m.push(...s);
        return m.slice(Math.max(0, m.length - M));
      }),
    ).toBe('✗✗✗✗✗');
    expect(marks(lesson13.remember, stub)).toBe('○○○○○');
  });
});
