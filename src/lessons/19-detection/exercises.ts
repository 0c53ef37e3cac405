import { type Exercise, near, numbers } from '../../notebook/check';
import { suppress } from '../../training/average-precision';
import { hungarian } from '../../training/hungarian';
import { greedyPairs } from './detectors';

const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);

type Pencil = { guesses: number[]; best: number; greedy: number; giou: number; share: number };

/** 19.1: three guesses, two objects; two boxes apart; a hundred slots, seven objects. */
const pencil: Exercise<Pencil> = {
  name: '19.1',
  behaviours: [
    {
      does: 'pairs A and B with two guesses, as cheaply as can be',
      look: ({ guesses, best }) =>
        numbers('guesses', guesses, 2) ??
        near('guesses: that of A', guesses[0], 2) ??
        near('guesses: that of B', guesses[1], 1) ??
        near('the best cost', best, 5),
    },
    {
      does: 'says what it costs to take the cheapest entry first',
      look: ({ greedy }) => near('greedy', greedy, 8),
    },
    {
      does: 'gives the GIoU of the two boxes',
      look: ({ giou }) => near('giou', giou, -7 / 15),
    },
    {
      does: 'gives the part of the 93 empty slots in the weights of the class loss',
      look: ({ share }) => near('share', share, 9.3 / 16.3),
    },
  ],
};

/** The table of exercise 19.2: guesses down, objects across. */
const priced = [
  [5, 9, 1],
  [10, 3, 2],
  [8, 7, 5],
];

type Proof = { objects: number[]; u: number[]; v: number[] };

/** 19.2: a pairing, and six prices that prove that none is cheaper. */
const proof: Exercise<Proof> = {
  name: '19.2',
  behaviours: [
    {
      does: 'pairs every guess with another object',
      look: ({ objects }) =>
        numbers('objects', objects, 3) ??
        (new Set(objects).size === 3 && objects.every((j) => [1, 2, 3].includes(j))
          ? undefined
          : 'objects are the numbers 1, 2 and 3, each once'),
    },
    {
      does: 'has prices of which no two together exceed their entry',
      look: ({ u, v }) => {
        const wrong = numbers('u', u, 3) ?? numbers('v', v, 3);
        if (wrong) return wrong;
        for (const [i, row] of priced.entries())
          for (const [j, cost] of row.entries())
            if (u[i] + v[j] > cost + 1e-9)
              return `u${i + 1} + v${j + 1} is ${u[i] + v[j]}, more than the entry`;
        return undefined;
      },
    },
    {
      does: 'has prices that sum to the cost of the pairing',
      look: ({ objects, u, v }) =>
        numbers('objects', objects, 3) ??
        numbers('u', u, 3) ??
        numbers('v', v, 3) ??
        near(
          'the sum of all prices',
          sum(u) + sum(v),
          sum(priced.map((row, i) => row[objects[i] - 1])),
        ),
    },
    {
      does: 'has found the best pairing',
      look: ({ objects }) => {
        const cost = sum(priced.map((row, i) => row[objects?.[i] - 1]));
        const best = sum(hungarian(priced).map(([i, j]) => priced[i][j]));
        return near('the cost of the pairing', cost, best);
      },
    },
  ],
};

type Suppress = (boxes: number[][], scores: number[], threshold: number) => number[];

const boxAt = (x: number, y = 0) => [x, y, 1, 1];

/** What is wrong with which boxes are kept. */
function wrongKept(
  f: Suppress,
  what: string,
  boxes: number[][],
  scores: number[],
  threshold = 0.5,
) {
  const wanted = suppress({ boxes, scores, classes: boxes.map(() => 0) }, threshold).boxes;
  const kept = f(
    boxes.map((box) => [...box]),
    [...scores],
    threshold,
  );
  if (!Array.isArray(kept)) return `${what}: a list of numbers of boxes is wanted`;
  return near(
    `${what}: the numbers of the boxes kept, the surest first,`,
    kept,
    wanted.map((box) => boxes.indexOf(box)),
  );
}

/** 19.3: non-maximum suppression. */
const suppression: Exercise<Suppress> = {
  name: '19.3',
  behaviours: [
    {
      does: 'keeps boxes that are apart, the surest first',
      look: (f) =>
        wrongKept(f, 'three boxes apart', [boxAt(0), boxAt(3), boxAt(6)], [0.2, 0.9, 0.5]),
    },
    {
      does: 'keeps the surest of two that overlap',
      look: (f) =>
        wrongKept(f, 'two boxes, a tenth apart', [boxAt(0), boxAt(0.1)], [0.3, 0.6]) ??
        wrongKept(f, 'two boxes, half a width apart', [boxAt(0), boxAt(0.5)], [0.3, 0.6]),
    },
    {
      does: 'lets nothing be suppressed by what is suppressed itself',
      look: (f) =>
        wrongKept(f, 'a chain of three', [boxAt(0), boxAt(0.4), boxAt(0.8)], [3, 2, 1], 0.4),
    },
    {
      does: 'looks at both axes, at the threshold, and at sizes',
      look: (f) =>
        wrongKept(f, 'two boxes, one above the other', [boxAt(0), boxAt(0, 2)], [2, 1]) ??
        wrongKept(f, 'threshold 0.9', [boxAt(0), boxAt(0.1)], [2, 1], 0.9) ??
        wrongKept(f, 'a small box in a large one', [[0, 0, 4, 4], boxAt(0)], [2, 1]) ??
        wrongKept(f, 'a box in one a fifth larger', [[0, 0, 1.2, 1.2], boxAt(0)], [1, 2]),
    },
  ],
};

const total = (cost: number[][], pairs: [number, number][]) =>
  sum(pairs.map(([i, j]) => cost[i][j]));

const tableOf3 = (cost: unknown): string | undefined => {
  if (!Array.isArray(cost) || cost.length !== 3) return 'a table of three rows is wanted';
  for (const [i, row] of cost.entries()) {
    const wrong = numbers(`row ${i + 1}`, row, 3);
    if (wrong) return wrong;
    if (!row.every((x: number) => Number.isInteger(x) && x >= 1 && x <= 20))
      return `row ${i + 1} has something else than whole numbers from 1 to 20`;
  }
  return undefined;
};

const dearer = (factor: number) => (cost: number[][]) => {
  const wrong = tableOf3(cost);
  if (wrong) return wrong;
  const [greedy, best] = [greedyPairs(cost), hungarian(cost)].map((pairs) => total(cost, pairs));
  return greedy >= factor * best ? undefined : `greedy pays ${greedy}, the best is ${best}`;
};

/** 19.4: how much dearer greed can be. */
const greed: Exercise<number[][]> = {
  name: '19.4',
  behaviours: [
    { does: 'is a table of 3 × 3 whole numbers from 1 to 20', look: tableOf3 },
    { does: 'makes greed twice as dear as need be', look: dearer(2) },
    { does: 'makes it four times as dear', look: dearer(4) },
    { does: 'makes it seven times as dear', look: dearer(7) },
  ],
};

export const lesson19 = { pencil, proof, suppression, greed };
