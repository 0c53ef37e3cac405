import {
  denseWeights,
  dotProductAttention,
  generalScore,
  localMonotonicAttention,
  localPredictiveAttention,
  localPredictiveParameters,
  paddingMask,
  random,
  tf,
  uniform,
} from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../../golden/golden';
import { expectGradient, expectNoLeak } from '../../helpers';

const next = random(4);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const largest = (x: tf.Tensor) => tf.max(tf.abs(x)).dataSync()[0];
const gap = (a: tf.Tensor, b: tf.Tensor) => largest(tf.sub(a, b));
const setting = (batch = 2, queries = 4, keys = 7) => [
  draw(batch, queries, 3),
  draw(batch, keys, 3),
  draw(batch, keys, 2),
];
const parameters = localPredictiveParameters({ queryDepth: 3, dHidden: 4 }, next);
const both = [
  ['localMonotonicAttention', localMonotonicAttention],
  [
    'localPredictiveAttention',
    (
      q: tf.Tensor,
      k: tf.Tensor,
      v: tf.Tensor,
      mask?: tf.Tensor,
      options?: Parameters<typeof localPredictiveAttention>[5],
    ) => localPredictiveAttention(q, k, v, parameters, mask, options),
  ],
] as const;

describe.each(both)('%s', (_, attention) => {
  test('looks at 2D + 1 neighbouring keys at most, and none past the length of an example', () => {
    const size = fc.integer({ min: 1, max: 9 });
    fc.assert(
      fc.property(size, size, fc.integer({ min: 1, max: 4 }), size, (queries, keys, D, cut) => {
        const [q, k, v] = setting(2, queries, keys);
        const lengths = [keys, Math.min(keys, cut)];
        const { context, weights } = attention(q, k, v, paddingMask(lengths, keys), { D });
        expect(weights.weights.shape).toEqual([2, queries, 2 * D + 1]);
        expect(gap(context, tf.matMul(denseWeights(weights), v))).toBeLessThan(1e-5);
        const shown = weights.keys.arraySync() as number[][][];
        const numbers = weights.weights.arraySync() as number[][][];
        shown.forEach((example, b) =>
          example.forEach((row, t) => {
            const real = row.filter((s) => s >= 0);
            expect(real.length).toBeGreaterThan(0);
            expect(Math.max(...real)).toBeLessThan(lengths[b]);
            expect(real.every((s, i) => s === real[0] + i)).toBe(true);
            row.forEach((s, i) => s < 0 && expect(numbers[b][t][i]).toBe(0));
          }),
        );
      }),
      { numRuns: 30, seed: 2 },
    );
  });

  test('does not care what stands behind the end of an example', () => {
    const [q, k, v] = setting();
    const padded = (x: tf.Tensor) => tf.concat([x, tf.fill([2, 3, x.shape[2] as number], 1e4)], 1);
    const options = { D: 2 };
    const alone = attention(q, k, v, undefined, options);
    const long = attention(q, padded(k), padded(v), paddingMask([7, 7], 10), options);
    expect(gap(long.context, alone.context)).toBeLessThan(1e-6);
    expect(gap(long.weights.keys, alone.weights.keys)).toBe(0);
  });

  test('attends to nothing where an example has no key', () => {
    const [q, k, v] = setting();
    const f = (x: tf.Tensor) => attention(x, k, v, paddingMask([0, 7], 7), { D: 2 });
    expect(largest(f(q).context.slice(0, 1))).toBe(0);
    expect(largest(f(q).weights.weights.slice(0, 1))).toBe(0);
    const gradient = tf.grad((x) => tf.sum(f(x).context))(q);
    expect(largest(gradient.slice(0, 1))).toBe(0);
    expect(largest(gradient.slice(1, 1))).toBeGreaterThan(0);
  });

  test('has the gradient that finite differences measure, with a score of its own', () => {
    const cotangent = draw(2, 4, 2);
    const f = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, W: tf.Tensor) => {
      const score = (s: tf.Tensor, h: tf.Tensor) => generalScore(s, h, { W });
      const { context } = attention(q, k, v, paddingMask([7, 5], 7), { D: 2, score });
      return tf.sum(tf.mul(context, cotangent));
    };
    expectGradient(f as never, [...setting(), draw(3, 3)], { step: 1e-3, tolerance: 2e-2 });
  });

  test('survives inputs of ±1e4', () => {
    const [q, k, v] = setting().map((x) => tf.mul(tf.sign(x), 1e4));
    const f = (x: tf.Tensor) => tf.sum(attention(x, k, v, undefined, { D: 1 }).context);
    expect([...f(q).dataSync(), ...tf.grad(f)(q).dataSync()].every(Number.isFinite)).toBe(true);
  });

  test('never makes a tensor of queries × keys numbers', () => {
    const [q, k, v] = setting(1, 300, 300);
    const sizes: number[] = [];
    const f = (x: tf.Tensor, y: tf.Tensor, z: tf.Tensor) => {
      const score = (s: tf.Tensor, h: tf.Tensor) => {
        sizes.push(h.size / (h.shape[2] as number));
        return tf.matMul(s, h, false, true);
      };
      return tf.sum(attention(x, y, z, undefined, { D: 2, score }).context);
    };
    f(q, k, v);
    expect(sizes).toEqual([300 * 5]);
    const peak = async () => (await tf.profile(() => tf.grads(f as never)([q, k, v]))).kernels;
    return peak().then((kernels) => {
      const largestOutput = Math.max(
        ...kernels.flatMap(({ outputShapes }) =>
          outputShapes.map((shape) => shape.reduce((a, b) => a * b, 1)),
        ),
      );
      expect(largestOutput).toBeLessThanOrEqual(300 * 5 * 3);
    });
  });

  test('keeps no tensor but what it returns', () => {
    const [q, k, v] = setting();
    expectNoLeak(() => tf.dispose(attention(q, k, v)));
  });

  test('refuses what does not fit, and keeps no tensor', () => {
    const [q, k, v] = setting();
    const [other, perQuery] = [draw(1, 7, 3), tf.ones([2, 4, 7])];
    const before = tf.memory().numTensors;
    const refuse = (run: () => unknown, message: string) => expect(run).toThrow(message);
    refuse(() => attention(q, k, v, undefined, { D: 0 }), 'D: expected a whole number ≥ 1, got 0');
    refuse(() => attention(q, k, v, undefined, { D: 1.5 }), 'a whole number ≥ 1, got 1.5');
    refuse(() => attention(q, other, v), 'expected shape [1, queries, queryDepth], got [2, 4, 3]');
    refuse(() => attention(q, k, other), 'values: expected shape [2, 7, dValue], got [1, 7, 3]');
    refuse(() => attention(q, k, v, perQuery), 'mask: expected shape [2, 1, 7], got [2, 4, 7]');
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('localMonotonicAttention', () => {
  test.each(golden('local-monotonic'))('agrees with PyTorch, case %#', (example) => {
    expectGolden(example, ({ query, keys, values, mask }, { D, first }) => {
      const { context, weights } = localMonotonicAttention(query, keys, values, mask, { D, first });
      return { context, weights: denseWeights(weights) };
    });
  });

  test('is global attention where the window holds every key', () => {
    const [q, k, v] = setting() as tf.Tensor3D[];
    const mask = paddingMask([7, 4], 7);
    const local = localMonotonicAttention(q, k, v, mask, { D: 7 });
    const global = dotProductAttention(q, k, v, mask);
    expect(gap(local.context, global.context)).toBeLessThan(1e-5);
    expect(gap(denseWeights(local.weights), global.weights)).toBeLessThan(1e-6);
  });

  test('looks at t − D … t + D, cut at the edges, and stays at the end of a shorter source', () => {
    const [q, k, v] = setting(1, 6, 4);
    const { weights } = localMonotonicAttention(q, k, v, undefined, { D: 1 });
    expect(weights.keys.arraySync()).toEqual([
      [
        [-1, 0, 1],
        [0, 1, 2],
        [1, 2, 3],
        [2, 3, -1],
        [2, 3, -1],
        [2, 3, -1],
      ],
    ]);
    const sums = tf.sum(weights.weights, -1);
    expect(gap(sums, tf.ones([1, 6]))).toBeLessThan(1e-6);
  });

  test('gives a decoder that asks step by step the same as all queries at once', () => {
    const [q, k, v] = setting();
    const atOnce = localMonotonicAttention(q, k, v, undefined, { D: 1 }).context;
    for (let t = 0; t < 4; t++) {
      const options = { D: 1, first: t };
      const step = localMonotonicAttention(q.slice([0, t], [-1, 1]), k, v, undefined, options);
      expect(gap(step.context, atOnce.slice([0, t], [-1, 1]))).toBeLessThan(1e-6);
    }
  });
});

describe('localPredictiveAttention', () => {
  test.each(golden('local-predictive'))('agrees with PyTorch, case %#', (example) => {
    expectGolden(example, ({ query, keys, values, W, v, mask }, { D }) => {
      const result = localPredictiveAttention(query, keys, values, { W, v }, mask, { D });
      return { ...result, weights: denseWeights(result.weights) };
    });
  });

  test('predicts a position between 0 and the length of the example', () => {
    const [q, k, v] = setting();
    const strong = { W: tf.mul(parameters.W, 100), v: tf.mul(parameters.v, 100) };
    const { position } = localPredictiveAttention(q, k, v, strong, paddingMask([7, 3], 7));
    const [long, short] = position.arraySync();
    expect(Math.max(...long)).toBeLessThanOrEqual(7);
    expect(Math.max(...short)).toBeLessThanOrEqual(3);
    expect(Math.min(...long, ...short)).toBeGreaterThanOrEqual(0);
  });

  test('is global attention under a Gaussian where the window holds every key', () => {
    const [q, k, v] = setting() as tf.Tensor3D[];
    const D = 8;
    const { weights, position } = localPredictiveAttention(q, k, v, parameters, undefined, { D });
    const distance = tf.sub(tf.range(0, 7).reshape([1, 1, 7]), position.expandDims(2));
    const gaussian = tf.exp(tf.neg(tf.div(tf.square(distance), (2 * D * D) / 4)));
    const expected = tf.mul(dotProductAttention(q, k, v).weights, gaussian);
    expect(gap(denseWeights(weights), expected)).toBeLessThan(1e-6);
  });

  test('moves its position by gradient to the key that it is rewarded for', () => {
    const [q, k, v] = [
      draw(1, 1, 3),
      tf.zeros([1, 20, 3]),
      tf.oneHot([12], 20).reshape([1, 20, 1]),
    ];
    const start = { W: draw(3, 4), v: draw(4) };
    let { W, v: vector } = start as { W: tf.Tensor; v: tf.Tensor };
    const options = { D: 5 };
    const run = (a: tf.Tensor, b: tf.Tensor) =>
      localPredictiveAttention(q, k, v.toFloat(), { W: a, v: b }, undefined, options);
    for (let i = 0; i < 200; i++) {
      const [dW, dv] = tf.grads((a, b) => tf.sum(run(a, b).context))([W, vector]);
      [W, vector] = [tf.add(W, tf.mul(dW, 0.5)), tf.add(vector, tf.mul(dv, 0.5))];
    }
    expect(Math.abs(run(W, vector).position.dataSync()[0] - 12)).toBeLessThan(0.5);
  });

  test('refuses parameters that do not fit', () => {
    const [q, k, v] = setting();
    const attend = (W: tf.Tensor, vector: tf.Tensor) => () =>
      localPredictiveAttention(q, k, v, { W, v: vector });
    expect(attend(draw(4, 2), draw(2))).toThrow('query depth 3 ≠ rows of W 4');
    expect(attend(draw(3, 2), draw(3))).toThrow('v: expected shape [2], got [3]');
  });
});
