import { type Exercise, lesson16 } from 'attention';
import { describe, expect, test } from 'vitest';
import { marks, stub } from '../marks';

const positions = (n: number) => Array.from({ length: n }, (_, i) => i);

describe('the exercises of lesson 16', () => {
  test('16.1 accepts the right sets and paths, and tells what went wrong', () => {
    const right = { strided: [2, 6, 10], fixed: [3, 7], paths: [2, 1, 0] };
    expect(marks(lesson16.pencil, right)).toBe('✓✓✓✓');
    expect(marks(lesson16.pencil, { ...right, strided: [10, 6, 2] })).toBe('✓✓✓✓');
    expect(marks(lesson16.pencil, { ...right, strided: [2, 6] })).toBe('✗✓✓✓'); // not itself
    expect(marks(lesson16.pencil, { ...right, strided: [3, 7] })).toBe('✗✓✓✓');
    expect(marks(lesson16.pencil, { ...right, fixed: [3, 7, 11] })).toBe('✓✗✓✓'); // later
    expect(marks(lesson16.pencil, { ...right, fixed: [4, 8] })).toBe('✓✗✓✓'); // counted from 1
    expect(marks(lesson16.pencil, { ...right, paths: [1, 1, 0] })).toBe('✓✓✗✓'); // l keys
    expect(marks(lesson16.pencil, { ...right, paths: [2, 1, 1] })).toBe('✓✓✓✗'); // residual
    expect(marks(lesson16.pencil)).toBe('○○○○');
  });

  type Layers = typeof lesson16.layers extends Exercise<infer T> ? T : never;
  const needed =
    ({ stays = true, turned = false, never = 0 } = {}): Layers =>
    (layers) => {
      let known = layers[0].map((_, i) => new Set([i]));
      const order = turned ? [...layers].reverse() : layers;
      for (const [r, layer] of order.entries()) {
        known = layer.map(
          (keys, i) => new Set((stays ? [i, ...keys] : keys).flatMap((j) => [...known[j]])),
        );
        if (known.every((set, i) => set.size === i + 1)) return r + 1;
      }
      return never;
    };

  test('16.2 accepts the number of layers, and tells the classic mistakes apart', () => {
    expect(marks(lesson16.layers, needed())).toBe('✓✓✓✓✓');
    expect(marks(lesson16.layers, needed({ stays: false }))[2]).toBe('✗');
    expect(marks(lesson16.layers, needed({ turned: true }))[3]).toBe('✗');
    expect(marks(lesson16.layers, needed({ never: Number.POSITIVE_INFINITY }))).toBe('✓✓✓✓✗');
    expect(marks(lesson16.layers, (layers) => layers.length)).toBe('✓✗✗✗✗');
    expect(marks(lesson16.layers, () => 2)).toBe('✗✗✗✗✗');
    expect(marks(lesson16.layers, stub)).toBe('○○○○○');
  });

  test('16.3 accepts the counted stride, and tells a derived one', () => {
    type Stride = typeof lesson16.stride extends Exercise<infer T> ? T : never;
    const least =
      (pairs: (n: number, l: number, c: number) => number): Stride =>
      (n, c) => {
        const all = positions(n + 1).slice(c);
        return all.reduce((best, l) => (pairs(n, l, c) < pairs(n, best, c) ? l : best));
      };
    const keys = (n: number, of: (i: number) => number) =>
      positions(n).reduce((sum, i) => sum + of(i), 0);
    const seen = (i: number, l: number, c: number) =>
      positions(i + 1).filter((j) => Math.floor(j / l) === Math.floor(i / l) || j % l >= l - c);
    expect(
      marks(
        lesson16.stride,
        least((n, l, c) => keys(n, (i) => seen(i, l, c).length)),
      ),
    ).toBe('✓✓✓✓');
    expect(marks(lesson16.stride, (n, c) => Math.round(Math.sqrt(c * n)))).toBe('✓✓✗✓');
    const twice = least((n, l, c) =>
      keys(n, (i) => (i % l) + 1 + positions(i + 1).filter((j) => j % l >= l - c).length),
    );
    expect(marks(lesson16.stride, twice)).toContain('✗');
    expect(marks(lesson16.stride, (n) => Math.round(Math.sqrt(n)))).toContain('✗');
    expect(marks(lesson16.stride, stub)).toBe('○○○○');
  });
});
