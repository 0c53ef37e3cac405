/** A page of the atlas: a method as the notebook writes it beside that of `src`, and its map, drawn small. */
import { encode } from 'fast-png';
import { denseWeights, type SparseWeights } from '../../attention/sparse-weights';
import { type Numbers, same } from '../../notebook/same';
import { display } from '../../notebook/show';
import { type Results, storedResults } from '../../notebook/stored-results';
import { sequentialColor } from '../../plots/figure';
import { plainArrays, shapeOf } from '../../plots/weights';
import { tf } from '../../tensors/tf';

/** What a method of `src` returns, as far as a page compares it: weights may be lists of keys. */
export type Attending = { context: tf.Tensor; weights?: tf.Tensor | SparseWeights };

/** Context, and weights as a whole matrix. */
export type Whole = { context: tf.Tensor; weights: tf.Tensor };

/** Pixels of a cell, with the line that parts it from the next. */
const cell = 9;

/**
 * A matrix as a small picture: a square for each number, the darker the larger, on a scale of its own
 * that begins at 0.
 *
 * @param matrix [rows, columns] of numbers from 0
 * @returns the bytes of a PNG of 9 pixels a cell
 * @throws if it is no matrix, or a number is negative or not finite
 */
export function thumbnail(matrix: number[][]): Uint8Array {
  const shape = shapeOf(matrix);
  if (shape.length !== 2) throw new Error(`expected a matrix, got shape [${shape}]`);
  const numbers = matrix.flat();
  const odd = numbers.find((x) => !(Number.isFinite(x) && x >= 0));
  if (odd !== undefined) throw new Error(`expected numbers from 0, got ${odd}`);
  const most = Math.max(...numbers) || 1;
  const [rows, columns] = shape;
  const [width, height] = [columns * cell + 1, rows * cell + 1];
  const data = new Uint8Array(width * height * 3).fill(235);
  matrix.forEach((row, y) =>
    row.forEach((x, column) => {
      const color = sequentialColor(x / most).match(/\d+/g) as string[];
      for (let i = 1; i < cell; i++)
        for (let j = 1; j < cell; j++)
          data.set(color.map(Number), ((y * cell + i) * width + column * cell + j) * 3);
    }),
  );
  return encode({ data, width, height, channels: 3 });
}

/** Shows a matrix as a `thumbnail`, in words where there are no pictures. */
export function tile(what: string, matrix: number[][], axes = 'queries down, keys across'): void {
  const bytes = thumbnail(matrix);
  const largest = Math.max(...matrix.flat());
  display({
    'image/png': btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')),
    'text/plain': `${what}: ${axes} (${matrix.length} × ${matrix[0].length}), largest ${largest.toFixed(2)}.`,
  });
}

/**
 * Of lists of keys the whole matrix; other weights as they are.
 *
 * @throws if there are none
 */
export function whole({ context, weights }: Attending): Whole {
  if (!weights) throw new Error('expected weights: ask for them, as by withWeights');
  return { context, weights: weights instanceof tf.Tensor ? weights : denseWeights(weights) };
}

/** What a page draws of its weights. */
export type PageOptions = {
  /** Gates: they need not sum to 1, as the rows of weights must. */
  gate?: boolean;
  /** What stands down and across. */
  axes?: string;
  /** Which matrix of the weights is drawn: all of the leading axes at this place. Default: the first. */
  at?: number[];
  /** The picture has so many columns: for a gate that is a list. */
  columns?: number;
};

/**
 * A page of the atlas: compares what the cell computes with what `src` does, both in one `tf.tidy`, and
 * draws the cell's weights.
 *
 * @throws as `same`; or if weights have a row that sums to neither 1 nor 0
 */
export function page(
  name: string,
  mine: () => Whole,
  theirs: () => Attending,
  { gate = false, axes, at = [], columns }: PageOptions = {},
): void {
  tf.tidy(() => {
    const [ours, of] = [mine(), whole(theirs())];
    same(name, { ...ours } as Numbers, { context: of.context, weights: of.weights });
    let drawn = plainArrays(ours.weights) as any;
    for (let axis = 0; shapeOf(drawn).length > 2; axis++) drawn = drawn[at[axis] ?? 0];
    if (columns) {
      const list: number[] = drawn.flat();
      const rows = Math.ceil(list.length / columns);
      drawn = Array.from({ length: rows }, (_, row) =>
        list.slice(row * columns, (row + 1) * columns),
      );
    }
    if (!gate) expectWeights(name, drawn);
    console.log(growthOf(name, measured()));
    tile(name, drawn, axes);
  });
}

/** How a method was measured to grow, as stored: '  grows as n^1.98 (largest tensor), n^1.8 (time)'. */
export function growthOf(name: string, numbers: Results['numbers']): string {
  const said = (what: string) => {
    const runs = numbers[`${what}, ${name}`];
    if (!runs) return 'n^?';
    return `n^${(runs.reduce((sum, x) => sum + x, 0) / runs.length).toFixed(2)}`;
  };
  return `  measured: ${said('largest tensor')} (numbers held at once), ${said('processor time')} (time)`;
}

function measured(): Results['numbers'] {
  try {
    return storedResults('23').numbers;
  } catch {
    return {}; // not measured yet
  }
}

function expectWeights(name: string, rows: number[][]): void {
  rows.forEach((row, i) => {
    const sum = row.reduce((a, b) => a + b, 0);
    if (Math.min(Math.abs(sum - 1), Math.abs(sum)) > 1e-4)
      throw new Error(`${name}: row ${i} sums to ${sum.toFixed(3)}, and is no gate`);
  });
}
