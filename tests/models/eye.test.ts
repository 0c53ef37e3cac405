import { annotate, eyeParameters, random, tf, uniform } from 'attention';
import { describe, expect, test } from 'vitest';
import { difference, expectNoLeak, expectRefusal } from '../helpers';

const parameters = eyeParameters(8, random(1));
const pictures = uniform([2, 12, 18, 1], random(2), 1);

describe('annotate', () => {
  test('gives a vector for each 6 × 6 pixels, and where it stands', () => {
    const a = annotate(pictures, parameters);
    expect(a.shape).toEqual([2, 6, 10]);
    const where = a.slice([1, 0, 8], [1, 6, 2]).arraySync()[0];
    const third = 2 / 3;
    const wanted = [-1 / 2, 1 / 2].flatMap((row) =>
      [-third, 0, third].map((column) => [row, column]),
    );
    wanted.forEach((pair, i) => {
      pair.forEach((x, c) => {
        expect(where[i][c]).toBeCloseTo(x, 6);
      });
    });
  });

  test('sees 14 × 14 pixels: its own 6 × 6, and four more on each side', () => {
    const wide = uniform([1, 36, 36, 1], random(3), 1);
    const before = annotate(wide, parameters);
    const moved = (row: number, column: number) =>
      tf.tidy(() => {
        const one = tf.buffer([1, 36, 36, 1]);
        one.set(5, 0, row, column, 0);
        const after = annotate(tf.add(wide, one.toTensor()), parameters);
        const changed = tf.max(tf.abs(tf.sub(after, before)), 2).dataSync();
        return [...changed.keys()].filter((i) => changed[i] > 0);
      });
    const seers = [...Array(36).keys()].map((i) => new Set(moved(14, i)));
    // location 14 (row 2, column 2) has the columns 12 … 17
    seers.forEach((who, column) => {
      if (column < 8 || column > 21) expect(who.has(14)).toBe(false);
    });
    expect(seers.slice(8, 22).filter((who) => who.has(14)).length).toBeGreaterThan(6);
  });

  test('leaves no tensor, and refuses pictures that do not fit', () => {
    expectNoLeak(() => annotate(pictures, parameters).dispose());
    const odd = tf.zeros([1, 12, 13, 1]);
    expectRefusal(() => annotate(odd, parameters), 'multiples of 6 pixels, got 12 × 13');
  });

  test('gives the same alone and in a batch', () => {
    const both = annotate(pictures, parameters);
    const alone = annotate(pictures.slice([1], [1]), parameters);
    expect(difference(both.slice([1], [1]), alone)).toBeLessThan(1e-6);
  });
});
