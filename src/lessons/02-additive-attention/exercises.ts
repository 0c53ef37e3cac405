import { phonemes } from '../../data/cmudict';
import { type Exercise, near, numbers, round } from '../../notebook/check';
import { editDistance } from '../../training/error-rates';

/** 2.1: how sharp additive weights can get, with a pencil. */
const pencil: Exercise<{ largest: number; needed: number }> = {
  name: '2.1',
  behaviours: [
    {
      does: 'gives a weight between that of chance and 1',
      look: ({ largest }) =>
        largest > 1 / 3 && largest < 1
          ? undefined
          : `a weight of ${largest}; a letter of three has a third without any score`,
    },
    {
      does: 'gives the letter the highest score that v allows, and the others the lowest',
      look: ({ largest }) => {
        const wrong = near('the weight', largest, Math.E / (Math.E + 2 / Math.E), 5e-3);
        return wrong && near('', largest, Math.E / (Math.E + 2), 5e-3) === undefined
          ? 'the others have score 0 with you; how low can a score get?'
          : wrong;
      },
    },
    {
      does: 'finds the Σ|v| that a weight of 0.9 among ten letters takes',
      look: ({ needed }) => {
        const wrong = near('Σ|v|', needed, Math.log(9), 5e-3);
        return wrong && near('', needed, Math.log(81), 5e-3) === undefined
          ? `${wrong}; the highest and the lowest score are twice Σ|v| apart`
          : wrong;
      },
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

type Pull = (weights: number[], annotations: number[][], gradient: number[]) => number[];

/** 2.3: what the loss tells each score, in plain arrays. */
const pull: Exercise<Pull> = {
  name: '2.3',
  behaviours: [
    {
      does: 'gives a number for each letter, and together they are 0',
      look: (of) => {
        const pulls = of(
          [0.2, 0.3, 0.5],
          [
            [1, 0],
            [0, 2],
            [1, 1],
          ],
          [0.5, -1],
        );
        const wrong = numbers('the list', pulls, 3);
        return wrong || Math.abs(total(pulls)) > 1e-6
          ? (wrong ??
              `they sum to ${round(total(pulls))}, but a softmax does not change if all scores rise alike`)
          : undefined;
      },
    },
    {
      does: 'leaves a letter without weight alone',
      look: (of) => {
        const pulls = of([1, 0], [[1], [5]], [2]);
        return numbers('the list', pulls, 2) ?? near('the second', pulls[1], 0);
      },
    },
    {
      does: 'is below 0 for a letter whose annotation lowers the loss: its score is to rise',
      look: (of) => {
        const pulls = of([0.5, 0.5], [[1], [0]], [-1]);
        const wrong = numbers('the list', pulls, 2);
        if (wrong) return wrong;
        return pulls[0] < 0 && pulls[1] > 0
          ? undefined
          : `the loss falls as the context grows, the first annotation is above it, and you give [${pulls.map(round)}]`;
      },
    },
    {
      does: 'agrees with finite differences',
      look: (of) => {
        const e = [0.3, -0.5, 1.1];
        const h = [
          [0.2, -1],
          [1.5, 0.4],
          [-0.3, 0.8],
        ];
        const g = [0.7, -1.2];
        const loss = (scores: number[]) => {
          const alpha = softmax(scores);
          return total(g.map((slope, d) => slope * total(alpha.map((a, j) => a * h[j][d]))));
        };
        const pulls = of(softmax(e), h, g);
        const step = 1e-4;
        const wrong = numbers('the list', pulls, 3);
        if (wrong) return wrong;
        for (const j of [0, 1, 2]) {
          const at = (x: number) => loss(e.map((score, k) => (k === j ? score + x : score)));
          const slope = (at(step) - at(-step)) / (2 * step);
          const off = near(`the slope at letter ${j + 1}`, pulls[j], slope, 1e-4);
          if (off) return `${off}; measured, it is ${round(slope)}`;
        }
      },
    },
  ],
};

/** Pronunciations of some words: yours, the model's, and all that the dictionary has. */
type Contest = { yours: string[][]; model: string[][]; truth: string[][][] };

/** 2.4: say words better than the model. */
const contest: Exercise<Contest> = {
  name: '2.4',
  behaviours: [
    {
      does: 'says every word, in sounds of ARPAbet',
      look: ({ yours, truth }) => {
        const missing = truth.findIndex((_, i) => !yours[i]?.length);
        if (missing >= 0) return `word ${missing + 1} is not said`;
        const odd = yours.flat().find((sound) => !known.has(sound));
        return odd === undefined ? undefined : `"${odd}" is no sound of ARPAbet`;
      },
    },
    {
      does: 'has more than half of the words exactly right',
      look: ({ yours, truth }) => {
        const right = yours.filter((said, i) => off(said, truth[i]) === 0).length;
        return 2 * right > truth.length ? undefined : `${right} of ${truth.length} are`;
      },
    },
    {
      does: 'is nearer to the dictionary than the model',
      look: ({ yours, model, truth }) => {
        const [you, it] = [yours, model].map((all) =>
          total(all.map((said, i) => off(said, truth[i]))),
        );
        return you < it ? undefined : `you have ${you} sounds wrong, the model ${it}`;
      },
    },
  ],
};

const known = new Set(phonemes.tokens.slice(3)); // without padding, start and end mark

/** How many sounds to change, put in or leave out to come to the nearest right pronunciation. */
function off(said: string[], right: string[][]): number {
  return Math.min(...right.map((one) => editDistance(said, one)));
}

function softmax(scores: number[]): number[] {
  const powers = scores.map(Math.exp);
  return powers.map((power) => power / total(powers));
}

function total(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** The exercises of lesson 02. */
export const lesson02 = { pencil, alignmentScore, pull, contest };
