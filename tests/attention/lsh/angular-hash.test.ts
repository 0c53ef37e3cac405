import {
  angularHash,
  bucketsFor,
  random,
  randomPlanes,
  randomRotations,
  signHash,
  tf,
  uniform,
} from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectNoLeak } from '../../helpers';

const next = random(11);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i], 0);
const columns = (matrix: number[][]) => matrix[0].map((_, c) => matrix.map((row) => row[c]));

describe('angularHash', () => {
  test('picks the direction with the largest dot product, in every round', () => {
    const [x, [rotations]] = [
      draw(2, 5, 3),
      randomRotations({ depth: 3, rounds: 4, buckets: 6 }, next),
    ];
    const buckets = angularHash(x, rotations).arraySync() as number[][][];
    const vectors = x.arraySync() as number[][][];
    (rotations.arraySync() as number[][][]).forEach((rotation, round) => {
      const half = columns(rotation);
      const directions = [...half, ...half.map((direction) => direction.map((value) => -value))];
      vectors.forEach((example, b) =>
        example.forEach((vector, i) => {
          const products = directions.map((direction) => dot(vector, direction));
          expect(buckets[b][round][i]).toBe(products.indexOf(Math.max(...products)));
        }),
      );
    });
  });

  test('does not mind lengths, and puts −x opposite x', () => {
    const rotations = randomRotations({ depth: 4, rounds: 2, buckets: 8 }, next);
    const x = draw(1, 20, 4);
    const of = (y: tf.Tensor) => Array.from(angularHash(y, rotations).dataSync());
    expect(of(tf.mul(x, 7))).toEqual(of(x));
    expect(of(tf.neg(x))).toEqual(of(x).map((bucket) => (bucket + 4) % 8));
  });

  test('reads several rotations as the digits of one number', () => {
    const rotations = randomRotations({ depth: 4, rounds: 2, buckets: [2, 6, 4] }, next);
    const x = draw(1, 30, 4);
    const [first, second, third] = rotations.map((rotation) => angularHash(x, rotation).dataSync());
    const all = angularHash(x, rotations).dataSync();
    all.forEach((bucket, i) => expect(bucket).toBe(first[i] + 2 * second[i] + 12 * third[i]));
  });

  test('gives every head its own rotations, if there are as many', () => {
    const x = draw(2, 3, 7, 4);
    const [rotations] = randomRotations({ depth: 4, rounds: 2, buckets: 8, heads: 3 }, next);
    expect(rotations.shape).toEqual([3, 2, 4, 4]);
    const buckets = angularHash(x, rotations);
    expect(buckets.shape).toEqual([2, 3, 2, 7]);
    for (const head of [0, 1, 2]) {
      const alone = angularHash(
        x.slice([0, head], [-1, 1]).squeeze([1]),
        rotations.slice([head], [1]).squeeze([0]),
      );
      expect(buckets.slice([0, head], [-1, 1]).squeeze([1]).arraySync()).toEqual(alone.arraySync());
    }
  });

  test('gives the same in one piece and in many', () => {
    const x = draw(1, 3000, 2);
    const rotations = randomRotations({ depth: 2, rounds: 1, buckets: 2048 }, next); // 2048 × 1024 a piece
    const whole = angularHash(x, rotations).dataSync();
    const part = angularHash(x.slice([0, 2500], [-1, -1]), rotations).dataSync();
    expect(Array.from(whole.slice(2500))).toEqual(Array.from(part));
  });

  test('puts near vectors together more often than far ones', () => {
    const rotations = randomRotations({ depth: 8, rounds: 400, buckets: 8 }, random(1));
    const x = draw(1, 1, 8);
    const together = (noise: number) => {
      const [a, b] = [x, tf.add(x, tf.mul(draw(1, 1, 8), noise))].map((y) =>
        Array.from(angularHash(y, rotations).dataSync()),
      );
      return a.filter((bucket, i) => bucket === b[i]).length / 400;
    };
    expect(together(0.1)).toBeGreaterThan(together(0.7));
    expect(together(0.7)).toBeGreaterThan(together(10));
  });
});

describe('signHash', () => {
  test('sets bit k where the vector lies above plane k', () => {
    const [x, planes] = [draw(2, 5, 3), randomPlanes({ depth: 3, rounds: 2, planes: 4 }, next)];
    const buckets = signHash(x, planes).arraySync() as number[][][];
    (planes.arraySync() as number[][][]).forEach((normals, round) =>
      (x.arraySync() as number[][][]).forEach((example, b) =>
        example.forEach((vector, i) => {
          const bits = columns(normals).map((normal, k) => (dot(vector, normal) > 0 ? 2 ** k : 0));
          expect(buckets[b][round][i]).toBe(bits.reduce((sum, bit) => sum + bit));
        }),
      ),
    );
  });

  test('separates two vectors by a plane with probability angle / π', () => {
    const rounds = 4000;
    const planes = randomPlanes({ depth: 2, rounds, planes: 1 }, random(2));
    for (const angle of [0.3, 1, 2.5]) {
      const x = tf.tensor3d([
        [
          [1, 0],
          [Math.cos(angle), Math.sin(angle)],
        ],
      ]);
      const sides = signHash(x, planes).arraySync() as number[][][];
      const apart = sides[0].filter(([a, b]) => a !== b).length / rounds;
      expect(Math.abs(apart - angle / Math.PI)).toBeLessThan(0.03); // four standard deviations
    }
  });
});

