import { type Exercise, near, numbers } from '../../notebook/check';

type Pencil = { weights: number[]; last: number; heads: number };

/** 22.1: a head in a row of three pixels, with a pencil. */
const pencil: Exercise<Pencil> = {
  name: '22.1',
  behaviours: [
    {
      does: 'gives the weights of the middle pixel',
      look: ({ weights }) =>
        numbers('weights', weights, 3) ??
        near('their sum', weights[0] + weights[1] + weights[2], 1) ??
        near('the second, by the third,', weights[1] / weights[2], 1 / 4) ??
        near('the first, by the third,', weights[0] / weights[2], 1 / 256),
    },
    {
      does: 'says what the last pixel reads in the limit',
      look: ({ last }) => near('what it reads', last, 2),
    },
    {
      does: 'counts the heads of a kernel of 7 × 7',
      look: ({ heads }) => near('heads', heads, 49),
    },
  ],
};

type Corner = (q: number[], shift: number[], height: number, width: number) => number[];

const looked = (f: Corner, q: number[], shift: number[], size: [number, number], at: number[]) =>
  near(`${size.join(' × ')}, query ${q}, shift ${shift}: the pixel`, f(q, shift, ...size), at);

/** 22.2: the nearest pixel there is. */
const corner: Exercise<Corner> = {
  name: '22.2',
  behaviours: [
    {
      does: 'goes where the shift leads, inside of the image',
      look: (f) =>
        looked(f, [2, 3], [1, -2], [6, 7], [3, 1]) ?? looked(f, [4, 4], [0, 0], [6, 7], [4, 4]),
    },
    {
      does: 'stays at the border above and at the left',
      look: (f) =>
        looked(f, [0, 3], [-1, 0], [6, 7], [0, 3]) ?? looked(f, [1, 0], [-2, -1], [6, 7], [0, 0]),
    },
    {
      does: 'stays at the border below and at the right',
      look: (f) =>
        looked(f, [5, 3], [2, 0], [6, 7], [5, 3]) ?? looked(f, [4, 6], [3, 3], [6, 7], [5, 6]),
    },
    {
      does: 'goes on along a border that it has reached',
      look: (f) =>
        looked(f, [0, 2], [-1, 2], [6, 7], [0, 4]) ?? looked(f, [3, 6], [-2, 1], [6, 7], [1, 6]),
    },
  ],
};

type KernelOf = (centres: number[][], W: number[], size: number) => number[][];

const plain = (f: KernelOf, what: string, centres: number[][], W: number[], wanted: number[][]) =>
  near(`${what}: the kernel`, f(centres, W, wanted.length), wanted);

/** 22.3: from heads back to a kernel. */
const kernel: Exercise<KernelOf> = {
  name: '22.3',
  behaviours: [
    {
      does: 'puts a head that looks at its own pixel into the middle',
      look: (f) =>
        plain(
          f,
          'one head at (0, 0)',
          [[0, 0]],
          [5],
          [
            [0, 0, 0],
            [0, 5, 0],
            [0, 0, 0],
          ],
        ) ?? plain(f, 'one head, size 1', [[0, 0]], [3], [[3]]),
    },
    {
      does: 'tells down from right, whatever the order of the heads',
      look: (f) =>
        plain(
          f,
          'heads at (1, −1) and (−1, 0)',
          [
            [1, -1],
            [-1, 0],
          ],
          [2, 7],
          [
            [0, 7, 0],
            [0, 0, 0],
            [2, 0, 0],
          ],
        ),
    },
    {
      does: 'adds up heads at one pixel',
      look: (f) =>
        plain(
          f,
          'two heads at (0, 1)',
          [
            [0, 1],
            [0, 1],
          ],
          [2, -5],
          [
            [0, 0, 0],
            [0, 0, -3],
            [0, 0, 0],
          ],
        ),
    },
    {
      does: 'fits every odd size',
      look: (f) => {
        const wanted = Array.from({ length: 5 }, () => Array(5).fill(0));
        wanted[0][4] = 1;
        wanted[3][2] = -2;
        return plain(
          f,
          '5 × 5, heads at (−2, 2) and (1, 0)',
          [
            [-2, 2],
            [1, 0],
          ],
          [1, -2],
          wanted,
        );
      },
    },
  ],
};

type Two = { centres: number[][]; alpha: number[]; W: number[] };

const sobel: Record<string, number> = {
  '-1,-1': -1,
  '0,-1': -2,
  '1,-1': -1,
  '-1,1': 1,
  '0,1': 2,
  '1,1': 1,
};

/** The share of a Sobel filter that heads explain, far from the border: 1 − Σ (made − wanted)² / Σ wanted². */
export function explainedOfSobel({ centres, alpha, W }: Two): number {
  const along = Array.from({ length: 25 }, (_, i) => i - 12);
  const shifts = along.flatMap((down) => along.map((right) => [down, right]));
  const made = shifts.map(() => 0);
  centres.forEach(([down, right], h) => {
    const powers = shifts.map(([y, x]) =>
      Math.exp(-alpha[h] * ((y - down) ** 2 + (x - right) ** 2)),
    );
    const sum = powers.reduce((a, b) => a + b);
    powers.forEach((power, i) => {
      made[i] += (W[h] * power) / sum;
    });
  });
  const wrong = shifts.reduce(
    (sum, shift, i) => sum + (made[i] - (sobel[String(shift)] ?? 0)) ** 2,
    0,
  );
  return 1 - wrong / 12;
}

const explains = (atLeast: number) => (two: Two) => {
  const share = explainedOfSobel(two);
  if (share >= atLeast) return undefined;
  return `your two heads explain ${(100 * share).toFixed(1)} % of it`;
};

/** 22.4: a Sobel filter of two heads. */
const two: Exercise<Two> = {
  name: '22.4',
  behaviours: [
    {
      does: 'has two heads with centre, α above 0 and W',
      look: ({ centres, alpha, W }) => {
        if (!(Array.isArray(centres) && centres.length === 2)) return 'two centres are wanted';
        return (
          numbers('the first centre', centres[0], 2) ??
          numbers('the second centre', centres[1], 2) ??
          numbers('alpha', alpha, 2) ??
          numbers('W', W, 2) ??
          (alpha.every((one) => one > 0) ? undefined : 'an α is not above 0')
        );
      },
    },
    { does: 'explains half of the filter', look: explains(0.5) },
    { does: 'explains nine tenths', look: explains(0.9) },
  ],
};

export const lesson22 = { pencil, corner, kernel, two };
