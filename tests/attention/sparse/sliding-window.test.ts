import {
  denseWeights,
  dilatedSlidingWindow,
  dilatedSlidingWindowAttention,
  keysSeen,
  random,
  scaledDotProductAttention,
  slidingWindow,
  slidingWindowAttention,
  tf,
  uniform,
} from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../../golden/golden';
import { expectGradient, expectNoLeak, largestTensor, peakBytes } from '../../helpers';
import { distance, draw, expectMaskedFull, expectNoFuture, settings } from './patterns';

const options = { window: 4, causal: false };
const attend = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, mask?: tf.Tensor) =>
  slidingWindowAttention(q, k, v, mask, options);

/** Forward and backward; nothing is kept. */
const train = (length: number, lead = [1, 1]) => {
  const [q, k, v] = draw([...lead, length]);
  return () =>
    tf.tidy(() => {
      tf.grads((q, k, v) => {
        const { context } = slidingWindowAttention(q, k, v, undefined, { window: 32 });
        return tf.sum(tf.square(context));
      })([q, k, v]);
    });
};

describe('slidingWindowAttention', () => {
  test.each(golden('sliding-window'))('agrees with local-attention, case %#', (example) => {
    expectGolden(example, ({ query, keys, values, mask }, window) => {
      const { context, weights } = slidingWindowAttention(query, keys, values, mask, window);
      return { context, weights: denseWeights(weights) };
    });
  });

  test('is full attention under the mask of the window, for any length', () => {
    fc.assert(
      fc.property(
        fc.record(settings),
        fc.integer({ min: 1, max: 150 }),
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        (setting, length, side, causal) => {
          const sees = (i: number, j: number) => i - side <= j && j <= (causal ? i : i + side);
          expectMaskedFull(
            (q, k, v, mask) => slidingWindowAttention(q, k, v, mask, { window: 2 * side, causal }),
            sees,
            length,
            setting,
          );
        },
      ),
      { numRuns: 40, seed: 1 },
    );
  });

  test('is full attention if the window is as wide as the sequence', () => {
    const [q, k, v] = draw([2, 2, 19]);
    const local = slidingWindowAttention(q, k, v, undefined, { window: 1000 });
    expect(distance(local.context, scaledDotProductAttention(q, k, v).context)).toBeLessThan(1e-6);
    expect(local.weights.weights.shape).toEqual([2, 2, 19, 19]);
  });

  test('agrees with the formula written out in loops', () => {
    const [q, k, v] = draw([1, 7]);
    const [Q, K, V] = [q, k, v].map((x) => (x.arraySync() as number[][][])[0]);
    const context = (attend(q, k, v).context.arraySync() as number[][][])[0];
    for (let i = 0; i < 7; i++) {
      let total = 0;
      const sum = [0, 0, 0];
      for (let j = Math.max(0, i - 2); j <= Math.min(6, i + 2); j++) {
        const weight = Math.exp(Q[i].reduce((dot, x, d) => dot + x * K[j][d], 0) / 2);
        total += weight;
        V[j].forEach((x, d) => {
          sum[d] += weight * x;
        });
      }
      context[i].forEach((x, d) => expect(x).toBeCloseTo(sum[d] / total, 5));
    }
  });

  test('has the gradient that finite differences measure, of context and of weights', () => {
    const inputs = draw([2, 9]);
    const cotangent = uniform([2, 9, 3], random(2), 1);
    const f = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) => {
      const { context, weights } = attend(q, k, v);
      return tf.add(tf.sum(tf.mul(context, cotangent)), tf.sum(tf.square(weights.weights)));
    };
    expectGradient(f as never, inputs);
  });

  test('computes the same in pure JavaScript', async () => {
    const run = () => {
      const inputs = draw([2, 2, 41]);
      const mask = tf.greater(uniform([2, 1, 1, 41], random(3), 1), 0);
      const f = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) => {
        const options = { window: 6, dilation: 3 };
        const { context } = dilatedSlidingWindowAttention(q, k, v, mask, options);
        return tf.sum(tf.square(context)) as tf.Scalar;
      };
      const { value, grads } = tf.valueAndGrads(f as never)(inputs);
      return [value, ...grads].map((x) => [...x.dataSync()]);
    };
    const native = run();
    const backend = tf.getBackend();
    tf.env().set('IS_TEST', true); // no banner that recommends the native backend
    await tf.setBackend('cpu');
    const plain = run();
    await tf.setBackend(backend);
    tf.env().set('IS_TEST', false);
    native.flat().forEach((x, i) => {
      expect(Math.abs(plain.flat()[i] - x)).toBeLessThan(1e-5 * Math.max(1, Math.abs(x)));
    });
  });

  test('sees nothing of the future if causal', () => {
    const causal = { window: 10, causal: true };
    expectNoFuture((q, k, v) => slidingWindowAttention(q, k, v, undefined, causal), 43);
  });

  test('gives padded keys weight 0, and the others what they get without the padding', () => {
    const short = draw([2, 11]);
    const padded = short.map((x) =>
      tf.pad(
        x,
        [
          [0, 0],
          [0, 6],
          [0, 0],
        ],
        1e4,
      ),
    );
    const mask = tf.tensor([...new Array(11).fill(1), ...new Array(6).fill(0)], [1, 1, 17]);
    const { context } = attend(padded[0], padded[1], padded[2], mask);
    const plain = attend(short[0], short[1], short[2]).context;
    expect(distance(tf.slice(context, [0, 0, 0], [2, 11, 3]), plain)).toBeLessThan(1e-6);
  });

  test('gives a query that sees no key weights 0 and context 0, and no gradient', () => {
    const [q, k, v] = draw([1, 9]);
    const mask = tf.tensor([1, 0, 0, 0, 0, 0, 0, 1, 1], [1, 1, 9]); // query 4 sees 2 … 6 only
    const { context, weights } = attend(q, k, v, mask);
    const row = (x: tf.Tensor) => tf.sum(tf.abs(tf.slice(x, [0, 4, 0], [1, 1, -1]))).dataSync()[0];
    expect(row(context)).toBe(0);
    expect(row(weights.weights)).toBe(0);
    const gradient = tf.grad((x) => tf.sum(attend(x, k, v, mask).context))(q);
    expect(row(gradient)).toBe(0);
    expect(tf.any(tf.isNaN(gradient)).dataSync()[0]).toBe(0);
  });

  test('stays finite for logits of a hundred million', () => {
    const inputs = draw([1, 9], { scale: 1e4 });
    const mask = tf.tensor([1, 1, 0, 0, 0, 0, 0, 1, 1], [1, 1, 9]);
    const grads = tf.grads((q, k, v) => tf.sum(attend(q, k, v, mask).context))(inputs);
    for (const x of [attend(inputs[0], inputs[1], inputs[2], mask).context, ...grads]) {
      expect(tf.all(tf.isFinite(x)).dataSync()[0]).toBe(1);
    }
  });

  test('never makes a tensor of length × length, forward or backward', () => {
    const length = 1024;
    expect(largestTensor(train(length))).toBeLessThan(length ** 2 / 8);
  });

  test('takes memory in proportion to the length', () => {
    const [half, whole] = [peakBytes(train(1024)), peakBytes(train(2048))];
    expect(whole / half).toBeGreaterThan(1.8);
    expect(whole / half).toBeLessThan(2.2);
  });

  test('keeps no tensor but what it returns', () => {
    const [q, k, v] = draw([2, 2, 9]);
    expectNoLeak(() => {
      const { context, weights } = attend(q, k, v);
      tf.dispose([context, weights.weights, weights.keys]);
    });
    expectNoLeak(train(50));
  });

  test('takes several slices a turn in the backward pass, and a shorter last turn', () => {
    // 7 slices of 300 · 512 … 556 weights: six fit into 2²⁰, so the last turn has one.
    const [q, k, v] = draw([7, 300]);
    const f = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) =>
      tf.sum(tf.square(slidingWindowAttention(q, k, v, undefined, { window: 512 }).context));
    const together = tf.grads(f as never)([q, k, v]);
    const alone = [0, 6].map((b) => [q, k, v].map((x) => tf.slice(x, b, 1)));
    alone.forEach((inputs, i) => {
      tf.grads(f as never)(inputs).forEach((gradient, g) => {
        const part = tf.slice(together[g], [0, 6][i], 1);
        expect(distance(part, gradient)).toBeLessThan(1e-5);
      });
    });
  });

  test.each([
    [{ keys: [2, 5, 3] }, {}, 'query depth 4 ≠ key depth 3'],
    [{ keys: [2, 6, 4] }, {}, 'keys: expected shape [2, 5, dKey], got [2, 6, 4]'],
    [{ values: [1, 5, 3] }, {}, 'values: expected shape [2, 5, dValue], got [1, 5, 3]'],
    [{ query: [5, 4] }, {}, 'query: expected shape [batch, length, dKey], got [5, 4]'],
    [{ mask: [2, 5, 5] }, {}, 'mask: expected shape [2, 1, 5], got [2, 5, 5]'],
    [{ mask: [2, 1, 1, 5] }, {}, 'mask: expected shape'],
    [{}, { window: 3 }, 'window: expected an even number above 0, got 3'],
    [{}, { window: 0 }, 'window: expected an even number above 0, got 0'],
  ])('refuses %j, %j and says what does not fit', (wrong: Record<string, number[]>, o, message) => {
    const shapes = { query: [2, 5, 4], keys: [2, 5, 4], values: [2, 5, 3], mask: [2, 1, 5] };
    const given = Object.entries({ ...shapes, ...wrong }).map(([, shape]) => tf.zeros(shape));
    const before = tf.memory().numTensors;
    expect(() =>
      slidingWindowAttention(given[0], given[1], given[2], given[3], { ...options, ...o }),
    ).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('dilatedSlidingWindowAttention', () => {
  test.each(golden('dilated-sliding-window'))(
    'agrees with local-attention on every d-th position, case %#',
    (example) => {
      expectGolden(example, ({ query, keys, values }, window) => {
        const found = dilatedSlidingWindowAttention(query, keys, values, undefined, window);
        return { context: found.context, weights: denseWeights(found.weights) };
      });
    },
  );

  test('is full attention under the mask of the window with gaps, for any length', () => {
    fc.assert(
      fc.property(
        fc.record(settings),
        fc.integer({ min: 1, max: 120 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 7 }),
        fc.boolean(),
        (setting, length, side, dilation, causal) => {
          const steps = Array.from({ length: 2 * side + 1 }, (_, k) => (k - side) * dilation);
          const seen = steps.filter((step) => !causal || step <= 0);
          const window = { window: 2 * side, dilation, causal };
          expectMaskedFull(
            (q, k, v, mask) => dilatedSlidingWindowAttention(q, k, v, mask, window),
            (i, j) => seen.includes(j - i),
            length,
            setting,
          );
        },
      ),
      { numRuns: 40, seed: 1 },
    );
  });

  test('without gaps is the sliding window', () => {
    const window = { window: 6, causal: true };
    expect(keysSeen(dilatedSlidingWindow(29, { ...window, dilation: 1 }))).toEqual(
      keysSeen(slidingWindow(29, window)),
    );
  });

  test('sees nothing of the future if causal', () => {
    const causal = { window: 10, dilation: 3, causal: true };
    expectNoFuture((q, k, v) => dilatedSlidingWindowAttention(q, k, v, undefined, causal), 43);
  });

  test('never makes a tensor of length × length, forward or backward', () => {
    const length = 1024;
    const run = () =>
      tf.tidy(() => {
        const options = { window: 32, dilation: 5 };
        tf.grads((q, k, v) =>
          tf.sum(dilatedSlidingWindowAttention(q, k, v, undefined, options).context),
        )(draw([1, 1, length]));
      });
    expect(largestTensor(run)).toBeLessThan(length ** 2 / 8);
    expectNoLeak(run);
  });

  test.each([0, 1.5, -2])('refuses a dilation of %d', (dilation) => {
    const [q, k, v] = draw([1, 5]);
    expect(() =>
      dilatedSlidingWindowAttention(q, k, v, undefined, { window: 2, dilation }),
    ).toThrow(`dilation: expected a whole number above 0, got ${dilation}`);
  });
});
