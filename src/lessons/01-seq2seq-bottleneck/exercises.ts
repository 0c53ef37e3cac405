import { type Exercise, near, round } from '../../notebook/check';

/** 1.1: greedy, beam and perplexity with a pencil. */
const pencil: Exercise<{ greedy: number; best: number; perplexity: number }> = {
  name: '1.1',
  behaviours: [
    {
      does: 'gives the probability of the output that greedy search writes',
      look: ({ greedy }) => near('greedy', greedy, 0.18),
    },
    {
      does: 'gives the probability of the best output, which is another one',
      look: ({ greedy, best }) =>
        typeof best === 'number' && best <= greedy
          ? 'best is no better than greedy: what follows the second-likeliest first phoneme?'
          : near('best', best, 0.36),
    },
    {
      does: 'gives the perplexity of the best output over its two steps, end mark included',
      look: ({ perplexity }) => near('perplexity', perplexity, 1 / Math.sqrt(0.36), 1e-2),
    },
  ],
};

/** Weights of one gate, or of the candidate, of a GRU with one unit and one input. */
export type Affine = { x: number; h: number; bias: number };
type Step = (
  x: number,
  h: number,
  weights: { reset: Affine; update: Affine; candidate: Affine },
) => number;

const gate = (bias: number): Affine => ({ x: 0, h: 0, bias });
const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));

/** 1.2: one step of a GRU with one unit. */
const gruStep: Exercise<Step> = {
  name: '1.2',
  behaviours: [
    {
      does: 'keeps the state where the update gate is 1',
      look: (step) => {
        const weights = { reset: gate(0), update: gate(50), candidate: { x: 1, h: 1, bias: 0 } };
        const next = step(2, 0.3, weights);
        return near('the state', next, 0.3)
          ? `the state 0.3 becomes ${round(next)} though u = 1; which of h and the candidate does u multiply?`
          : undefined;
      },
    },
    {
      does: 'is the tanh of the candidate where the update gate is 0',
      look: (step) => {
        const weights = {
          reset: gate(50),
          update: gate(-50),
          candidate: { x: 1, h: 2, bias: 0.5 },
        };
        return near('the state', step(0.2, 0.1, weights), Math.tanh(0.9));
      },
    },
    {
      does: 'forgets the state in the candidate where the reset gate is 0',
      look: (step) => {
        const weights = { reset: gate(-50), update: gate(-50), candidate: { x: 1, h: 5, bias: 0 } };
        return near('the state', step(0.2, 0.9, weights), Math.tanh(0.2));
      },
    },
    {
      does: 'computes both gates from input and state, by a sigmoid',
      look: (step) => {
        const reset = { x: 1, h: -1, bias: 0.2 };
        const update = { x: -0.5, h: 2, bias: 0.1 };
        const next = step(0.4, -0.6, { reset, update, candidate: { x: 0.7, h: 1.5, bias: -0.3 } });
        const r = sigmoid(0.4 + 0.6 + 0.2);
        const u = sigmoid(-0.2 - 1.2 + 0.1);
        const candidate = Math.tanh(0.28 + 1.5 * r * -0.6 - 0.3);
        return near('the state', next, u * -0.6 + (1 - u) * candidate, 1e-4);
      },
    },
  ],
};

/** p(next token) after some ids. Token 0 is the end mark. */
type Model = (ids: number[]) => number[];
type Search = (model: Model, width: number, maxSteps: number) => number[];

const trap: Model = (ids) =>
  [[0.1, 0.5, 0.4], ...(ids[0] === 1 ? [[0.4, 0.3, 0.3]] : [[0.9, 0.05, 0.05]])][
    Math.min(ids.length, 1)
  ];
/** The best output is short, and ends long before the others do. */
const early: Model = (ids) =>
  [
    [0.45, 0.55, 0],
    [0.2, 0.8, 0],
  ][Math.min(ids.length, 1)];

/** 1.3: beam search. */
const beam: Exercise<Search> = {
  name: '1.3',
  behaviours: [
    {
      does: 'is greedy search at width 1',
      look: (search) => said('width 1', search(trap, 1, 3), [1]),
    },
    {
      does: 'finds at width 2 what greedy search misses',
      look: (search) => said('width 2', search(trap, 2, 3), [2]),
    },
    {
      does: 'keeps an output that has ended, and compares it with the longer ones at the end',
      look: (search) => said('the output', search(early, 2, 4), []),
    },
    {
      does: 'gives the best open output where none has ended',
      look: (search) =>
        said(
          'the output',
          search(() => [0, 0.4, 0.6], 2, 3),
          [2, 2, 2],
        ),
    },
    {
      does: 'does not underflow: 400 steps of probability 1/10 each',
      look: (search) => {
        const long: Model = (ids) => (ids.length < 400 ? [0, 0.1, 0.09] : [1, 0, 0]);
        const found = search(long, 2, 401);
        return found?.length === 400 && found.every((id) => id === 1)
          ? undefined
          : 'the likeliest of 400 tokens is not found: add logarithms, a product of 400 is 0';
      },
    },
  ],
};

type FirstError = (said: string[], truth: string[]) => number;

/** 1.4: where a pronunciation first goes wrong. */
const firstError: Exercise<FirstError> = {
  name: '1.4',
  behaviours: [
    {
      does: 'is −1 where nothing is wrong',
      look: (first) => near('the position', first(['K', 'AE', 'T'], ['K', 'AE', 'T']), -1),
    },
    {
      does: 'is the position of the first wrong phoneme, counted from 0',
      look: (first) => near('the position', first(['K', 'AH', 'D'], ['K', 'AE', 'T']), 1),
    },
    {
      does: 'finds what is missing at the end',
      look: (first) => near('the position', first(['K', 'AE'], ['K', 'AE', 'T']), 2),
    },
    {
      does: 'finds what is too much at the end',
      look: (first) => near('the position', first(['K', 'AE', 'T', 'S'], ['K', 'AE', 'T']), 3),
    },
    {
      does: 'says 0 for an output without a phoneme',
      look: (first) => near('the position', first([], ['K', 'AE', 'T']), 0),
    },
  ],
};

/** What is wrong with a list of ids that should be another. */
function said(what: string, ids: unknown, expected: number[]): string | undefined {
  if (!Array.isArray(ids)) return `${what} should give a list of ids, but gives ${typeof ids}`;
  return ids.join() === expected.join() ? undefined : `${what} gives [${ids}]`;
}

/** The exercises of lesson 01. */
export const lesson01 = { pencil, gruStep, beam, firstError };
