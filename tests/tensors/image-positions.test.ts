import { imagePositions, tf } from 'attention';
import { describe, expect, test } from 'vitest';
import { expectClose, golden } from '../golden/golden';

describe('imagePositions', () => {
  test.each(golden<any>('image-positions'))(
    'agrees with DetrSinePositionEmbedding, case %#',
    (example) => {
      const { normalise, ...sizes } = example.options;
      expectClose(imagePositions(sizes, { normalise }), example.positions, 1e-5);
    },
  );

  test('gives the last row and column the same place whatever the size of the image', () => {
    const last = (height: number, width: number) =>
      imagePositions({ height, width, dModel: 8 }).slice([height - 1, width - 1], [1, 1]);
    expect(tf.max(tf.abs(tf.sub(last(3, 5), last(20, 7)))).dataSync()[0]).toBeLessThan(1e-5);
  });

  test('refuses a depth that has no whole number of waves', () => {
    expect(() => imagePositions({ height: 2, width: 2, dModel: 6 })).toThrow(
      'expected dModel = 4 n, got 6',
    );
  });
});
