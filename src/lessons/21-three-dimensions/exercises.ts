import { mabParameters, pma, pmaParameters, sab } from '../../attention/sets/set';
import { type Exercise, near, numbers } from '../../notebook/check';
import { dense } from '../../tensors/dense';
import { random, uniform } from '../../tensors/random';
import { tf } from '../../tensors/tf';

type Pencil = { pooled: number; doubled: number; largest: number; weights: number; from: number };

/** 21.1: a seed over three numbers, and what looking through points costs. */
const pencil: Exercise<Pencil> = {
  name: '21.1',
  behaviours: [
    {
      does: 'pools three numbers',
      look: ({ pooled }) => near('what the seed reads', pooled, 13 / 3),
    },
    {
      does: 'pools them again, each there twice',
      look: ({ doubled }) => near('what it reads of six', doubled, 13 / 3),
    },
    {
      does: 'says what is read in the limit',
      look: ({ largest }) => near('the limit', largest, 5),
    },
    {
      does: 'counts the weights of an ISAB',
      look: ({ weights }) => near('weights', weights, 64000, 1e-9),
    },
    {
      does: 'says from which number of points on ISAB has fewer',
      look: ({ from }) => near('n', from, 33, 1e-9),
    },
  ],
};

type Farthest = (points: number[][], count: number) => number[];

const chosen = (f: Farthest, what: string, points: number[][], wanted: number[]) =>
  near(`${what}: the points`, f(points, wanted.length), wanted);

/** 21.2: points that cover a cloud. */
const farthest: Exercise<Farthest> = {
  name: '21.2',
  behaviours: [
    {
      does: 'begins with point 0, then takes the farthest from it',
      look: (f) =>
        chosen(f, 'one point', [[1, 1, 1]], [0]) ??
        chosen(
          f,
          'three points on a line, two wanted',
          [
            [0, 0, 0],
            [1, 0, 0],
            [-3, 0, 0],
          ],
          [0, 2],
        ),
    },
    {
      does: 'goes on with the point that is farthest from all that it has',
      look: (f) =>
        chosen(
          f,
          'on a line at 0, 10, 1, 5, three wanted',
          [0, 10, 1, 5].map((x) => [x, 0, 0]),
          [0, 1, 3],
        ) ??
        chosen(
          f,
          'on a line at 0, 6, 10, −1, −5.5, four wanted',
          [0, 6, 10, -1, -5.5].map((x) => [x, 0, 0]),
          [0, 2, 4, 1],
        ),
    },
    {
      does: 'measures straight through space, not along the axes',
      look: (f) =>
        chosen(
          f,
          'three points, two wanted',
          [
            [0, 0, 0],
            [3, 3, 3],
            [0, 0, 5],
          ],
          [0, 1],
        ) ??
        chosen(
          f,
          'three other points, two wanted',
          [
            [0, 0, 0],
            [2.9, 2.9, 2.9],
            [0, 0, 5.1],
          ],
          [0, 2],
        ),
    },
    {
      does: 'takes the smaller number of two that are equally far, and never a point twice',
      look: (f) =>
        chosen(
          f,
          'four corners of a square',
          [
            [0, 0, 0],
            [1, 0, 0],
            [0, 1, 0],
            [1, 1, 0],
          ],
          [0, 3, 1, 2],
        ) ??
        chosen(
          f,
          'three points at one place, three wanted',
          [
            [2, 2, 2],
            [2, 2, 2],
            [2, 2, 2],
          ],
          [0, 1, 2],
        ),
    },
  ],
};

type Twins = { one: number[]; other: number[] };

/** What a small Set Transformer of random parameters says of a set of numbers. */
export function saysOfSet(set: number[], seed: number): number {
  return tf.tidy(() => {
    const next = random(seed);
    const x = tf.tensor3d([set.map((number) => [number / 10])]);
    const first = tf.tanh(dense(x, uniform([1, 8], next, 2), uniform([8], next, 1)));
    const seen = sab(first, mabParameters({ dModel: 8 }, next), undefined, { heads: 2 });
    const pool = pmaParameters({ dModel: 8, k: 1 }, next);
    const { context } = pma(seen.context, pool, undefined, { heads: 2 });
    return tf.sum(tf.mul(context, uniform([8], next, 1))).dataSync()[0];
  });
}

const list = (what: string, set: unknown) =>
  Array.isArray(set) && set.length > 0 ? numbers(what, set, set.length) : `${what} is no list`;

/** 21.3: two different sets that no Set Transformer tells apart. */
const twins: Exercise<Twins> = {
  name: '21.3',
  behaviours: [
    {
      does: 'gives two lists of three different numbers, from −10 to 10',
      look: ({ one, other }) => {
        const wrong = list('one', one) ?? list('other', other);
        if (wrong) return wrong;
        if ([one, other].some((set) => new Set(set).size < 3)) return 'a list has fewer than three';
        return [...one, ...other].some((x) => Math.abs(x) > 10)
          ? 'a number is too large'
          : undefined;
      },
    },
    {
      does: 'of different lengths, and with different sums',
      look: ({ one, other }) => {
        const sum = (set: number[]) => set.reduce((a, b) => a + b, 0);
        if (one.length === other.length) return 'they are equally long';
        return Math.abs(sum(one) - sum(other)) < 1e-9 ? 'their sums are equal' : undefined;
      },
    },
    {
      does: 'neither twice, three times … the other',
      look: ({ one, other }) => {
        const [short, long] = [one.length, other.length].sort((a, b) => a - b);
        return long % short === 0 ? `${long} is a multiple of ${short}` : undefined;
      },
    },
    {
      does: 'that ten Set Transformers cannot tell apart',
      look: ({ one, other }) => {
        for (let seed = 1; seed <= 10; seed++) {
          const apart = Math.abs(saysOfSet(one, seed) - saysOfSet(other, seed));
          if (apart > 1e-5) return `number ${seed} tells them apart, by ${apart.toPrecision(2)}`;
        }
        return undefined;
      },
    },
  ],
};

type Sharp = (n: number, gap: number, error: number) => number;

const errs = (n: number, gap: number, beta: number) =>
  ((n - 1) * gap) / (Math.exp(beta * gap) + n - 1);

/** 21.4: how sharp a seed must be. */
const sharp: Exercise<Sharp> = {
  name: '21.4',
  behaviours: [
    {
      does: 'finds the sharpness for two numbers, 1 apart',
      look: (f) => near('n = 2, gap 1, error 0.1: what it errs', errs(2, 1, f(2, 1, 0.1)), 0.1),
    },
    {
      does: 'finds it for any gap and any number of others',
      look: (f) => {
        for (const [n, gap, error] of [
          [10, 1, 0.2],
          [5, 7, 0.01],
          [100, 0.5, 0.05],
        ]) {
          const wrong = near(
            `n = ${n}, gap ${gap}, error ${error}: what it errs`,
            errs(n, gap, f(n, gap, error)),
            error,
          );
          if (wrong) return wrong;
        }
        return undefined;
      },
    },
    {
      does: 'says 0 where a mean is good enough',
      look: (f) =>
        near('n = 2, gap 1, error 0.6: the sharpness', f(2, 1, 0.6), 0) ??
        near('n = 10, gap 0.1, error 0.5: the sharpness', f(10, 0.1, 0.5), 0),
    },
  ],
};

export const lesson21 = { pencil, farthest, twins, sharp };
