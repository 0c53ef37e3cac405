import { type Exercise, near, numbers } from '../../notebook/check';

type Pencil = { weights: number[]; context: number; first: number[] };

/** 10.1: three letters, and what their distances do, with a pencil. */
const pencil: Exercise<Pencil> = {
  name: '10.1',
  behaviours: [
    {
      does: 'gives the weights of the middle letter',
      look: ({ weights }) =>
        numbers('the weights', weights, 3) ??
        near('the sum of the weights', weights[0] + weights[1] + weights[2], 1) ??
        near(
          'the weight of the letter before, by the letter itself,',
          weights[0] / weights[1],
          2,
        ) ??
        near('the weight of the letter behind, by the letter itself,', weights[2] / weights[1], 5),
    },
    {
      does: 'adds to each value what belongs to its distance',
      look: ({ weights, context }) =>
        numbers('the weights', weights, 3) ??
        near('the context', context, weights[0] * (0 + 1) + weights[1] * 8 + weights[2] * (16 - 1)),
    },
    {
      does: 'clips: the first letter of four',
      look: ({ first }) =>
        numbers('its weights', first, 4) ??
        near('the sum of its weights', first[0] + first[1] + first[2] + first[3], 1) ??
        near('the weight of the second letter, by its own,', first[1] / first[0], 5) ??
        near('the weight of the fourth letter, by that of the second,', first[3] / first[1], 1),
    },
  ],
};

type Rows = (queries: number, keys: number, k: number) => number[][];

/** The rows of the table, by the definition. */
const rightRows: Rows = (queries, keys, k) =>
  Array.from({ length: queries }, (_, i) =>
    Array.from({ length: keys }, (_, j) => {
      const distance = j - (i + keys - queries);
      return Math.max(-k, Math.min(k, distance)) + k;
    }),
  );

/** What differs from the right rows, and where. */
function differing(f: Rows, queries: number, keys: number, k: number): string | undefined {
  const found = f(queries, keys, k);
  if (!Array.isArray(found) || found.length !== queries)
    return `${queries} queries should give as many rows`;
  for (const [i, row] of rightRows(queries, keys, k).entries()) {
    const wrong = numbers(`row ${i}`, found[i], keys);
    if (wrong) return wrong;
    const j = row.findIndex((right, place) => found[i][place] !== right);
    if (j >= 0) {
      const what = `${queries} queries, ${keys} keys, k = ${k}`;
      return `${what}: query ${i} and key ${j} get row ${found[i][j]} of the table, which is not right`;
    }
  }
  return undefined;
}

/** 10.2: which row of w^K belongs to a query and a key. */
const rows: Exercise<Rows> = {
  name: '10.2',
  behaviours: [
    {
      does: 'counts from the row of −k: a letter and itself get row k',
      look: (f) => near('one query, one key, k = 3: row', f(1, 1, 3)?.[0]?.[0], 3),
    },
    { does: 'gives each distance its row', look: (f) => differing(f, 3, 3, 5) },
    {
      does: 'lets distances beyond k share the outermost rows',
      look: (f) => differing(f, 6, 6, 2),
    },
    { does: 'has one row only for k = 0', look: (f) => differing(f, 3, 3, 0) },
    {
      does: 'puts the last query at the last key where there are more keys',
      look: (f) => differing(f, 2, 5, 3) ?? differing(f, 1, 4, 2),
    },
  ],
};

type Held = (
  b: number,
  h: number,
  n: number,
  d: number,
) => { perPair: number; shared: number; shifted: number };

/** 10.3: how many numbers each way to eq. (4) has to hold. */
const held: Exercise<Held> = {
  name: '10.3',
  behaviours: [
    {
      does: 'counts a vector for each pair of each head of each text',
      look: (f) => near('b = 2, h = 3, n = 4, d = 5: perPair', f(2, 3, 4, 5).perPair, 480),
    },
    {
      does: 'shares the vectors of the pairs among heads and texts',
      look: (f) =>
        near('b = 2, h = 3, n = 4, d = 5: shared', f(2, 3, 4, 5).shared, 80) ??
        near('b = 7, h = 9, n = 4, d = 5: shared', f(7, 9, 4, 5).shared, 80),
    },
    {
      does: 'needs a vector for each distance, and a number for each query and distance',
      look: (f) =>
        near('b = 1, h = 1, n = 1, d = 5: shifted', f(1, 1, 1, 5).shifted, 12) ??
        near('b = 2, h = 3, n = 4, d = 5: shifted', f(2, 3, 4, 5).shifted, 232),
    },
  ],
};

export const lesson10 = { pencil, rows, held };
