import { type Exercise, near, numbers } from '../../notebook/check';
import { checkpointPeak } from './checkpoint-peak';

type Pencil = { x: number[]; dx: number[] };

/** 18.1: y = (3, 1), F(x) = x², G(y) = max(0, y), ∂L/∂y = (1, 2), with a pencil. */
const pencil: Exercise<Pencil> = {
  name: '18.1',
  behaviours: [
    {
      does: 'walks back: x, put through the block, gives y',
      look: ({ x }) => {
        const wrong = numbers('x', x, 2);
        if (wrong) return wrong;
        const y1 = x[0] + x[1] ** 2;
        return (
          near('y₁ of your x', y1, 3, 1e-6) ?? near('y₂ of your x', x[1] + Math.max(0, y1), 1, 1e-6)
        );
      },
    },
    {
      does: 'lets the gradient of y₁ collect what came through G',
      look: ({ dx }) => numbers('dx', dx, 2) ?? near('∂L/∂x₁', dx[0], 3, 1e-6),
    },
    {
      does: 'hands that sum on through F',
      look: ({ dx }) => numbers('dx', dx, 2) ?? near('∂L/∂x₂', dx[1], -10, 1e-6),
    },
  ],
};

type OfTwo = (a: number, b: number) => number;
type Back = (y: number[], f: OfTwo[]) => number[];

const three: OfTwo[] = [(a, b) => a * b, (a, b) => Math.abs(a) - b, (a, b) => Math.sin(a + 2 * b)];
/** y₁ = x₁ + f₁(x₂, x₃), y₂ = x₂ + f₂(y₁, x₃), y₃ = x₃ + f₃(y₁, y₂). */
function forwards([x1, x2, x3]: number[], [f1, f2, f3]: OfTwo[]): number[] {
  const y1 = x1 + f1(x2, x3);
  const y2 = x2 + f2(y1, x3);
  return [y1, y2, x3 + f3(y1, y2)];
}
const constants: OfTwo[] = [() => 1, () => 20, () => 300];

/** 18.2: three streams, backwards. */
const threeStreams: Exercise<Back> = {
  name: '18.2',
  behaviours: [
    {
      does: 'takes off what each function added',
      look: (back) =>
        near('constant functions: x', back(forwards([1, 2, 3], constants), constants), [1, 2, 3]),
    },
    {
      does: 'asks each function what it was asked on the way there',
      look: (back) => {
        const asked: number[][] = [[], [], []];
        const listening = three.map(
          (f, i): OfTwo =>
            (a, b) => {
              asked[i] = [a, b];
              return f(a, b);
            },
        );
        const x = [0.5, -1.5, 2];
        const y = forwards(x, three);
        back(y, listening);
        const wanted = [
          [x[1], x[2]],
          [y[0], x[2]],
          [y[0], y[1]],
        ];
        const wrong = asked.findIndex((one, i) => near('', one, wanted[i]) !== undefined);
        return wrong < 0
          ? undefined
          : `f${wrong + 1} was asked about (${asked[wrong].map((a) => Number(a.toFixed(3)))})`;
      },
    },
    {
      does: 'gives x back',
      look: (back) => near('x', back(forwards([-2, 0.3, 1.1], three), three), [-2, 0.3, 1.1]),
    },
    {
      does: 'calls each function once',
      look: (back) => {
        let calls = 0;
        const counted = three.map(
          (f): OfTwo =>
            (a, b) => {
              calls++;
              return f(a, b);
            },
        );
        back([1, 2, 3], counted);
        return calls === 3 ? undefined : `three functions were called ${calls} times`;
      },
    },
  ],
};

type Deepest = (L: number, u: number) => number;

/** λ of Section 2.5. */
const growthOf = (L: number) => 1 + L ** 2 / 2 + L * Math.sqrt(1 + L ** 2 / 4);
/** The most blocks of F(x) = G(x) = L x with u λ^(2N) below 1. */
const deepestOf: Deepest = (L, u) => Math.ceil(-Math.log(u) / (2 * Math.log(growthOf(L)))) - 1;
const deepestIs = (f: Deepest, L: number, u: number, name: string) =>
  near(`L = ${L}, ${name}: N`, f(L, u), deepestOf(L, u), 1e-9);

/** 18.3: how deep the rounding lets a tower be. */
const deepest: Exercise<Deepest> = {
  name: '18.3',
  behaviours: [
    {
      does: 'counts the blocks of L = 1 in float32',
      look: (f) => deepestIs(f, 1, 2 ** -24, 'float32'),
    },
    {
      does: 'knows that a block multiplies the error twice: there and back',
      look: (f) => {
        const once = Math.ceil((24 * Math.log(2)) / Math.log(growthOf(1))) - 1;
        return f(1, 2 ** -24) === once ? 'only one of the two ways was counted' : undefined;
      },
    },
    {
      does: 'goes deep with a gentle F, and not far with a rough one',
      look: (f) => deepestIs(f, 0.05, 2 ** -24, 'float32') ?? deepestIs(f, 6, 2 ** -24, 'float32'),
    },
    {
      does: 'takes other arithmetic: half precision and double',
      look: (f) =>
        deepestIs(f, 0.3, 2 ** -11, 'half precision') ?? deepestIs(f, 0.3, 2 ** -53, 'double'),
    },
  ],
};

const most = (limit: number, than: string) => ({
  does: `holds at most ${limit} inputs at a time: ${than}`,
  look: (kept: number[]) => {
    if (!Array.isArray(kept)) return 'a list of layers is wanted';
    const peak = checkpointPeak(kept);
    return peak <= limit ? undefined : `at its peak it holds ${peak}`;
  },
});

/** 18.4: the least memory without reversible layers, each layer being run again once. */
const contest: Exercise<number[]> = {
  name: '18.4',
  behaviours: [
    most(16, 'half of all'),
    most(10, 'as with every sixth'),
    most(9, 'better than at equal distances'),
    most(8, 'as few as we found'),
  ],
};

export const lesson18 = { pencil, threeStreams, deepest, contest };
