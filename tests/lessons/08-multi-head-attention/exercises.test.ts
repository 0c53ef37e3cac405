import { lesson08 } from 'attention';
import { describe, expect, test } from 'vitest';
import { marks, stub } from '../marks';

describe('the exercises of lesson 08', () => {
  test('8.1 accepts the right numbers and leads on from wrong ones', () => {
    expect(marks(lesson08.pencil, { head1: 5, head2: 12, output: [5, 29] })).toBe('✓✓✓');
    expect(marks(lesson08.pencil, { head1: 7, head2: 12, output: [7, 31] })).toBe('✗✓✓');
    expect(marks(lesson08.pencil, { head1: 5, head2: 12, output: [17, 24] })).toBe('✓✓✗');
    expect(marks(lesson08.pencil)).toBe('○○○');
  });

  test('8.2 accepts a split by columns, and tells a mere reshape apart', () => {
    type Split = (x: number[][], heads: number) => number[][][];
    const right: Split = (x, heads) => {
      const dHead = x[0].length / heads;
      return Array.from({ length: heads }, (_, h) =>
        x.map((row) => row.slice(h * dHead, (h + 1) * dHead)),
      );
    };
    const reshaped: Split = (x, heads) => {
      const dHead = x[0].length / heads;
      const flat = x.flat();
      return Array.from({ length: heads }, (_, h) =>
        x.map((_, i) => flat.slice((h * x.length + i) * dHead, (h * x.length + i + 1) * dHead)),
      );
    };
    const everyOther: Split = (x, heads) =>
      Array.from({ length: heads }, (_, h) =>
        x.map((row) => row.filter((_, column) => column % heads === h)),
      );
    const notTransposed: Split = (x, heads) =>
      x.map((row) => right([row], heads).map((head) => head[0]));
    expect(marks(lesson08.split, right)).toBe('✓✓✓✓');
    expect(marks(lesson08.split, reshaped)).toBe('✓✓✗✗');
    expect(marks(lesson08.split, everyOther)).toBe('✓✓✓✗');
    expect(marks(lesson08.split, notTransposed)[0]).toBe('✗');
    expect(marks(lesson08.split, stub)).toBe('○○○○');
  });

  test('8.3 accepts the share of each head, and neither columns of W^O nor the running output', () => {
    type Shares = (heads: number[][], WO: number[][]) => number[][];
    const product = (x: number[], M: number[][]) =>
      M[0].map((_, d) => x.reduce((sum, value, row) => sum + value * M[row][d], 0));
    const right: Shares = (heads, WO) =>
      heads.map((head, h) => product(head, WO.slice(h * head.length, (h + 1) * head.length)));
    const firstRows: Shares = (heads, WO) => heads.map((head) => product(head, WO));
    const running: Shares = (heads, WO) =>
      right(heads, WO).map((_, h, all) =>
        all[0].map((_, d) => all.slice(0, h + 1).reduce((sum, share) => sum + share[d], 0)),
      );
    const even: Shares = (heads, WO) =>
      heads.map(() => product(heads.flat(), WO).map((x) => x / heads.length));
    expect(marks(lesson08.shares, right)).toBe('✓✓✓✓');
    expect(marks(lesson08.shares, firstRows)).toBe('✓✗✓✗');
    expect(marks(lesson08.shares, running)).toBe('✓✗✓✗');
    expect(marks(lesson08.shares, even)).toBe('✓✓✗✗');
    expect(marks(lesson08.shares, stub)).toBe('○○○○');
  });

  test('8.4 ranks a layout among heads that learned and among all layouts', () => {
    const best = [-2, -1, 1, 2];
    expect(marks(lesson08.layout, { offsets: best, right: 0.3 })).toBe('✓✓✓✓');
    expect(marks(lesson08.layout, { offsets: [-1, 1, 2, 3], right: 0.294 })).toBe('✓✓✓✗');
    expect(marks(lesson08.layout, { offsets: [-1, 1, 3, 4], right: 0.283 })).toBe('✓✓✗✗');
    expect(marks(lesson08.layout, { offsets: [1, 2, 3, 4], right: 0.2 })).toBe('✓✗✗✗');
    expect(marks(lesson08.layout, { offsets: [-1, 0, 1, 2], right: 1 })[0]).toBe('✗');
    expect(marks(lesson08.layout, { offsets: [-1, -1, 1, 2], right: 0.3 })[0]).toBe('✗');
    expect(marks(lesson08.layout, { offsets: [-1, 1], right: 0.27 })[0]).toBe('✗');
    expect(marks(lesson08.layout)).toBe('○○○○');
  });
});
