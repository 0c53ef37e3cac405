import { axialPositionParameters, axialPositions, random, tf, uniform } from 'attention';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../golden/golden';
import { expectNoLeak } from '../helpers';

describe('axialPositions', () => {
  test.each(golden<any>('axial-positions'))('agrees with HF transformers, case %#', (example) => {
    expectGolden(example, ({ rows, columns }, { length }) => ({
      positions: axialPositions([rows, columns], length),
    }));
  });

  test('counts along three axes as along the digits of a number', () => {
    const tables = [2, 3, 4].map((n) => tf.range(0, n).reshape([n, 1]));
    const digits = axialPositions(tables).arraySync();
    digits.forEach(([a, b, c], p) => expect((a * 3 + b) * 4 + c).toBe(p));
    expect(digits).toHaveLength(24);
  });

  test('with one axis is an ordinary table of learned positions', () => {
    const table = uniform([5, 3], random(1), 1);
    expect(axialPositions([table], 4).arraySync()).toEqual(table.slice([0, 0], [4, 3]).arraySync());
  });

  test('keeps no tensor but what it returns', () => {
    const tables = axialPositionParameters({ shape: [2, 3], depths: [1, 2] }, random(1));
    expectNoLeak(() => axialPositions(tables, 5).dispose());
  });

  test('refuses more positions than there are, and axes without depth', () => {
    const tables = axialPositionParameters({ shape: [2, 3], depths: [1, 2] }, random(1));
    expect(() => axialPositions(tables, 7)).toThrow('length: expected 1…6 (2 · 3), got 7');
    expect(() => axialPositionParameters({ shape: [2, 3], depths: [1] }, random(1))).toThrow(
      'expected a depth for each axis, got 2 axes, 1 depths',
    );
  });
});
