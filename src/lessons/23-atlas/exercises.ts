import { methods } from '../../data/methods';
import { type Exercise, near, numbers } from '../../notebook/check';
import { drawn, random } from '../../tensors/random';
import { quizFaults } from './quiz';

type Bills = Record<'causal' | 'linformer' | 'sortcut' | 'context' | 'tenth', number>;

/** 23.1: how many scores a method computes, with a pencil. */
const bills: Exercise<Bills> = {
  name: '23.1',
  behaviours: [
    {
      does: 'counts the scores of causal attention',
      look: ({ causal }) => near('causal', causal, (64 * 65) / 2),
    },
    {
      does: 'counts those of Linformer, with k mixtures in place of keys',
      look: ({ linformer }) => near('linformer', linformer, 64 * 8),
    },
    {
      does: 'counts those of SortCut, whose queries all see the first blocks',
      look: ({ sortcut }) => near('sortcut', sortcut, 64 * 16),
    },
    {
      does: 'counts those of a global context block',
      look: ({ context }) => near('context', context, 64),
    },
    {
      does: 'says from which length on √n keys are a tenth',
      look: ({ tenth }) => near('tenth', tenth, 100),
    },
  ],
};

type Talking = (scores: number[][][], L: number[][], M: number[][]) => number[][][];

const mixed = (maps: number[][][], by: number[][]) =>
  by[0].map((_, g) =>
    maps[0].map((row, i) =>
      row.map((__, j) => maps.reduce((sum, map, h) => sum + by[h][g] * map[i][j], 0)),
    ),
  );
const normalised = (map: number[][]) =>
  map.map((row) => {
    const greatest = Math.max(...row);
    const powers = row.map((score) => Math.exp(score - greatest));
    const sum = powers.reduce((a, b) => a + b);
    return powers.map((power) => power / sum);
  });

/** 23.2's answer, for a check. */
export const rightTalking: Talking = (scores, L, M) => mixed(mixed(scores, L).map(normalised), M);

const identity = [
  [1, 0],
  [0, 1],
];
const mixture = [
  [0.3, 0.9],
  [-0.6, 0.2],
];
const other = [
  [0.8, -0.4],
  [0.5, 1.1],
];
const scoresFor = (seed: number, keys: number) =>
  [1, 2].map((h) => drawn(random(seed + h), [2, keys], 2));

/** 23.2: talking heads. */
const talking: Exercise<Talking> = {
  name: '23.2',
  behaviours: [
    {
      does: 'is multi-head attention if neither matrix mixes',
      look: (f) => {
        const scores = scoresFor(1, 3);
        return near('L = M = I: w′', f(scores, identity, identity), scores.map(normalised));
      },
    },
    {
      does: 'mixes scores before the softmax',
      look: (f) => {
        const scores = scoresFor(4, 3);
        const wanted = rightTalking(scores, mixture, identity);
        return near('M = I: w′', f(scores, mixture, identity), wanted);
      },
    },
    {
      does: 'mixes weights after the softmax',
      look: (f) => {
        const scores = scoresFor(7, 4);
        const wanted = rightTalking(scores, identity, mixture);
        return near('L = I: w′', f(scores, identity, mixture), wanted);
      },
    },
    {
      does: 'does both, and stands large scores',
      look: (f) => {
        const scores = scoresFor(10, 3).map((map) => map.map((row) => row.map((s) => 500 * s)));
        return near(
          'scores times 500: w′',
          f(scores, mixture, other),
          rightTalking(scores, mixture, other),
        );
      },
    },
  ],
};

/** 23.3: maps without names. */
const quiz: Exercise<string[]> = {
  name: '23.3',
  behaviours: [
    {
      does: 'names methods of the list',
      look: (names) => {
        if (!Array.isArray(names) || names.length !== 12) return 'twelve names are wanted';
        const strange = names.find((name) => !methods.some((method) => method.name === name));
        return strange === undefined ? undefined : `“${strange}” is none of the 36 names`;
      },
    },
    ...[6, 9, 12].map((wanted) => ({
      does: `has ${wanted} right`,
      look: (names: string[]) => {
        const wrong = quizFaults(names);
        const right = 12 - wrong.length;
        return right >= wanted ? undefined : `${right} are; look again at ${wrong.join(', ')}`;
      },
    })),
  ],
};

type Windows = { windows: number[]; lost: number };
const seen = (windows: number[]) => windows.reduce((sum, w) => sum + w, 0);
const within = (most: number) => ({
  does: `sees at most ${most} letters back in all three layers together`,
  look: ({ windows }: Windows) =>
    seen(windows) <= most ? undefined : `yours see ${seen(windows)}`,
});

/** 23.4: windows for each layer. */
const windows: Exercise<Windows> = {
  name: '23.4',
  behaviours: [
    {
      does: 'has three windows that see at least nothing',
      look: ({ windows: given }) =>
        numbers('windows', given, 3) ??
        (given.every((w) => Number.isInteger(w) && w >= 0 && w < 64)
          ? undefined
          : 'a window is no whole number from 0 to 63'),
    },
    {
      does: 'loses at most 0.02 bits',
      look: ({ lost }) => (lost <= 0.02 ? undefined : `yours lose ${Number(lost).toFixed(3)}`),
    },
    within(12),
    within(9),
  ],
};

export const lesson23 = { bills, talking, quiz, windows };
