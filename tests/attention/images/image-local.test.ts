import {
  causalMask,
  denseWeights,
  imageBlocks1D,
  imageBlocks2D,
  imageLocal1DAttention,
  imageLocal2DAttention,
  keysSeen,
  scaledDotProductAttention,
  tf,
} from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../../golden/golden';
import { expectGradient, expectNoLeak, largestTensor } from '../../helpers';
import { distance, draw, expectMaskedFull, expectNoFuture, settings } from '../sparse/patterns';

describe('imageLocal1DAttention', () => {
  test.each(golden('image-local-1d'))(
    'agrees with PyTorch under the full mask, case %#',
    (example) => {
      expectGolden(example, ({ query, keys, values, mask }, options) => {
        const found = imageLocal1DAttention(query, keys, values, mask, options);
        return { context: found.context, weights: denseWeights(found.weights) };
      });
    },
  );

  test('is full attention under its mask, for any length', () => {
    fc.assert(
      fc.property(
        fc.record(settings),
        fc.integer({ min: 1, max: 120 }),
        fc.integer({ min: 1, max: 30 }),
        fc.nat({ max: 40 }),
        (setting, length, block, memory) => {
          expectMaskedFull(
            (q, k, v, mask) => imageLocal1DAttention(q, k, v, mask, { block, memory }),
            (i, j) => j <= i && j >= block * Math.floor(i / block) - memory,
            length,
            setting,
          );
        },
      ),
      { numRuns: 30, seed: 1 },
    );
  });

  test('with a memory as long as the image is causal attention to all', () => {
    const [q, k, v] = draw([1, 2, 23]);
    const local = imageLocal1DAttention(q, k, v, undefined, { block: 5, memory: 23 });
    const full = scaledDotProductAttention(q, k, v, causalMask(23));
    expect(distance(local.context, full.context)).toBeLessThan(1e-6);
  });

  test('sees nothing of the future', () => {
    const options = { block: 6, memory: 5 };
    expectNoFuture((q, k, v) => imageLocal1DAttention(q, k, v, undefined, options), 40);
  });

  test('lists what a query sees: the memory, and its block up to itself', () => {
    const seen = keysSeen(imageBlocks1D(10, { block: 4, memory: 3 }));
    expect(seen[4]).toEqual([1, 2, 3, 4]);
    expect(seen[7]).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(seen[9]).toEqual([5, 6, 7, 8, 9]);
  });
});

describe('imageLocal2DAttention', () => {
  test.each(golden('image-local-2d'))(
    'agrees with PyTorch under the full mask, case %#',
    (example) => {
      expectGolden(example, ({ query, keys, values, mask }, options) => {
        const found = imageLocal2DAttention(query, keys, values, mask, options);
        return { context: found.context, weights: denseWeights(found.weights) };
      });
    },
  );

  test('is full attention under its mask, for any image', () => {
    const size = fc.integer({ min: 1, max: 9 });
    const reach = fc.nat({ max: 6 });
    fc.assert(
      fc.property(
        fc.record(settings),
        fc.tuple(size, size),
        fc.tuple(size, size),
        fc.tuple(reach, reach),
        (setting, image, block, memory) => {
          const [height, width] = image;
          // When each pixel is generated, by walking through the image in the paper's order.
          const time: number[] = [];
          const corner: [number, number][] = [];
          let now = 0;
          for (let top = 0; top < height; top += block[0])
            for (let left = 0; left < width; left += block[1])
              for (let y = top; y < Math.min(height, top + block[0]); y++)
                for (let x = left; x < Math.min(width, left + block[1]); x++) {
                  time[y * width + x] = now++;
                  corner[y * width + x] = [top, left];
                }
          const sees = (i: number, j: number) => {
            const [[top, left], y, x] = [corner[i], Math.floor(j / width), j % width];
            const inMemory =
              y >= top - memory[0] &&
              y < top + block[0] &&
              x >= left - memory[1] &&
              x < left + block[1] + memory[1];
            return inMemory && time[j] <= time[i];
          };
          const options = { image, block, memory };
          expectMaskedFull(
            (q, k, v, mask) => imageLocal2DAttention(q, k, v, mask, options),
            sees,
            height * width,
            setting,
          );
        },
      ),
      { numRuns: 30, seed: 1 },
    );
  });

  const options = {
    image: [6, 7] as [number, number],
    block: [2, 3] as [number, number],
    memory: [1, 2] as [number, number],
  };

  test('sees nothing that is generated later, block after block', () => {
    const order = imageBlocks2D(options)
      .queries.flat()
      .filter((i) => i >= 0);
    expectNoFuture((q, k, v) => imageLocal2DAttention(q, k, v, undefined, options), 42, order);
  });

  test('lists what a query sees: above, beside and before it', () => {
    // The block of rows 2–3, columns 3–5; its memory: row 1, columns 1 and 2 on the left, 6 on the
    // right, which is generated later. The query is the block's fourth pixel: row 3, column 3.
    const seen = keysSeen(imageBlocks2D(options))[3 * 7 + 3];
    const rows = [
      [8, 9, 10, 11, 12, 13], // row 1, all of it generated with the blocks above
      [15, 16, 17, 18, 19], // row 2
      [22, 23, 24], // row 3, up to the query
    ];
    expect(seen).toEqual(rows.flat());
  });

  test('has the gradient that finite differences measure', () => {
    const f = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) =>
      tf.sum(tf.square(imageLocal2DAttention(q, k, v, undefined, options).context));
    expectGradient(f as never, draw([1, 42], { scale: 1 }));
  });

  test('never makes a tensor of length × length, and keeps none', () => {
    const inputs = draw([1, 1, 32 * 32]);
    const run = () =>
      tf.tidy(() => {
        const image: [number, number] = [32, 32];
        const options = {
          image,
          block: [4, 8] as [number, number],
          memory: [2, 4] as [number, number],
        };
        tf.grads((q, k, v) => tf.sum(imageLocal2DAttention(q, k, v, undefined, options).context))(
          inputs,
        );
      });
    expect(largestTensor(run)).toBeLessThan(1024 ** 2 / 8);
    expectNoLeak(run);
  });

  test.each([
    [{ image: [5, 7] }, 'query length 42 ≠ 5 · 7, the size of the image'],
    [{ block: [0, 3] }, 'block: expected whole numbers above 0, got 0,3'],
    [{ memory: [1, -1] }, 'memory: expected whole numbers from 0, got 1,-1'],
  ])('refuses %j', (wrong, message) => {
    const [q, k, v] = draw([1, 42]);
    const given = { ...options, ...wrong } as typeof options;
    expect(() => imageLocal2DAttention(q, k, v, undefined, given)).toThrow(message);
  });

  test.each([
    [{ block: 1.5 }, 'block: expected whole numbers above 0, got 1.5'],
    [{ memory: -1 }, 'memory: expected whole numbers from 0, got -1'],
  ])('refuses %j in one dimension', (wrong, message) => {
    const [q, k, v] = draw([1, 8]);
    const given = { block: 4, memory: 2, ...wrong };
    expect(() => imageLocal1DAttention(q, k, v, undefined, given)).toThrow(message);
  });
});
