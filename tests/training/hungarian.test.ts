import { hungarian } from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { golden } from '../golden/golden';

const total = (cost: number[][], pairs: [number, number][]) =>
  pairs.reduce((sum, [i, j]) => sum + cost[i][j], 0);

/** The least cost by trying everything: rows ≤ columns. */
function cheapest(cost: number[][], row = 0, taken: number[] = []): number {
  if (row === cost.length) return 0;
  return Math.min(
    ...cost[row].map((value, column) =>
      taken.includes(column)
        ? Number.POSITIVE_INFINITY
        : value + cheapest(cost, row + 1, [...taken, column]),
    ),
  );
}

const matrices = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 6 }))
  .chain(([rows, columns]) =>
    fc.array(
      fc.array(fc.integer({ min: -9, max: 9 }), { minLength: columns, maxLength: columns }),
      { minLength: rows, maxLength: rows },
    ),
  );

describe('hungarian', () => {
  test.each(golden<any>('hungarian'))('agrees with scipy, case %#', ({ cost, pairs }) => {
    expect(hungarian(cost)).toEqual(pairs);
  });

  test('is as cheap as the best of all pairings, with many equal costs', () => {
    fc.assert(
      fc.property(matrices, (cost) => {
        const flipped = cost[0].map((_, j) => cost.map((row) => row[j]));
        const wide = cost.length <= cost[0].length;
        expect(total(cost, hungarian(cost))).toBe(cheapest(wide ? cost : flipped));
      }),
      { numRuns: 300 },
    );
  });

  test('pairs every row or every column, none twice, in the order of rows', () => {
    fc.assert(
      fc.property(matrices, (cost) => {
        const pairs = hungarian(cost);
        expect(pairs.length).toBe(Math.min(cost.length, cost[0].length));
        expect(new Set(pairs.map(([, j]) => j)).size).toBe(pairs.length);
        expect(pairs.every(([i], at) => at === 0 || i > pairs[at - 1][0])).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  test('pairs nothing with nothing', () => {
    expect(hungarian([])).toEqual([]);
    expect(hungarian([[], []])).toEqual([]);
  });

  test('takes 200 × 200 in less than two seconds', () => {
    const n = 200;
    const cost = Array.from({ length: n }, (_, i) =>
      Array.from({ length: n }, (_, j) => ((i * 7919 + j * 104729) % 1000) / 1000),
    );
    const start = performance.now();
    expect(hungarian(cost).length).toBe(n);
    expect(performance.now() - start).toBeLessThan(2000);
  });

  test.each([
    [[[1, 2], [3]], 'cost: row 0 has 2 columns, row 1 has 1'],
    [[[1, Number.NaN]], 'cost: expected finite numbers, got NaN at [0][1]'],
    [[[Number.POSITIVE_INFINITY]], 'cost: expected finite numbers, got Infinity at [0][0]'],
  ])('refuses %j', (cost, message) => {
    expect(() => hungarian(cost)).toThrow(message);
  });
});
