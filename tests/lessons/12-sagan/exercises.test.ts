import { lesson12 } from 'attention';
import { describe, expect, test } from 'vitest';
import { ring } from '../../../src/lessons/12-sagan/exercises';
import { marks, stub } from '../marks';

describe('the exercises of lesson 12', () => {
  test('12.1 accepts the right numbers, and tells what was forgotten', () => {
    const right = { weights: [1 / 7, 2 / 7, 4 / 7], y: 12 / 7, slope: 10 / 7 };
    expect(marks(lesson12.pencil, right)).toBe('✓✓✓');
    expect(marks(lesson12.pencil, { ...right, weights: [1, 2, 4] })).toBe('✗✓✓');
    expect(marks(lesson12.pencil, { ...right, y: 5 / 7 })).toBe('✓✗✓'); // without x
    expect(marks(lesson12.pencil, { ...right, y: 10 / 7, slope: 0 })).toBe('✓✗✗');
    expect(marks(lesson12.pencil)).toBe('○○○');
  });

  test('12.2 accepts 1 + Σ (size − 1) · strides before, and tells the classic mistakes apart', () => {
    type Layers = { size: number; stride: number }[];
    const marked = (f: (layers: Layers) => number) => marks(lesson12.sight, f);
    const right = (layers: Layers) => {
      let [pixels, step] = [1, 1];
      for (const { size, stride } of layers) {
        pixels += (size - 1) * step;
        step *= stride;
      }
      return pixels;
    };
    expect(marked(right)).toBe('✓✓✓✓');
    expect(marked((layers) => 1 + layers.reduce((sum, { size }) => sum + size - 1, 0))).toBe(
      '✓✓✗✓',
    );
    expect(marked((layers) => layers.reduce((sum, { size }) => sum + size, 0))).toBe('✓✗✗✗');
    const early = (layers: Layers) => {
      let [pixels, step] = [1, 1];
      for (const { size, stride } of layers) {
        step *= stride;
        pixels += (size - 1) * step;
      }
      return pixels;
    };
    expect(marked(early)).toBe('✗✓✗✗');
    const backwards = (layers: Layers) => right([...layers].reverse());
    expect(marked(backwards)).toBe('✓✓✗✗');
    expect(marks(lesson12.sight, stub)).toBe('○○○○');
  });

  test('12.3 accepts power iteration, and tells eigenvalues and entries from stretches', () => {
    const marked = (f: (W: number[][]) => number) => marks(lesson12.stretch, f);
    const iterated = (steps: number) => (W: number[][]) => {
      let x = W[0].map((_, i) => 1 + i / 10);
      let sigma = 0;
      for (let k = 0; k < steps; k++) {
        const length = Math.hypot(...x) || 1;
        const y = W.map((row) => row.reduce((sum, w, i) => sum + (w * x[i]) / length, 0));
        sigma = Math.hypot(...y);
        x = W[0].map((_, i) => W.reduce((sum, row, k2) => sum + row[i] * y[k2], 0));
      }
      return sigma;
    };
    expect(marked(iterated(300))).toBe('✓✓✓✓');
    expect(marked(iterated(2))[3]).toBe('✗');
    expect(marked((W) => Math.hypot(...W.flat()))).toBe('✗✗✓✗'); // Frobenius
    expect(marked((W) => Math.max(...W.flat().map(Math.abs)))).toBe('✓✗✗✗');
    const square = (W: number[][]) => {
      const [a, b, c, d] = [W[0][0], W[0][1] ?? 0, W[1]?.[0] ?? 0, W[1]?.[1] ?? 0];
      const root = Math.sqrt(Math.max(0, ((a - d) / 2) ** 2 + b * c));
      return Math.max(Math.abs((a + d) / 2 + root), Math.abs((a + d) / 2 - root));
    };
    expect(marked(square)).toBe('✓✗✗✗'); // eigenvalues
    expect(marks(lesson12.stretch, stub)).toBe('○○○○');
  });

  test('12.4 accepts points that only share mean and covariance with the ring', () => {
    const a = Math.sqrt((6 / 11) * (9 / 2));
    const cross = [
      [a, 0],
      [-a, 0],
      [0, a],
      [0, -a],
    ];
    const zeros = Array.from({ length: 6 }, () => [0, 0]);
    expect(marks(lesson12.fool, [...cross, ...zeros])).toBe('✓✓✓');
    expect(marks(lesson12.fool, ring)).toBe('✓✓✗');
    expect(marks(lesson12.fool, zeros)).toBe('✓✗✓');
    expect(marks(lesson12.fool, [[0, 0]])).toBe('✗✗✗');
    expect(marks(lesson12.fool)).toBe('○○○');
  });
});
