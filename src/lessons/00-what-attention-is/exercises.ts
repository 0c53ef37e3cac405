import { type Exercise, near, numbers, round } from '../../notebook/check';

type Look = { weights: number[]; context: number };

/** 0.1: weights and contexts at two temperatures with a pencil. */
const pencil: Exercise<{ warm: Look; cold: Look }> = {
  name: '0.1',
  behaviours: [
    {
      does: 'gives two weights that sum to 1, at each temperature',
      look: (answer) => {
        for (const at of ['warm', 'cold'] as const) {
          const { weights } = answer[at];
          const wrong = numbers(`${at} weights`, weights, 2);
          if (wrong) return wrong;
          const sum = near(`the sum of the ${at} weights`, total(weights), 1, 1e-2);
          if (sum) return sum;
        }
      },
    },
    {
      does: 'gives weights whose ratio fits the scores at τ = 1',
      look: ({ warm }) => near('α₂ / α₁', warm.weights[1] / warm.weights[0], 3, 1e-2),
    },
    {
      does: 'gives weights whose ratio fits the scores at τ = 1/2',
      look: ({ cold }) => near('α₂ / α₁', cold.weights[1] / cold.weights[0], 9, 1e-2),
    },
    {
      does: 'gives the contexts as averages of the values under these weights',
      look: ({ warm, cold }) =>
        near('the warm context', warm.context, 5, 1e-2) ??
        near('the cold context', cold.context, 4.4, 1e-2),
    },
  ],
};

type Lookup = (q: number[], keys: number[][], values: number[][], temperature: number) => number[];

/** 0.2: a soft look-up by dot products, in plain arrays. */
const softLookup: Exercise<Lookup> = {
  name: '0.2',
  behaviours: [
    {
      does: 'gives the mean of the values where all keys fit alike',
      look: (lookup) => {
        const context = lookup(
          [1, 1],
          [
            [1, 0],
            [0, 1],
          ],
          [
            [2, 4],
            [4, 0],
          ],
          1,
        );
        return numbers('context', context, 2) ?? near('its first entry', context[0], 3);
      },
    },
    {
      does: 'weighs by the exponential of the score over the temperature',
      look: (lookup) => {
        const context = lookup([Math.log(3)], [[0], [1]], [[0], [1]], 0.5);
        return (
          numbers('context', context, 1) ?? near('the share of the second key', context[0], 0.9)
        );
      },
    },
    {
      does: 'averages every entry of the values',
      look: (lookup) => {
        const context = lookup(
          [0],
          [[1], [2]],
          [
            [0, 10, 4],
            [2, 20, 8],
          ],
          1,
        );
        const wrong = numbers('context', context, 3);
        return (
          wrong ?? near('its second entry', context[1], 15) ?? near('its third', context[2], 6)
        );
      },
    },
    {
      does: 'survives scores of 10,000',
      look: (lookup) => {
        const context = lookup([100], [[100], [0]], [[7], [1]], 1);
        return numbers('context', context, 1) ?? near('context', context[0], 7);
      },
    },
  ],
};

/** What the memory says about a drawing, and how many marks it has. */
type Asked = { marks: number; share: number };

/** 0.3, a contest: a drawing of few marks that the memory takes for an 8. */
const leanestEight: Exercise<Asked> = {
  name: '0.3',
  behaviours: [
    {
      does: 'is an 8 to the memory: more than half of the weight lies on eights',
      look: ({ share }) =>
        share > 0.5 ? undefined : `eights have ${round(100 * share)} % of the weight`,
    },
    ...[30, 20, 14].map((most) => ({
      does: `and needs no more than ${most} marks`,
      look: ({ marks, share }: Asked) => {
        if (!(share > 0.5)) return 'it has to be an 8 first';
        return marks <= most ? undefined : `it has ${marks}`;
      },
    })),
  ],
};

/** 0.4: the leave-one-out error of kernel regression. */
const leaveOneOut: Exercise<(x: number[], y: number[], sigma: number) => number> = {
  name: '0.4',
  behaviours: [
    {
      does: 'estimates each of two points by the other',
      look: (error) => near('the error of the values 1 and 5', error([0, 1], [1, 5], 1), 16),
    },
    {
      does: 'is 0 where all values are the same',
      look: (error) => near('the error', error([0, 1, 5], [3, 3, 3], 0.7), 0),
    },
    {
      does: 'takes the nearest of the others where the bandwidth is small',
      look: (error) => near('the error', error([0, 1, 3], [0, 1, 4], 0.1), (1 + 1 + 9) / 3),
    },
    {
      does: 'takes the mean of the others where the bandwidth is large',
      look: (error) =>
        near('the error', error([0, 1, 3], [0, 1, 5], 1e4), (3 ** 2 + 1.5 ** 2 + 4.5 ** 2) / 3),
    },
  ],
};

function total(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** The exercises of lesson 00. */
export const lesson00 = { pencil, softLookup, leanestEight, leaveOneOut };
