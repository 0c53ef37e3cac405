import { angularHash, denseWeights, lshAttention, random, type SparseWeights, tf } from 'attention';
import { describe, expect, test } from 'vitest';
import { expectClose, expectGolden, golden } from '../golden/golden';

describe('lshAttention', () => {
  test.each(golden<any>('lsh-reformer-pytorch'))(
    'agrees with reformer-pytorch, case %#',
    (example) => {
      let weights: SparseWeights | undefined;
      expectGolden(example, ({ queryKey, values, rotations }, options) => {
        const buckets = angularHash(queryKey, rotations);
        const result = lshAttention(queryKey, values, buckets, undefined, {
          ...options,
          withWeights: true,
        });
        weights = result.weights;
        return { context: result.context };
      });
    },
  );

  test.each(golden<any>('lsh-transformers'))('agrees with HF transformers, case %#', (example) => {
    expectGolden(
      example,
      ({ queryKey, values, rotations, mask }, { buckets, padTo, ...options }) => {
        const factors = tf.split(
          rotations,
          [buckets].flat().map((b: number) => b / 2),
          -1,
        );
        return lshAttention(queryKey, values, angularHash(queryKey, factors), mask, {
          ...options,
          acrossBuckets: true,
          scale: 1,
        });
      },
    );
  });
});
