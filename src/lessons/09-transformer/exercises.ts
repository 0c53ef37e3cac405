import { causalMask } from '../../attention/masks';
import { sinusoidalPositions } from '../../layers/positions';
import { type Exercise, near, numbers } from '../../notebook/check';

/** 9.1: a residual connection and a layer normalisation with a pencil. */
const pencil: Exercise<{ sum: number[]; mean: number; variance: number; output: number[] }> = {
  name: '9.1',
  behaviours: [
    {
      does: 'adds what the sublayer says to what it was given',
      look: ({ sum }) =>
        numbers('the sum', sum, 4) ??
        near('its first number', sum[0], 2) ??
        near('its last number', sum[3], -2),
    },
    {
      does: 'takes mean and variance over the four numbers of the word',
      look: ({ mean, variance }) => near('the mean', mean, 1) ?? near('the variance', variance, 3),
    },
    {
      does: 'gives numbers of mean 0 and variance 1',
      look: ({ output }) =>
        numbers('the output', output, 4) ??
        near('their sum', output[0] + output[1] + output[2] + output[3], 0, 0.02) ??
        near(
          'the sum of their squares',
          output.reduce((sum, x) => sum + x * x, 0),
          4,
          0.02,
        ) ??
        near('the first one over the second one', output[0] / output[1], 1, 0.02),
    },
  ],
};

type Later = (now: number[], k: number) => number[];

/** What differs from the position k later. */
function laterWrong(later: Later, from: number, k: number, d: number) {
  const table = sinusoidalPositions(from + k + 1, d).arraySync();
  const found = later([...table[from]], k);
  const wrong = numbers(`the position ${k} after ${from}, depth ${d}`, found, d);
  if (wrong) return wrong;
  for (const [c, x] of table[from + k].entries()) {
    const off = near(`number ${c + 1} of the position ${k} after ${from}`, found[c], x, 1e-4);
    if (off) return off;
  }
  return undefined;
}

/** 9.2: from one position to a later one, without knowing which it is. */
const later: Exercise<Later> = {
  name: '9.2',
  behaviours: [
    {
      does: 'turns the fastest pair of hands',
      look: (f) => laterWrong(f, 0, 1, 2) ?? laterWrong(f, 3, 2, 2),
    },
    { does: 'turns each pair at its own speed', look: (f) => laterWrong(f, 5, 4, 8) },
    { does: 'needs not know where it starts', look: (f) => laterWrong(f, 17, 3, 6) },
    {
      does: 'stays where it is for k = 0',
      look: (f) => laterWrong(f, 9, 0, 4),
    },
  ],
};

type Logits = (input: number[]) => number[][];
type Leak = (logits: Logits, length: number) => number | null;

/** A decoder of plain arrays: the row of a place sees the places that `seen` says. */
const decoder =
  (seen: (i: number, j: number) => boolean): Logits =>
  (input) =>
    input.map((_, i) => {
      const visible = input.filter((__, j) => seen(i, j));
      const sum = visible.reduce((total, id) => total + Math.sin(7 * id), 0);
      return [sum, Math.cos(sum), visible.length];
    });

/** 9.3: where a decoder sees the future. */
const leak: Exercise<Leak> = {
  name: '9.3',
  behaviours: [
    {
      does: 'finds nothing in a decoder with a causal mask',
      look: (f) => {
        const mask = causalMask(6).arraySync() as number[][];
        const found = f(
          decoder((i, j) => mask[i][j] === 1),
          6,
        );
        return found === null ? undefined : `nothing leaks, and it found ${found}`;
      },
    },
    {
      does: 'finds a decoder without a mask out',
      look: (f) => {
        const found = f(
          decoder(() => true),
          5,
        );
        return found === 0 ? undefined : `place 0 sees all the others, and it found ${found}`;
      },
    },
    {
      does: 'finds the one place that peeks at the next one',
      look: (f) => {
        for (const at of [2, 4]) {
          const found = f(
            decoder((i, j) => j <= i || (i === at && j === at + 1)),
            7,
          );
          if (found !== at) return `place ${at} sees place ${at + 1}, and it found ${found}`;
        }
        return undefined;
      },
    },
    {
      does: 'finds a place that sees only the very last one',
      look: (f) => {
        const found = f(
          decoder((i, j) => j <= i || (i === 1 && j === 6)),
          7,
        );
        return found === 1 ? undefined : `place 1 sees place 6, and it found ${found}`;
      },
    },
  ],
};

export const lesson09 = { pencil, later, leak };
