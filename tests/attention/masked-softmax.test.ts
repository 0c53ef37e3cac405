import { maskedSoftmax, tf } from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../golden/golden';

describe('maskedSoftmax', () => {
  test.each(golden('masked-softmax'))('agrees with PyTorch, case %#', (example) => {
    expectGolden(example, ({ logits, mask }) => ({ weights: maskedSoftmax(logits, mask) }));
  });

  test('gives every row sum 1 over what the mask leaves, and exactly 0 elsewhere', () => {
    const rows = fc.integer({ min: 1, max: 6 }).chain((keys) =>
      fc.array(
        fc.tuple(
          fc.array(fc.double({ min: -1e4, max: 1e4, noNaN: true }), {
            minLength: keys,
            maxLength: keys,
          }),
          fc.array(fc.boolean(), { minLength: keys, maxLength: keys }),
        ),
        { minLength: 1, maxLength: 5 },
      ),
    );
    fc.assert(
      fc.property(rows, (drawn) => {
        const logits = drawn.map(([row]) => row);
        const visible = drawn.map(([, row]) => row);
        const weights = tf.tidy(
          () =>
            maskedSoftmax(
              tf.tensor2d(logits),
              tf.tensor2d(visible, undefined, 'bool'),
            ).arraySync() as number[][],
        );
        weights.forEach((row, q) => {
          const sum = row.reduce((a, b) => a + b, 0);
          expect(sum).toBeCloseTo(visible[q].some(Boolean) ? 1 : 0, 5);
          row.forEach((weight, k) => {
            if (!visible[q][k]) expect(weight).toBe(0);
            expect(weight).toBeGreaterThanOrEqual(0);
          });
        });
      }),
    );
  });

  test('gives weights 0 and gradient 0, not NaN, to a row that is hidden as a whole', () => {
    const logits = tf.tensor2d([
      [1, 2],
      [3, 4],
    ]);
    const mask = tf.tensor2d([
      [0, 0],
      [1, 1],
    ]);
    const weights = maskedSoftmax(logits, mask).arraySync() as number[][];
    expect(weights[0]).toEqual([0, 0]);
    const gradient = tf
      .grad((x) => tf.sum(tf.square(maskedSoftmax(x, mask))))(logits)
      .arraySync() as number[][];
    expect(gradient[0]).toEqual([0, 0]);
    expect(gradient[1].every(Number.isFinite)).toBe(true);
  });

  test('lets no NaN out from behind the mask, and shows one that is in sight', () => {
    const logits = tf.tensor2d([
      [1, Number.NaN, 2],
      [1, 2, Number.NaN],
    ]);
    const mask = tf.tensor2d([
      [1, 0, 1],
      [1, 1, 1],
    ]);
    const weights = maskedSoftmax(logits, mask).arraySync() as number[][];
    expect(weights[0][0] + weights[0][2]).toBeCloseTo(1, 6);
    expect(weights[0][1]).toBe(0);
    expect(weights[1].every(Number.isNaN)).toBe(true);
  });

  test('refuses a mask that does not broadcast, naming both shapes', () => {
    expect(() => maskedSoftmax(tf.zeros([2, 3]), tf.zeros([2, 4]))).toThrow(
      'mask: expected shape [2, 3], got [2, 4]',
    );
  });
});
