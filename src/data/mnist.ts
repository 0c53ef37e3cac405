import { readFileSync } from 'node:fs';
import { random, shuffled } from '../tensors/random';

/** A handwritten digit. */
export interface Digit {
  /** 28 × 28 grey values from 0 (paper) to 1 (ink), row by row. */
  pixels: Float32Array;
  /** 0 … 9 */
  label: number;
}

/**
 * 10,000 handwritten digits of MNIST (LeCun et al. 1998), from the package `mnist`.
 *
 * @param options.heldOut share of the digits in each of `validation` and `test`, between 0 and 0.4
 * @returns shuffled; the same seed gives the same split
 */
export function loadMnist({ heldOut = 0.1, seed = 1 } = {}): {
  train: Digit[];
  validation: Digit[];
  test: Digit[];
} {
  if (!(heldOut > 0 && heldOut <= 0.4)) {
    throw new Error(`heldOut: expected a share between 0 and 0.4, got ${heldOut}`);
  }
  const size = 28 * 28;
  const digits: Digit[] = [];
  for (let label = 0; label < 10; label++) {
    const file = require.resolve(`mnist/src/digits/${label}.json`);
    const values: number[] = JSON.parse(readFileSync(file, 'utf8')).data;
    for (let start = 0; start + size <= values.length; start += size) {
      digits.push({ pixels: Float32Array.from(values.slice(start, start + size)), label });
    }
  }
  const all = shuffled(digits, random(seed));
  const count = Math.round(all.length * heldOut);
  return {
    validation: all.slice(0, count),
    test: all.slice(count, 2 * count),
    train: all.slice(2 * count),
  };
}

/**
 * A digit drawn in a text, '#' for ink and anything else for paper: each character becomes 2 × 2
 * pixels, and the whole stands with its centre of mass in the middle, as MNIST's digits do.
 *
 * @returns 28 × 28 grey values, row by row; what would stand outside is cut off
 */
export function drawnDigit(text: string): Float32Array {
  const marks = text
    .split('\n')
    .flatMap((row, y) =>
      Array.from(row, (mark, x) => ({ mark, x, y })).filter(({ mark }) => mark === '#'),
    );
  const pixels = new Float32Array(28 * 28);
  const offset = (axis: 'x' | 'y') => {
    const mean = marks.reduce((sum, mark) => sum + mark[axis], 0) / marks.length;
    return Math.round(13 - 2 * mean);
  };
  const [right, down] = [offset('x'), offset('y')];
  for (const mark of marks) {
    for (const [dx, dy] of [
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
    ]) {
      const [x, y] = [2 * mark.x + dx + right, 2 * mark.y + dy + down];
      if (x >= 0 && x < 28 && y >= 0 && y < 28) pixels[28 * y + x] = 1;
    }
  }
  return pixels;
}

/**
 * A digit made smaller: each square of `28 / side` × `28 / side` pixels becomes one, whose level is
 * its mean grey, rounded to 0 (paper) … levels − 1 (ink).
 *
 * @param side a divisor of 28
 * @returns side · side levels, row by row
 * @throws if `side` does not divide 28, or there are fewer than 2 levels
 */
export function smallDigit(
  { pixels }: Pick<Digit, 'pixels'>,
  { side = 14, levels = 4 } = {},
): number[] {
  if (!(Number.isInteger(side) && side >= 1 && 28 % side === 0)) {
    throw new Error(`side: expected a divisor of 28, got ${side}`);
  }
  if (!(Number.isInteger(levels) && levels >= 2)) {
    throw new Error(`levels: expected a whole number from 2, got ${levels}`);
  }
  const square = 28 / side;
  return Array.from({ length: side * side }, (_, place) => {
    const [y, x] = [Math.floor(place / side) * square, (place % side) * square];
    let sum = 0;
    for (let dy = 0; dy < square; dy++)
      for (let dx = 0; dx < square; dx++) sum += pixels[28 * (y + dy) + x + dx];
    return Math.round((sum / square ** 2) * (levels - 1));
  });
}
