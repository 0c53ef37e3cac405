import { lesson20 } from 'attention';
import { describe, expect, test } from 'vitest';
import { marks, stub } from '../marks';

describe('the exercises of lesson 20', () => {
  test('20.1 accepts the right numbers, and tells what was forgotten', () => {
    const bold = [1 / 35, 2 / 35, 32 / 35];
    const powers = [1, 2 ** 0.2, 2];
    const timid = powers.map((p) => p / (3 + 2 ** 0.2));
    const right = { bold, timid, apart: [2, 32] };
    expect(marks(lesson20.pencil, right)).toBe('✓✓✓');
    expect(marks(lesson20.pencil, { ...right, apart: [32, 2] })).toBe('✓✓✓');
    expect(marks(lesson20.pencil, { ...right, timid: bold })).toBe('✓✗✓');
    expect(marks(lesson20.pencil, { ...right, bold: [1, 2, 32] })).toBe('✗✓✓');
    expect(marks(lesson20.pencil, { ...right, bold: timid })).toBe('✗✓✓');
    expect(marks(lesson20.pencil, { ...right, apart: [0, 32] })).toBe('✓✓✗');
    expect(marks(lesson20.pencil)).toBe('○○○');
  });

  test('20.2 accepts edges in any order, and tells the classic mistakes apart', () => {
    const edges =
      (pair: (i: number, j: number) => number[], seen: (x: number) => boolean = (x) => x === 1) =>
      (mask: number[][]) => {
        const pairs = mask.flatMap((row, i) =>
          row.flatMap((x, j) => (seen(x) ? [pair(i, j)] : [])),
        );
        return [pairs.map(([a]) => a), pairs.map(([, b]) => b)];
      };
    const marked = (f: (mask: number[][]) => number[][]) => marks(lesson20.edges, f);
    const right = edges((i, j) => [j, i]);
    expect(marked(right)).toBe('✓✓✓✓');
    expect(marked((mask) => right(mask).map((row) => row.reverse()))).toBe('✓✓✓✓');
    expect(marked(edges((i, j) => [i, j]))).toBe('✓✗✗✗');
    expect(
      marked(
        edges(
          (i, j) => [j, i],
          () => true,
        ),
      ),
    ).toBe('✗✗✗✗');
    expect(marked(edges((i, j) => [j + 1, i + 1]))).toBe('✓✗✗✗');
    const square = (mask: number[][]) => right(mask.map((row) => row.slice(0, mask.length)));
    expect(marked(square)).toBe('✓✓✓✗');
    expect(marks(lesson20.edges, stub)).toBe('○○○○');
  });

  test('20.3 accepts two hidden units, and tells what is ranked otherwise', () => {
    const unit = (q: number, k: number, a: number) => ({
      W: [
        [q, -k],
        [-q, k],
      ],
      a: [a, a],
    });
    const right = { farthest: unit(1, 1, 1), double: unit(2, 1, -1) };
    expect(marks(lesson20.units, right)).toBe('✓✓✓');
    expect(marks(lesson20.units, { ...right, farthest: unit(1, 1, -1) })).toBe('✗✓✓');
    expect(marks(lesson20.units, { ...right, double: unit(1, 2, -1) })).toBe('✓✗✗');
    expect(marks(lesson20.units, { ...right, double: { W: [[2, -1]], a: [-1] } })).toBe('✓✗✗');
    const three = { W: [...unit(1, 1, 1).W, [0, 0]], a: [1, 1, 0] };
    expect(marks(lesson20.units, { ...right, farthest: three })).toBe('✗✓✓');
    expect(marks(lesson20.units)).toBe('○○○');
  });

  test('20.4 accepts two heads that answer three queries, and no single one twice', () => {
    const t = [
      [10, 0, 9],
      [0, 10, 9],
    ];
    const right = {
      t,
      s: [
        [0, -20, -20],
        [-20, 0, -20],
      ],
    };
    expect(marks(lesson20.twoHeads, right)).toBe('✓✓✓');
    const level = { t, s: [Array(3).fill(0), Array(3).fill(0)] };
    expect(marks(lesson20.twoHeads, level)).toBe('✓✗✗');
    const twice = { t: [t[0], t[0]], s: right.s };
    expect(marks(lesson20.twoHeads, twice)).toBe('✓✗✗');
    const first = { t, s: [right.s[0].map(() => 0), right.s[1]] };
    expect(marks(lesson20.twoHeads, first)).toMatch(/^✓.✗$/);
    expect(marks(lesson20.twoHeads, { t: [t[0]], s: [right.s[0]] })).toBe('✗✗✗');
    expect(marks(lesson20.twoHeads)).toBe('○○○');
  });
});
