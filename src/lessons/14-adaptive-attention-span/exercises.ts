import { type Exercise, near, numbers } from '../../notebook/check';

type Pencil = { mask: number[]; weights: number[]; slope: number };

/**
 * 14.1: a soft mask with a pencil. Four keys at the distances 0 … 3 with equal scores and the values
 * 0, 0, 0, 12; z = 1.5, R = 2.
 */
const pencil: Exercise<Pencil> = {
  name: '14.1',
  behaviours: [
    {
      does: 'is 1 up to the span, and falls by 1/R for each step beyond',
      look: ({ mask }) =>
        numbers('the mask', mask, 4) ??
        near('m at distance 1', mask[1], 1) ??
        near('what m loses from distance 2 to 3', mask[2] - mask[3], 1 / 2) ??
        near('what m loses from distance 1 to 3', mask[1] - mask[3], 3 / 4),
    },
    {
      does: 'renormalises: the weights sum to 1 and stand to one another as the mask does',
      look: ({ mask, weights }) =>
        numbers('the weights', weights, 4) ??
        near('the sum of the weights', weights[0] + weights[1] + weights[2] + weights[3], 1) ??
        near('the last weight, by the first,', weights[3] / weights[0], mask[3] / mask[0]),
    },
    {
      does: 'says how the context changes as z grows',
      look: ({ slope }) =>
        slope < 0
          ? 'the slope is negative, though the farthest key has the largest value'
          : near('the slope', slope, 5 / 3),
    },
  ],
};

type Mask = (z: number, R: number, distances: number) => { m: number[]; dm: number[] };

/** m and ∂m/∂z, by the definition. */
const rightMask: Mask = (z, R, distances) => {
  const inside = Array.from({ length: distances }, (_, x) => (R + z - x) / R);
  return {
    m: inside.map((one) => Math.max(0, Math.min(1, one))),
    dm: inside.map((one) => (one > 0 && one < 1 ? 1 / R : 0)),
  };
};

/** Where a mask differs from the right one. */
function differing(f: Mask, what: 'm' | 'dm', z: number, R: number): string | undefined {
  const [found, right] = [f(z, R, 12)?.[what], rightMask(z, R, 12)[what]];
  const wrong = numbers(what, found, 12);
  if (wrong) return wrong;
  const x = right.findIndex((one, i) => Math.abs(one - found[i]) > 1e-6);
  return x < 0
    ? undefined
    : `z = ${z}, R = ${R}: ${what} at distance ${x} is ${found[x]}, which is not right`;
}

/** 14.2: the soft mask and its derivative. */
const mask: Exercise<Mask> = {
  name: '14.2',
  behaviours: [
    { does: 'is a ramp between z and z + R', look: (f) => differing(f, 'm', 2.5, 4) },
    {
      does: 'stays between 0 and 1',
      look: (f) => differing(f, 'm', 4.5, 2) ?? differing(f, 'm', 0, 1.5),
    },
    { does: 'has the slope 1/R on the ramp', look: (f) => differing(f, 'dm', 2.5, 4) },
    {
      does: 'has no slope elsewhere',
      look: (f) => differing(f, 'dm', 4.5, 2) ?? differing(f, 'dm', 9.5, 0.4),
    },
  ],
};

type Work = (reach: number[][], queries: number) => { apart: number; together: number };

/** 14.3: how many pairs of a query and a key are computed. */
const work: Exercise<Work> = {
  name: '14.3',
  behaviours: [
    {
      does: 'counts the keys of one head, of long texts',
      look: (f) => near('a head that sees 3 keys, 10 queries: apart', f([[3]], 10).apart, 27),
    },
    {
      does: 'knows that the first queries have fewer keys before them',
      look: (f) => near('a head that sees 5 keys, 3 queries: apart', f([[5]], 3).apart, 6),
    },
    {
      does: 'adds heads and layers',
      look: (f) =>
        near(
          '[[1, 4], [2, 2]], 6 queries: apart',
          f(
            [
              [1, 4],
              [2, 2],
            ],
            6,
          ).apart,
          6 + 18 + 11 + 11,
        ),
    },
    {
      does: 'lets each head of a layer cost what the longest does',
      look: (f) =>
        near(
          '[[1, 4], [2, 2]], 6 queries: together',
          f(
            [
              [1, 4],
              [2, 2],
            ],
            6,
          ).together,
          18 * 2 + 22,
        ),
    },
  ],
};

export const lesson14 = { pencil, mask, work };
