import { type Exercise, near, numbers } from '../../notebook/check';
import { tf } from '../../tensors/tf';
import { frechetDistance } from '../../training/frechet-distance';

type Pencil = { weights: number[]; y: number; slope: number };

/** 12.1: one query of SAGAN's attention, and γ. */
const pencil: Exercise<Pencil> = {
  name: '12.1',
  behaviours: [
    {
      does: 'gives the weights of the query',
      look: ({ weights }) =>
        numbers('weights', weights, 3) ??
        near('their sum', weights[0] + weights[1] + weights[2], 1) ??
        near('the second, by the first,', weights[1] / weights[0], 2) ??
        near('the third, by the second,', weights[2] / weights[1], 2),
    },
    { does: 'says what comes out with γ = ½', look: ({ y }) => near('y', y, 12 / 7) },
    {
      does: 'says how fast y grows with γ where γ is 0',
      look: ({ slope }) => near('the slope', slope, 10 / 7),
    },
  ],
};

type Sight = (layers: { size: number; stride: number }[]) => number;

const seen = (f: Sight, layers: [number, number][], pixels: number) =>
  near(
    `kernels and strides ${layers.map((pair) => pair.join('/')).join(', ')}: pixels`,
    f(layers.map(([size, stride]) => ({ size, stride }))),
    pixels,
  );

/** 12.2: how many pixels across a unit has in sight. */
const sight: Exercise<Sight> = {
  name: '12.2',
  behaviours: [
    { does: 'knows one convolution', look: (f) => seen(f, [[5, 1]], 5) ?? seen(f, [[3, 2]], 3) },
    {
      does: 'adds up convolutions of stride 1, and begins with one pixel',
      look: (f) =>
        seen(
          f,
          [
            [3, 1],
            [3, 1],
            [5, 1],
          ],
          9,
        ) ?? seen(f, [], 1),
    },
    {
      does: 'knows what a stride does to the layers after it',
      look: (f) =>
        seen(
          f,
          [
            [3, 2],
            [3, 1],
          ],
          7,
        ) ??
        seen(
          f,
          [
            [4, 2],
            [4, 2],
            [3, 2],
          ],
          18,
        ),
    },
    {
      does: 'does not count the stride of the last layer',
      look: (f) =>
        seen(
          f,
          [
            [3, 1],
            [3, 2],
          ],
          5,
        ),
    },
  ],
};

type Stretch = (W: number[][]) => number;

/** A matrix that turns, stretches its axes, and turns again. */
const stretching = (values: number[], angle: number, other: number) => {
  const turn = (phi: number) => [
    [Math.cos(phi), -Math.sin(phi)],
    [Math.sin(phi), Math.cos(phi)],
  ];
  const [A, B] = [turn(angle), turn(other)];
  return A.map((row) =>
    [0, 1].map((j) => row[0] * values[0] * B[0][j] + row[1] * values[1] * B[1][j]),
  );
};

/** 12.3: power iteration. */
const stretch: Exercise<Stretch> = {
  name: '12.3',
  behaviours: [
    {
      does: 'finds the largest stretch of a diagonal matrix, whatever the signs',
      look: (f) =>
        near(
          'diagonal 2, −5: σ',
          f([
            [2, 0],
            [0, -5],
          ]),
          5,
        ) ??
        near(
          'diagonal 4, 1: σ',
          f([
            [4, 0],
            [0, 1],
          ]),
          4,
        ),
    },
    {
      does: 'finds it where no eigenvalue is as large',
      look: (f) =>
        near(
          '[[0, 7], [0, 0]]: σ',
          f([
            [0, 7],
            [0, 0],
          ]),
          7,
        ) ?? near('a matrix that turns: σ', f(stretching([3, 1], 0.4, 1.1)), 3),
    },
    {
      does: 'takes matrices of any shape',
      look: (f) =>
        near('[[3, 0, 4]]: σ', f([[3, 0, 4]]), 5) ??
        near('[[1], [2], [2]]: σ', f([[1], [2], [2]]), 3),
    },
    {
      does: 'goes on until it is right to a thousandth, and leaves 0 as it is',
      look: (f) =>
        near('stretches of 1 and 0.95: σ', f(stretching([0.95, 1], 0.9, 0.3)), 1) ??
        near('[[0, 0]]: σ', f([[0, 0]]), 0),
    },
  ],
};

/** Twelve real points, evenly on a circle of radius 1. */
export const ring = Array.from({ length: 12 }, (_, i) => [
  Math.cos((i * Math.PI) / 6),
  Math.sin((i * Math.PI) / 6),
]);

const nearest = (point: number[]) =>
  Math.min(...ring.map(([x, y]) => Math.hypot(x - point[0], y - point[1])));

const pointsIn = (points: unknown) => {
  if (!Array.isArray(points) || points.length < 2) return 'at least two points are wanted';
  for (const point of points) {
    const wrong = numbers('a point', point, 2);
    if (wrong) return wrong;
  }
  return undefined;
};

/** 12.4: points that have the ring's mean and covariance, and are none of it. */
const fool: Exercise<number[][]> = {
  name: '12.4',
  behaviours: [
    { does: 'is a list of points [x, y]', look: pointsIn },
    {
      does: 'has a Fréchet distance below 0.001 from the ring',
      look: (points) => {
        const wrong = pointsIn(points);
        if (wrong) return wrong;
        const distance = tf.tidy(() => frechetDistance(tf.tensor2d(points), tf.tensor2d(ring)));
        return distance < 0.001 ? undefined : `it is ${distance.toFixed(3)}`;
      },
    },
    {
      does: 'keeps half a unit away from all real points',
      look: (points) => {
        const wrong = pointsIn(points);
        if (wrong) return wrong;
        const least = Math.min(...points.map(nearest));
        return least >= 0.5 ? undefined : `one point is ${least.toFixed(2)} away`;
      },
    },
  ],
};

export const lesson12 = { pencil, sight, stretch, fool };
