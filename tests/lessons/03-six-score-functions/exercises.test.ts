import { judge, lesson03 } from 'attention';
import { describe, expect, test } from 'vitest';
import { marks, stub } from '../marks';

const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i], 0);
const norm = (a: number[]) => Math.sqrt(dot(a, a));

describe('the exercises of lesson 03', () => {
  test('3.1 accepts the right numbers, and tells what was mistaken', () => {
    const beta = Math.log(4) / 0.4;
    const right = { factor: 3, beta, betaAfter: beta };
    expect(marks(lesson03.pencil, right)).toBe('✓✓✓');
    expect(marks(lesson03.pencil, { ...right, factor: 5 })).toBe('✗✓✓');
    expect(marks(lesson03.pencil, { ...right, beta: 10, betaAfter: 10 })).toBe('✓✗✓');
    expect(marks(lesson03.pencil, { ...right, betaAfter: beta / 3 })).toBe('✓✓✗');
    expect(judge(lesson03.pencil, { ...right, factor: 5 }).lines.join()).toContain('equally long');
    expect(marks(lesson03.pencil)).toBe('○○○');
  });

  const merged = (W1: number[][], W2: number[][]) => W1.map((a) => W2.map((b) => dot(a, b)));
  const cheaper = (n: number) => Math.ceil(n / 2) - 1;

  test('3.2 accepts the merged matrix, and knows its transpose', () => {
    const turned = (W1: number[][], W2: number[][]) => merged(W2, W1);
    expect(marks(lesson03.projections, { merged, cheaper })).toBe('✓✓✓');
    expect(marks(lesson03.projections, { merged: turned, cheaper })).toBe('✗✗✓');
    expect(judge(lesson03.projections, { merged: turned, cheaper }).lines.join()).toContain(
      'transposed',
    );
    const elementwise = (W1: number[][], W2: number[][]) =>
      W1.map((a, i) => a.map((x, c) => x * (W2[i]?.[c] ?? 0)));
    expect(marks(lesson03.projections, { merged: elementwise, cheaper })).toBe('✗✗✓');
    for (const wrong of [
      (n: number) => n / 2,
      (n: number) => Math.floor(n / 2),
      (n: number) => n,
    ]) {
      expect(marks(lesson03.projections, { merged, cheaper: wrong })).toBe('✓✓✗');
    }
    expect(marks(lesson03.projections, { merged: stub, cheaper: stub })).toBe('○○○');
  });

  test('3.3 accepts the gradient of a cosine, and tells its parts apart', () => {
    const gradient = (s: number[], h: number[]) => {
      const cosine = dot(s, h) / (norm(s) * norm(h));
      return h.map((x, a) => (s[a] / norm(s) - (cosine * x) / norm(h)) / norm(h));
    };
    const ofTheDot = (s: number[]) => s;
    const lengthForgotten = (s: number[], h: number[]) => gradient(s, h).map((x) => x * norm(h));
    const byTheQuery = (s: number[], h: number[]) => gradient(h, s);
    const descends = (s: number[], h: number[]) => gradient(s, h).map((x) => -x);
    expect(marks(lesson03.cosineGradient, gradient)).toBe('✓✓✓✓');
    expect(marks(lesson03.cosineGradient, ofTheDot)).toBe('✗✗✗✗');
    expect(marks(lesson03.cosineGradient, lengthForgotten)).toBe('✓✓✗✗');
    expect(marks(lesson03.cosineGradient, byTheQuery)).toBe('✗✓✗✗');
    expect(marks(lesson03.cosineGradient, descends)).toBe('✓✓✓✗');
    expect(marks(lesson03.cosineGradient, (s) => s.map(() => 0))).toBe('✗✓✗✗');
    expect(marks(lesson03.cosineGradient, stub)).toBe('○○○○');
  });

  test('3.4 ranks a seventh score among the six', () => {
    const entry = { logits: [2, 1, 7], others: [20, 22, 24, 26, 28, 40] };
    expect(marks(lesson03.contest, { ...entry, error: 19 })).toBe('✓✓✓✓');
    expect(marks(lesson03.contest, { ...entry, error: 21 })).toBe('✓✓✓✗');
    expect(marks(lesson03.contest, { ...entry, error: 27 })).toBe('✓✓✗✗');
    expect(marks(lesson03.contest, { ...entry, error: 60 })).toBe('✓✗✗✗');
    expect(marks(lesson03.contest, { ...entry, logits: [2, 1, 6], error: 19 })).toBe('✗✓✓✓');
    expect(marks(lesson03.contest)).toBe('○○○○');
  });
});
