import {
  dense,
  denseWeights,
  globalSlidingWindowAttention,
  random,
  scaledDotProductAttention,
  slidingWindowAttention,
  tf,
  uniform,
} from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden, type Tensors } from '../../golden/golden';
import { expectGradient, expectNoLeak, largestTensor, peakBytes } from '../../helpers';
import { distance, draw, patternMask, settings } from './patterns';

/** Query, keys and values of all, and those of the global tokens. */
function setting(lead: number[], length: number, positions: number[], seed = 1) {
  const [query, keys, values] = draw([...lead, length], { seed });
  const [asked, globalKeys, globalValues] = draw([...lead, length], { seed: seed + 1 });
  const chosen = tf.gather(asked, tf.tensor1d(positions, 'int32'), lead.length);
  return {
    query,
    keys,
    values,
    global: { positions, query: chosen, keys: globalKeys, values: globalValues },
  };
}

const train = (length: number) => {
  const { query, keys, values, global } = setting([1, 1], length, [0, 77, 3]);
  return () =>
    tf.tidy(() => {
      tf.grads((q, k, v, gq, gk, gv) => {
        const tokens = { ...global, query: gq, keys: gk, values: gv };
        const { context } = globalSlidingWindowAttention(q, k, v, tokens, undefined, {
          window: 32,
        });
        return tf.sum(tf.square(context));
      })([query, keys, values, global.query, global.keys, global.values]);
    });
};

