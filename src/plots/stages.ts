/** The stages of an attention mechanism, read and checked: each follows from the one before. */
import { checkTokens } from './tokens';
import { type Matrix, plainArrays, readExactly, shapeOf } from './weights';
import { name, number } from './words';

/** What becomes of the numbers that each query has for the keys. */
export interface Stage {
  /** 'scores', 'same bucket', 'softmax', '× Gaussian'. */
  name: string;
  /** `[queries, keys]`. A score of −Infinity is a hidden key; it stays hidden from there on. */
  matrix: Matrix;
  /** A few words beside the row: 'q · k', '÷ √64'. */
  note?: string;
  /**
   * `scores`: any numbers. `softmax`: weights, checked to be the softmax of the stage before.
   * `weights`: any numbers from 0, and 0 for hidden keys. Default: scores, the last stage weights.
   */
  kind?: 'scores' | 'softmax' | 'weights';
}

/** Scores → scaled → masked → softmax, the stages of most mechanisms. */
export interface PlainStages {
  /** Of all keys, before scale and mask: `[queries, keys]`. */
  scores: Matrix;
  /** How a score is made: 'q · k'. */
  scoreName?: string;
  /** What the scores are multiplied by, as a rule 1/√d. Left out: they are not. */
  scale?: number;
  /** 1 (or true) where the query may see the key: `[queries, keys]`, or `[1, keys]` for all. */
  mask?: Matrix | boolean[][];
  /** What the mechanism returned: `[queries, keys]`. */
  weights: Matrix;
}

/** A stage that was read: null is a hidden key. */
export interface Read {
  name: string;
  note: string;
  rows: (number | null)[][];
  isWeights: boolean;
}

type Rows = Read['rows'];

/**
 * @throws if a shape is not [queries, keys], if weights are not what the stage before makes them
 * (to 1e-4), or if a hidden key is seen again; the message names the query and the key.
 */
export function readStages(given: Stage[], queries: string[], keys: string[]): Read[] {
  const read: Read[] = [];
  for (const [i, { name: stage, matrix, note = '', kind }] of given.entries()) {
    const isWeights = (kind ?? (i < given.length - 1 ? 'scores' : 'weights')) !== 'scores';
    const rows = readExactly(matrix, stage, { signed: !isWeights });
    checkTokens(queries, rows.length, stage, 'query');
    checkTokens(keys, rows[0].length, stage, 'key');
    const before = read[i - 1];
    if (before) {
      const expected = kind === 'softmax' ? before.rows.map(softmax) : rows;
      compare(stage, rows, before, expected, (q, k) => {
        return `stepper(): for query ${name(queries, q)} and key ${name(keys, k)}`;
      });
    }
    const seen = rows.map((row, q) =>
      row.map((value, k) => (before?.rows[q][k] === null ? null : value)),
    );
    read.push({ name: stage, note, rows: seen, isWeights });
  }
  return read;
}

function compare(
  stage: string,
  rows: Rows,
  before: Read,
  expected: Rows,
  place: (query: number, key: number) => string,
): void {
  rows.forEach((row, q) => {
    row.forEach((value, k) => {
      const found = `${place(q, k)}, "${stage}" is ${number(value ?? 0)}, but`;
      if (before.rows[q][k] === null && value !== null && Math.abs(value) > 1e-4) {
        throw new Error(`${found} "${before.name}" hides the key`);
      }
      const should = expected[q][k] ?? 0;
      if (Math.abs((value ?? 0) - should) > 1e-4) {
        throw new Error(`${found} the softmax of "${before.name}" is ${number(should)}`);
      }
    });
  });
}

function softmax(row: (number | null)[]): number[] {
  const most = Math.max(...row.map((x) => x ?? -Infinity));
  const powers = row.map((x) => (x === null ? 0 : Math.exp(x - most)));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => (sum === 0 ? 0 : power / sum));
}

/** The stages of the plain mechanism, each made of the one before; the weights as they were given. */
export function plainStages({ scores, scoreName, scale, mask, weights }: PlainStages): Stage[] {
  const stages: Stage[] = [{ name: 'scores', matrix: scores, note: scoreName }];
  let rows = readExactly(scores, 'scores', { signed: true }).map((row) =>
    row.map((x) => x ?? -Infinity),
  );
  if (scale !== undefined) {
    rows = rows.map((row) => row.map((x) => x * scale));
    stages.push({ name: 'scaled', matrix: rows, note: factor(scale) });
  }
  if (mask !== undefined) {
    const sees = readMask(mask, rows.length, rows[0].length);
    rows = rows.map((row, i) => row.map((x, j) => (sees(i, j) ? x : -Infinity)));
    stages.push({ name: 'masked', matrix: rows });
  }
  return [...stages, { name: 'softmax', matrix: weights, kind: 'softmax' }];
}

// 1/√d as such, where d is a whole number.
function factor(scale: number): string {
  const d = 1 / scale ** 2;
  const whole = Math.round(d);
  return whole > 1 && Math.abs(d / whole - 1) < 1e-5 ? `÷ √${whole}` : `× ${number(scale)}`;
}

function readMask(mask: Matrix | boolean[][], queries: number, keys: number) {
  let nested: any = plainArrays(mask);
  const shape = shapeOf(nested);
  const [height, width] = shape.slice(-2);
  const lead = shape.slice(0, -2);
  const fits = (size: number, whole: number) => size === whole || size === 1;
  if (lead.some((size) => size !== 1) || !fits(height, queries) || !fits(width, keys)) {
    throw new Error(
      `stepper(): the mask has shape [${shape}], but the scores [${queries},${keys}]`,
    );
  }
  for (const _ of lead) nested = nested[0];
  const wrong = nested.flat().find((value: unknown) => Number(value) !== 0 && Number(value) !== 1);
  if (wrong !== undefined) {
    throw new Error(`stepper(): the mask has the value ${wrong}, not 0 (hidden) or 1 (seen)`);
  }
  return (i: number, j: number) => Boolean(nested[height === 1 ? 0 : i][width === 1 ? 0 : j]);
}
