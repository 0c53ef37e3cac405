import {
  multiHeadAttention,
  multiHeadParameters,
  random,
  rotaryPositions,
  splitHeads,
  tf,
  uniform,
} from 'attention';
import { describe, expect, test } from 'vitest';
import { rotaryInHeads } from '../../../src/attention/positions/rotary';
import { difference, expectGradient } from '../../helpers';

describe('rotaryPositions', () => {
  const x = uniform([2, 5, 6], random(4), 1) as tf.Tensor3D;

  test('turns number m together with number m + d/2, by a loop over plain arrays', () => {
    const found = rotaryPositions(x, -2).arraySync() as number[][][];
    (x.arraySync() as number[][][]).forEach((rows, b) => {
      rows.forEach((row, i) => {
        for (let m = 0; m < 3; m++) {
          const angle = (i - 2) * 10000 ** (-2 * (m / 6));
          const [first, second] = [row[m], row[m + 3]];
          expect(found[b][i][m]).toBeCloseTo(first * Math.cos(angle) - second * Math.sin(angle), 5);
          expect(found[b][i][m + 3]).toBeCloseTo(
            first * Math.sin(angle) + second * Math.cos(angle),
            5,
          );
        }
      });
    });
  });

  test('gives dot products that do not change when all positions move on', () => {
    const products = (start: number) => {
      const y = rotaryPositions(x, start);
      return tf.matMul(y, y, false, true);
    };
    expect(difference(products(0), products(37))).toBeLessThan(1e-4);
  });

  test('is the same in heads that stand side by side', () => {
    const [length, heads, d] = [5, 3, 4];
    const side = uniform([2, length, heads * d], random(5), 1);
    expect(
      difference(
        splitHeads(rotaryInHeads(side, heads, 7), heads),
        rotaryPositions(splitHeads(side, heads), 7),
      ),
    ).toBeLessThan(1e-5);
    expect(() => rotaryInHeads(side, 4)).toThrow('expected an even depth, got 3');
  });

  test('is refused in heads of an odd depth, whichever way attention goes', () => {
    const [x, y] = [uniform([1, 3, 6], random(8), 1), uniform([1, 4, 6], random(9), 1)];
    const W = multiHeadParameters({ dModel: 6 }, random(1));
    for (const keys of [x, y])
      expect(() => multiHeadAttention(x, keys, keys, W, { heads: 2, rotary: true })).toThrow(
        'rotary positions: expected an even depth, got 3',
      );
  });

  test('has the gradient of a finite difference', () => {
    const weights = uniform([2, 5, 6], random(6), 1);
    expectGradient((y) => tf.sum(tf.mul(rotaryPositions(y, 3), weights)), [x]);
  });

  test('refuses an odd depth', () => {
    expect(() => rotaryPositions(tf.zeros([2, 3]))).toThrow('expected an even depth, got 3');
  });
});
