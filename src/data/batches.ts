import { random, shuffled } from '../tensors/random';
import { Vocabulary } from './vocabulary';

/** A source and its target sequence, as ids. */
export interface SequencePair {
  source: number[];
  target: number[];
}

/** Several pairs as rows, filled up with `Vocabulary.PAD` to the longest of them. */
export interface Batch {
  /** [batch][sourceLength] */
  source: number[][];
  /** Without start mark, with end mark: [batch][targetLength + 1] */
  target: number[][];
}

/** Fills rows up with `Vocabulary.PAD` to the length of the longest. */
export function pad(rows: readonly (readonly number[])[]): number[][] {
  const length = Math.max(...rows.map((row) => row.length));
  return rows.map((row) => [...row, ...new Array(length - row.length).fill(Vocabulary.PAD)]);
}

/** Puts pairs side by side. @throws if there is none, or if a source is empty */
export function batch(pairs: readonly SequencePair[]): Batch {
  if (pairs.length === 0) throw new Error('batch: expected at least one pair, got none');
  const empty = pairs.findIndex((pair) => pair.source.length === 0);
  if (empty >= 0) throw new Error(`batch: the source of pair ${empty} is empty`);
  return {
    source: pad(pairs.map((pair) => pair.source)),
    target: pad(pairs.map((pair) => [...pair.target, Vocabulary.END])),
  };
}

/**
 * Endless batches in random order, epoch after epoch. Sequences of like length come together, so
 * that hardly any computation goes into padding; the order of the batches is random all the same.
 */
export function* batches(
  pairs: readonly SequencePair[],
  { batchSize, seed }: { batchSize: number; seed: number },
): Generator<Batch, never> {
  if (pairs.length < 1 || !(batchSize >= 1)) {
    throw new Error(
      `batches: expected pairs and a batch size ≥ 1, got ${pairs.length} pairs, batch size ${batchSize}`,
    );
  }
  const next = random(seed);
  while (true) {
    const byLength = shuffled(pairs, next).sort(
      (a, b) => a.source.length - b.source.length || a.target.length - b.target.length,
    );
    const starts = Array.from(
      { length: Math.ceil(pairs.length / batchSize) },
      (_, i) => i * batchSize,
    );
    for (const start of shuffled(starts, next))
      yield batch(byLength.slice(start, start + batchSize));
  }
}
