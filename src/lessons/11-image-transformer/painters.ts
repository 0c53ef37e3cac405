import { loadMnist, smallDigit } from '../../data/mnist';
import {
  type ImageReading,
  ImageTransformer,
  type ImageTransformerOptions,
  type Neighbourhood,
} from '../../models/image-transformer';
import { random, shuffled } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import type { Report } from '../../training/train';
import { trainByCosine } from '../../training/train-by-cosine';

/** Images of the lesson: 14 × 14 pixels of four grey levels, row by row. */
export const canvas = { side: 14, levels: 4 };

/** MNIST's digits, made small: 8,000 to learn from, 500 held out, all of them different. */
export function smallDigits(): {
  train: number[][];
  trainLabels: number[];
  test: number[][];
  testLabels: number[];
} {
  const { train: learned, test } = loadMnist();
  const small = (digits: typeof test) => digits.map((digit) => smallDigit(digit, canvas));
  const held = shuffled(test, random(11)).slice(0, 500);
  return {
    train: small(learned),
    trainLabels: learned.map(({ label }) => label),
    test: small(held),
    testLabels: held.map(({ label }) => label),
  };
}

/** An Image Transformer for small digits: two layers of four heads, 32 numbers a pixel. */
export function painter(
  neighbourhood: Neighbourhood,
  more: Partial<ImageTransformerOptions> = {},
): ImageTransformer {
  const { side, levels } = canvas;
  return new ImageTransformer({ image: [side, side], levels, neighbourhood, ...more });
}

/** Images as the model reads them, int32 [images, pixels]. */
export function pixelsOf(images: readonly (readonly number[])[]): tf.Tensor2D {
  return tf.tensor2d(images as number[][], undefined, 'int32');
}

export type Painting = ImageReading & { steps?: number; batch?: number; rate?: number };

/**
 * Trains a painter on images that are drawn from a list.
 *
 * @returns the loss of each step, in bits per pixel
 */
export async function trainPainter(
  model: ImageTransformer,
  images: readonly number[][],
  { steps = 500, batch = 16, rate = 0.01, ...reading }: Painting = {},
  report?: Report,
): Promise<number[]> {
  const next = random(100 + model.options.seed);
  const losses = await trainByCosine(
    model.parameters,
    { steps, rate },
    (adam) => {
      const some = Array.from({ length: batch }, () => images[Math.floor(next() * images.length)]);
      return adam.minimize(() => model.loss(pixelsOf(some), reading));
    },
    report,
  );
  return losses.map((loss) => loss / Math.LN2);
}

/** What it costs on average to tell each pixel of some images, in bits: one number for each place. */
export function bitsByPlace(
  model: ImageTransformer,
  images: readonly number[][],
  reading?: ImageReading,
): number[] {
  const atOnce = 50;
  const sums = new Float64Array(images[0].length);
  for (let first = 0; first < images.length; first += atOnce) {
    const found = tf.tidy(() => {
      const bits = model.bits(pixelsOf(images.slice(first, first + atOnce)), reading);
      return tf.sum(bits, 0).dataSync();
    });
    found.forEach((bits, place) => {
      sums[place] += bits;
    });
  }
  return Array.from(sums, (sum) => sum / images.length);
}

/** Bits per pixel on images: the mean of `bitsByPlace`. */
export function bitsPerPixel(
  model: ImageTransformer,
  images: readonly number[][],
  reading?: ImageReading,
): number {
  const places = bitsByPlace(model, images, reading);
  return places.reduce((sum, bits) => sum + bits, 0) / places.length;
}
