import { type Exercise, near, numbers } from '../../notebook/check';

type Pencil = { bits: number; floor: number; honest: string };

/** 11.1: bits per dimension, and the floor, with a pencil. */
const pencil: Exercise<Pencil> = {
  name: '11.1',
  behaviours: [
    {
      does: 'gives the bits per dimension of the four pixels',
      look: ({ bits }) => near('the bits per dimension', bits, 1.75),
    },
    {
      does: 'gives the floor of a thousand images, and 24 more',
      look: ({ floor }) => near('the floor', floor, 0.5),
    },
    {
      does: 'names all models that may be honest, and no other',
      look: ({ honest }) => {
        const named = String(honest)
          .toUpperCase()
          .replace(/[^A-Z]/g, '')
          .split('')
          .sort()
          .join('');
        if (named === 'BC') return undefined;
        return `you named ${named || 'none'}: the floor is for the mean over these images`;
      },
    },
  ],
};

type Seen = (i: number, block: number, memory: number) => number[];

/** S_i in one dimension, by the definition. */
const rightSeen: Seen = (i, block, memory) => {
  const first = Math.max(0, block * Math.floor(i / block) - memory);
  return Array.from({ length: i - first + 1 }, (_, c) => first + c);
};

/** What differs from the right list. */
function differing(f: Seen, i: number, block: number, memory: number): string | undefined {
  const what = `pixel ${i}, blocks of ${block}, memory ${memory}`;
  const found = f(i, block, memory);
  const right = rightSeen(i, block, memory);
  if (!Array.isArray(found)) return `${what}: expected a list of pixels`;
  const missing = right.find((j) => !found.includes(j));
  if (missing !== undefined) return `${what}: ${missing} is seen, and not in your list`;
  const wrong = found.find((j) => !right.includes(j));
  if (wrong !== undefined) return `${what}: ${wrong} is in your list, and not seen`;
  return numbers(`${what}: the list`, found, right.length);
}

/** 11.2: which pixels a pixel sees. */
const seen: Exercise<Seen> = {
  name: '11.2',
  behaviours: [
    {
      does: 'sees itself, where the pixel before it has been set',
      look: (f) => differing(f, 0, 4, 2),
    },
    { does: 'sees its block, up to itself', look: (f) => differing(f, 6, 4, 0) },
    {
      does: 'sees the memory, counted from the beginning of the block',
      look: (f) => differing(f, 10, 4, 3),
    },
    { does: 'sees nothing before the image', look: (f) => differing(f, 5, 4, 9) },
    {
      does: 'sees what all pixels of this image see',
      look: (f) => {
        for (let i = 0; i < 14; i++) {
          const wrong = differing(f, i, 5, 3) ?? differing(f, i, 1, 2) ?? differing(f, i, 20, 1);
          if (wrong) return wrong;
        }
        return undefined;
      },
    },
  ],
};

type Made = (
  image: [number, number],
  block: [number, number],
  memory: [number, number],
) => { full: number; rows: number; rectangles: number };

/** 11.3: how many weights one head computes, masked ones included. */
const made: Exercise<Made> = {
  name: '11.3',
  behaviours: [
    {
      does: 'counts a weight for each pair where everybody looks at everybody',
      look: (f) => near('an image of 4 × 6: full', f([4, 6], [2, 3], [1, 1]).full, 576),
    },
    {
      does: 'counts block and memory of each query along the rows',
      look: (f) =>
        near(
          'an image of 4 × 6, block 2 · 3, memory 1 · 6: rows',
          f([4, 6], [2, 3], [1, 1]).rows,
          288,
        ) ?? near('no memory: rows', f([4, 6], [1, 6], [0, 0]).rows, 144),
    },
    {
      does: 'lets rectangles reach up once and sideways twice',
      look: (f) =>
        near('block 2 × 3, memory 1 × 1: rectangles', f([4, 6], [2, 3], [1, 1]).rectangles, 360) ??
        near('block 2 × 3, memory 2 × 0: rectangles', f([4, 6], [2, 3], [2, 0]).rectangles, 288) ??
        near('block 2 × 3, memory 0 × 2: rectangles', f([4, 6], [2, 3], [0, 2]).rectangles, 336),
    },
  ],
};

export const lesson11 = { pencil, seen, made };
