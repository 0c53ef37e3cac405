import { type Exercise, near, numbers, round } from '../../notebook/check';
import { storedResults } from '../../notebook/stored-results';

/** 8.1: two heads and W^O with a pencil. */
const pencil: Exercise<{ head1: number; head2: number; output: number[] }> = {
  name: '8.1',
  behaviours: [
    {
      does: 'averages the values of head 1 under its own weights',
      look: ({ head1 }) => near('head 1', head1, 5, 1e-2),
    },
    {
      does: 'averages the values of head 2 under its own weights',
      look: ({ head2 }) => near('head 2', head2, 12, 1e-2),
    },
    {
      does: 'multiplies both, side by side, by W^O from the right',
      look: ({ head1, head2, output }) =>
        numbers('the output', output, 2) ??
        near('its first number', output[0], head1, 1e-2) ??
        near('its second number', output[1], head1 + 2 * head2, 1e-2),
    },
  ],
};

type Split = (x: number[][], heads: number) => number[][][];

/** Entry j of position i is 10 i + j: a number says where it comes from. */
const labelled = (length: number, dModel: number) =>
  Array.from({ length }, (_, i) => Array.from({ length: dModel }, (_, j) => 10 * i + j));

/** 8.2: split into heads in plain arrays. */
const split: Exercise<Split> = {
  name: '8.2',
  behaviours: [
    {
      does: 'gives [heads][length][dHead]',
      look: (f) => {
        const shape = shapeOf(f(labelled(3, 4), 2));
        return shape === '2,3,2' ? undefined : `length 3, dModel 4, 2 heads give [${shape}]`;
      },
    },
    {
      does: 'leaves everything in one head as it is',
      look: (f) => differing(f(labelled(3, 4), 1)?.[0], labelled(3, 4)),
    },
    {
      does: 'keeps position i at position i in every head',
      look: (f) => {
        const heads = f(labelled(4, 4), 2);
        for (const [h, head] of heads.entries()) {
          const i = head.findIndex((row, at) => row.some((x) => Math.floor(x / 10) !== at));
          if (i >= 0) return `in head ${h + 1}, position ${i} holds [${head[i]}]`;
        }
        return undefined;
      },
    },
    {
      does: 'gives head 1 the first dHead columns, head 2 the next, and so on',
      look: (f) => {
        const heads = f(labelled(2, 6), 3);
        const wrong = [0, 1, 2].find((h) => heads[h]?.[0]?.join() !== `${2 * h},${2 * h + 1}`);
        return wrong === undefined
          ? undefined
          : `of columns 0…5 in 3 heads, head ${wrong + 1} has [${heads[wrong]?.[0]}]`;
      },
    },
  ],
};

type Shares = (heads: number[][], WO: number[][]) => number[][];

const twoHeads = [
  [1, 2],
  [3, -1],
];
const outputMatrix = [
  [1, 0, 2],
  [0, 1, -1],
  [0.5, 1, 0],
  [2, 0, 1],
];

/** 8.3: what each head adds to the output. */
const shares: Exercise<Shares> = {
  name: '8.3',
  behaviours: [
    {
      does: 'gives each head a share as long as the output',
      look: (f) => {
        const shape = shapeOf(f(twoHeads, outputMatrix));
        return shape === '2,3' ? undefined : `2 heads and 3 output columns give [${shape}]`;
      },
    },
    {
      does: 'has shares that sum to [heads side by side] W^O',
      look: (f) => {
        const given = f(twoHeads, outputMatrix);
        const sum = [0, 1, 2].map((d) => given.reduce((total, share) => total + share[d], 0));
        return numbers('the sum of shares', sum, 3) ?? differing([sum], [[0.5, 5, -1]]);
      },
    },
    {
      does: 'has a share that depends on no other head',
      look: (f) => {
        const other = [twoHeads[0], [50, 60]];
        return differing([f(other, outputMatrix)[0]], [f(twoHeads, outputMatrix)[0]]);
      },
    },
    {
      does: 'multiplies head i by the i-th group of rows of W^O',
      look: (f) => differing([f(twoHeads, outputMatrix)[1]], [[-0.5, 3, -1]]),
    },
  ],
};

/** Where heads were told to look, and the share of right answers that came of it. */
type Layout = { offsets: number[]; right: number };

/** A layout is judged by what learned heads get, and by all layouts, in percent. */
const stored = (what: string) => storedResults('08').numbers[`letters, ${what}: right`];
const mean = (some: number[]) => some.reduce((sum, x) => sum + x, 0) / some.length;

function beats({ right }: Layout, least: number): string | undefined {
  const got = 100 * right;
  return got > least ? undefined : `yours gets ${round(got)} %, and that is not above it`;
}

/** 8.4: heads laid out by the reader. */
const layout: Exercise<Layout> = {
  name: '8.4',
  behaviours: [
    {
      does: 'has four heads, each with a whole number of its own, and none at 0',
      look: ({ offsets }) => {
        const whole = offsets.every((offset) => Number.isInteger(offset) && offset !== 0);
        if (!whole) return 'a head looks at its own letter, or between two';
        if (new Set(offsets).size < offsets.length) return 'two heads look at the same place';
        return offsets.length === 4 ? undefined : `there are ${offsets.length}`;
      },
    },
    {
      does: 'gets more right than one head that learned where to look',
      look: (layout) => beats(layout, mean(stored('1 head'))),
    },
    {
      does: 'gets more right than two heads that learned',
      look: (layout) => beats(layout, mean(stored('2 heads'))),
    },
    {
      does: 'gets as much right as the best of all layouts of four, give or take half a point',
      look: (layout) => beats(layout, stored('all layouts of 4 fixed heads')[0] - 0.5),
    },
  ],
};

function shapeOf(nested: unknown): string {
  const shape: number[] = [];
  for (let part = nested; Array.isArray(part); part = part[0]) shape.push(part.length);
  return shape.join();
}

/** What is wrong with a matrix that should be another; undefined if nothing is. */
function differing(actual: unknown, expected: number[][]): string | undefined {
  const rows = Array.isArray(actual) ? (actual as number[][]) : [];
  for (const [i, row] of expected.entries()) {
    const wrong = numbers(`row ${i}`, rows[i], row.length);
    if (wrong) return wrong;
    if (row.some((value, j) => !(Math.abs(value - rows[i][j]) < 1e-4))) {
      return `you give [${rows[i].map(round).join(', ')}]`;
    }
  }
  return undefined;
}

/** The exercises of lesson 08. */
export const lesson08 = { pencil, split, shares, layout };
