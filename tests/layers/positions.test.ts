import { learnedPositions, positionParameters, random, sinusoidalPositions, tf } from 'attention';
import { describe, expect, test } from 'vitest';
import { expectClose, golden } from '../golden/golden';

describe('sinusoidalPositions', () => {
  test.each(golden<{ positions: never }>('positions'))(
    'agrees with labml-nn, case %#',
    (example) => {
      const [length, dModel] = (example.positions as { shape: number[] }).shape;
      expectClose(sinusoidalPositions(length, dModel), example.positions, 1e-5);
    },
  );

  test('has the same dot product for all positions the same distance apart', () => {
    const rows = sinusoidalPositions(30, 16).arraySync();
    const dot = (i: number, j: number) => rows[i].reduce((sum, x, d) => sum + x * rows[j][d], 0);
    for (const start of [1, 7, 20]) expect(dot(start, start + 5)).toBeCloseTo(dot(0, 5), 4);
  });

  test('takes an odd depth too: the last sine has no cosine', () => {
    expect([...sinusoidalPositions(2, 3).dataSync()].map((x) => +x.toFixed(4))).toEqual([
      0,
      1,
      0,
      +Math.sin(1).toFixed(4),
      +Math.cos(1).toFixed(4),
      +Math.sin(10000 ** (-2 / 3)).toFixed(4),
    ]);
  });
});

describe('learnedPositions', () => {
  const table = positionParameters({ maxLength: 5, dModel: 2 }, random(1));

  test('takes the rows of the table, and sends their gradient back', () => {
    const rows = table.arraySync() as number[][];
    expect(learnedPositions(table, 2, 3).arraySync()).toEqual(rows.slice(3));
    const gradient = tf.grad((t) => tf.sum(learnedPositions(t, 2, 1)))(table);
    expect(gradient.arraySync()).toEqual([
      [0, 0],
      [1, 1],
      [1, 1],
      [0, 0],
      [0, 0],
    ]);
  });

  test('refuses positions that the table does not have', () => {
    const message = 'positions 4…5 are not in a table of 5 rows';
    expect(() => learnedPositions(table, 2, 4)).toThrow(message);
  });
});
