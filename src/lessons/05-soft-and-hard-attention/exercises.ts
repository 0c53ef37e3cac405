import { type Exercise, near, numbers } from '../../notebook/check';

type Pencil = { bound: number; marginal: number; gradient: number; looks: number[] };

/** 5.1: two places, in bits, with a pencil. */
const pencil: Exercise<Pencil> = {
  name: '5.1',
  behaviours: [
    {
      does: 'gives the bound: the mean of the logarithms',
      look: ({ bound }) => near('the bound', bound, -2.5),
    },
    {
      does: 'gives the probability of the word: the mean of the probabilities',
      look: ({ marginal }) => near('the probability', marginal, 7 / 32),
    },
    {
      does: 'gives the exact gradient of the bound by the first score',
      look: ({ gradient }) => near('the gradient', gradient, 0.375),
    },
    {
      does: 'gives what one look at each place estimates, with the bound as baseline',
      look: ({ looks }) =>
        numbers('the estimates', looks, 2) ??
        near('their mean, as often as they are drawn,', looks[0] / 4 + (3 * looks[1]) / 4, 0.375) ??
        near('the estimates', looks, [1.125, 0.125]),
    },
  ],
};

type ScoreGradient = (
  alpha: number[][],
  looked: number[],
  logLikelihood: number,
  baseline: number,
) => number[][];

const weights = [
  [0.5, 0.25, 0.25],
  [0.1, 0.2, 0.7],
];

/** 5.2: REINFORCE's estimate for the scores of a caption of several words. */
const estimate: Exercise<ScoreGradient> = {
  name: '5.2',
  behaviours: [
    {
      does: 'gives a row for each word, a number for each place',
      look: (f) => {
        const found = f(weights, [0, 2], -3, -1);
        if (!Array.isArray(found) || found.length !== 2) return 'two words should give two rows';
        return numbers('the first row', found[0], 3) ?? numbers('the second row', found[1], 3);
      },
    },
    {
      does: 'moves no score where the draw was worth the baseline',
      look: (f) =>
        near('log p = b: the estimate', f(weights, [1, 1], -2, -2), [
          [0, 0, 0],
          [0, 0, 0],
        ]),
    },
    {
      does: 'pushes where it looked up, and the others down, if the draw was better',
      look: (f) =>
        near('one word, place 1 of 3, one nat better: the estimate', f([weights[0]], [0], -1, -2), [
          [0.5, -0.25, -0.25],
        ]),
    },
    {
      does: 'gives every word the reward of the whole caption',
      look: (f) =>
        near('two words, two nats worse: the estimate', f(weights, [2, 0], -5, -3), [
          [1, 0.5, -1.5],
          [-1.8, 0.4, 1.4],
        ]),
    },
  ],
};

type BestBaseline = (alpha: number[], logLikelihoods: number[]) => number;

/** The variance of one look's estimate, summed over the scores, up to what b does not change. */
const meanSquare = (alpha: number[], logs: number[], b: number) =>
  alpha.reduce((sum, a, i) => {
    const length = alpha.reduce((all, ak, k) => all + ((i === k ? 1 : 0) - ak) ** 2, 0);
    return sum + a * (logs[i] - b) ** 2 * length;
  }, 0);

const flatAsBest = (what: string, f: BestBaseline, alpha: number[], logs: number[]) => {
  const b = f(alpha, logs);
  if (typeof b !== 'number' || !Number.isFinite(b)) return `${what}: b is no number`;
  const [left, here, right] = [-0.01, 0, 0.01].map((d) => meanSquare(alpha, logs, b + d));
  if (here <= left && here <= right) return undefined;
  return `${what}: at b = ${b.toFixed(3)} the variance still falls to the ${left < right ? 'left' : 'right'}`;
};

/** 5.3: the constant baseline with the least variance. */
const baseline: Exercise<BestBaseline> = {
  name: '5.3',
  behaviours: [
    {
      does: 'is the reward itself where all looks are worth the same',
      look: (f) => near('all rewards −2: b', f([0.3, 0.7], [-2, -2]), -2),
    },
    {
      does: 'is the mean reward of two looks that are alike likely',
      look: (f) => near('α = (½, ½), rewards −1 and −3: b', f([0.5, 0.5], [-1, -3]), -2),
    },
    {
      does: 'has the least variance for the three places of section 3',
      look: (f) => flatAsBest('section 3', f, [0.2, 0.5, 0.3], [0.9, 0.3, 0.1].map(Math.log)),
    },
    {
      does: 'has the least variance where one place is nearly sure',
      look: (f) => flatAsBest('α = (0.9, 0.05, 0.05)', f, [0.9, 0.05, 0.05], [-1, -4, -2]),
    },
  ],
};

export const lesson05 = { pencil, estimate, baseline };
