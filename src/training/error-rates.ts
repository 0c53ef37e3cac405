/**
 * How many insertions, deletions and substitutions turn one sequence into the other
 * (Levenshtein distance).
 */
export function editDistance<T>(from: readonly T[], to: readonly T[]): number {
  let row = Array.from({ length: to.length + 1 }, (_, j) => j);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const substitution = row[j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[to.length];
}

/** Error rates of a set of outputs, each between 0 and 1 (a token error rate can exceed 1). */
export interface ErrorRates {
  /** Σ edit distance / Σ reference length; for phonemes, the phoneme error rate. */
  token: number;
  /** Share of the outputs that are not exactly right; the word error rate. */
  sequence: number;
  /** How many outputs were scored. */
  count: number;
}

/**
 * Scores outputs against the truth. Where several references are right (a word with several
 * pronunciations), the closest counts, as is usual for grapheme-to-phoneme conversion.
 *
 * @param outputs one sequence of tokens per example
 * @param references for each example, one or more right answers
 * @throws if the numbers of examples differ, there are none, or an example has no reference
 */
export function errorRates<T>(
  outputs: readonly (readonly T[])[],
  references: readonly (readonly (readonly T[])[])[],
): ErrorRates {
  if (outputs.length !== references.length || outputs.length === 0) {
    throw new Error(
      `errorRates: expected as many outputs as references, at least one; got ${outputs.length} and ${references.length}`,
    );
  }
  let distance = 0;
  let length = 0;
  let wrong = 0;
  outputs.forEach((output, i) => {
    if (references[i].length === 0) throw new Error(`errorRates: example ${i} has no reference`);
    const scored = references[i].map((reference) => ({
      distance: editDistance(output, reference),
      length: reference.length,
    }));
    const closest = scored.reduce((best, other) => (other.distance < best.distance ? other : best));
    distance += closest.distance;
    length += closest.length;
    wrong += closest.distance > 0 ? 1 : 0;
  });
  if (length === 0) throw new Error('errorRates: the references have no token to get wrong');
  return { token: distance / length, sequence: wrong / outputs.length, count: outputs.length };
}
