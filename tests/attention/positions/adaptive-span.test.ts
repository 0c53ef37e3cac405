import {
  adaptiveSpanAttention,
  adaptiveSpanParameters,
  causalMask,
  clampSpans,
  denseWeights,
  random,
  scaledDotProductAttention,
  spanPenalty,
  tf,
  uniform,
} from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../../golden/golden';
import { expectGradient, expectNoLeak, largestTensor } from '../../helpers';

const next = random(2019);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const distance = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];
const size = (max: number, min = 1) => fc.integer({ min, max });
const spans = (...z: number[]) => tf.tensor1d(z);

describe('adaptiveSpanAttention', () => {
  test.each(golden('adaptive-span'))('agrees with the whole matrix in PyTorch, case %#', (c) => {
    for (const round of [1, 4]) {
      expectGolden(c, ({ query, keys, values, z, positions, mask }, { ramp }) => {
        const parameters = { z, positions };
        const options = { ramp, round };
        const result = adaptiveSpanAttention(query, keys, values, parameters, mask, options);
        return { context: result.context, weights: denseWeights(result.weights) };
      });
    }
  });

  test('with a span over the whole sequence is causal attention', () => {
    fc.assert(
      fc.property(size(2), size(3), size(9), (batch, heads, length) => {
        const [q, k, v] = [0, 1, 2].map(() => draw(batch, heads, length, 3));
        const z = tf.fill([heads], length);
        const adaptive = adaptiveSpanAttention(q, k, v, { z }, undefined, { ramp: 2 });
        const plain = scaledDotProductAttention(q, k, v, causalMask(length));
        expect(distance(adaptive.context, plain.context)).toBeLessThan(1e-5);
        expect(distance(denseWeights(adaptive.weights), plain.weights)).toBeLessThan(1e-5);
      }),
      { numRuns: 20 },
    );
  });

  test('gives each head no more than its span, rows that sum to one, and no future', () => {
    fc.assert(
      fc.property(size(9, 2), size(4, 0), size(4), size(4), (length, z, ramp, round) => {
        const x = draw(1, 2, length, 3);
        const attend = (y: tf.Tensor) =>
          adaptiveSpanAttention(y, y, y, { z: spans(z, 0) }, undefined, { ramp, round });
        const { context, weights } = attend(x);
        const [rows] = denseWeights(weights).arraySync() as number[][][][];
        [z, 0].forEach((span, head) => {
          rows[head].forEach((row, t) => {
            expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
            row.forEach((weight, r) => {
              if (r > t || t - r >= span + ramp) expect(weight).toBe(0);
              else expect(weight).toBeGreaterThan(0);
            });
          });
        });
        const past = (y: tf.Tensor) => tf.slice(y, [0, 0, 0, 0], [-1, -1, length - 1, -1]);
        const changed = attend(tf.concat([past(x), draw(1, 2, 1, 3)], 2)).context;
        expect(distance(past(changed), past(context))).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  test('without heads is the same as one head', () => {
    const x = draw(2, 7, 3);
    const parameters = { z: spans(1.5) };
    const plain = adaptiveSpanAttention(x, x, x, parameters, undefined, { ramp: 2 });
    const [y] = [x.expandDims(1)];
    const one = adaptiveSpanAttention(y, y, y, parameters, undefined, { ramp: 2 });
    expect(distance(plain.context, tf.squeeze(one.context, [1]))).toBe(0);
    expect(plain.weights.weights.shape).toEqual([2, 7, 7]);
    expect(denseWeights(plain.weights).shape).toEqual([2, 7, 7]);
  });

  test('hides padding, whatever stands there', () => {
    const x = draw(1, 2, 6, 3);
    const mask = tf.tensor([1, 1, 1, 1, 0, 0], [1, 1, 1, 6]);
    const padding = tf.fill([1, 2, 2, 3], 1e4);
    const padded = tf.concat([tf.slice(x, [0, 0, 0, 0], [-1, -1, 4, -1]), padding], 2);
    const attend = (y: tf.Tensor) =>
      adaptiveSpanAttention(x, y, y, { z: spans(2, 9) }, mask, { ramp: 2 }).context;
    expect(distance(attend(x), attend(padded))).toBe(0);
  });

  test('attends to nothing, context 0 and gradient 0, where every key is hidden', () => {
    const [q, k, z] = [draw(1, 1, 4, 2), draw(1, 1, 4, 2), spans(0.5)];
    const mask = tf.tensor([0, 0, 0, 1], [1, 1, 1, 4]);
    const f = (x: tf.Tensor) => adaptiveSpanAttention(x, k, k, { z }, mask, { ramp: 2 }).context;
    expect(Array.from(f(q).dataSync()).slice(0, 6)).toEqual([0, 0, 0, 0, 0, 0]);
    const gradient = tf
      .grad((x) => tf.sum(f(x)))(q)
      .dataSync();
    expect(Array.from(gradient).slice(0, 6).map(Math.abs)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('has the gradient that finite differences measure, for every input, z among them', () => {
    const cotangent = draw(1, 2, 7, 2);
    const f = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, z: tf.Tensor, positions: tf.Tensor) => {
      const parameters = { z, positions };
      const options = { ramp: 4, round: 3 };
      return tf.sum(
        tf.mul(adaptiveSpanAttention(q, k, v, parameters, undefined, options).context, cotangent),
      );
    };
    const inputs = [draw(1, 2, 7, 3), draw(1, 2, 7, 3), draw(1, 2, 7, 2)];
    expectGradient(f as never, [...inputs, spans(0.5, 1.5), draw(7, 3)]);
  });

  test('computes less for a smaller span, and never length × length numbers', async () => {
    const length = 256;
    const x = draw(1, 1, length, 4);
    const largest = (z: number) =>
      largestTensor(() =>
        tf.grads(((y: tf.Tensor, span: tf.Tensor) =>
          tf.sum(
            adaptiveSpanAttention(y, y, y, { z: span }, undefined, { ramp: 8, round: 8 }).context,
          )) as never)([x, spans(z)]),
      );
    const [short, longer, whole] = [await largest(0), await largest(24), await largest(length)];
    expect(short).toBeLessThanOrEqual(27 * 9 * Math.ceil(length / 9));
    expect(longer).toBeLessThanOrEqual(99 * 33 * Math.ceil(length / 33));
    expect(whole).toBeGreaterThanOrEqual(length * length);
  });

  test('is not drowned by a key beyond the span, however large its logit', () => {
    const keys = tf.tensor([[[1e4], [1], [1], [1]]]);
    const query = tf.ones([1, 4, 1]);
    const options = { ramp: 1, round: 4 };
    const { weights } = adaptiveSpanAttention(
      query,
      keys,
      keys,
      { z: spans(0) },
      undefined,
      options,
    );
    expect(distance(denseWeights(weights), tf.eye(4).expandDims(0))).toBe(0); // each sees itself
  });

  test('survives inputs of ±1e4 without NaN', () => {
    const x = tf.tensor([[[1e4], [-1e4], [1e4], [-1e4], [0]]]);
    const { context } = adaptiveSpanAttention(x, x, x, { z: spans(1) }, undefined, { ramp: 2 });
    expect(Array.from(context.dataSync()).every(Number.isFinite)).toBe(true);
  });

  test('looks as far back as the task needs and no farther, since looking has a price', () => {
    // Position t has to answer with the value of position t − 3; distance 3 is what the keys prefer.
    const [length, back] = [20, 3];
    const values = draw(4, length, 4);
    const late = (x: tf.Tensor, first: number) =>
      tf.slice(x, [0, first, 0], [-1, length - back, -1]);
    const [ones, target] = [tf.ones([4, length, 4]), late(values, 0)];
    const positions = tf.mul(tf.oneHot(tf.fill([4], back, 'int32'), 12), 2).transpose();
    const spanAfterTraining = (task: number) => {
      const z = tf.variable(spans(8));
      const optimizer = tf.train.adam(0.4);
      for (let step = 0; step < 30; step++) {
        optimizer.minimize(() => {
          const options = { ramp: 2, round: 4 };
          const parameters = { z, positions };
          const { context } = adaptiveSpanAttention(
            ones,
            ones,
            values,
            parameters,
            undefined,
            options,
          );
          const error = tf.mean(tf.squaredDifference(late(context, back), target));
          return tf.add(tf.mul(error, task), spanPenalty(z, 0.02)) as tf.Scalar;
        });
        clampSpans(z, 12);
      }
      return z.dataSync()[0];
    };
    const z = spanAfterTraining(1);
    expect(z).toBeGreaterThan(back - 2); // at z + R = 3, m would be 0 there
    expect(z).toBeLessThan(back + 1);
    expect(spanAfterTraining(0)).toBeLessThan(0.5);
  });

  test('keeps no tensor but what it returns', () => {
    const x = draw(1, 2, 5, 2);
    const parameters = adaptiveSpanParameters({ heads: 2, maxSpan: 4, dKey: 2 }, next);
    const mask = tf.ones([1, 1, 1, 5]);
    expectNoLeak(() => tf.dispose(adaptiveSpanAttention(x, x, x, parameters, mask) as never));
    expectNoLeak(() => tf.dispose(spanPenalty(parameters.z)));
  });

  test.each([
    [{ query: [7, 3] }, 'query: expected shape [batch, length, dKey], got [7, 3]'],
    [{ keys: [2, 2, 6, 3] }, 'keys: expected shape [2, 2, 5, 3], got [2, 2, 6, 3]'],
    [{ values: [2, 1, 5, 3] }, 'values: expected shape [2, 2, 5, dValue], got [2, 1, 5, 3]'],
    [{ z: [3] }, 'z: expected shape [2], got [3]'],
    [{ positions: [8, 2] }, 'positions: expected shape [maxSpan, 3], got [8, 2]'],
    [{ mask: [1, 1, 5, 5] }, 'mask: expected shape [1, 1, 1, 5], got [1, 1, 5, 5]'],
    [{ mask: [5, 5] }, 'mask: expected shape [2, 1, 1, 5], got [5, 5]'],
    [{ mask: [2, 1, 1, 4] }, 'mask: expected shape [2, 1, 1, 5], got [2, 1, 1, 4]'],
  ])('refuses %j and says what does not fit', (wrong: Record<string, number[]>, message) => {
    const x = [2, 2, 5, 3];
    const shapes = { query: x, keys: x, values: x, z: [2], ...wrong };
    const given = Object.fromEntries(Object.entries(shapes).map(([n, s]) => [n, tf.zeros(s)]));
    const { query, keys, values, mask, z, positions } = given as Record<string, tf.Tensor>;
    const before = tf.memory().numTensors;
    const attend = () => adaptiveSpanAttention(query, keys, values, { z, positions }, mask);
    expect(attend).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('refuses a ramp that does not slope', () => {
    const x = tf.zeros([1, 2, 2]);
    const attend = () => adaptiveSpanAttention(x, x, x, { z: spans(0) }, undefined, { ramp: 0 });
    expect(attend).toThrow('ramp: expected a number > 0, got 0');
  });
});

test('spanPenalty is λ times the mean span; clampSpans keeps spans from 0 to the largest', () => {
  expect(spanPenalty(spans(2, 4), 0.5).dataSync()[0]).toBeCloseTo(1.5, 6);
  const z = tf.variable(spans(-1, 3, 9));
  clampSpans(z, 5);
  expect(Array.from(z.dataSync())).toEqual([0, 3, 5]);
  z.dispose();
});

test('a span of a whole number has the derivative of its growth, so that one of 0 can grow', () => {
  const [q, k, v] = [draw(1, 6, 4), draw(1, 6, 4), draw(1, 6, 3)];
  for (const ramp of [1, 2]) {
    const f = (z: tf.Tensor) =>
      tf.sum(tf.sin(adaptiveSpanAttention(q, k, v, { z }, undefined, { ramp }).context));
    for (const z of [0, 1, 2]) {
      const at = (d: number) => f(tf.tensor1d([z + d])).dataSync()[0];
      const exact = tf
        .grad(f)(tf.tensor1d([z]))
        .dataSync()[0];
      expect(exact).not.toBe(0);
      expect(exact).toBeCloseTo((4 * at(5e-3) - at(1e-2) - 3 * at(0)) / 1e-2, 2);
    }
  }
});
