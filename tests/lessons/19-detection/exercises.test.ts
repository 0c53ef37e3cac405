import { greedyPairs, lesson19 } from 'attention';
import { describe, expect, test } from 'vitest';
import { marks, stub } from '../marks';

describe('the exercises of lesson 19', () => {
  test('19.1 accepts the right numbers, and tells what was forgotten', () => {
    const right = { guesses: [2, 1], best: 5, greedy: 8, giou: -7 / 15, share: 9.3 / 16.3 };
    expect(marks(lesson19.pencil, right)).toBe('✓✓✓✓');
    expect(marks(lesson19.pencil, { ...right, guesses: [1, 0] })).toBe('✗✓✓✓');
    expect(marks(lesson19.pencil, { ...right, best: 8 })).toBe('✗✓✓✓');
    expect(marks(lesson19.pencil, { ...right, greedy: 9 })).toBe('✓✗✓✓');
    expect(marks(lesson19.pencil, { ...right, giou: 0 })).toBe('✓✓✗✓');
    expect(marks(lesson19.pencil, { ...right, share: 0.93 })).toBe('✓✓✓✗');
    expect(marks(lesson19.pencil)).toBe('○○○○');
  });

  test('19.2 accepts any prices that prove the pairing', () => {
    const right = { objects: [3, 2, 1], u: [1, 2, 5], v: [3, 1, 0] };
    expect(marks(lesson19.proof, right)).toBe('✓✓✓✓');
    const shifted = { objects: [3, 2, 1], u: [2, 3, 6], v: [2, 0, -1] };
    expect(marks(lesson19.proof, shifted)).toBe('✓✓✓✓');
    expect(marks(lesson19.proof, { ...right, objects: [1, 2, 3] })).toBe('✓✓✗✗');
    expect(marks(lesson19.proof, { ...right, objects: [2, 1, 0] })).toMatch(/^✗/);
    expect(marks(lesson19.proof, { ...right, v: [4, 1, 0] })).toBe('✓✗✗✓');
    expect(marks(lesson19.proof, { ...right, v: [0, 0, 0] })).toBe('✓✓✗✓');
    expect(marks(lesson19.proof)).toBe('○○○○');
  });

  test('19.3 accepts suppression, and tells the classic mistakes apart', () => {
    type F = (boxes: number[][], scores: number[], threshold: number) => number[];
    const iou = (a: number[], b: number[]) => {
      const along = (k: number) =>
        Math.max(
          0,
          Math.min(a[k] + a[k + 2] / 2, b[k] + b[k + 2] / 2) -
            Math.max(a[k] - a[k + 2] / 2, b[k] - b[k + 2] / 2),
        );
      const both = along(0) * along(1);
      return both / (a[2] * a[3] + b[2] * b[3] - both);
    };
    const order = (scores: number[]) =>
      scores.map((_, i) => i).sort((i, j) => scores[j] - scores[i]);
    const right: F = (boxes, scores, threshold) => {
      const kept: number[] = [];
      for (const i of order(scores))
        if (kept.every((k) => iou(boxes[k], boxes[i]) <= threshold)) kept.push(i);
      return kept;
    };
    const marked = (f: F) => marks(lesson19.suppression, f);
    expect(marked(right)).toBe('✓✓✓✓');
    // All surer boxes suppress, those too that are suppressed themselves.
    const chained: F = (boxes, scores, threshold) =>
      order(scores).filter((i, at, all) =>
        all.slice(0, at).every((k) => iou(boxes[k], boxes[i]) <= threshold),
      );
    expect(marked(chained)).toBe('✓✓✗✓');
    expect(marked((boxes, scores, threshold) => right(boxes, scores, threshold).reverse())).toBe(
      '✗✗✗✗',
    );
    expect(marked((boxes, scores) => right(boxes, scores, 0.5))).toBe('✓✓✗✗');
    expect(marked((boxes, scores) => order(scores).slice(0, boxes.length))).toBe('✓✗✗✗');
    const unsorted: F = (boxes, scores, threshold) =>
      right(
        boxes,
        scores.map((_, i) => -i),
        threshold,
      );
    expect(marked(unsorted)).toBe('✗✗✓✗');
    expect(marks(lesson19.suppression, stub)).toBe('○○○○');
  });

  test('19.4 compares greed with the best', () => {
    const marked = (cost: number[][]) => marks(lesson19.greed, cost);
    const table = (a: number, b: number) => [
      [a, b, 20],
      [b, 20, 20],
      [20, 20, 1],
    ];
    expect(marked(table(1, 1))).toBe('✓✓✓✓'); // 1 + 20 + 1 against 1 + 1 + 1
    expect(marked(table(1, 2))).toBe('✓✓✓✗'); // 22 against 5
    expect(marked(table(3, 5))).toBe('✓✓✗✗');
    expect(marked(table(9, 9.5))).toBe('✗✗✗✗');
    expect(marked([[1], [2], [3]])).toBe('✗✗✗✗');
    expect(marks(lesson19.greed)).toBe('○○○○');
  });

  test('greed takes the cheapest first', () => {
    const cost = [
      [1, 2, 6],
      [2, 7, 8],
      [6, 8, 9],
    ];
    expect(greedyPairs(cost)).toEqual([
      [0, 0],
      [1, 1],
      [2, 2],
    ]);
  });
});
