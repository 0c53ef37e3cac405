import {
  nearestNeighbours,
  paddingMask,
  pointAttention,
  pointAttentionParameters,
  random,
  shuffled,
  tf,
  uniform,
} from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../../golden/golden';
import { expectGradient, expectNoLeak } from '../../helpers';

const next = random(21);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const parameters = pointAttentionParameters({ depth: 3, dModel: 4 }, next);
const setting = () => {
  const positions = draw(2, 6, 3);
  return { x: draw(2, 6, 3), positions, neighbours: nearestNeighbours(positions, 3) };
};
const difference = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];
const clouds = fc.record({
  n: fc.integer({ min: 1, max: 9 }),
  k: fc.integer({ min: 1, max: 10 }),
  seed: fc.integer({ min: 1, max: 1000 }),
});
const attend = (x: tf.Tensor, p: tf.Tensor, k: number, mask?: tf.Tensor) =>
  pointAttention(x, p, nearestNeighbours(p, k, mask), parameters);

describe('pointAttention', () => {
  test.each(golden('point'))('agrees with PointTransformerConv, case %#', (example) => {
    expectGolden(example, ({ x, positions, neighbours, phi, psi, alpha, ...rest }) => {
      const network = (name: string) =>
        Object.fromEntries(['W1', 'b1', 'W2', 'b2'].map((part) => [part, rest[`${name}/${part}`]]));
      const p: any = { phi, psi, alpha, theta: network('theta'), gamma: network('gamma') };
      return pointAttention(x, positions, tf.cast(neighbours, 'int32'), p) as never;
    });
  });

  test('renumbers its result when the points are renumbered', () => {
    fc.assert(
      fc.property(clouds, ({ n, k, seed }) => {
        const draws = random(seed);
        const [x, p] = [uniform([1, n, 3], draws, 1), uniform([1, n, 3], draws, 1)];
        const order = tf.tensor1d(shuffled([...Array(n).keys()], draws), 'int32');
        const moved = attend(tf.gather(x, order, 1), tf.gather(p, order, 1), k).context;
        expect(difference(moved, tf.gather(attend(x, p, k).context, order, 1))).toBeLessThan(1e-5);
      }),
      { numRuns: 20 },
    );
  });

  test('does not change when all points move alike', () => {
    fc.assert(
      fc.property(clouds, ({ n, k, seed }) => {
        const draws = random(seed);
        const [x, p] = [uniform([1, n, 3], draws, 1), uniform([1, n, 3], draws, 1)];
        const moved = attend(x, tf.add(p, [[[2, -1, 4]]]), k);
        expect(difference(moved.context, attend(x, p, k).context)).toBeLessThan(1e-5);
      }),
      { numRuns: 20 },
    );
  });

  test('gives a padded cloud what it gives the cloud alone', () => {
    const [x, p] = [draw(2, 5, 3), draw(2, 5, 3)];
    const pad = (t: tf.Tensor) => tf.concat([t, tf.zeros([2, 2, 3])], 1); // in the middle of the cloud
    const got = attend(pad(x), pad(p), 4, paddingMask([5, 5], 7)).context.slice(
      [0, 0, 0],
      [2, 5, 4],
    );
    expect(difference(got, attend(x, p, 4).context)).toBeLessThan(1e-6);
  });

  test('gives every channel weights of its own, which sum to 1 over the neighbours', () => {
    const { x, positions, neighbours } = setting();
    const { weights, keys, keyCount } = pointAttention(
      x,
      positions,
      neighbours,
      parameters,
    ).weights;
    expect([weights.shape, keys.shape, keyCount]).toEqual([[2, 4, 6, 3], [2, 1, 6, 3], 6]);
    expect(difference(tf.sum(weights, -1), tf.ones([2, 4, 6]))).toBeLessThan(1e-6);
    expect(
      difference(weights.slice([0, 0], [1, 1]), weights.slice([0, 1], [1, 1])),
    ).toBeGreaterThan(1e-3);
  });

  test('gives a point without neighbours context 0 and no gradient', () => {
    const { x, positions } = setting();
    const none = tf.fill([2, 6, 3], -1, 'int32');
    const f = (y: tf.Tensor) => pointAttention(y, positions, none, parameters).context as tf.Tensor;
    expect(tf.sum(tf.abs(f(x))).dataSync()[0]).toBe(0);
    expect(tf.sum(tf.abs(tf.grad((y) => tf.sum(f(y)))(x))).dataSync()[0]).toBe(0);
  });

  test('has the gradient that finite differences measure', () => {
    const { x, positions, neighbours } = setting();
    const cotangent = draw(2, 6, 4);
    expectGradient(
      (y, p) => tf.sum(tf.mul(pointAttention(y, p, neighbours, parameters).context, cotangent)),
      [x, positions],
      { step: 1e-3, tolerance: 2e-2 },
    );
  });

  test('stays finite for features of ±10000, and keeps no tensor', () => {
    const { x, positions, neighbours } = setting();
    const huge = tf.mul(tf.sign(x), 1e4);
    const { context } = pointAttention(huge, positions, neighbours, parameters);
    expect(context.dataSync().every(Number.isFinite)).toBe(true);
    expectNoLeak(() => {
      const { context, weights } = pointAttention(x, positions, neighbours, parameters);
      tf.dispose([context, weights.weights, weights.keys]);
    });
  });

  test.each([
    [{ x: [6, 3] }, 'x: expected shape [batch, n, depth], got [6, 3]'],
    [{ x: [2, 6, 5] }, 'input depth 5 ≠ rows of W 3'],
    [{ positions: [2, 5, 3] }, 'positions: expected shape [2, 6, dimensions], got [2, 5, 3]'],
    [{ neighbours: [2, 5, 3] }, 'neighbours: expected shape [2, 6, k], got [2, 5, 3]'],
    [{ positions: [2, 6, 2] }, 'input depth 2 ≠ rows of W 3'],
  ])('refuses %j', (wrong: Record<string, number[]>, message) => {
    const given: Record<string, tf.Tensor> = setting();
    for (const [name, shape] of Object.entries(wrong))
      given[name] = tf.zeros(shape, name === 'neighbours' ? 'int32' : 'float32');
    const before = tf.memory().numTensors;
    const { x, positions, neighbours } = given;
    expect(() => pointAttention(x, positions, neighbours, parameters)).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('nearestNeighbours', () => {
  test('finds the nearest points, in plain loops, far from the origin too', () => {
    fc.assert(
      fc.property(clouds, ({ n, k, seed }) => {
        const p = tf.add(uniform([1, n, 2], random(seed), 1), 3000);
        const points = (p.arraySync() as number[][][])[0];
        const far = (a: number[], b: number[]) => Math.hypot(a[0] - b[0], a[1] - b[1]);
        const found = (nearestNeighbours(p, k).arraySync() as number[][][])[0];
        found.forEach((row, i) => {
          expect(row[0]).toBe(i);
          const sorted = points.map((point) => far(points[i], point)).sort((a, b) => a - b);
          row.forEach((j, rank) => {
            if (rank >= n) expect(j).toBe(-1);
            else expect(far(points[i], points[j])).toBeCloseTo(sorted[rank], 2);
          });
        });
      }),
      { numRuns: 30 },
    );
  });

  test('leaves out padding, and gives padding no neighbours but −1 where none are left', () => {
    const p = tf.tensor3d([[[0], [1], [5], [0]]]);
    const found = nearestNeighbours(p, 3, paddingMask([2], 4)).arraySync() as number[][][];
    expect(found[0].slice(0, 2)).toEqual([
      [0, 1, -1],
      [1, 0, -1],
    ]);
  });

  test('puts the point first among twins, keeps no tensor, and refuses k = 0', () => {
    const p = tf.zeros([1, 4, 3]);
    expect((nearestNeighbours(p, 2).arraySync() as number[][][])[0].map((row) => row[0])).toEqual([
      0, 1, 2, 3,
    ]);
    expectNoLeak(() => nearestNeighbours(p, 2).dispose());
    expect(() => nearestNeighbours(p, 0)).toThrow('nearestNeighbours: expected k ≥ 1, got 0');
  });
});
