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

/** A word of the output and the word of the source that it is linked with, by their places. */
export type Link = readonly [target: number, source: number];

/**
 * How far links are from a reference that a person made: 0 = all right, 1 = none.
 *
 *     AER = 1 − (|A ∩ S| + |A ∩ P|) / (|A| + |S|)
 *
 * Source: Och and Ney (2003), Section 4.4, as Luong et al. (2015), Section 5.4, use it.
 *
 * @param found A, the links of all sentences, a list for each
 * @param sure S, the links that must be there
 * @param possible P, those that may be there, the sure ones included; left out, S
 * @throws if the numbers of sentences differ, or there is no link at all
 */
export function alignmentErrorRate(
  found: readonly (readonly Link[])[],
  sure: readonly (readonly Link[])[],
  possible: readonly (readonly Link[])[] = sure,
): number {
  if (found.length !== sure.length || found.length !== possible.length) {
    const given = `${found.length}, ${sure.length} and ${possible.length}`;
    throw new Error(`alignmentErrorRate: expected as many lists of each, got ${given}`);
  }
  const common = (some: readonly (readonly Link[])[]) =>
    some.reduce((sum, links, i) => {
      const names = new Set(links.map(String));
      return sum + found[i].filter((link) => names.has(String(link))).length;
    }, 0);
  const links = found.flat().length + sure.flat().length;
  if (links === 0) throw new Error('alignmentErrorRate: expected links, got none');
  return 1 - (common(sure) + common(possible)) / links;
}
