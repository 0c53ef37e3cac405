import type { Random } from '../tensors/random';
import { random } from '../tensors/random';
import { loadMnist } from './mnist';

/** A crowd is so many pixels wide and high. */
export const crowdSize = 36;

/** Some digits on a canvas, and where they are. */
export interface DigitCrowd {
  /** 36 × 36 grey values from 0 (paper) to 1 (ink), row by row. */
  pixels: Float32Array;
  /** The digits 0 … 9, in no particular order. */
  classes: number[];
  /** Their boxes: centre x, centre y, width, height, as parts of the canvas, 0 … 1. */
  boxes: number[][];
}

/** A digit of 10 × 10 pixels without the paper around it. */
type Cut = { ink: Float32Array; width: number; height: number; label: number };

/**
 * Crowds of handwritten digits (MNIST, half their size) at any place of a canvas, each with the box
 * around its ink. Boxes do not meet: at least a pixel of paper is between them. Held-out crowds are
 * made of other digits.
 *
 * @param options.digits how many stand in a crowd, drawn evenly from the first to the second number
 * @returns the same for the same seed
 * @throws if a number of crowds or of digits is none
 */
export function loadDigitCrowds({
  train = 4000,
  test = 500,
  digits = [1, 3] as [number, number],
  seed = 1,
} = {}): { train: DigitCrowd[]; test: DigitCrowd[] } {
  for (const count of [train, test])
    if (!Number.isInteger(count) || count < 1)
      throw new Error(`crowds: expected a whole number from 1, got ${count}`);
  const [fewest, most] = digits;
  if (![fewest, most].every(Number.isInteger) || fewest < 1 || most < fewest || most > 6)
    throw new Error(`digits: expected 1 ≤ fewest ≤ most ≤ 6, got ${fewest} and ${most}`);
  const mnist = loadMnist({ seed: 1 });
  const make = (pool: Cut[], count: number, next: Random) =>
    Array.from({ length: count }, () => crowd(pool, digits, next));
  return {
    train: make(mnist.train.map(cut), train, random(seed)),
    test: make(mnist.test.map(cut), test, random(seed + 1000)),
  };
}

function crowd(pool: Cut[], [fewest, most]: [number, number], next: Random): DigitCrowd {
  const count = fewest + Math.floor((most - fewest + 1) * next());
  const below = (n: number) => Math.floor(n * next());
  for (;;) {
    const placed: { cut: Cut; left: number; top: number }[] = [];
    for (let tries = 0; placed.length < count && tries < 50; tries++) {
      const cut = pool[below(pool.length)];
      const left = below(crowdSize - cut.width + 1);
      const top = below(crowdSize - cut.height + 1);
      const free = placed.every(
        (one) =>
          left > one.left + one.cut.width ||
          one.left > left + cut.width ||
          top > one.top + one.cut.height ||
          one.top > top + cut.height,
      );
      if (free) placed.push({ cut, left, top });
    }
    if (placed.length === count) return painted(placed);
  }
}

function painted(placed: { cut: Cut; left: number; top: number }[]): DigitCrowd {
  const pixels = new Float32Array(crowdSize ** 2);
  for (const { cut, left, top } of placed)
    cut.ink.forEach((ink, i) => {
      const [y, x] = [Math.floor(i / cut.width), i % cut.width];
      pixels[crowdSize * (top + y) + left + x] = ink;
    });
  return {
    pixels,
    classes: placed.map(({ cut }) => cut.label),
    boxes: placed.map(({ cut: { width, height }, left, top }) =>
      [left + width / 2, top + height / 2, width, height].map((x) => x / crowdSize),
    ),
  };
}

/** A digit at half its size, without rows and columns that are nearly paper. */
function cut({ pixels, label }: { pixels: Float32Array; label: number }): Cut {
  const side = 14;
  const half = Float32Array.from({ length: side * side }, (_, i) => {
    const at = 56 * Math.floor(i / side) + 2 * (i % side);
    return (pixels[at] + pixels[at + 1] + pixels[at + 28] + pixels[at + 29]) / 4;
  });
  const lines = Array.from({ length: side }, (_, k) => k);
  const inked = (index: (k: number, other: number) => number) =>
    lines.filter((k) => lines.some((other) => half[index(k, other)] > 0.25));
  const rows = inked((k, other) => side * k + other);
  const columns = inked((k, other) => side * other + k);
  const [top, left] = [rows[0], columns[0]];
  const width = columns[columns.length - 1] - left + 1;
  const height = rows[rows.length - 1] - top + 1;
  const ink = Float32Array.from(
    { length: width * height },
    (_, i) => half[side * (top + Math.floor(i / width)) + left + (i % width)],
  );
  return { ink, width, height, label };
}
