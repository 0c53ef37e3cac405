import { type Exercise, near, numbers } from '../../notebook/check';

type Pencil = { weights: number[]; mass: number; together: number; apart: number };

/**
 * 15.1: one softmax with a pencil. Exponentials of the scores: 1 and 3 in the context, 4 and 2 of the
 * persistent vectors; values 6, 2, −1, 3.
 */
const pencil: Exercise<Pencil> = {
  name: '15.1',
  behaviours: [
    {
      does: 'divides all four by one sum',
      look: ({ weights }) =>
        numbers('the weights', weights, 4) ??
        near('the sum of the weights', weights[0] + weights[1] + weights[2] + weights[3], 1) ??
        near('the second weight, by the third,', weights[1] / weights[2], 3 / 4),
    },
    {
      does: 'says how much goes to the persistent vectors',
      look: ({ weights, mass }) => near('the mass', mass, weights[2] + weights[3]),
    },
    {
      does: 'mixes context and persistent vectors in one average',
      look: ({ together }) => near('together', together, 1.4),
    },
    {
      does: 'adds two averages where there are two softmaxes',
      look: ({ together, apart }) =>
        apart < together
          ? 'apart is less than together, though both averages are positive and none is shrunk'
          : near('apart', apart, 3 + 1 / 3),
    },
  ],
};

type Gated = (
  context: { scores: number[]; values: number[] },
  persistent: { scores: number[]; values: number[] },
) => { gate: number; read: number; known: number; y: number };

/** The gate, and the two averages, by the definition. */
const rightGate: Gated = (context, persistent) => {
  const top = Math.max(...context.scores, ...persistent.scores);
  const part = ({ scores, values }: { scores: number[]; values: number[] }) => {
    const own = Math.max(...scores);
    const e = scores.map((s) => Math.exp(s - own));
    const sum = e.reduce((a, b) => a + b);
    return {
      sum: sum * Math.exp(own - top),
      average: e.reduce((all, one, i) => all + (one * values[i]) / sum, 0),
    };
  };
  const [c, p] = [part(context), part(persistent)];
  const gate = p.sum / (c.sum + p.sum);
  const [read, known] = [c.average, p.average];
  return { gate, read, known, y: (1 - gate) * read + gate * known };
};

const somePairs = [
  { scores: [0.3, -1, 2], values: [1, 5, -2] },
  { scores: [1, 0.5], values: [4, -3] },
] as const;
const copies = () =>
  somePairs.map(({ scores, values }) => ({ scores: [...scores], values: [...values] }));

function differing(f: Gated, what: keyof ReturnType<Gated>): string | undefined {
  const [context, persistent] = copies();
  const wanted = rightGate(context, persistent)[what];
  return near(what, f(context, persistent)?.[what], wanted);
}

/** 15.2: one softmax as two and a gate. */
const gated: Exercise<Gated> = {
  name: '15.2',
  behaviours: [
    {
      does: 'has a softmax of its own for each of the two',
      look: (f) => differing(f, 'read') ?? differing(f, 'known'),
    },
    { does: 'opens the gate by the share of the exponentials', look: (f) => differing(f, 'gate') },
    { does: 'puts the three together to what one softmax gives', look: (f) => differing(f, 'y') },
    {
      does: 'stands scores of a thousand, in either half',
      look: (f) => {
        for (const [a, b] of [
          [1000, 999],
          [998, 1000],
          [0, 1000],
        ]) {
          const context = { scores: [a, a - 1], values: [1, 2] };
          const persistent = { scores: [b], values: [3] };
          const wanted = rightGate(context, persistent);
          const found = f(context, persistent);
          const wrong =
            near(`scores ${a}, ${a - 1} and ${b}: gate`, found?.gate, wanted.gate) ??
            near(`scores ${a}, ${a - 1} and ${b}: y`, found?.y, wanted.y);
          if (wrong) return wrong;
        }
        return undefined;
      },
    },
  ],
};

type Sizes = { dModel: number; dHidden: number; layers: number };
type Vectors = (sizes: Sizes, newLayers: number) => number;

/** 15.3: how many persistent vectors a head may have, at equal parameters, in another depth. */
const vectors: Exercise<Vectors> = {
  name: '15.3',
  behaviours: [
    {
      does: 'at equal depth gives the width of the network',
      look: (f) =>
        near('d = 10, width 35, 2 layers for 2', f({ dModel: 10, dHidden: 35, layers: 2 }, 2), 35),
    },
    {
      does: 'pays for the projections of each new layer',
      look: (f) =>
        near(
          'd = 64, width 256, 3 layers for 4',
          f({ dModel: 64, dHidden: 256, layers: 3 }, 4),
          160,
        ),
    },
    {
      does: 'finds the authors’ number',
      look: (f) =>
        f({ dModel: 512, dHidden: 2048, layers: 12 }, 18) === 1024
          ? undefined
          : 'd = 512, width 2,048, 12 layers for 18: their scripts have another number',
    },
    {
      does: 'is negative where the projections alone are too many',
      look: (f) =>
        f({ dModel: 64, dHidden: 256, layers: 3 }, 10) < 0
          ? undefined
          : '10 layers of attention alone have more parameters than 3 with networks of width 256',
    },
  ],
};

export const lesson15 = { pencil, gated, vectors };
