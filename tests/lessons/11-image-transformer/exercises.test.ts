import { type Exercise, lesson11 } from 'attention';
import { describe, expect, test } from 'vitest';
import { marks, stub } from '../marks';

describe('the exercises of lesson 11', () => {
  test('11.1 accepts the right numbers, and tells what went wrong', () => {
    const right = { bits: 1.75, floor: 0.5, honest: 'B, C' };
    expect(marks(lesson11.pencil, right)).toBe('✓✓✓');
    expect(marks(lesson11.pencil, { ...right, bits: 7 })).toBe('✗✓✓');
    expect(marks(lesson11.pencil, { ...right, bits: 1.213 })).toBe('✗✓✓');
    expect(marks(lesson11.pencil, { ...right, floor: 10 })).toBe('✓✗✓');
    expect(marks(lesson11.pencil, { ...right, honest: 'A' })).toBe('✓✓✗');
    expect(marks(lesson11.pencil, { ...right, honest: 'c' })).toBe('✓✓✗');
    expect(marks(lesson11.pencil, { ...right, honest: 'c and B' })).toBe('✓✓✗');
    expect(marks(lesson11.pencil, { ...right, honest: 'cb' })).toBe('✓✓✓');
    expect(marks(lesson11.pencil)).toBe('○○○');
  });

  test('11.2 accepts the lists, and tells the classic mistakes apart', () => {
    type Seen = typeof lesson11.seen extends Exercise<infer T> ? T : never;
    const list =
      (
        from: (i: number, b: number, m: number) => number,
        to: (i: number, b: number) => number,
      ): Seen =>
      (i, b, m) => {
        const first = from(i, b, m);
        return Array.from({ length: Math.max(0, to(i, b) - first + 1) }, (_, c) => first + c);
      };
    const start = (i: number, b: number, m: number) => Math.max(0, b * Math.floor(i / b) - m);
    const itself = (i: number) => i;
    const marked = (...ends: Parameters<typeof list>) => marks(lesson11.seen, list(...ends));
    expect(marked(start, itself)).toBe('✓✓✓✓✓');
    expect(marks(lesson11.seen, (i, b, m) => list(start, itself)(i, b, m).reverse())).toBe('✓✓✓✓✓');
    expect(marked(start, (i) => i - 1)).toBe('✗✗✗✗✗');
    expect(marked(start, (i, b) => b * Math.floor(i / b) + b - 1)).toBe('✗✗✗✗✗');
    expect(marked((i, _, m) => Math.max(0, i - m), itself)).toBe('✓✗✗✓✗');
    expect(marked((i, b, m) => b * Math.floor(i / b) - m, itself)).toBe('✗✓✓✗✗');
    expect(marked((i, b) => b * Math.floor(i / b), itself)).toBe('✓✓✗✗✗');
    expect(marked((i, b) => b * Math.max(0, Math.floor(i / b) - 1), itself)).toBe('✓✗✗✓✗');
    expect(marks(lesson11.seen, stub)).toBe('○○○○○');
  });

  test('11.3 accepts the counts, and tells what was forgotten', () => {
    type Made = typeof lesson11.made extends Exercise<infer T> ? T : never;
    const right: Made = ([h, w], [hq, wq], [hm, wm]) => ({
      full: (h * w) ** 2,
      rows: h * w * (hq * wq + hm * w),
      rectangles: h * w * (hq + hm) * (wq + 2 * wm),
    });
    const marked = (change: (...sizes: Parameters<Made>) => Partial<ReturnType<Made>>) =>
      marks(lesson11.made, (...sizes) => ({ ...right(...sizes), ...change(...sizes) }));
    expect(marked(() => ({}))).toBe('✓✓✓');
    expect(marked(([h, w]) => ({ full: (h * w * (h * w + 1)) / 2 }))).toBe('✗✓✓');
    expect(marked(([h, w], [hq, wq]) => ({ rows: h * w * hq * wq }))).toBe('✓✗✓');
    expect(
      marked(([h, w], [hq, wq], [hm, wm]) => ({ rectangles: h * w * (hq + hm) * (wq + wm) })),
    ).toBe('✓✓✗');
    expect(
      marked(([h, w], [hq, wq], [hm, wm]) => ({
        rectangles: h * w * (hq + 2 * hm) * (wq + 2 * wm),
      })),
    ).toBe('✓✓✗');
    expect(marks(lesson11.made, stub)).toBe('○○○');
  });
});
