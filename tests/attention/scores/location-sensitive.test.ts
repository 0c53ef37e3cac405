import {
  additiveAttention,
  type LocationSensitiveParameters,
  locationSensitiveAligner,
  locationSensitiveAttention,
  locationSensitiveParameters,
  paddingMask,
  random,
  tf,
  uniform,
} from 'attention';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../../golden/golden';
import { expectGradient, expectNoLeak } from '../../helpers';

const next = random(5);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const largest = (x: tf.Tensor) => tf.max(tf.abs(x)).dataSync()[0];
const gap = (a: tf.Tensor, b: tf.Tensor) => largest(tf.sub(a, b));
const sizes = { queryDepth: 4, keyDepth: 3, dAttention: 5, width: 3, filters: 2 };
const parameters = locationSensitiveParameters(sizes, next);
const setting = () => [draw(2, 3, 4), draw(2, 6, 3), draw(2, 6, 2)];

describe('locationSensitiveAttention', () => {
  test.each(golden('location-sensitive'))('agrees with ESPnet, case %#', (example) => {
    expectGolden(example, ({ query, keys, mask, ...rest }, { sharpening }) => {
      const p = rest as LocationSensitiveParameters;
      return locationSensitiveAttention(query, keys, keys, p, mask, { sharpening });
    });
  });

  test.each(golden('location-sensitive-smoothing'))('smooths as PyTorch does', (example) => {
    expectGolden(example, ({ query, keys, ...rest }) => {
      const p = rest as LocationSensitiveParameters;
      return locationSensitiveAttention(query, keys, keys, p, undefined, { smoothing: true });
    });
  });

  test('follows its formula, number by number', () => {
    const [q, k, v] = setting();
    const even = { ...parameters, F: draw(4, 2), b: draw(5) }; // an even width leans to the right
    const { weights } = locationSensitiveAttention(q, k, v, even);
    const get = (x: tf.Tensor) => x.arraySync() as number[][];
    const [W, V, F, U] = [even.W, even.V, even.F, even.U].map(get);
    const [b, w] = [even.b, even.w].map((x) => x.arraySync() as number[]);
    const [s, h] = [q, k].map((x) => (x.arraySync() as number[][][])[0]);
    const times = (x: number[], M: number[][], a: number) =>
      x.reduce((sum, value, row) => sum + value * M[row][a], 0);
    let previous = h.map(() => 0);
    s.forEach((state, i) => {
      const e = h.map((key, j) => {
        const f = [0, 1].map((filter) =>
          F.reduce((sum, row, k) => sum + row[filter] * (previous[j + k - 1] ?? 0), 0),
        );
        return w.reduce((sum, wa, a) => {
          const hidden = times(state, W, a) + times(key, V, a) + times(f, U, a) + b[a];
          return sum + wa * Math.tanh(hidden);
        }, 0);
      });
      const total = e.reduce((sum, logit) => sum + Math.exp(logit), 0);
      previous = e.map((logit) => Math.exp(logit) / total);
      const row = (weights.arraySync() as number[][][])[0][i];
      row.forEach((alpha, j) => expect(alpha).toBeCloseTo(previous[j], 5));
    });
  });

  test('is additive attention where the features of the location count nothing', () => {
    const [q, k, v] = setting();
    const blind = { ...parameters, U: tf.zerosLike(parameters.U) };
    const { W, V, w } = blind;
    const expected = additiveAttention(q, k, v, { W, U: V, v: w });
    expect(gap(locationSensitiveAttention(q, k, v, blind).context, expected.context)).toBeLessThan(
      1e-6,
    );
  });

  test('can walk on, one key at a time, through keys that all look alike', () => {
    // F copies the weight of the key before; U and w make it the score.
    const one = (rows: number[][]) => tf.tensor2d(rows);
    const walk: LocationSensitiveParameters = {
      W: tf.zeros([1, 1]),
      V: tf.zeros([1, 1]),
      F: one([[1], [0], [0]]),
      U: one([[10]]),
      b: tf.zeros([1]),
      w: tf.tensor1d([20]),
    };
    const keys = tf.ones([1, 5, 1]);
    const align = locationSensitiveAligner(keys, keys, walk);
    let weights: tf.Tensor = tf.tensor([1, 0, 0, 0, 0], [1, 1, 5]);
    for (let i = 1; i < 5; i++) {
      weights = align(tf.zeros([1, 1, 1]), weights).weights;
      expect(tf.argMax(weights, -1).dataSync()[0]).toBe(i);
    }
  });

  test('narrows with sharpening, and widens with smoothing', () => {
    const [q, k, v] = setting();
    const peak = (options: object) =>
      tf.mean(
        tf.max(locationSensitiveAttention(q, k, v, parameters, undefined, options).weights, -1),
      );
    const at = (options: object) => peak(options).dataSync()[0];
    expect(at({ sharpening: 3 })).toBeGreaterThan(at({}));
    expect(at({ smoothing: true })).toBeLessThan(at({}));
  });

  test.each([{}, { smoothing: true }])(
    'with %j: padding changes nothing, and gets nothing',
    (options) => {
      const [q, k, v] = setting();
      const padded = (x: tf.Tensor) =>
        tf.concat([x, tf.fill([2, 2, x.shape[2] as number], 1e4)], 1);
      const mask = paddingMask([6, 6], 8);
      const alone = locationSensitiveAttention(q, k, v, parameters, undefined, options);
      const long = locationSensitiveAttention(q, padded(k), padded(v), parameters, mask, options);
      expect(gap(long.context, alone.context)).toBeLessThan(1e-6);
      expect(largest(long.weights.slice([0, 0, 6]))).toBe(0);
      expect(gap(tf.sum(long.weights, -1), tf.ones([2, 3]))).toBeLessThan(1e-6);
      const nothing = locationSensitiveAttention(q, k, v, parameters, tf.zeros([1, 1, 6]), options);
      expect(largest(nothing.weights) + largest(nothing.context)).toBe(0);
    },
  );

  test.each([{}, { smoothing: true, sharpening: 2 }])('has its gradient, with %j', (options) => {
    const cotangent = draw(2, 3, 2);
    const names = ['W', 'V', 'F', 'U', 'b', 'w'] as const;
    const f = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, ...rest: tf.Tensor[]) => {
      const p = Object.fromEntries(
        names.map((n, i) => [n, rest[i]]),
      ) as LocationSensitiveParameters;
      return tf.sum(
        tf.mul(locationSensitiveAttention(q, k, v, p, undefined, options).context, cotangent),
      );
    };
    expectGradient(f as never, [...setting(), ...names.map((name) => parameters[name])]);
  });

  test.each([{}, { smoothing: true }])('survives scores of ±1e4, with %j', (options) => {
    const [q, k, v] = setting();
    const strong = { ...parameters, w: tf.mul(parameters.w, -1e4) };
    const f = (x: tf.Tensor) =>
      tf.sum(locationSensitiveAttention(x, k, v, strong, undefined, options).context);
    expect([...f(q).dataSync(), ...tf.grad(f)(q).dataSync()].every(Number.isFinite)).toBe(true);
    const { weights } = locationSensitiveAttention(q, k, v, strong, undefined, options);
    expect(gap(tf.sum(weights, -1), tf.ones([2, 3]))).toBeLessThan(1e-5);
  });

  test('keeps no tensor but what it returns', () => {
    const [q, k, v] = setting();
    expectNoLeak(() => tf.dispose(locationSensitiveAttention(q, k, v, parameters)));
  });

  test('refuses what does not fit, and keeps no tensor', () => {
    const [q, k, v] = setting();
    const bad = {
      q: draw(2, 3, 5),
      k: draw(2, 6, 4),
      v: draw(2, 5, 2),
      U: draw(3, 5),
      b: draw(4),
      mask: tf.ones([2, 3, 6]),
    };
    const before = tf.memory().numTensors;
    const p = parameters;
    const refuse = (run: () => unknown, message: string) => expect(run).toThrow(message);
    const attend = locationSensitiveAttention;
    refuse(() => attend(bad.q, k, v, p), 'query depth 5 ≠ rows of W 4');
    refuse(() => attend(q, bad.k, v, p), 'key depth 4 ≠ rows of V 3');
    refuse(() => attend(q, k, bad.v, p), 'values: expected shape [2, 6, dValue], got [2, 5, 2]');
    refuse(() => attend(q, k, v, { ...p, U: bad.U }), 'U: expected shape [2, 5], got [3, 5]');
    refuse(() => attend(q, k, v, { ...p, b: bad.b }), 'b: expected shape [5], got [4]');
    refuse(() => attend(q, k, v, p, bad.mask), 'mask: expected shape [2, 1, 6], got [2, 3, 6]');
    refuse(
      () => attend(q, k, v, p, undefined, { sharpening: 0 }),
      'sharpening: expected a number > 0, got 0',
    );
    expect(tf.memory().numTensors).toBe(before);
  });
});
