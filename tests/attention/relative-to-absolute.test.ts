import { random, relativeToAbsolute, tf, uniform } from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { difference, expectRefusal } from '../compare';
import { expectGradient, expectNoLeak } from '../helpers';

const next = random(17);
const draw = (...shape: number[]) => uniform(shape, next, 1);

describe('relativeToAbsolute', () => {
  test('moves the number of distance j − i to column j', () => {
    const x = tf.tensor2d([
      [-2, -1, 0, 1, 2],
      [-2, -1, 0, 1, 2],
      [-2, -1, 0, 1, 2],
    ]);
    expect(relativeToAbsolute(x).arraySync()).toEqual([
      [0, 1, 2],
      [-1, 0, 1],
      [-2, -1, 0],
    ]);
  });

  test('does so for every row of every length and batch', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 3 }),
        (length, batch) => {
          const x = draw(batch, 2, length, 2 * length - 1);
          const given = x.arraySync() as number[][][][];
          const expected = given.map((heads) =>
            heads.map((rows) =>
              rows.map((row, i) => row.slice(length - 1 - i, 2 * length - 1 - i)),
            ),
          );
          expect(relativeToAbsolute(x).arraySync()).toEqual(expected);
        },
      ),
    );
  });

  test('has the gradient that finite differences measure', () => {
    const cotangent = draw(2, 4, 4);
    expectGradient((x) => tf.sum(tf.mul(relativeToAbsolute(x), cotangent)), [draw(2, 4, 7)]);
    const ones = tf.grad((x) => tf.sum(relativeToAbsolute(x)))(tf.zeros([2, 3]));
    expect(
      difference(ones, [
        [0, 1, 1],
        [1, 1, 0],
      ]),
    ).toBe(0);
  });

  test('keeps no tensor but what it returns, and refuses another number of distances', () => {
    const [x, wrong, flat] = [draw(3, 5), draw(3, 4), draw(5)];
    expectNoLeak(() => relativeToAbsolute(x).dispose());
    const expected = 'x: expected shape [..., length, 2 · length − 1], got';
    expectRefusal(() => relativeToAbsolute(wrong), `${expected} [3, 4]`);
    expectRefusal(() => relativeToAbsolute(flat), `${expected} [5]`);
  });
});
