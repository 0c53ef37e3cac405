import { frechetDistance, frechetFloor, random, tf } from 'attention';
import { describe, expect, test } from 'vitest';
import { golden } from '../golden/golden';
import { expectNoLeak, expectRefusal } from '../helpers';

type Case = { a: Numbers; b: Numbers; distance: number };
type Numbers = { shape: [number, number]; values: number[] };

const tensor = ({ shape, values }: Numbers) => tf.tensor2d(values, shape);
const next = random(12);
const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
const drawn = (count: number, scales: number[]) =>
  tf.tensor2d(Array.from({ length: count }, () => scales.map((scale) => scale * normal())));
const mean = (list: number[]) => list.reduce((sum, x) => sum + x, 0) / list.length;

describe('frechetDistance', () => {
  test.each(golden<Case>('frechet-distance'))(
    'agrees with the root of a matrix that SciPy takes, case %#',
    ({ a, b, distance }) => {
      expect(frechetDistance(tensor(a), tensor(b)) / distance).toBeCloseTo(1, 5);
      expect(frechetDistance(tensor(b), tensor(a)) / distance).toBeCloseTo(1, 5);
    },
  );

  test('of one feature is (difference of means)² + (difference of deviations)²', () => {
    const [a, b] = [
      [1, 2, 6],
      [3, 7],
    ].map((list) => tf.tensor2d(list, [list.length, 1]));
    const wanted = (3 - 5) ** 2 + (Math.sqrt(7) - Math.sqrt(8)) ** 2;
    expect(frechetDistance(a, b)).toBeCloseTo(wanted, 9);
  });

  test('of a sample from itself is 0, moved by a vector its squared length', () => {
    const a = drawn(20, [1, 2, 0.1]);
    expect(frechetDistance(a, a)).toBeLessThan(1e-9);
    expect(frechetDistance(a, tf.add(a, tf.tensor1d([3, 4, 0])))).toBeCloseTo(25, 4);
  });

  test('takes features that never change, and two of which one repeats the other', () => {
    const a = tf.concat([drawn(20, [1]), tf.zeros([20, 1])], 1);
    expect(frechetDistance(a, a)).toBeLessThan(1e-9);
    const b = drawn(20, [1]);
    const twice = tf.concat([b, b], 1);
    expect(frechetDistance(twice, tf.mul(twice, 2))).toBeCloseTo(
      frechetDistance(tf.mul(b, Math.SQRT2), tf.mul(b, 2 * Math.SQRT2)),
      5,
    );
  });

  test('does not see more than mean and covariance', () => {
    const square = tf.tensor2d([1, 1, 1, -1, -1, 1, -1, -1], [4, 2]);
    const cross = tf.mul(tf.tensor2d([1, 0, -1, 0, 0, 1, 0, -1], [4, 2]), Math.SQRT2);
    expect(frechetDistance(square, cross)).toBeLessThan(1e-6);
  });

  test('leaks nothing, and refuses what does not fit', () => {
    const a = drawn(5, [1, 1]);
    expectNoLeak(() => frechetDistance(a, a));
    const [other, single] = [drawn(5, [1, 1, 1]), drawn(1, [1, 1])];
    expectRefusal(
      () => frechetDistance(a, other),
      'b: expected 2 features as in a, got 3 features',
    );
    expectRefusal(() => frechetDistance(single, a), 'a: expected at least 2 rows, got 1');
  });
});

describe('frechetFloor', () => {
  test('is what two samples of one normal distribution come to on average', () => {
    const scales = [3, 1, 1, 0.5, 0.2];
    for (const [n, m] of [
      [200, 200],
      [100, 400],
    ]) {
      const runs = Array.from({ length: 60 }, () =>
        tf.tidy(() => frechetDistance(drawn(n, scales), drawn(m, scales))),
      );
      const floor = tf.tidy(() => frechetFloor(drawn(4000, scales), n, m));
      expect(mean(runs) / floor).toBeGreaterThan(0.85);
      expect(mean(runs) / floor).toBeLessThan(1.15);
    }
  });

  test('of one feature of variance 1 is (1/n + 1/m) · 3/2', () => {
    const sample = tf.tensor2d([-1, 0, 1], [3, 1]);
    expect(frechetFloor(sample, 10, 40)).toBeCloseTo(0.125 * 1.5, 9);
  });

  test('refuses a sample of one point', () => {
    const a = drawn(5, [1, 1]);
    expectRefusal(() => frechetFloor(a, 1), 'sample: expected a whole number from 2, got 1');
  });
});