describe('globalSlidingWindowAttention', () => {
  test.each(golden('global-sliding-window'))(
    "agrees with Hugging Face's LongformerSelfAttention and its six projections, case %#",
    (example) => {
      expectGolden(example, (inputs, options) => {
        const { hidden, W, b, WGlobal, bGlobal, mask } = inputs;
        const { window, heads, positions } = options;
        const [batch, length, d] = hidden.shape as number[];
        const split = (x: tf.Tensor) =>
          (tf.split(x, 3, -1) as tf.Tensor[]).map((part) =>
            tf.transpose(part.reshape([batch, -1, heads, d / heads]), [0, 2, 1, 3]),
          );
        const [query, keys, values] = split(dense(hidden, W, b));
        const [asked, globalKeys, globalValues] = split(dense(hidden, WGlobal, bGlobal));
        const global = {
          positions,
          query: tf.gather(asked, tf.tensor1d(positions, 'int32'), 2),
          keys: globalKeys,
          values: globalValues,
        };
        const found = globalSlidingWindowAttention(query, keys, values, global, mask, { window });
        const merged = tf.transpose(found.context, [0, 2, 1, 3]).reshape([batch, length, d]);
        const outputs: Tensors = {
          context: merged,
          weights: denseWeights(found.weights),
          globalWeights: found.globalWeights,
        };
        if (!mask) return outputs;
        // Hugging Face sets what masked positions get to 0; here nobody is to read it.
        outputs.context = tf.mul(merged, mask.reshape([batch, length, 1]));
        outputs.weights = tf.mul(outputs.weights, mask.reshape([batch, 1, length, 1]));
        return outputs;
      });
    },
  );

  test('is full attention under the mask of window and global tokens, but for those tokens', () => {
    fc.assert(
      fc.property(
        fc.record(settings),
        fc.integer({ min: 1, max: 90 }),
        fc.integer({ min: 1, max: 20 }),
        fc.uniqueArray(fc.nat(), { minLength: 1, maxLength: 5 }),
        ({ lead, seed, hiddenKeys }, length, side, anywhere) => {
          tf.tidy(() => {
            const positions = [...new Set(anywhere.map((x) => x % length))];
            const { query, keys, values, global } = setting(lead, length, positions, seed);
            const shape = [...lead.map((size, axis) => (axis ? 1 : size)), 1, length];
            const visible = tf.cast(tf.greater(uniform(shape, random(seed), 1), -0.5), 'float32');
            const mask = hiddenKeys ? visible : undefined;
            const isGlobal = (i: number) => positions.includes(i);
            const pattern = patternMask(
              length,
              (i, j) => !isGlobal(i) && (Math.abs(i - j) <= side || isGlobal(j)),
            );
            const full = scaledDotProductAttention(
              query,
              keys,
              values,
              hiddenKeys ? tf.mul(pattern, visible) : pattern,
            );
            const all = scaledDotProductAttention(global.query, global.keys, global.values, mask);
            const found = globalSlidingWindowAttention(query, keys, values, global, mask, {
              window: 2 * side,
            });
            expect(distance(denseWeights(found.weights), full.weights)).toBeLessThan(1e-5);
            expect(distance(found.globalWeights, all.weights)).toBeLessThan(1e-5);
            const local = tf.tensor(
              Array.from({ length }, (_, i) => Number(!isGlobal(i))),
              [length, 1],
            );
            expect(distance(tf.mul(found.context, local), full.context)).toBeLessThan(1e-5);
            const picked = tf.gather(found.context, tf.tensor1d(positions, 'int32'), lead.length);
            expect(distance(picked, all.context)).toBeLessThan(1e-5);
          });
        },
      ),
      { numRuns: 40, seed: 1 },
    );
  });

  test('has the gradient that finite differences measure, for all six projections', () => {
    const { query, keys, values, global } = setting([2], 9, [7, 2]);
    const cotangent = uniform([2, 9, 3], random(2), 1);
    const f = (...[q, k, v, gq, gk, gv]: tf.Tensor[]) => {
      const tokens = { ...global, query: gq, keys: gk, values: gv };
      const { context } = globalSlidingWindowAttention(q, k, v, tokens, undefined, { window: 2 });
      return tf.sum(tf.mul(context, cotangent));
    };
    expectGradient(f, [query, keys, values, global.query, global.keys, global.values]);
  });

  test('lets all others look at the global tokens beside their window, at each once', () => {
    const { query, keys, values, global } = setting([1], 20, [0]);
    const found = globalSlidingWindowAttention(query, keys, values, global, undefined, {
      window: 4,
    });
    const plain = slidingWindowAttention(query, keys, values, undefined, { window: 4 });
    const rows = (x: tf.Tensor, from: number, size: number) =>
      tf.slice(x, [0, from, 0], [1, size, 3]);
    // Positions 1 and 2 have token 0 in their window anyway.
    expect(distance(rows(found.context, 1, 2), rows(plain.context, 1, 2))).toBeLessThan(1e-6);
    expect(distance(rows(found.context, 3, 1), rows(plain.context, 3, 1))).toBeGreaterThan(1e-3);
  });

  test('never makes a tensor of length × length, and takes memory in proportion to the length', () => {
    expect(largestTensor(train(1024))).toBeLessThan(1024 ** 2 / 8);
    expect(peakBytes(train(2048)) / peakBytes(train(1024))).toBeLessThan(2.2);
    expectNoLeak(train(100));
  });

  test.each([
    [{ positions: [0, 5] }, 'global position 5 is not in 0 … 4'],
    [{ positions: [0, 0.5] }, 'global position 0.5 is not in 0 … 4'],
    [{ positions: [2, 2] }, 'a global position is given twice'],
    [{ positions: [2] }, 'global.query: expected shape [1, 1, dKey], got [1, 2, 4]'],
    [{ keys: tf.zeros([1, 4, 4]) }, 'global.keys: expected shape [1, 5, 4], got [1, 4, 4]'],
    [{ values: tf.zeros([1, 5, 4]) }, 'global.values: expected shape [1, 5, 3], got [1, 5, 4]'],
  ])('refuses wrong global tokens, case %#, and says what is wrong', (wrong, message) => {
    const { query, keys, values, global } = setting([1], 5, [0, 2]);
    const before = tf.memory().numTensors;
    expect(() =>
      globalSlidingWindowAttention(
        query,
        keys,
        values,
        { ...global, ...wrong } as typeof global,
        undefined,
        { window: 2 },
      ),
    ).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });
});
