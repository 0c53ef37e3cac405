import { lesson22 } from 'attention';
import { describe, expect, test } from 'vitest';
import { explainedOfSobel } from '../../../src/lessons/22-attention-and-convolution/exercises';
import { marks, stub } from '../marks';

describe('the exercises of lesson 22', () => {
  test('22.1 accepts the right numbers, and tells what was forgotten', () => {
    const right = { weights: [1 / 321, 64 / 321, 256 / 321], last: 2, heads: 49 };
    expect(marks(lesson22.pencil, right)).toBe('✓✓✓');
    expect(marks(lesson22.pencil, { ...right, weights: [1, 64, 256] })).toBe('✗✓✓');
    const linear = [1 / 21, 4 / 21, 16 / 21]; // distances that were not squared
    expect(marks(lesson22.pencil, { ...right, weights: linear })).toBe('✗✓✓');
    expect(marks(lesson22.pencil, { ...right, last: 0, heads: 7 })).toBe('✓✗✗');
    expect(marks(lesson22.pencil)).toBe('○○○');
  });

  test('22.2 accepts clamping, and tells the classic mistakes apart', () => {
    type Corner = (q: number[], shift: number[], height: number, width: number) => number[];
    const marked = (f: Corner) => marks(lesson22.corner, f);
    const clamp = (x: number, size: number) => Math.min(Math.max(x, 0), size - 1);
    expect(marked(([y, x], [a, b], h, w) => [clamp(y + a, h), clamp(x + b, w)])).toBe('✓✓✓✓');
    expect(marked(([y, x], [a, b]) => [y + a, x + b])).toBe('✓✗✗✗');
    const around = ([y, x]: number[], [a, b]: number[], h: number, w: number) => [
      (y + a + h) % h,
      (x + b + w) % w,
    ];
    expect(marked(around)).toBe('✓✗✗✗');
    const stays: Corner = ([y, x], [a, b], h, w) =>
      clamp(y + a, h) === y + a && clamp(x + b, w) === x + b ? [y + a, x + b] : [y, x];
    expect(marked(stays)).toBe('✓✗✗✗');
    expect(marked(([y, x], [a, b], h, w) => [clamp(y + a, w), clamp(x + b, h)])).toBe('✓✓✗✗');
    expect(marks(lesson22.corner, stub)).toBe('○○○○');
  });

  test('22.3 accepts a kernel of heads, and tells the classic mistakes apart', () => {
    type KernelOf = (centres: number[][], W: number[], size: number) => number[][];
    const filled =
      (at: (centre: number[], size: number) => number[], adds = true): KernelOf =>
      (centres, W, size) => {
        const kernel = Array.from({ length: size }, () => Array(size).fill(0));
        centres.forEach((centre, h) => {
          const [y, x] = at(centre, size);
          if (kernel[y]?.[x] !== undefined) kernel[y][x] = W[h] + (adds ? kernel[y][x] : 0);
        });
        return kernel;
      };
    const middle = (size: number) => (size - 1) / 2;
    const marked = (f: KernelOf) => marks(lesson22.kernel, f);
    expect(marked(filled(([y, x], size) => [y + middle(size), x + middle(size)]))).toBe('✓✓✓✓');
    expect(marked(filled(([y, x], size) => [x + middle(size), y + middle(size)]))).toBe('✓✗✗✗');
    expect(marked(filled(([y, x], size) => [middle(size) - y, middle(size) - x]))).toBe('✓✗✗✗');
    expect(marked(filled(([y, x], size) => [y + middle(size), x + middle(size)], false))).toBe(
      '✓✓✗✓',
    );
    expect(marked(filled(([y, x]) => [y + 1, x + 1]))).toBe('✗✓✓✗');
    expect(marks(lesson22.kernel, stub)).toBe('○○○○');
  });

  test('22.4 accepts two heads of opposite sign, and says what they explain', () => {
    const pair = (out: number, alpha: number, W: number) => ({
      centres: [
        [0, out],
        [0, -out],
      ],
      alpha: [alpha, alpha],
      W: [W, -W],
    });
    expect(marks(lesson22.two, pair(0.3, 1, 15.6))).toBe('✓✓✓');
    expect(marks(lesson22.two, pair(1, Math.log(2), 7.5))).toBe('✓✓✗');
    expect(explainedOfSobel(pair(1, Math.log(2), 7.5))).toBeCloseTo(0.773, 2);
    expect(marks(lesson22.two, pair(0.3, 1, -15.6))).toBe('✓✗✗');
    expect(marks(lesson22.two, pair(0.3, -1, 1)).startsWith('✗')).toBe(true);
    const one = { centres: [[0, 1]], alpha: [1], W: [4] };
    expect(marks(lesson22.two, one)).toBe('✗✗✗');
    expect(marks(lesson22.two)).toBe('○○○');
  });

  test('what nine sharp heads explain of a Sobel filter is all of it', () => {
    const at = [-1, 0, 1];
    const centres = at.flatMap((y) => at.map((x) => [y, x]));
    const W = [-1, 0, 1, -2, 0, 2, -1, 0, 1];
    expect(explainedOfSobel({ centres, alpha: Array(9).fill(40), W })).toBeCloseTo(1, 9);
  });
});
