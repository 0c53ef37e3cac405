import { scaledDotProductAttention } from '../../attention/scores/scaled-dot-product';
import { type Exercise, near, numbers } from '../../notebook/check';
import { random, uniform } from '../../tensors/random';
import { tf } from '../../tensors/tf';

/** 7.1: scores, mask, weights and context with a pencil. */
const pencil: Exercise<{ scores: number[]; weights: number[]; context: number }> = {
  name: '7.1',
  behaviours: [
    {
      does: 'divides each dot product by the root of the depth',
      look: ({ scores }) =>
        numbers('the scores', scores, 3) ??
        near('the first score', scores[0], 1) ??
        near('the second score', scores[1], 1) ??
        near('the third score', scores[2], 1),
    },
    {
      does: 'gives the hidden key nothing, and the rest a sum of 1',
      look: ({ weights }) =>
        numbers('the weights', weights, 3) ??
        near('the weight of the hidden key', weights[2], 0) ??
        near('the sum of the weights', weights[0] + weights[1] + weights[2], 1),
    },
    {
      does: 'averages the values by the weights',
      look: ({ weights, context }) =>
        numbers('the weights', weights, 3) ??
        near('the context', context, 10 * weights[0] + 20 * weights[1] + 90 * weights[2]) ??
        near('the first weight', weights[0], 0.5),
    },
  ],
};

type Attend = (
  q: number[][],
  k: number[][],
  v: number[][],
  mask: number[][],
) => { weights: number[][]; context: number[][] };

/** Drawn numbers, [rows][columns]. */
const matrix = (rows: number, columns: number, seed: number) =>
  tf.tidy(() => uniform([rows, columns], random(seed), 2).arraySync() as number[][]);

/** What differs from `scaledDotProductAttention` on drawn numbers under a mask. */
function differing(attend: Attend, mask: number[][], part: 'weights' | 'context') {
  const [q, k, v] = [
    matrix(mask.length, 3, 1),
    matrix(mask[0].length, 3, 2),
    matrix(mask[0].length, 2, 3),
  ];
  const found = attend(q, k, v, mask)[part];
  const expected = tf.tidy(() => {
    const [query, keys, values] = [q, k, v].map((rows) => tf.tensor3d([rows]));
    return scaledDotProductAttention(query, keys, values, tf.tensor2d(mask))[part].arraySync()[0];
  });
  for (const [i, row] of expected.entries()) {
    const wrong = numbers(`row ${i + 1} of the ${part}`, found?.[i], row.length);
    if (wrong) return wrong;
    for (const [j, x] of row.entries()) {
      const off = near(`number ${j + 1} in row ${i + 1} of the ${part}`, found[i][j], x, 1e-4);
      if (off) return `${off}, which is not right`;
    }
  }
  return undefined;
}

const all = [
  [1, 1, 1, 1],
  [1, 1, 1, 1],
];

/** 7.2: scaled dot-product attention in plain arrays. */
const attend: Exercise<Attend> = {
  name: '7.2',
  behaviours: [
    {
      does: 'gives the weights of each query without a mask',
      look: (f) => differing(f, all, 'weights'),
    },
    { does: 'averages the values', look: (f) => differing(f, all, 'context') },
    {
      does: 'hides what the mask hides',
      look: (f) =>
        differing(
          f,
          [
            [1, 0, 0, 0],
            [1, 1, 0, 1],
          ],
          'weights',
        ),
    },
    {
      does: 'gives a query that sees nothing the weights 0',
      look: (f) =>
        differing(
          f,
          [
            [0, 0, 0, 0],
            [0, 1, 1, 0],
          ],
          'weights',
        ),
    },
    {
      does: 'stands scores of a thousand',
      look: (f) => {
        const { weights } = f(
          [[2000, 0]],
          [
            [1, 0],
            [0, 1],
          ],
          [[1], [2]],
          [[1, 1]],
        );
        return numbers('the row', weights?.[0], 2) ?? near('its first weight', weights[0][0], 1);
      },
    },
  ],
};

type Multiplications = (
  n: number,
  d: number,
) => { attention: number; recurrent: number; upTo: number };

/** 7.3: what self-attention and a gated recurrent unit cost. */
const multiplications: Exercise<Multiplications> = {
  name: '7.3',
  behaviours: [
    {
      does: 'counts the projections, the scores and the contexts',
      look: (f) =>
        near('attention at n = 1, d = 1', f(1, 1).attention, 5) ??
        near('attention at n = 10, d = 4', f(10, 4).attention, 1280),
    },
    {
      does: 'counts two products of d × d for each of three gates',
      look: (f) => near('recurrent at n = 10, d = 4', f(10, 4).recurrent, 960),
    },
    {
      does: 'finds up to which length attention is not the dearer one',
      look: (f) => {
        for (const d of [4, 5, 64]) {
          const { upTo } = f(3, d);
          const dearer = (n: number) => 3 * n * d * d + 2 * n * n * d > 6 * n * d * d;
          if (!Number.isInteger(upTo)) return `upTo should be a whole number, but is ${upTo}`;
          if (dearer(upTo)) return `at depth ${d}, attention is the dearer one at ${upTo} already`;
          if (!dearer(upTo + 1)) return `at depth ${d}, ${upTo + 1} would do, too`;
        }
        return undefined;
      },
    },
  ],
};

export const lesson07 = { pencil, attend, multiplications };
