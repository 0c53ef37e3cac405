import { type Exercise, near, numbers } from '../../notebook/check';
import { drawn, random } from '../../tensors/random';

/** 6.1: a tape of two slots, with a pencil. */
const pencil: Exercise<{ cTilde: number; c: number; scores: number; slope: number }> = {
  name: '6.1',
  behaviours: [
    {
      does: 'averages the memory tape',
      look: ({ cTilde }) => {
        const wrong = near('c̃', cTilde, 6, 1e-3);
        return wrong && near('', cTilde, 8 / (1 + Math.exp(-3)), 1e-2) === undefined
          ? `${wrong}; the scores differ by ln 3, not by 3`
          : wrong;
      },
    },
    {
      does: 'takes the step of (8)',
      look: ({ cTilde, c }) => near('c', c, cTilde / 2 - 1, 1e-3),
    },
    {
      does: 'counts the scores of a sentence',
      look: ({ scores }) => {
        const wrong = near('the scores', scores, 190, 1e-9);
        if (scores === 210) return `${wrong}; does a word ask itself?`;
        return scores === 400 ? `${wrong}; does a word ask those after it?` : wrong;
      },
    },
    {
      does: 'knows what an even tape does to a gradient',
      look: ({ slope }) => {
        const wrong = near('the slope', slope, 0.16, 1e-3);
        return wrong && near('', slope, 0.8 ** 5, 1e-3) === undefined
          ? `${wrong}; that is the LSTM's`
          : wrong;
      },
    },
  ],
};

const softmax = (a: readonly number[]) => {
  const powers = a.map((x) => Math.exp(x - Math.max(...a)));
  return powers.map((p) => p / powers.reduce((x, y) => x + y, 0));
};
const average = (weights: readonly number[], tape: readonly number[]) =>
  weights.reduce((sum, w, i) => sum + w * tape[i], 0);
const column = (tape: number[][], k: number) => tape.map((slot) => slot[k]);

type Summaries = (
  scores: number[],
  hidden: number[][],
  memory: number[][],
  units: number,
) => { h: number[]; c: number[] };

/** 6.2: both tapes read with one set of weights. */
const summaries: Exercise<Summaries> = {
  name: '6.2',
  behaviours: [
    {
      does: 'takes a tape of one slot as it is',
      look: (f) => {
        const { h, c } = f([-3], [[0.5, -0.25]], [[7, 2]], 2);
        return (
          numbers('h̃', h, 2) ??
          numbers('c̃', c, 2) ??
          near('the first entry of h̃', h[0], 0.5) ??
          near('the second entry of c̃', c[1], 2)
        );
      },
    },
    {
      does: 'reads both tapes with the same weights',
      look: (f) => {
        const next = random(62);
        const [hidden, memory] = [drawn(next, [4, 3]), drawn(next, [4, 3], 5)];
        const scores = drawn(next, [4], 2);
        const { h, c } = f(scores, hidden, memory, 3);
        const s = softmax(scores);
        const wrong = numbers('h̃', h, 3) ?? numbers('c̃', c, 3);
        if (wrong) return wrong;
        for (let k = 0; k < 3; k++) {
          const off =
            near(`entry ${k + 1} of h̃`, h[k], average(s, column(hidden, k)), 1e-4) ??
            near(`entry ${k + 1} of c̃`, c[k], average(s, column(memory, k)), 1e-4);
          if (off) return off;
        }
        return undefined;
      },
    },
    {
      does: 'gives zeros where the tapes are empty',
      look: (f) => {
        const { h, c } = f([], [], [], 2);
        const wrong = numbers('h̃', h, 2) ?? numbers('c̃', c, 2);
        return wrong ?? ([...h, ...c].every((x) => x === 0) ? undefined : `h̃ is ${h}, c̃ is ${c}`);
      },
    },
    {
      does: 'stays finite at scores of 1,000',
      look: (f) => {
        const { h, c } = f([1000, 990], [[1], [5]], [[2], [6]], 1);
        const wrong = numbers('h̃', h, 1) ?? numbers('c̃', c, 1);
        return wrong ?? near('h̃', h[0], 1, 1e-3) ?? near('c̃', c[0], 2, 1e-3);
      },
    },
  ],
};

type ScoreGradient = (scores: number[], memory: number[], forget: number) => number[];

/** 6.3: ∂c_t / ∂a_i. */
const scoreGradient: Exercise<ScoreGradient> = {
  name: '6.3',
  behaviours: [
    {
      does: 'has a sum of 0: all scores larger by the same change nothing',
      look: (f) => {
        const g = f([0.3, -1, 0.5], [2, -1, 4], 0.7);
        const wrong = numbers('the gradient', g, 3);
        if (wrong) return wrong;
        if (g.every((x) => x === 0)) return 'it is 0, though the slots differ';
        return near(
          'its sum',
          g.reduce((a, b) => a + b, 0),
          0,
          1e-6,
        );
      },
    },
    {
      does: 'has nothing to teach where all slots hold the same, or the gate is shut',
      look: (f) => {
        const alike = f([1, 0, -2], [3, 3, 3], 0.9);
        const shut = f([1, 0, -2], [3, 1, 2], 0);
        const wrong = numbers('the gradient', alike, 3) ?? numbers('the gradient', shut, 3);
        if (wrong) return wrong;
        return [...alike, ...shut].every((x) => Math.abs(x) < 1e-9)
          ? undefined
          : `equal slots: ${alike}; forget gate 0: ${shut}`;
      },
    },
    {
      does: 'raises the slot that holds more than the average',
      look: (f) => {
        const g = f([0, 0], [5, 1], 0.5);
        const wrong = numbers('the gradient', g, 2);
        if (wrong) return wrong;
        return g[0] > 0 && g[1] < 0 ? undefined : `memories 5 and 1: ${g}`;
      },
    },
    {
      does: 'agrees with finite differences',
      look: (f) => {
        const next = random(63);
        const [scores, memory] = [drawn(next, [4]), drawn(next, [4], 3)];
        const g = f(scores, memory, 0.6);
        const at = (i: number, t: number) =>
          0.6 * average(softmax(scores.map((x, j) => (j === i ? x + t : x))), memory);
        for (let i = 0; i < 4; i++) {
          const wrong = near(`entry ${i + 1}`, g[i], (at(i, 1e-5) - at(i, -1e-5)) / 2e-5, 1e-4);
          if (wrong) return wrong;
        }
        return undefined;
      },
    },
  ],
};

type Entry = { shape: readonly number[]; right: number; lstm: number; lstmn: number };

/** 6.4: another LSTMN in the echo game. */
const contest: Exercise<Entry> = {
  name: '6.4',
  behaviours: [
    {
      does: 'gives a state for every word of both readings',
      look: ({ shape }) =>
        shape.join() === '2,18,64' ? undefined : `its states have shape [${shape.join(', ')}]`,
    },
    {
      does: 'is ahead of the LSTM',
      look: ({ right, lstm }) =>
        right > lstm ? undefined : `${right.toFixed(1)} % against ${lstm.toFixed(1)} %`,
    },
    {
      does: 'comes within five points of the LSTMN',
      look: ({ right, lstmn }) =>
        right > lstmn - 5 ? undefined : `${right.toFixed(1)} % against ${lstmn.toFixed(1)} %`,
    },
    {
      does: 'beats the LSTMN',
      look: ({ right, lstmn }) => (right > lstmn ? undefined : 'the LSTMN is still ahead'),
    },
  ],
};

export const lesson06 = { pencil, summaries, scoreGradient, contest };
