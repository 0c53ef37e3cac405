import { type Exercise, near, numbers } from '../../notebook/check';

type Pencil = { strided: number[]; fixed: number[]; paths: number[] };

/** Whether a list of positions is not the right one, said without giving it away. */
function differing(name: string, found: number[], right: number[]): string | undefined {
  if (!Array.isArray(found)) return `${name} is no list`;
  const sorted = [...found].sort((a, b) => a - b);
  const odd = sorted.find((j) => !right.includes(j));
  if (odd !== undefined) return `${name} has ${odd}, which is not seen`;
  if (new Set(sorted).size < right.length) return `${name} lacks a position`;
  return sorted.length > right.length ? `${name} has a position twice` : undefined;
}

/** 16.1: patterns with a pencil, 12 positions and l = 4. */
const pencil: Exercise<Pencil> = {
  name: '16.1',
  behaviours: [
    {
      does: 'lists the strided far keys of position 10',
      look: ({ strided }) => differing('strided', strided, [2, 6, 10]),
    },
    {
      does: 'lists the fixed ones',
      look: ({ fixed }) => differing('fixed', fixed, [3, 7]),
    },
    {
      does: 'counts the strided paths',
      look: ({ paths }) =>
        numbers('paths', paths, 3) ??
        near('the paths from 3 to 11', paths[0], 2) ??
        near('the paths from 2 to 11', paths[1], 1),
    },
    {
      does: 'counts the fixed ones, within a block',
      look: ({ paths }) =>
        numbers('paths', paths, 3) ?? near('the paths from 8 to 10', paths[2], 0),
    },
  ],
};

type Layers = (layers: number[][][]) => number;

const positions = (n: number) => Array.from({ length: n }, (_, i) => i);
const sets = (n: number, sees: (i: number, j: number) => boolean) =>
  positions(n).map((i) => positions(i + 1).filter((j) => sees(i, j)));

/** 16.2: after how many layers everything depends on everything before it. */
const layers: Exercise<Layers> = {
  name: '16.2',
  behaviours: [
    {
      does: 'needs one layer of full attention',
      look: (f) => near('dense, once: layers', f([sets(6, () => true)]), 1),
    },
    {
      does: 'adds up what windows reach',
      look: (f) => {
        const window = sets(7, (i, j) => i - j <= 2);
        return near(
          'a window of 2 before itself, 7 positions: layers',
          f(Array(5).fill(window)),
          3,
        );
      },
    },
    {
      does: 'keeps what stood at a position, by the residual connection',
      look: (f) => {
        const others = sets(4, (i, j) => j < i); // nobody looks at itself
        return near('all others, but not itself: layers', f([others, others]), 1);
      },
    },
    {
      does: 'goes from the lowest layer up',
      look: (f) => {
        const [near1, far] = [
          sets(9, (i, j) => Math.floor(j / 3) === Math.floor(i / 3)),
          sets(9, (_, j) => j % 3 === 2),
        ];
        return (
          near('fixed, A(1) lowest: layers', f([near1, far, far]), 2) ??
          near('fixed, A(2) lowest: layers', f([far, near1, far]), 3)
        );
      },
    },
    {
      does: 'returns 0 if something is never reached',
      look: (f) =>
        near(
          'blocks that see only themselves: layers',
          f(Array(4).fill(sets(6, (i, j) => Math.floor(j / 3) === Math.floor(i / 3)))),
          0,
        ),
    },
  ],
};

/** Pairs of merged fixed attention, each once. */
export function fixedPairs(n: number, l: number, c: number): number {
  return positions(n).reduce((sum, i) => sum + (i % l) + 1 + c * Math.floor(i / l), 0);
}

type Stride = (n: number, c: number) => number;
const rightStride: Stride = (n, c) => {
  const strides = positions(n + 1).slice(c);
  return strides.reduce((best, l) => (fixedPairs(n, l, c) < fixedPairs(n, best, c) ? l : best));
};

/** 16.3: the whole stride with the fewest pairs. */
const stride: Exercise<Stride> = {
  name: '16.3',
  behaviours: [
    {
      does: 'finds the stride of a short sequence with one summary',
      look: (f) => near('n = 12, c = 1: the stride', f(12, 1), rightStride(12, 1)),
    },
    {
      does: 'counts each pair once, and no later keys',
      look: (f) => near('n = 50, c = 1: the stride', f(50, 1), rightStride(50, 1)),
    },
    {
      does: 'knows what several summaries cost',
      look: (f) =>
        near('n = 48, c = 3: the stride', f(48, 3), rightStride(48, 3)) ??
        near('n = 90, c = 5: the stride', f(90, 5), rightStride(90, 5)),
    },
    {
      does: 'stays between c and n',
      look: (f) => near('n = 6, c = 5: the stride', f(6, 5), rightStride(6, 5)),
    },
  ],
};

export const lesson16 = { pencil, layers, stride };
