/**
 * The log probabilities of the next token, for several outputs that are being written.
 *
 * @param tokens the last token of each
 * @param parents which output of the call before each one continues; [0] at the first call
 * @returns [outputs][vocabulary]
 */
export type NextToken = (tokens: number[], parents: number[]) => number[][];

/** What a beam search found. */
export type Hypothesis = {
  /** Ids up to, without, the end mark. */
  ids: number[];
  /** Σ log p of the ids and the end mark, in nats. */
  logProbability: number;
  /** log p divided by the length penalty. */
  score: number;
  /** false if the search had to stop before an end mark. */
  ended: boolean;
};

export type BeamSearchOptions = {
  /** The token before the first, and the token after the last. */
  start: number;
  end: number;
  /** How many outputs are kept at each step; 1 = greedy. */
  width: number;
  /** The end mark counts as a step. */
  maxSteps: number;
  /** α ≥ 0; 0 favours short outputs, and the Transformer's translations use 0.6. */
  lengthPenalty?: number;
};

/**
 * Beam search: extends the `width` likeliest outputs by every token and keeps the likeliest again.
 *
 *     score(y) = log p(y) / lp(y)      lp(y) = ((5 + |y|) / 6)^α      |y| counts the end mark
 *
 * It stops when no open output can overtake the best that has ended. A beam as wide as there are
 * outputs finds the best of all; a narrow one can miss it, and even what greedy search finds.
 *
 * Source: length penalty: Wu et al. (2016), Section 7, eq. (14).
 *
 * @returns the `width` best or fewer, best first: those that ended, or if none did, the open ones
 * @throws if the width is not a whole number ≥ 1, or another option is out of range
 */
export function beamSearch(
  next: NextToken,
  { start, end, width, maxSteps, lengthPenalty = 0 }: BeamSearchOptions,
): Hypothesis[] {
  if (!(Number.isInteger(width) && width >= 1 && maxSteps >= 1 && lengthPenalty >= 0)) {
    const given = `${width}, ${maxSteps}, ${lengthPenalty}`;
    throw new Error(
      `beamSearch: expected a whole width ≥ 1, maxSteps ≥ 1, lengthPenalty ≥ 0; got ${given}`,
    );
  }
  const score = (logProbability: number, steps: number) =>
    logProbability / ((5 + steps) / 6) ** lengthPenalty;
  const best = (list: Hypothesis[]) => list.sort((a, b) => b.score - a.score).slice(0, width);

  let open: Hypothesis[] = [{ ids: [], logProbability: 0, score: 0, ended: false }];
  let ended: Hypothesis[] = [];
  let parents = [0];
  for (let step = 1; step <= maxSteps && open.length > 0; step++) {
    const tokens = open.map(({ ids }) => ids.at(-1) ?? start);
    const candidates = next(tokens, parents).flatMap((logProbabilities, parent) =>
      likeliest(logProbabilities, width).map((token) => {
        const logProbability = open[parent].logProbability + logProbabilities[token];
        return { parent, token, logProbability };
      }),
    );
    candidates.sort((a, b) => b.logProbability - a.logProbability);
    const before = open;
    open = [];
    parents = [];
    for (const { parent, token, logProbability } of candidates.slice(0, width)) {
      const { ids } = before[parent];
      const scored = { logProbability, score: score(logProbability, step) };
      if (token === end) {
        ended.push({ ids, ended: true, ...scored });
      } else {
        open.push({ ids: [...ids, token], ended: false, ...scored });
        parents.push(parent);
      }
    }
    ended = best(ended);
    // log p only falls and the penalty only grows: no open output will score higher than this.
    const hope = Math.max(...open.map((output) => score(output.logProbability, maxSteps)));
    if (ended.length > 0 && ended[0].score >= hope) break;
  }
  return ended.length > 0 ? ended : best(open);
}

/**
 * The places of the n largest log-probabilities, the largest first; the lower place first among equals.
 *
 * @throws if one is not a number: there is no largest then
 */
export function likeliest(values: readonly number[], n: number): number[] {
  const odd = values.findIndex(Number.isNaN);
  if (odd >= 0)
    throw new Error(`the log-probability of token ${odd} is NaN: nothing can be chosen`);
  if (n === 1) return [values.indexOf(Math.max(...values))];
  return [...values.keys()].sort((a, b) => values[b] - values[a]).slice(0, n);
}
