import { lesson21 } from 'attention';
import { describe, expect, test } from 'vitest';
import { saysOfSet } from '../../../src/lessons/21-three-dimensions/exercises';
import { marks, stub } from '../marks';

describe('the exercises of lesson 21', () => {
  test('21.1 accepts the right numbers, and tells what was forgotten', () => {
    const right = { pooled: 13 / 3, doubled: 13 / 3, largest: 5, weights: 64000, from: 33 };
    expect(marks(lesson21.pencil, right)).toBe('✓✓✓✓✓');
    expect(marks(lesson21.pencil, { ...right, pooled: 11 / 3 })).toBe('✗✓✓✓✓');
    expect(marks(lesson21.pencil, { ...right, doubled: 26 / 3 })).toBe('✓✗✓✓✓');
    expect(marks(lesson21.pencil, { ...right, largest: 13 / 3, weights: 32000 })).toBe('✓✓✗✗✓');
    expect(marks(lesson21.pencil, { ...right, from: 32 })).toBe('✓✓✓✓✗');
    expect(marks(lesson21.pencil)).toBe('○○○○○');
  });

  test('21.2 accepts farthest point sampling, and tells the classic mistakes apart', () => {
    type Distance = (a: number[], b: number[]) => number;
    const straight: Distance = (a, b) => Math.hypot(...a.map((x, i) => x - b[i]));
    const sampled =
      (distance: Distance, of: (distances: number[]) => number, last = false) =>
      (points: number[][], count: number) => {
        const taken = [0];
        while (taken.length < count) {
          let [best, far] = [-1, -1];
          points.forEach((p, i) => {
            if (taken.includes(i)) return;
            const d = of(taken.map((j) => distance(p, points[j])));
            const better = last ? d >= far : d > far;
            if (better) [best, far] = [i, d];
          });
          taken.push(best);
        }
        return taken;
      };
    const least = (d: number[]) => Math.min(...d);
    const marked = (f: (points: number[][], count: number) => number[]) =>
      marks(lesson21.farthest, f);
    expect(marked(sampled(straight, least))).toBe('✓✓✓✓');
    expect(marked(sampled(straight, (d) => d[d.length - 1]))[1]).toBe('✗');
    expect(marked(sampled(straight, (d) => d.reduce((a, b) => a + b)))[1]).toBe('✗');
    const along: Distance = (a, b) => a.reduce((s, x, i) => s + Math.abs(x - b[i]), 0);
    const axis: Distance = (a, b) => Math.max(...a.map((x, i) => Math.abs(x - b[i])));
    expect(marked(sampled(along, least))[2]).toBe('✗');
    expect(marked(sampled(axis, least))[2]).toBe('✗');
    expect(marked(sampled(straight, least, true))[3]).toBe('✗');
    expect(marks(lesson21.farthest, stub)).toBe('○○○○');
  });

  test('21.3 accepts equal shares, and nothing else', () => {
    const marked = (one: number[], other: number[]) => marks(lesson21.twins, { one, other });
    expect(marked([1, 1, 5, 5, 9, 9], [1, 1, 1, 5, 5, 5, 9, 9, 9])).toBe('✓✓✓✓');
    expect(marked([1, 5, 9], [1, 1, 5, 5, 9, 9])).toBe('✓✓✗✓');
    expect(marked([1, 5, 9, 9], [1, 5, 9, 1, 5, 9])).toBe('✓✓✓✗');
    expect(marked([1, 5, 9], [9, 5, 1])).toBe('✓✗✗✓');
    expect(marked([1, 1, 5, 5], [1, 1, 1, 5, 5, 5])[0]).toBe('✗');
    expect(marked([-1, 0, 1, -1, 0, 1], [-1, 0, 1, -1, 0, 1, -1, 0, 1])[1]).toBe('✗');
    expect(marked([], [1])[0]).toBe('✗');
    expect(marks(lesson21.twins)).toBe('○○○○');
  });

  test('a Set Transformer of random parameters says other things of other sets', () => {
    expect(Math.abs(saysOfSet([1, 5, 9], 1) - saysOfSet([1, 5, 8], 1))).toBeGreaterThan(1e-4);
  });

  test('21.4 accepts the sharpness, and tells the classic mistakes apart', () => {
    type Sharp = (n: number, gap: number, error: number) => number;
    const marked = (f: Sharp) => marks(lesson21.sharp, f);
    const exact: Sharp = (n, gap, error) =>
      gap <= error ? 0 : Math.max(0, Math.log(((n - 1) * (gap - error)) / error) / gap);
    expect(marked(exact)).toBe('✓✓✓');
    expect(marked((n, gap, error) => (n - 1) / (Math.E * error) / gap)).toBe('✗✗✗');
    const below: Sharp = (n, gap, error) => Math.log(((n - 1) * gap) / error) / gap;
    expect(marked(below)).toBe('✗✗✗');
    const negative: Sharp = (n, gap, error) => Math.log(((n - 1) * (gap - error)) / error) / gap;
    expect(marked(negative)).toBe('✓✓✗');
    expect(marked((n, gap, error) => exact(2, gap, error) * (n - 1))).toBe('✓✗✓');
    expect(marks(lesson21.sharp, stub)).toBe('○○○');
  });
});
