import seedrandom from 'seedrandom';
import { tf } from './tf';

/** A stream of random numbers in [0, 1), the same for the same seed. */
export type Random = () => number;

/** A seeded stream of random numbers. Every random draw of the course comes from one. */
export function random(seed: number): Random {
  return seedrandom.alea(String(seed));
}

/** A new array with the items in random order (Fisher and Yates). */
export function shuffled<T>(items: readonly T[], next: Random): T[] {
  const result = items.slice();
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [result[i], result[j]] = [result[j], result[i]];
  }
  return result;
}

/**
 * A tensor drawn evenly from [−limit, limit].
 *
 * @param limit left out: Glorot and Bengio's √(6 / (rows + columns)), which keeps the variance
 *   of activations and gradients alike from layer to layer
 */
export function uniform(shape: number[], next: Random, limit?: number): tf.Tensor {
  expectDraw(shape, next);
  const bound = limit ?? Math.sqrt(6 / (shape[0] + (shape[1] ?? shape[0])));
  const size = shape.reduce((product, n) => product * n, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, () => (2 * next() - 1) * bound),
    shape,
  );
}

/** Throws unless numbers can be drawn: sizes are whole numbers from 1, and there is where to draw from. */
export function expectDraw(shape: readonly number[], next: Random): void {
  if (!shape.every((size) => Number.isInteger(size) && size >= 1))
    throw new Error(`expected sizes that are whole numbers from 1, got [${shape.join(', ')}]`);
  if (typeof next !== 'function')
    throw new Error(`expected a stream of random numbers, such as random(1), got ${next}`);
}

/** Nested lists of the shape, of numbers drawn evenly from [−limit, limit]. */
export function drawn(next: Random, shape: [number], limit?: number): number[];
export function drawn(next: Random, shape: [number, number], limit?: number): number[][];
export function drawn(next: Random, shape: [number, number, number], limit?: number): number[][][];
export function drawn(next: Random, [length, ...rest]: number[], limit = 1): unknown[] {
  return Array.from({ length }, () =>
    rest.length > 0 ? drawn(next, rest as [number], limit) : (2 * next() - 1) * limit,
  );
}
