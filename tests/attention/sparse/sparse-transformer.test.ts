import {
  denseWeights,
  keysSeen,
  random,
  type SparsePattern,
  sparsePatterns,
  sparseTransformerAttention,
  tf,
  uniform,
} from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../../golden/golden';
import { expectGradient, expectNoLeak, largestTensor, peakBytes } from '../../helpers';
import { distance, draw, expectMaskedFull, expectNoFuture, settings } from './patterns';

/** A^(1) and A^(2) as the paper defines them, pair by pair. */
function definitions({ pattern, stride: l, summary: c = 1 }: SparsePattern) {
  return pattern === 'strided'
    ? [
        (i: number, j: number) => j <= i && j >= Math.max(0, i - l),
        (i: number, j: number) => j <= i && (i - j) % l === 0,
      ]
    : [
        (i: number, j: number) => j <= i && Math.floor(j / l) === Math.floor(i / l),
        (i: number, j: number) => j <= i && j % l >= l - c,
      ];
}

const anyPattern = fc
  .record({
    pattern: fc.constantFrom<'strided' | 'fixed'>('strided', 'fixed'),
    stride: fc.integer({ min: 1, max: 20 }),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ pattern, stride, part }): SparsePattern => {
    return { pattern, stride, summary: Math.max(1, Math.ceil(part * stride)) };
  });

const patterns: SparsePattern[] = [
  { pattern: 'strided', stride: 32 },
  { pattern: 'fixed', stride: 32, summary: 4 },
];
const uses = [0, 1, 'merged', 'heads'] as const;

const train = (length: number, options: SparsePattern, use: (typeof uses)[number]) => {
  const inputs = draw([1, 2, length]);
  return () =>
    tf.tidy(() => {
      tf.grads((q, k, v) =>
        tf.sum(sparseTransformerAttention(q, k, v, undefined, { ...options, use }).context),
      )(inputs);
    });
};

