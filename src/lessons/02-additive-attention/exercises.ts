import { type Exercise, near, numbers, round } from '../../notebook/check';

/** 2.1: weights and context with a pencil. */
const pencil: Exercise<{ weights: number[]; context: number }> = {
  name: '2.1',
  behaviours: [
    {
      does: 'gives three weights that sum to 1',
      look: ({ weights }) => {
        const wrong = numbers('weights', weights, 3);
        return wrong ?? near('their sum', total(weights), 1, 1e-2);
      },
    },
    {
      does: 'gives the second letter twice the weight of the first, as e₂ − e₁ = ln 2',
      look: ({ weights }) =>
        numbers('weights', weights, 3) ?? near('α₂ / α₁', weights[1] / weights[0], 2, 1e-2),
    },
    {
      does: 'gives the context as the average of the annotations under these weights',
      look: ({ weights, context }) => {
        const wrong = numbers('weights', weights, 3);
        const average = 4 * weights?.[0] + 8 * weights?.[1] - 4 * weights?.[2];
        return wrong ?? near('context', context, average, 1e-2);
      },
    },
    {
      does: 'has all of it right',
      look: ({ weights, context }) =>
        near('α₁', weights?.[0], 1 / 4, 1e-2) ?? near('context', context, 4, 1e-2),
    },
  ],
};

type Score = (s: number[], h: number[], W: number[][], U: number[][], v: number[]) => number;

/** 2.2: the alignment model in plain arrays. */
const alignmentScore: Exercise<Score> = {
  name: '2.2',
  behaviours: [
    {
      does: 'gives one number',
      look: (score) => near('the score for s = h = 0', score([0], [0], [[1]], [[1]], [1]), 0),
    },
    {
      does: 'squashes the sum of both projections, not each by itself',
      look: (score) => {
        const e = score([1], [1], [[1]], [[1]], [1]);
        return near('the score for s = h = W = U = v = 1', e, Math.tanh(2), 1e-4)
          ? `for s = h = 1 and all weights 1 you give ${round(e)}; is tanh taken once, of W s + U h?`
          : undefined;
      },
    },
    {
      does: 'takes W by its rows: s has one entry per row, the hidden layer one per column',
      look: (score) => {
        const e = score(
          [1, 2],
          [0],
          [
            [0.1, 0.2, 0.3],
            [0, -0.1, 0.2],
          ],
          [[0, 0, 0]],
          [1, 1, 1],
        );
        const hidden = [0.1, 0, 0.7].map(Math.tanh);
        return near('the score of a state of depth 2 with hidden width 3', e, total(hidden), 1e-4);
      },
    },
    {
      does: 'weighs the hidden layer by v',
      look: (score) => {
        const e = score([1], [2], [[0.5, -0.5]], [[0.25, 0.5]], [2, -3]);
        return near('the score with v = [2, −3]', e, 2 * Math.tanh(1) - 3 * Math.tanh(0.5), 1e-4);
      },
    },
  ],
};

type Softmax = (logits: number[], mask: number[]) => number[];

/** 2.3: a softmax that hides padding. */
const maskedWeights: Exercise<Softmax> = {
  name: '2.3',
  behaviours: [
    {
      does: 'is the softmax where nothing is hidden',
      look: (softmax) => {
        const weights = softmax([0, Math.log(3)], [1, 1]);
        return numbers('weights', weights, 2) ?? near('the first of [0, ln 3]', weights[0], 0.25);
      },
    },
    {
      does: 'gives hidden keys exactly 0, and the others sum 1',
      look: (softmax) => {
        const weights = softmax([1, 5, 2], [1, 0, 1]);
        const wrong = numbers('weights', weights, 3);
        if (wrong) return wrong;
        if (weights[1] !== 0) return `the hidden key gets ${round(weights[1])}`;
        return near('the sum', total(weights), 1)
          ? `the row sums to ${round(total(weights))}: hide before you divide by the sum`
          : undefined;
      },
    },
    {
      does: 'does not see what a hidden logit is',
      look: (softmax) => {
        const [a, b] = [softmax([1, 2, 900], [1, 1, 0]), softmax([1, 2, -900], [1, 1, 0])];
        return numbers('weights', a, 3) ?? near('the first weight', a[0], b?.[0]);
      },
    },
    {
      does: 'stays finite for logits of 10,000',
      look: (softmax) => {
        const weights = softmax([10000, 9999], [1, 1]);
        return numbers('weights', weights, 2)
          ? `softmax([10000, 9999]) gives [${weights}]; what can you subtract from every logit without changing the result?`
          : near('the first weight', weights[0], 1 / (1 + Math.exp(-1)));
      },
    },
    {
      does: 'gives 0 everywhere, not NaN, where everything is hidden',
      look: (softmax) => {
        const weights = softmax([3, 4], [0, 0]);
        return numbers('weights', weights, 2) ?? near('the sum', total(weights), 0);
      },
    },
  ],
};

type Monotony = (weights: number[][]) => number;

/** 2.4: how often the strongest key moves to the left. */
const backwardShare: Exercise<Monotony> = {
  name: '2.4',
  behaviours: [
    {
      does: 'is 0 on a diagonal',
      look: (share) =>
        near(
          'the share',
          share([
            [1, 0, 0],
            [0, 1, 0],
            [0, 0, 1],
          ]),
          0,
        ),
    },
    {
      does: 'is 1 on the other diagonal',
      look: (share) =>
        near(
          'the share',
          share([
            [0, 0, 1],
            [0, 1, 0],
            [1, 0, 0],
          ]),
          1,
        ),
    },
    {
      does: 'does not count a step that stays where it is',
      look: (share) =>
        near(
          'the share',
          share([
            [0, 1],
            [0.4, 0.6],
            [0.9, 0.1],
          ]),
          0.5,
        ),
    },
    {
      does: 'is 0 for an output of one step',
      look: (share) => near('the share', share([[0.2, 0.8]]), 0),
    },
  ],
};

function total(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** The exercises of lesson 02. */
export const lesson02 = { pencil, alignmentScore, maskedWeights, backwardShare };