describe('both hashes', () => {
  test('stay within their buckets, for any shape', () => {
    const sizes = fc.record({
      batch: fc.integer({ min: 1, max: 3 }),
      length: fc.integer({ min: 1, max: 9 }),
      depth: fc.integer({ min: 1, max: 5 }),
      rounds: fc.integer({ min: 1, max: 3 }),
      half: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(sizes, ({ batch, length, depth, rounds, half }) =>
        tf.tidy(() => {
          const x = draw(batch, length, depth);
          const angular = angularHash(
            x,
            randomRotations({ depth, rounds, buckets: 2 * half }, next),
          );
          const sign = signHash(x, randomPlanes({ depth, rounds, planes: half }, next));
          for (const [buckets, count] of [
            [angular, 2 * half],
            [sign, 2 ** half],
          ] as const) {
            expect(buckets.shape).toEqual([batch, rounds, length]);
            expect(buckets.dtype).toBe('int32');
            for (const bucket of buckets.dataSync()) {
              expect(bucket >= 0 && bucket < count).toBe(true);
            }
          }
        }),
      ),
      { numRuns: 30 },
    );
  });

  test('draw standard normal numbers, the same for the same seed', () => {
    const of = (seed: number) =>
      randomRotations({ depth: 50, rounds: 4, buckets: 100 }, random(seed))[0].dataSync();
    expect(of(1)).toEqual(of(1));
    expect(of(1)).not.toEqual(of(2));
    const { mean, variance } = tf.moments(of(1));
    expect(Math.abs(mean.dataSync()[0])).toBeLessThan(0.04);
    expect(Math.abs(variance.dataSync()[0] - 1)).toBeLessThan(0.06);
  });

  test('let no gradient through, and keep nothing while one is computed', () => {
    const rotations = randomRotations({ depth: 3, rounds: 2, buckets: 4 }, next);
    const gradient = tf.grad((x) => {
      const hashed = tf.sum(tf.cast(angularHash(x, rotations), 'float32'));
      return tf.add(tf.sum(x), hashed);
    })(draw(1, 4, 3));
    expect(Array.from(gradient.dataSync())).toEqual(Array(12).fill(1));
    const x = draw(1, 4, 3);
    expectNoLeak(() => angularHash(x, rotations).dispose());
  });

  test.each([7, 0, 2.5, [4, 3]])('refuse %j buckets', (buckets) => {
    expect(() => randomRotations({ depth: 3, rounds: 1, buckets }, next)).toThrow(
      /buckets: expected an even number \(each column of R is two\), got (7|0|2.5|3)/,
    );
  });

  test('refuse rotations for another depth, other heads, or a vector without length', () => {
    const [rotations] = randomRotations({ depth: 3, rounds: 2, buckets: 4 }, next);
    expect(() => angularHash(draw(1, 5, 4), rotations)).toThrow(
      'hash functions: expected shape [2, 4, columns], got [2, 3, 2]',
    );
    const [perHead] = randomRotations({ depth: 3, rounds: 2, buckets: 4, heads: 2 }, next);
    expect(() => angularHash(draw(1, 4, 5, 3), perHead)).toThrow(
      'hash functions: expected shape [4, 2, 3, columns], got [2, 2, 3, 2]',
    );
    expect(() => angularHash(draw(1, 3), rotations)).toThrow(
      'x: expected shape [batch, length, depth], got [1, 3]',
    );
  });
});

test('bucketsFor makes a bucket for each chunk, and factors of many', () => {
  expect([1, 64, 200, 8192].map((length) => bucketsFor(length))).toEqual([2, 2, 2, 128]);
  expect([16384, 65536, 262144].map((length) => bucketsFor(length))).toEqual([
    [16, 16],
    [32, 32],
    [64, 64],
  ]);
  expect(bucketsFor(64, 1)).toEqual([8, 8]);
  expect(bucketsFor(4, 1)).toEqual([2, 2]);
  for (let length = 1; length < 300; length++)
    expect(() =>
      randomRotations({ depth: 1, rounds: 1, buckets: bucketsFor(length, 3) }, next),
    ).not.toThrow();
  expect(() => bucketsFor(0)).toThrow('length: expected a whole number from 1, got 0');
});
