import { type Exercise, near, numbers, round } from '../../notebook/check';

const same = (what: string, actual: unknown, expected: number[]) => {
  const wrong = numbers(what, actual, expected.length);
  if (wrong) return wrong;
  const given = actual as number[];
  return expected.every((value, i) => given[i] === value)
    ? undefined
    : `${what} is [${given.join(', ')}]`;
};

/** 17.1: sort, chunk and look back, with a pencil. */
const pencil: Exercise<{ order: number[]; fifth: number[]; first: number[] }> = {
  name: '17.1',
  behaviours: [
    {
      does: 'sorts by bucket, and inside a bucket by position',
      look: ({ order }) => same('the order', order, [1, 0, 2, 3, 4, 5]),
    },
    {
      does: 'lets position 5 see its own bucket only, and not itself',
      look: ({ fifth }) => {
        if (fifth?.includes(5)) return 'position 5 sees itself, though it has others to see';
        if (fifth?.includes(1)) return 'position 1 is in another bucket';
      },
    },
    {
      does: 'lets position 5 see two chunks: its own and the one before',
      look: ({ fifth }) => {
        if (fifth?.includes(0)) return 'position 0 is in the bucket, but in which chunk?';
        return same('what position 5 sees', [...(fifth ?? [])].sort(), [2, 3, 4]);
      },
    },
    {
      does: 'knows whom a position sees that has nobody before it',
      look: ({ first }) => same('what position 0 sees', first, [0]),
    },
  ],
};

type Bucket = (x: number[], R: number[][]) => number;

/** 17.2: the angular hash of one vector. */
const angularBucket: Exercise<Bucket> = {
  name: '17.2',
  behaviours: [
    {
      does: 'gives 0 for x along the first column, 1 along the second',
      look: (bucket) =>
        near('h((2, 1))', bucket([2, 1], eye), 0) ?? near('h((1, 2))', bucket([1, 2], eye), 1),
    },
    {
      does: 'has a bucket of its own for the opposite of each column',
      look: (bucket) => {
        const [a, b] = [bucket([-2, 1], eye), bucket([1, -2], eye)];
        if (near('h', a, 2) ?? near('h', b, 3)) {
          return `h((−2, 1)) is ${a} and h((1, −2)) is ${b}; [xR; −xR] has four entries`;
        }
      },
    },
    {
      does: 'takes R by its rows: one for each entry of x',
      look: (bucket) => {
        // x R = (2, 1, 6); with the axes the other way round the first number would win.
        const R = [
          [1, 0, 3],
          [0, 1, 0],
        ];
        return near('the bucket of (2, 1) for R of 2 × 3', bucket([2, 1], R), 2);
      },
    },
    {
      does: 'does not change when x is stretched',
      look: (bucket) => {
        const at = (scale: number) => bucket([0.3 * scale, -0.4 * scale], eye);
        return near('the bucket of a vector 1000 times as long', at(1000), at(1));
      },
    },
  ],
};

type Round = { z: number; o: number[] };
type Combine = (rounds: Round[]) => number[];

/** 17.3: one output from the outputs of all rounds. */
const combineRounds: Exercise<Combine> = {
  name: '17.3',
  behaviours: [
    {
      does: 'returns the output of a single round as it is',
      look: (combine) => close('o', combine([{ z: 3, o: [1, -2] }]), [1, -2]),
    },
    {
      does: 'gives a round with three times the sum of exponentials three times the weight',
      look: (combine) => {
        const o = combine([
          { z: 0, o: [0] },
          { z: Math.log(3), o: [8] },
        ]);
        return close('o for z = (0, ln 3), o = (0, 8)', o, [6]);
      },
    },
    {
      does: 'stays finite for z = 1000',
      look: (combine) => {
        const o = combine([
          { z: 1000, o: [2] },
          { z: 1000, o: [4] },
        ]);
        return close('o for z = (1000, 1000), o = (2, 4)', o, [3])
          ? `z = (1000, 1000), o = (2, 4) gives [${o}]; which number may be taken from every z?`
          : undefined;
      },
    },
    {
      does: 'leaves out a round in which the query saw nobody: z = −∞',
      look: (combine) => {
        const o = combine([
          { z: Number.NEGATIVE_INFINITY, o: [0] },
          { z: 2, o: [5] },
        ]);
        return close('o for z = (−∞, 2), o = (0, 5)', o, [5]);
      },
    },
  ],
};

/** 17.4: a contest, for few dot products. */
const contest: Exercise<{ accuracy: number; products: number }> = {
  name: '17.4',
  behaviours: [
    {
      does: 'recognises at least 90 % of the digits',
      look: ({ accuracy }) =>
        accuracy >= 90
          ? undefined
          : `${round(accuracy)} %: too many near digits are never met; what makes two meet more often?`,
    },
    ...[
      { most: 640, who: 'fewer than the first try', hint: 'what is dear here, hashing or logits?' },
      { most: 512, who: 'an eighth of full attention', hint: 'must the chunks be so long?' },
      { most: 352, who: 'as few as we found', hint: 'must hashing be so dear?' },
    ].map(({ most, who, hint }) => ({
      does: `takes at most ${most} dot products for each digit: ${who}`,
      look: ({ products }: { products: number }) =>
        products <= most ? undefined : `${products} dot products; ${hint}`,
    })),
  ],
};

const eye = [
  [1, 0],
  [0, 1],
];

function close(what: string, actual: unknown, expected: number[]): string | undefined {
  const wrong = numbers(what, actual, expected.length);
  if (wrong) return wrong;
  const off = (actual as number[]).findIndex((x, i) => Math.abs(x - expected[i]) > 1e-6);
  return off < 0 ? undefined : `${what} is [${(actual as number[]).map(round).join(', ')}]`;
}

/** The exercises of lesson 17. */
export const lesson17 = { pencil, angularBucket, combineRounds, contest };
