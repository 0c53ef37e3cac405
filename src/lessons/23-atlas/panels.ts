import { denseWeights, type SparseWeights } from '../../attention/sparse-weights';
import type { tf } from '../../tensors/tf';
import { french, sentence, side } from './example';

/** One matrix of a map. */
export type AtlasPanel = {
  /**
   * What the numbers are: weights of queries (rows) on keys (columns); a picture, pixel by pixel; or
   * one number for each channel, in a single row.
   */
  shows: 'weights' | 'picture' | 'channels';
  /** What sums to 1: each row, or all numbers together. A gate has from 0 to 1 in each, for itself. */
  sums: 'rows' | 'all' | 'gate';
  /** [rows][columns] */
  values: number[][];
  rowTitle: string;
  columnTitle: string;
  /** A name for each row or column, if they have some. */
  rows?: string[];
  columns?: string[];
  /** What sets this panel apart from the others of its map. */
  caption?: string;
  /** The pixel that asks, [row, column]. */
  mark?: [number, number];
};

/** What one method makes of the atlas's common example. */
export type AtlasMap = {
  /** As in `methods`. */
  name: string;
  /** Most methods have one; a method with several heads or several kinds of weights has more. */
  panels: AtlasPanel[];
  /** What was put in. */
  input: string;
  /** What to recognise the method by, in a sentence. */
  look: string;
};

/** A map without its name. */
export type Drawn = Omit<AtlasMap, 'name'>;

/** A tensor [1, …, rows, columns] as rows of numbers. */
export function rowsOf(weights: tf.Tensor): number[][] {
  const [rows, columns] = weights.shape.slice(-2);
  return weights.reshape([rows, columns]).arraySync() as number[][];
}

/** Weights of words (queries) on words (keys), [1, 12, 12]. */
export function overWords(
  weights: tf.Tensor | number[][],
  more: Partial<AtlasPanel> = {},
): AtlasPanel {
  return {
    shows: 'weights',
    sums: 'rows',
    values: Array.isArray(weights) ? weights : rowsOf(weights),
    rowTitle: 'query',
    columnTitle: 'key',
    rows: sentence,
    columns: sentence,
    ...more,
  };
}

/** The same of a method that lists the keys that each query sees. */
export const overSomeWords = (weights: SparseWeights, more?: Partial<AtlasPanel>) =>
  overWords(denseWeights(weights), more);

/** Weights of French words on English words. */
export const overTranslation = (weights: tf.Tensor) =>
  overWords(weights, { rows: french, rowTitle: 'query (French)', columnTitle: 'key (English)' });

/** Numbers of all pixels, [144] or [12, 12], as a picture. */
export function overPixels(
  numbers: tf.Tensor,
  sums: 'all' | 'gate',
  more: Partial<AtlasPanel> = {},
): AtlasPanel {
  return {
    shows: 'picture',
    sums,
    values: numbers.reshape([side, side]).arraySync() as number[][],
    rowTitle: 'row of pixels',
    columnTitle: 'column of pixels',
    ...more,
  };
}
