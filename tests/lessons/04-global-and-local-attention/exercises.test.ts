import { type Exercise, judge, lesson04, loadNumberPairs } from 'attention';
import { describe, expect, test } from 'vitest';
import { marks, stub } from '../marks';

const sum = (list: number[]) => list.reduce((total, x) => total + x, 0);

describe('the exercises of lesson 04', () => {
  test('4.1 accepts the right numbers, and tells what was forgotten', () => {
    const right = { position: 8, keys: [6, 7, 8, 9], sum: 0.587 };
    expect(marks(lesson04.pencil, right)).toBe('✓✓✓');
    expect(marks(lesson04.pencil, { ...right, position: 0.8 })).toBe('✗✓✓');
    expect(marks(lesson04.pencil, { ...right, keys: [6, 7, 8, 9, 10] })).toBe('✓✗✓');
    expect(marks(lesson04.pencil, { ...right, sum: 1 })).toBe('✓✓✗');
    const wide = judge(lesson04.pencil, { ...right, sum: 0.843 });
    expect(wide.lines.join()).toContain('is σ half of D');
    expect(marks(lesson04.pencil)).toBe('○○○');
  });

  type Weights = typeof lesson04.weights extends Exercise<infer T> ? T : never;
  interface Changes {
    centre?: (position: number) => number;
    sigma?: (D: number) => number;
    over?: 'window' | 'all';
    again?: boolean;
    from?: 'position' | 'centre';
  }
  const variant =
    ({
      centre = Math.round,
      sigma = (D) => D / 2,
      over = 'window',
      again = false,
      from = 'position',
    }: Changes): Weights =>
    (scores, position, D) => {
      const inside = scores.map((_, s) => Math.abs(s - centre(position)) <= D);
      const powers = scores.map((e, s) => (over === 'all' || inside[s] ? Math.exp(e) : 0));
      const middle = from === 'position' ? position : centre(position);
      const found = powers.map((power, s) =>
        inside[s]
          ? (power / sum(powers)) * Math.exp(-((s - middle) ** 2) / (2 * sigma(D) ** 2))
          : 0,
      );
      return again ? found.map((x) => x / sum(found)) : found;
    };

  test('4.2 accepts local-p, and tells mistakes apart', () => {
    expect(marks(lesson04.weights, variant({}))).toBe('✓✓✓✓');
    expect(marks(lesson04.weights, variant({ over: 'all' }))).toBe('✓✗✗✗');
    expect(marks(lesson04.weights, variant({ again: true }))).toBe('✓✗✗✗');
    expect(marks(lesson04.weights, variant({ sigma: (D) => D }))).toBe('✓✗✗✗');
    expect(marks(lesson04.weights, variant({ from: 'centre' }))).toBe('✓✓✗✗');
    expect(marks(lesson04.weights, variant({ centre: Math.ceil }))).toBe('✓✓✗✗');
    expect(marks(lesson04.weights, stub)).toBe('○○○○');
  });

  test('4.3 accepts the derivative, and tells mistakes apart', () => {
    const right = (w: number[], v: number[], p: number, sigma: number) =>
      sum(w.map((x, s) => (x * v[s] * (s - p)) / sigma ** 2));
    expect(marks(lesson04.slope, right)).toBe('✓✓✓✓');
    expect(marks(lesson04.slope, (w, v, p, sigma) => -right(w, v, p, sigma))).toBe('✓✗✓✗');
    expect(marks(lesson04.slope, (w, v, p, sigma) => right(w, v, p, sigma) * sigma)).toBe('✓✓✗✓');
    expect(marks(lesson04.slope, () => 0)).toBe('✓✗✗✗');
    expect(marks(lesson04.slope, stub)).toBe('○○○○');
  });

  test('4.4 wants the most words out of reach, and no number has more', () => {
    expect(marks(lesson04.blind, 999_999_999)).toBe('✓✓✓');
    expect(marks(lesson04.blind, 345_678_921)).toBe('✓✓✓');
    expect(marks(lesson04.blind, 21)).toBe('✓✓✗');
    expect(marks(lesson04.blind, 20)).toBe('✓✗✗');
    expect(marks(lesson04.blind, 1.5)[0]).toBe('✗');
    expect(marks(lesson04.blind)).toBe('○○○');
    const ahead = (links: number[]) => links.filter((s, t) => s > t + 1).length;
    const { train } = loadNumberPairs({ count: 2000 });
    const most = Math.max(...train.map(({ links }) => ahead(links)));
    expect(most).toBe(6);
  });
});
