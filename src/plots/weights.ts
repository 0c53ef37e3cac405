/** Reads what a plot is given: tensors or nested arrays, checked, as nested arrays of numbers. */
import type { tf } from '../tensors/tf';

/** Numbers in rows: a tensor of rank 2 or nested arrays. Leading dimensions of size 1 are dropped. */
export type Matrix = tf.Tensor | number[][] | number[][][] | Float32Array[];

/** Matrices in a row, or in rows: a tensor of rank 3 or 4, or nested arrays of matrices. */
export type Matrices = tf.Tensor | number[][][] | number[][][][] | tf.Tensor[];

/** Whether the numbers are weights, or scores of either sign in which −Infinity is a masked key. */
export interface Kind {
  signed?: boolean;
}

/**
 * The rows of `values` as plain numbers, a masked score as null, four digits of the largest. The
 * tensor is neither changed nor disposed.
 *
 * @throws if the shape is not [rows, columns], or a value is not a weight (or a score).
 */
export function readMatrix(values: Matrix, what: string, kind: Kind = {}): (number | null)[][] {
  return rounded(readExactly(values, what, kind));
}

/** `readMatrix` with all digits, to compute with. */
export function readExactly(values: Matrix, what: string, kind: Kind = {}): (number | null)[][] {
  let nested: any = plainArrays(values);
  const shape = shapeOf(nested);
  while (shape.length > 2 && shape[0] === 1) {
    nested = nested[0];
    shape.shift();
  }
  if (shape.length !== 2) {
    throw new Error(
      `${what} have shape [${shapeOf(plainArrays(values))}], but this plot draws one matrix ` +
        '[queries, keys]: take one example and one head, or use heads()',
    );
  }
  return check(nested, what, kind);
}

/**
 * Matrices in rows: [columns, …] is one row, [rows, columns, …] is many.
 *
 * @throws as `readMatrix`; or if the rank is neither 3 nor 4, or the shapes differ.
 */
export function readGrid(
  values: Matrices,
  what: string,
  layout: string,
  kind: Kind = {},
): (number | null)[][][][] {
  const nested: any = plainArrays(values);
  const shape = shapeOf(nested);
  if (shape.length !== 3 && shape.length !== 4) {
    throw new Error(`${what} have shape [${shape}], but this plot draws ${layout}`);
  }
  const rows: any[][] = shape.length === 3 ? [nested] : nested;
  return rows.map((row, i) =>
    row.map((matrix, j) => {
      const place = shape.length === 3 ? `${j}` : `${i}, ${j}`;
      return rounded(check(matrix, `${what}[${place}]`, kind));
    }),
  );
}

/** A tensor, a list of tensors or nested arrays as nested arrays. */
export function plainArrays(values: unknown): unknown {
  const tensor = values as { arraySync?: () => unknown };
  if (typeof tensor?.arraySync === 'function') return tensor.arraySync();
  if (Array.isArray(values)) return values.map(plainArrays);
  if (ArrayBuffer.isView(values)) return Array.from(values as Float32Array);
  return values;
}

/**
 * The shape of nested arrays.
 *
 * @throws if rows differ in length.
 */
export function shapeOf(nested: unknown): number[] {
  if (!Array.isArray(nested)) return [];
  if (nested.length === 0) throw new Error('there is nothing to draw: a dimension has size 0');
  const inner = shapeOf(nested[0]);
  nested.forEach((part, i) => {
    const shape = shapeOf(part);
    if (shape.join() !== inner.join()) {
      throw new Error(`row 0 has shape [${inner}], but row ${i} has shape [${shape}]`);
    }
  });
  return [nested.length, ...inner];
}

function check(rows: number[][], what: string, { signed = false }: Kind): (number | null)[][] {
  rows.forEach((row, i) => {
    row.forEach((value, j) => {
      const at = `${what}[${i}, ${j}]`;
      if (typeof value !== 'number') throw new Error(`${at} is not a number`);
      if (Number.isNaN(value)) {
        throw new Error(`${at} is NaN: a softmax over a row of −Infinity gives that`);
      }
      if (signed && value === Number.NEGATIVE_INFINITY) return;
      if (!Number.isFinite(value)) throw new Error(`${at} is ${value}`);
      if (!signed && value < -1e-6) {
        throw new Error(
          `${at} is ${value}, but a weight is not negative; for scores: signed: true`,
        );
      }
    });
  });
  return rows.map((row) => row.map((value) => (Number.isFinite(value) ? value : null)));
}

/** Four digits of the largest value: what a hover shows needs three, and float32 prints as 17. */
export function rounded(rows: (number | null)[][]): (number | null)[][] {
  const largest = peak(rows);
  const power = largest === 0 ? 4 : Math.floor(Math.log10(largest));
  const digits = Math.min(20, Math.max(0, 4 - power));
  return rows.map((row) =>
    row.map((value) => (value === null ? null : Number(value.toFixed(digits)) + 0)),
  );
}

/** The largest absolute value. */
export function peak(rows: (number | null)[][]): number {
  let largest = 0;
  for (const row of rows) {
    for (const value of row) {
      if (value !== null && Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
    }
  }
  return largest;
}

/** Where a scale that shows `largest` ends: the next of 1, 2, 3, 4, 5, 10 times a power of ten. */
export function scaleEnd(largest: number): number {
  if (largest === 0) return 1;
  const power = 10 ** Math.floor(Math.log10(largest));
  const digit = Math.ceil(largest / power - 1e-4);
  return Number(((digit > 5 ? 10 : digit) * power).toPrecision(1));
}
