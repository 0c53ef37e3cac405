import { type Exercise, near, numbers } from '../../notebook/check';
import { drawn, random } from '../../tensors/random';

/** 3.1: lengths, directions and β with a pencil. */
const pencil: Exercise<{ factor: number; beta: number; betaAfter: number }> = {
  name: '3.1',
  behaviours: [
    {
      does: 'stretches the parallel key until the dot product is level',
      look: ({ factor }) => {
        const wrong = near('the factor', factor, 3, 1e-3);
        return wrong && near('', factor, 5, 1e-3) === undefined
          ? 'that makes the two keys equally long; are their products with s equal?'
          : wrong;
      },
    },
    {
      does: 'finds the β of a ratio of four',
      look: ({ beta }) => {
        const wrong = near('β', beta, Math.log(4) / 0.4, 1e-2);
        return wrong && near('', beta, 4 / 0.4, 1e-2) === undefined
          ? `${wrong}; the ratio of weights is exp of the difference`
          : wrong;
      },
    },
    {
      does: 'knows what stretching does to a cosine',
      look: ({ beta, betaAfter }) => near('β after the stretching', betaAfter, beta, 1e-6),
    },
  ],
};

const dot = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, x, i) => sum + x * b[i], 0);
const column = (matrix: number[][], c: number) => matrix.map((row) => row[c]);

type Projections = {
  merged: (W1: number[][], W2: number[][]) => number[][];
  cheaper: (n: number) => number;
};

/** 3.2: two projections are one matrix. */
const projections: Exercise<Projections> = {
  name: '3.2',
  behaviours: [
    {
      does: 'gives a matrix with a row for each entry of s and a column for each of h',
      look: ({ merged }) => {
        const W = merged(
          [[1, 0, 2]],
          [
            [1, 1, 0],
            [2, 0, 1],
          ],
        );
        return W.length === 1
          ? numbers('its row', W[0], 2)
          : `s has 1 entry and h has 2, but the matrix has ${W.length} rows`;
      },
    },
    {
      does: 'gives every pair the score of the two projections',
      look: ({ merged }) => {
        const next = random(32);
        const [W1, W2] = [drawn(next, [4, 3]), drawn(next, [4, 3])];
        const [s, h] = [drawn(next, [4]), drawn(next, [4])];
        const [q, k] = [
          [0, 1, 2].map((c) => dot(s, column(W1, c))),
          [0, 1, 2].map((c) => dot(h, column(W2, c))),
        ];
        const W = merged(W1, W2);
        const score = s.reduce((sum, x, a) => sum + x * dot(W[a], h), 0);
        const turned = s.reduce((sum, x, a) => sum + x * dot(column(W, a), h), 0);
        const wrong = near('the score of a drawn pair', score, dot(q, k), 1e-4);
        return wrong && near('', turned, dot(q, k), 1e-4) === undefined
          ? 'with your matrix transposed it would be right: which index belongs to s?'
          : wrong;
      },
    },
    {
      does: 'finds up to which depth two matrices are the smaller choice',
      look: ({ cheaper }) => {
        for (const n of [96, 7, 128]) {
          const d = cheaper(n);
          if (!Number.isInteger(d)) return `for n = ${n} you give ${d}, no whole number`;
          if (!(2 * n * d < n * n)) return `n = ${n}: at d = ${d} two matrices are not smaller`;
          if (2 * n * (d + 1) < n * n) return `n = ${n}: d = ${d + 1} would do, too`;
        }
        return undefined;
      },
    },
  ],
};

const norm = (a: readonly number[]) => Math.sqrt(dot(a, a));
const cosine = (s: readonly number[], h: readonly number[]) => dot(s, h) / (norm(s) * norm(h));
type Gradient = (s: number[], h: number[]) => number[];

/** 3.3: the gradient of a cosine. */
const cosineGradient: Exercise<Gradient> = {
  name: '3.3',
  behaviours: [
    {
      does: 'never makes the key longer or shorter: it is orthogonal to h',
      look: (f) => {
        const [s, h] = [
          [1, -2, 0.5],
          [2, 1, 1],
        ];
        const g = f(s, h);
        const wrong = numbers('the gradient', g, 3) ?? near('gradient · h', dot(g, h), 0, 1e-6);
        return wrong ?? (norm(g) > 1e-6 ? undefined : 'it is 0, though s and h are not parallel');
      },
    },
    {
      does: 'has nothing to teach a parallel key',
      look: (f) => {
        const g = f([1, 2], [2, 4]);
        return numbers('the gradient', g, 2) ?? near('its length', norm(g), 0, 1e-6);
      },
    },
    {
      does: 'halves when the key is twice as long, and does not care how long s is',
      look: (f) => {
        const g = f([1, 2], [3, -1]);
        const wrong = numbers('the gradient', g, 2);
        if (wrong) return wrong;
        if (norm(g) < 1e-6) return 'it is 0, though s and h are not parallel';
        return (
          near('at twice the key, the first entry', f([1, 2], [6, -2])[0], g[0] / 2, 1e-6) ??
          near('at three times s, the first entry', f([3, 6], [3, -1])[0], g[0], 1e-6)
        );
      },
    },
    {
      does: 'agrees with finite differences',
      look: (f) => {
        const next = random(33);
        const [s, h] = [drawn(next, [4]), drawn(next, [4])];
        const g = f(s, h);
        for (let a = 0; a < 4; a++) {
          const at = (t: number) =>
            cosine(
              s,
              h.map((x, i) => (i === a ? x + t : x)),
            );
          const wrong = near(`entry ${a + 1}`, g[a], (at(1e-5) - at(-1e-5)) / 2e-5, 1e-4);
          if (wrong) return wrong;
        }
        return undefined;
      },
    },
  ],
};

type Entry = { logits: readonly number[]; error: number; others: readonly number[] };

/** 3.4: a score of one's own against the six. */
const contest: Exercise<Entry> = {
  name: '3.4',
  behaviours: [
    {
      does: 'gives a score to every key',
      look: ({ logits }) =>
        logits.join() === '2,1,7' ? undefined : `2 queries and 7 keys give [${logits.join(', ')}]`,
    },
    {
      does: 'is not the last of seven',
      look: ({ error, others }) =>
        error < Math.max(...others) ? undefined : `${error.toFixed(1)} % of its sounds are wrong`,
    },
    {
      does: 'beats half of the six',
      look: ({ error, others }) => {
        const beaten = others.filter((other) => other > error).length;
        return beaten >= 3 ? undefined : `it beats ${beaten}`;
      },
    },
    {
      does: 'beats them all',
      look: ({ error, others }) =>
        error < Math.min(...others) ? undefined : `the best of the six is still ahead of it`,
    },
  ],
};

export const lesson03 = { pencil, projections, cosineGradient, contest };
