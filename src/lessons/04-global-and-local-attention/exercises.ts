import { numberPair } from '../../data/number-words';
import { type Exercise, near, numbers } from '../../notebook/check';

/** 4.1: one query of local-p, with a pencil. */
const pencil: Exercise<{ position: number; keys: number[]; sum: number }> = {
  name: '4.1',
  behaviours: [
    {
      does: 'predicts the position',
      look: ({ position }) => near('the position', position, 8),
    },
    {
      does: 'leaves out what lies past the edge',
      look: ({ keys }) => {
        if (!Array.isArray(keys)) return numbers('the window', keys, 4);
        if (keys.includes(10)) return 'key 10 is in your window; the last of ten keys is key 9';
        return numbers('the window', keys, 4) ?? near('the window', keys, [6, 7, 8, 9]);
      },
    },
    {
      does: 'weighs the window by the Gaussian, after the softmax',
      look: ({ sum }) => {
        const gaussian = [6, 7, 8, 9].map((s) => Math.exp(-((s - 8) ** 2) / 2));
        const right = total(gaussian) / 4;
        const wrong = near('the sum of the weights', sum, right);
        if (!wrong) return undefined;
        if (!near('', sum, 1)) return `${wrong}: nothing makes them 1 again`;
        const wide = total([6, 7, 8, 9].map((s) => Math.exp(-((s - 8) ** 2) / 8))) / 4;
        return near('', sum, wide) ? wrong : `${wrong}; is σ half of D with you?`;
      },
    },
  ],
};

type LocalWeights = (scores: number[], position: number, D: number) => number[];

const scores = [0.3, -1.2, 0.8, 2, -0.4, 0.1, 1.5];

/** The weights of local-p, key by key. */
function localWeights(of: number[], position: number, D: number): number[] {
  const inside = of.map((_, s) => Math.abs(s - Math.round(position)) <= D);
  const powers = of.map((score, s) => (inside[s] ? Math.exp(score) : 0));
  const sigma = D / 2;
  return powers.map(
    (power, s) => (power / total(powers)) * Math.exp(-((s - position) ** 2) / (2 * sigma ** 2)),
  );
}

/** 4.2: local-p in plain arrays. */
const weights: Exercise<LocalWeights> = {
  name: '4.2',
  behaviours: [
    {
      does: 'gives a weight for each key, and 0 outside the window',
      look: (answer) => {
        const row = answer(scores, 3, 1);
        const outside = [0, 1, 5, 6].find((s) => row?.[s] !== 0);
        return (
          numbers('the weights', row, 7) ??
          (outside === undefined
            ? undefined
            : `key ${outside} has ${row[outside]}, though it is far from 3`)
        );
      },
    },
    {
      does: 'takes the softmax over the window only, then the Gaussian',
      look: (answer) => near('for position 3', answer(scores, 3, 1), localWeights(scores, 3, 1)),
    },
    {
      does: 'cuts the window around the nearest key, and measures from the position itself',
      look: (answer) => near('for 3.4', answer(scores, 3.4, 2), localWeights(scores, 3.4, 2)),
    },
    {
      does: 'cuts the window at both edges',
      look: (answer) =>
        near('for position 0.2', answer(scores, 0.2, 2), localWeights(scores, 0.2, 2)) ??
        near('for position 6.9', answer(scores, 6.9, 2), localWeights(scores, 6.9, 2)),
    },
  ],
};

type Slope = (weights: number[], values: number[], position: number, sigma: number) => number;

/** 4.3: how the context changes with the position. */
const slope: Exercise<Slope> = {
  name: '4.3',
  behaviours: [
    {
      does: 'is 0 where the position stands on the only key with weight',
      look: (answer) => near('the slope', answer([0, 1, 0], [5, 7, 9], 1, 1), 0),
    },
    {
      does: 'is above 0 where the larger value lies to the right',
      look: (answer) => {
        const found = answer([0.3, 0, 0.3], [0, 0, 1], 1, 1);
        return found > 0
          ? undefined
          : `a value of 1 to the right, 0 to the left: you give ${found}`;
      },
    },
    {
      does: 'falls with the square of σ',
      look: (answer) => {
        const [narrow, wide] = [1, 2].map((sigma) => answer([0, 0.2, 0.4], [1, 2, 3], 1.5, sigma));
        return near('the slope for σ = 1, divided by that for σ = 2,', narrow / wide, 4);
      },
    },
    {
      does: 'agrees with finite differences',
      look: (answer) => {
        const [D, position] = [2, 2.7];
        const values = [1, -2, 0.5, 3, 1.5, 0, 2];
        const context = (p: number) =>
          total(localWeights(scores, p, D).map((weight, s) => weight * values[s]));
        const found = answer(localWeights(scores, position, D), values, position, D / 2);
        const measured = (context(position + 1e-4) - context(position - 1e-4)) / 2e-4;
        return near('the slope at 2.7', found, measured);
      },
    },
  ],
};

/** 4.4: a number that a window of three words cannot read. */
const blind: Exercise<number> = {
  name: '4.4',
  behaviours: [
    {
      does: 'is a number below a thousand million',
      look: (n) =>
        Number.isInteger(n) && n > 0 && n < 1e9 ? undefined : `${n} is not from 1 to 999,999,999`,
    },
    {
      does: 'has a word that lies ahead of the window',
      look: (n) => (ahead(n) > 0 ? undefined : `every word of ${n} is read in time`),
    },
    {
      does: 'has as many of them as a number can have',
      look: (n) => {
        const most = ahead(999_999_999);
        return ahead(n) === most ? undefined : `${n} has ${ahead(n)}; some numbers have more`;
      },
    },
  ],
};

/** English words whose German word lies more than one word ahead. */
function ahead(n: number): number {
  return numberPair(n).links.filter((s, t) => s > t + 1).length;
}

function total(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** The exercises of lesson 04. */
export const lesson04 = { pencil, weights, slope, blind };
