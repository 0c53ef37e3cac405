import { type Exercise, near, numbers } from '../../notebook/check';

type Pencil = { reach: number; distances: number; terms: number[]; score: number };

/** 13.1: how far, how many, how much, with a pencil. */
const pencil: Exercise<Pencil> = {
  name: '13.1',
  behaviours: [
    {
      does: 'adds a memory for each layer',
      look: ({ reach }) => near('positions before the segment', reach, 4 * 50),
    },
    {
      does: 'counts the distances from 0 to the farthest',
      look: ({ distances }) => near('different distances', distances, 50 + 50),
    },
    {
      does: 'gives each term its pair',
      look: ({ terms }) =>
        numbers('the terms', terms, 4) ??
        near('(a)', terms[0], 2) ??
        near('(b)', terms[1], 6) ??
        near('(c)', terms[2], -1) ??
        near('(d)', terms[3], 3),
    },
    {
      does: 'adds the four, and divides by √dₕ',
      look: ({ score }) => near('the score', score, 10 / Math.sqrt(2), 1e-2),
    },
  ],
};

type Column = (i: number, j: number, L: number, M: number) => number | undefined;

/** Where a column differs from the right one. */
function differing(f: Column, L: number, M: number, wanted: 'past' | 'future'): string | undefined {
  for (let i = 0; i < L; i++)
    for (let j = 0; j < M + L; j++) {
      const past = j <= M + i;
      if (past !== (wanted === 'past')) continue;
      const right = past ? j + L - 1 - i : undefined;
      const found = f(i, j, L, M);
      if (found !== right)
        return `L = ${L}, M = ${M}: query ${i}, key ${j} get ${found}, which is not right`;
    }
  return undefined;
}

/** 13.2: in which column the product of a query with a key's distance stands. */
const column: Exercise<Column> = {
  name: '13.2',
  behaviours: [
    {
      does: 'leaves the last query where it is',
      look: (f) => near('L = 3, M = 2: query 2, key 1: column', f(2, 1, 3, 2) as number, 1),
    },
    { does: 'moves each query before it one column more', look: (f) => differing(f, 4, 0, 'past') },
    {
      does: 'counts the memory in',
      look: (f) => differing(f, 3, 5, 'past') ?? differing(f, 1, 4, 'past'),
    },
    {
      does: 'has none for the future',
      look: (f) => differing(f, 4, 0, 'future') ?? differing(f, 3, 5, 'future'),
    },
  ],
};

type Remember = (memory: string[], segment: string[], M: number) => string[];

/** What differs from the right memory. */
function remembered(f: Remember, memory: string, segment: string, M: number): string | undefined {
  const [before, now] = [[...memory], [...segment]];
  const found = f(before, now, M);
  const all = [...memory, ...segment];
  const right = all.slice(Math.max(0, all.length - M)).join('');
  if (!Array.isArray(found)) return 'expected a list';
  if (found.join('') !== right)
    return `M = ${M}: “${memory}”, then “${segment}” gives “${found.join('')}”, which is not right`;
  if (before.join('') !== memory || now.join('') !== segment)
    return 'the lists that came in have changed: the layer still needs them';
  return undefined;
}

/** 13.3: what is remembered for the next segment. */
const remember: Exercise<Remember> = {
  name: '13.3',
  behaviours: [
    { does: 'begins with the first segment', look: (f) => remembered(f, '', 'whale', 9) },
    { does: 'grows until it is full', look: (f) => remembered(f, 'whi', 'te', 9) },
    { does: 'forgets the oldest', look: (f) => remembered(f, 'the white', 'whale', 7) },
    {
      does: 'keeps a part of a segment, if that is longer than the memory',
      look: (f) => remembered(f, 'ab', 'leviathan', 4),
    },
    { does: 'remembers nothing with M = 0', look: (f) => remembered(f, '', 'sea', 0) },
  ],
};

export const lesson13 = { pencil, column, remember };
