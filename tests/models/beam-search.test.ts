import { beamSearch, type NextToken, random } from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const [START, END] = [0, 1];
const options = { start: START, end: END, maxSteps: 3 };

/** log p of the next token given all before: any function of the ids, with END = 1 among the tokens. */
type Model = (ids: number[]) => number[];

/** A model that draws its probabilities from a seed and the ids. */
const drawn =
  (seed: number, tokens = 4): Model =>
  (ids) => {
    const next = random(seed * 1000 + ids.reduce((hash, id) => hash * 7 + id + 1, 0));
    const odds = Array.from({ length: tokens }, (_, token) => (token === START ? 0 : next() ** 2));
    const total = odds.reduce((a, b) => a + b);
    return odds.map((p) => Math.log(p / total));
  };

/** What `beamSearch` calls: keeps the ids of every output itself, by what the calls say. */
function stepper(model: Model): NextToken {
  let outputs: number[][] = [[]];
  return (tokens, parents) => {
    outputs = parents.map((parent, row) =>
      tokens[row] === START ? [] : [...outputs[parent], tokens[row]],
    );
    return outputs.map(model);
  };
}

/** All outputs that end within maxSteps, best first. */
function exhaustive(
  model: Model,
  maxSteps: number,
  lengthPenalty: number,
  ids: number[] = [],
  log = 0,
): { ids: number[]; score: number }[] {
  if (ids.length === maxSteps) return [];
  return model(ids)
    .flatMap((p, token) => {
      if (p === -Infinity) return [];
      if (token !== END)
        return exhaustive(model, maxSteps, lengthPenalty, [...ids, token], log + p);
      return [{ ids, score: (log + p) / ((6 + ids.length) / 6) ** lengthPenalty }];
    })
    .sort((a, b) => b.score - a.score);
}

function greedy(model: Model, maxSteps: number) {
  const ids: number[] = [];
  let logProbability = 0;
  for (let step = 0; step < maxSteps; step++) {
    const row = model(ids);
    const token = row.indexOf(Math.max(...row));
    logProbability += row[token];
    if (token === END) return { ids, logProbability, ended: true };
    ids.push(token);
  }
  return { ids, logProbability, ended: false };
}

const seeds = fc.integer({ min: 1, max: 10000 });

describe('beamSearch', () => {
  test('of width 1 is greedy search', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const [found] = beamSearch(stepper(drawn(seed)), { ...options, width: 1, maxSteps: 5 });
        const { score, ...rest } = found;
        expect(rest).toEqual(greedy(drawn(seed), 5));
        expect(score).toBe(found.logProbability);
      }),
      { numRuns: 50, seed: 1 },
    );
  });

  test('as wide as there are outputs, finds what trying all of them finds', () => {
    fc.assert(
      fc.property(seeds, fc.constantFrom(0, 0.6, 2), (seed, lengthPenalty) => {
        const width = 40;
        const found = beamSearch(stepper(drawn(seed)), { ...options, width, lengthPenalty });
        const all = exhaustive(drawn(seed), 3, lengthPenalty);
        expect(found[0].ids).toEqual(all[0].ids);
        expect(found[0].score).toBeCloseTo(all[0].score, 10);
      }),
      { numRuns: 50, seed: 2 },
    );
  });

  test('stops early without missing anything: the same as when it goes on to the end', () => {
    let calls = 0;
    const certain: Model = () => {
      calls++;
      return [-Infinity, Math.log(0.9), Math.log(0.1)];
    };
    const [found] = beamSearch(stepper(certain), { ...options, width: 2, maxSteps: 50 });
    expect(found).toEqual({
      ids: [],
      logProbability: Math.log(0.9),
      score: Math.log(0.9),
      ended: true,
    });
    expect(calls).toBe(1);
  });

  test('scores as high as greedy search or higher, nearly always', () => {
    // Not always: see the next test.
    const worse = Array.from({ length: 200 }, (_, seed) => {
      const [found] = beamSearch(stepper(drawn(seed)), { ...options, width: 3, maxSteps: 4 });
      const alone = greedy(drawn(seed), 4);
      return alone.ended && found.logProbability < alone.logProbability - 1e-12;
    });
    expect(worse.filter(Boolean).length).toBeLessThanOrEqual(2);
  });

  test('can drop the output that greedy search finds, and then end worse', () => {
    // 2 is likeliest at first, but 3 and then 4 have likelier continuations, which lead nowhere.
    const log = (...p: number[]) => p.map(Math.log);
    const trap: Model = ([first, second]) => {
      if (first === undefined) return log(0, 0, 0.4, 0.35, 0.25);
      if (second === undefined && first === 2) return log(0, 0, 0.4, 0.3, 0.3);
      if (second === undefined) return log(0, 0, 0.5, 0.5, 0);
      return first === 2 ? log(0, 1, 0, 0, 0) : log(0, 0.1, 0.3, 0.3, 0.3);
    };
    const [beam] = beamSearch(stepper(trap), { ...options, width: 2 });
    const alone = greedy(trap, 3);
    expect(alone.ids).toEqual([2, 2]);
    expect(beam.ids[0]).toBe(3);
    expect(beam.logProbability).toBeLessThan(alone.logProbability);
  });

  test('gives longer outputs as the length penalty grows', () => {
    // Ends at once with p = 0.4, or after two more tokens with 0.6 · 0.9 · 0.7 = 0.378.
    const model: Model = (ids) =>
      [
        [0, 0.4, 0.6],
        [0, 0.1, 0.9],
        [0, 0.7, 0.3],
      ][ids.length].map(Math.log);
    const search = (lengthPenalty: number) =>
      beamSearch(stepper(model), { ...options, width: 3, lengthPenalty })[0].ids;
    expect(search(0)).toEqual([]);
    expect(search(1)).toEqual([2, 2]);
  });

  test('gives open outputs only where none has ended', () => {
    const endless: Model = () => [-Infinity, -Infinity, Math.log(0.6), Math.log(0.4)];
    const found = beamSearch(stepper(endless), { ...options, width: 2, maxSteps: 1 });
    expect(found.map(({ ids, ended }) => [ids, ended])).toEqual([
      [[2], false],
      [[3], false],
    ]);
  });

  test.each([{ width: 0 }, { width: 1.5 }, { maxSteps: 0 }, { lengthPenalty: -1 }])(
    'refuses %j',
    (wrong) => {
      const search = () => beamSearch(stepper(drawn(1)), { ...options, width: 2, ...wrong });
      expect(search).toThrow('beamSearch: expected a whole width ≥ 1');
    },
  );
});

test.each([1, 2])('refuses log-probabilities that are NaN, width %i', (width) => {
  const nan: NextToken = (tokens) => tokens.map(() => [-1, Number.NaN, -2]);
  expect(() => beamSearch(nan, { ...options, width })).toThrow(
    'the log-probability of token 1 is NaN: nothing can be chosen',
  );
});
