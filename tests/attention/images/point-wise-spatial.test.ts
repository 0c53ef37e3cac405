import {
  pointWiseSpatialAttention,
  pointWiseSpatialParameters,
  random,
  tf,
  uniform,
} from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden, type Tensors } from '../../golden/golden';
import { difference, expectGradient, expectNoLeak, expectRefusal } from '../../helpers';

const next = random(19);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const setting = (height = 2, width = 3, reduced = 3) =>
  pointWiseSpatialParameters({ channels: 4, height, width, reduced }, next);

/** The parameters as one flat record, and back. */
const joined = (t: Tensors) => ({
  project: t.project,
  collect: { reduce: t.collectReduce, adapt: t.collectAdapt, map: t.collectMap },
  distribute: { reduce: t.distributeReduce, adapt: t.distributeAdapt, map: t.distributeMap },
});
const flat = ({ project, collect, distribute }: ReturnType<typeof setting>): Tensors => ({
  project,
  collectReduce: collect.reduce,
  collectAdapt: collect.adapt,
  collectMap: collect.map,
  distributeReduce: distribute.reduce,
  distributeAdapt: distribute.adapt,
  distributeMap: distribute.map,
});

describe('pointWiseSpatialAttention', () => {
  test.each(golden('point-wise-spatial'))(
    'agrees with PyTorch, pair by pair, case %#',
    (example) => {
      expectGolden(example, ({ image, ...parameters }, options) =>
        pointWiseSpatialAttention(image, joined(parameters), options),
      );
    },
  );

  test('gives every position weights that sum to 1 in both directions', () => {
    const side = fc.integer({ min: 1, max: 4 });
    fc.assert(
      fc.property(fc.nat(), side, side, (seed, height, width) => {
        tf.tidy(() => {
          const image = uniform([2, height, width, 4], random(seed), 3);
          const { weights, context } = pointWiseSpatialAttention(image, setting(height, width));
          const positions = height * width;
          expect(weights.shape).toEqual([2, 2, positions, positions]);
          expect(context.shape).toEqual([2, height, width, 8]);
          expect(difference(tf.sum(weights, 3), tf.ones([2, 2, positions]))).toBeLessThan(1e-5);
        });
      }),
      { numRuns: 15 },
    );
  });

  test('collects by what the query is, and distributes by what the key is', () => {
    // Many channels, so that the ReLUs do not silence them all.
    const [image, parameters] = [draw(1, 2, 3, 4), setting(2, 3, 16)];
    // Another pixel at position 4 (second row, second column).
    const changed = tf.add(image, tf.oneHot(tf.tensor1d([4], 'int32'), 6).reshape([1, 2, 3, 1]));
    const maps = [image, changed].map(
      (x) => pointWiseSpatialAttention(x, parameters, { softmax: false }).weights,
    );
    const moved = tf.greater(tf.abs(tf.sub(maps[0], maps[1])), 1e-7).arraySync() as number[][][][];
    const [collected, distributed] = moved[0] as number[][][];
    collected.forEach((row, i) => {
      row.forEach((cell, j) => {
        if (i !== 4) expect(cell).toBe(0);
        if (j !== 4) expect(distributed[i][j]).toBe(0);
      });
    });
    expect(collected[4].some(Boolean)).toBe(true);
    expect(distributed.some((row) => row[4])).toBe(true);
  });

  test('keeps the image as the first half of the result', () => {
    const image = draw(2, 2, 3, 4);
    const { context } = pointWiseSpatialAttention(image, setting());
    expect(difference(tf.slice(context, [0, 0, 0, 0], [2, 2, 3, 4]), image)).toBe(0);
  });

  test('survives features of ±1e4 without NaN', () => {
    const { context } = pointWiseSpatialAttention(tf.mul(draw(1, 2, 3, 4), 1e4), setting());
    expect(tf.all(tf.isFinite(context)).dataSync()[0]).toBe(1);
  });

  test('has the gradient that finite differences measure', () => {
    const [cotangent, parameters] = [draw(1, 2, 3, 8), flat(setting())];
    const names = Object.keys(parameters);
    const f = (...[image, ...values]: tf.Tensor[]) => {
      const given = joined(Object.fromEntries(names.map((name, i) => [name, values[i]])));
      return tf.sum(tf.mul(pointWiseSpatialAttention(image, given).context, cotangent));
    };
    const inputs = [draw(1, 2, 3, 4), ...Object.values(parameters)];
    expectGradient(f, inputs, { step: 1e-3, tolerance: 3e-2 });
  });

  test('keeps no tensor but what it returns', () => {
    const [image, parameters] = [draw(1, 2, 3, 4), setting()];
    expectNoLeak(() => tf.dispose(pointWiseSpatialAttention(image, parameters)));
  });

  test.each([
    [{ image: [2, 3, 4] }, 'image: expected shape [batch, height, width, channels], got [2, 3, 4]'],
    [{ collectReduce: [5, 3] }, 'collect.reduce: expected shape [4, reduced], got [5, 3]'],
    [{ distributeReduce: [4, 2] }, 'distribute.reduce: expected shape [4, 3], got [4, 2]'],
    [{ collectAdapt: [3, 2] }, 'collect.adapt: expected shape [3, 3], got [3, 2]'],
    [{ distributeMap: [3, 6] }, 'distribute.map: expected shape [3, 15], got [3, 6]'],
    [{ project: [3, 4] }, 'project: expected shape [6, 4], got [3, 4]'],
  ])('refuses %j and says what does not fit', (wrong: Record<string, number[]>, message) => {
    const given: Tensors = { image: draw(1, 2, 3, 4), ...flat(setting()) };
    for (const [name, shape] of Object.entries(wrong)) given[name] = tf.zeros(shape);
    const { image, ...parameters } = given;
    expectRefusal(() => pointWiseSpatialAttention(image, joined(parameters)), message);
  });
});
