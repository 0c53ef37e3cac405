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

/** Weights of one gate, or of the candidate, of an LSTM with one unit and one input. */
export type Affine = { x: number; h: number; bias: number };
type Gates = { input: Affine; forget: Affine; output: Affine; candidate: Affine };
type State = { h: number; m: number };
type Step = (x: number, state: State, gates: Gates) => State;

/** A gate that is open for a bias of 50, closed for −50. */
const gate = (bias: number): Affine => ({ x: 0, h: 0, bias });
const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
const add: Affine = { x: 1, h: 0, bias: 0 };

/** 1.2: one step of an LSTM with one unit. */
const lstmStep: Exercise<Step> = {
  name: '1.2',
  behaviours: [
    {
      does: 'keeps the memory where the forget gate is open and the input gate closed',
      look: (step) => {
        const gates = { input: gate(-50), forget: gate(50), output: gate(0), candidate: add };
        return near('the memory', step(2, { h: 0.1, m: 1.7 }, gates)?.m, 1.7);
      },
    },
    {
      does: 'adds to the memory where both are open, as the LSTM of 1997 did',
      look: (step) => {
        const gates = { input: gate(50), forget: gate(50), output: gate(0), candidate: add };
        const { m } = step(0.5, { h: 0.1, m: 1 }, gates);
        return near('the memory', m, 1 + Math.tanh(0.5))
          ? `the memory 1 becomes ${round(m)} though nothing is to be forgotten and tanh 0.5 comes in; is there one gate for each?`
          : undefined;
      },
    },
    {
      does: 'shows nothing where the output gate is closed, and keeps it all the same',
      look: (step) => {
        const gates = { input: gate(-50), forget: gate(50), output: gate(-50), candidate: add };
        const { h, m } = step(0.5, { h: 0.1, m: 0.8 }, gates);
        return near('h', h, 0) ?? near('the memory', m, 0.8);
      },
    },
    {
      does: 'shows the tanh of the new memory where the output gate is open',
      look: (step) => {
        const gates = { input: gate(50), forget: gate(-50), output: gate(50), candidate: add };
        const { h } = step(1.5, { h: 0.1, m: 5 }, gates);
        return near('h', h, Math.tanh(Math.tanh(1.5)))
          ? `h is ${round(h)}; is it made of the memory after this step, squashed once more?`
          : undefined;
      },
    },
    {
      does: 'computes every gate from x and h, by a sigmoid',
      look: (step) => {
        const gates = {
          input: { x: 1, h: -1, bias: 0.2 },
          forget: { x: -0.5, h: 2, bias: 0.1 },
          output: { x: 0.3, h: 0.4, bias: -0.2 },
          candidate: { x: 0.7, h: 1.5, bias: -0.3 },
        };
        const [x, h, m] = [0.4, -0.6, 0.9];
        const sum = (of: Affine) => of.x * x + of.h * h + of.bias;
        const next =
          sigmoid(sum(gates.forget)) * m +
          sigmoid(sum(gates.input)) * Math.tanh(sum(gates.candidate));
        const got = step(x, { h, m }, gates);
        return (
          near('the memory', got.m, next, 1e-4) ??
          near('h', got.h, sigmoid(sum(gates.output)) * Math.tanh(next), 1e-4)
        );
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

/** 1.4: a few letters that make a model write and write. */
const babble: Exercise<{ word: string; babbled: string[] }> = {
  name: '1.4',
  behaviours: [
    {
      does: 'is at most three letters',
      look: ({ word }) =>
        /^[A-Z]{1,3}$/i.test(word) ? undefined : `"${word}" is not one to three letters A–Z`,
    },
    { does: 'makes the model write more phonemes than there are letters', look: longer(4) },
    { does: 'makes it write three for each letter', look: longer(9) },
    { does: 'gets past fifteen: now look for what such words have in common', look: longer(16) },
  ],
};

function longer(least: number) {
  return ({ babbled }: { babbled: string[] }) =>
    babbled.length >= least ? undefined : `the model wrote ${babbled.length} phonemes`;
}

/** What is wrong with a list of ids that should be another. */
function said(what: string, ids: unknown, expected: number[]): string | undefined {
  if (!Array.isArray(ids)) return `${what} should give a list of ids, but gives ${typeof ids}`;
  return ids.join() === expected.join() ? undefined : `${what} gives [${ids}]`;
}

/** The exercises of lesson 01. */
export const lesson01 = { pencil, lstmStep, beam, babble };