describe('sparseTransformerAttention', () => {
  test.each(golden('sparse-transformer'))(
    'agrees with PyTorch under the full mask, case %#',
    (example) => {
      expectGolden(example, ({ query, keys, values, mask }, options) => {
        const found = sparseTransformerAttention(query, keys, values, mask, options);
        return { context: found.context, weights: denseWeights(found.weights) };
      });
    },
  );

  test('is full attention under the mask of one pattern, or of both, for any length', () => {
    fc.assert(
      fc.property(
        fc.record(settings),
        fc.integer({ min: 1, max: 100 }),
        anyPattern,
        fc.constantFrom(0, 1, 'merged' as const),
        (setting, length, options, use) => {
          const [first, second] = definitions(options);
          const either = (i: number, j: number) => first(i, j) || second(i, j);
          const sees = use === 'merged' ? either : [first, second][use];
          expectMaskedFull(
            (q, k, v, mask) => sparseTransformerAttention(q, k, v, mask, { ...options, use }),
            sees,
            length,
            setting,
          );
        },
      ),
      { numRuns: 40, seed: 1 },
    );
  });

  test('gives the first half of the heads the first pattern, the second half the second', () => {
    const [q, k, v] = draw([2, 4, 29]);
    for (const options of patterns) {
      const short = { ...options, stride: 6 };
      const mask = tf.greater(uniform([2, 4, 1, 29], random(5), 1), -0.3);
      const both = sparseTransformerAttention(q, k, v, mask, { ...short, use: 'heads' });
      [0, 1].forEach((use) => {
        const one = sparseTransformerAttention(q, k, v, mask, { ...short, use });
        const half = (x: tf.Tensor) => tf.slice(x, [0, 2 * use, 0, 0], [2, 2, -1, -1]);
        expect(distance(half(both.context), half(one.context))).toBeLessThan(1e-6);
        const [all, part] = [denseWeights(both.weights), denseWeights(one.weights)];
        expect(distance(half(all), half(part))).toBeLessThan(1e-6);
      });
    }
  });

  test('lets layers take turns: layer r uses pattern r mod 2', () => {
    const [q, k, v] = draw([1, 1, 20]);
    const context = (use: number) =>
      sparseTransformerAttention(q, k, v, undefined, { pattern: 'strided', stride: 4, use })
        .context;
    expect(distance(context(2), context(0))).toBe(0);
    expect(distance(context(3), context(1))).toBe(0);
    expect(distance(context(0), context(1))).toBeGreaterThan(0.01);
  });

  test('lists for each query the keys of the paper’s definition', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), anyPattern, (length, options) => {
        const all = Array.from({ length }, (_, i) => i);
        const expected = definitions(options).map((sees) =>
          all.map((i) => all.filter((j) => sees(i, j))),
        );
        expect(sparsePatterns(length, options).map(keysSeen)).toEqual(expected);
      }),
      { numRuns: 30, seed: 1 },
    );
  });

  test('connects every position to every one before it by a path of at most two steps', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), anyPattern, (length, options) => {
        const [first, second] = sparsePatterns(length, options).map(keysSeen);
        const step = (lists: number[][], from: number[]) => from.flatMap((i) => [i, ...lists[i]]);
        for (let i = 0; i < length; i++) {
          // The layer above looks by A^(2) at a position that has looked by A^(1).
          const reached = new Set(step(first, step(second, [i])));
          expect([...reached].sort((a, b) => a - b)).toEqual(
            Array.from({ length: i + 1 }, (_, j) => j),
          );
        }
      }),
      { numRuns: 30, seed: 1 },
    );
  });

  test.each(uses)('sees nothing of the future, use %s', (use) => {
    for (const options of patterns) {
      expectNoFuture((q, k, v) => {
        const heads = (x: tf.Tensor) => tf.tile(x.expandDims(1), [1, 2, 1, 1]);
        const short = { ...options, stride: 5, use };
        const found = sparseTransformerAttention(heads(q), heads(k), heads(v), undefined, short);
        return { ...found, context: tf.sum(found.context, 1) };
      }, 33);
    }
  });

  test.each(uses)('has the gradient that finite differences measure, use %s', (use) => {
    for (const options of patterns) {
      const f = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) => {
        const short = { ...options, stride: 4, use };
        return tf.sum(tf.square(sparseTransformerAttention(q, k, v, undefined, short).context));
      };
      expectGradient(f as never, draw([1, 2, 11], { scale: 1 }));
    }
  });

  test.each(uses)('makes no tensor of length × length and keeps none, use %s', (use) => {
    for (const options of patterns) {
      expect(largestTensor(train(1024, options, use))).toBeLessThan(1024 ** 2 / 2);
      expectNoLeak(train(100, options, use));
    }
  });

  test('takes memory that grows as length · √length if the stride is √length', () => {
    for (const { pattern } of patterns) {
      for (const use of [0, 1, 'merged'] as const) {
        const bytes = (stride: number) =>
          peakBytes(train(stride ** 2, { pattern, stride, summary: 1 }, use));
        const exponent = Math.log(bytes(64) / bytes(32)) / Math.log(64 ** 2 / 32 ** 2);
        expect(exponent).toBeLessThan(1.52);
      }
    }
  });

  test.each([
    [{ stride: 0 }, 'stride: expected a whole number above 0, got 0'],
    [{ summary: 5 }, 'summary: expected a whole number from 1 to the stride 4, got 5'],
    [{ use: 0.5 }, 'use: expected a whole number, got 0.5'],
    [
      { use: 'heads' as const },
      "use 'heads': expected an even number of heads, got shape [1, 3, 9, 4]",
    ],
  ])('refuses %j', (wrong, message) => {
    const [q, k, v] = draw([1, 3, 9]);
    const options = { pattern: 'fixed' as const, stride: 4, summary: 1, use: 0 };
    const before = tf.memory().numTensors;
    expect(() => sparseTransformerAttention(q, k, v, undefined, { ...options, ...wrong })).toThrow(
      message,
    );
    expect(tf.memory().numTensors).toBe(before);
  });
});
