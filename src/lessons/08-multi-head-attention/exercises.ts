import { multiHeadAttention, multiHeadParameters } from '../../attention/heads/multi-head';
import { causalMask } from '../../attention/masks';
import { type Exercise, near, numbers, round } from '../../notebook/check';
import { random, uniform } from '../../tensors/random';
import { taped } from '../../tensors/taped';
import { tf } from '../../tensors/tf';

/** 8.1: two heads and W^O with a pencil. */
const pencil: Exercise<{ head1: number; head2: number; output: number[] }> = {
  name: '8.1',
  behaviours: [
    {
      does: 'averages the values of head 1 under weights in the ratio 1 : 3',
      look: ({ head1 }) => near('head 1', head1, 5, 1e-2),
    },
    {
      does: 'averages the values of head 2 under weights in the ratio 4 : 1',
      look: ({ head2 }) => near('head 2', head2, 12, 1e-2),
    },
    {
      does: 'multiplies both, side by side, by W^O from the right',
      look: ({ head1, head2, output }) =>
        numbers('the output', output, 2) ??
        near('its first number', output[0], head1, 1e-2) ??
        near('its second number', output[1], head1 + 2 * head2, 1e-2),
    },
  ],
};

type Split = (x: number[][], heads: number) => number[][][];

/** Entry j of position i is 10 i + j: a number says where it comes from. */
const labelled = (length: number, dModel: number) =>
  Array.from({ length }, (_, i) => Array.from({ length: dModel }, (_, j) => 10 * i + j));

/** 8.2: split into heads in plain arrays. */
const split: Exercise<Split> = {
  name: '8.2',
  behaviours: [
    {
      does: 'gives [heads][length][dHead]',
      look: (f) => {
        const shape = shapeOf(f(labelled(3, 4), 2));
        return shape === '2,3,2' ? undefined : `length 3, dModel 4, 2 heads give [${shape}]`;
      },
    },
    {
      does: 'leaves everything in one head as it is',
      look: (f) => differing(f(labelled(3, 4), 1)?.[0], labelled(3, 4)),
    },
    {
      does: 'keeps position i at position i in every head',
      look: (f) => {
        const heads = f(labelled(4, 4), 2);
        for (const [h, head] of heads.entries()) {
          const i = head.findIndex((row, at) => row.some((x) => Math.floor(x / 10) !== at));
          if (i >= 0) return `in head ${h + 1}, position ${i} holds [${head[i]}]`;
        }
        return undefined;
      },
    },
    {
      does: 'gives head 1 the first dHead columns, head 2 the next, and so on',
      look: (f) => {
        const heads = f(labelled(2, 6), 3);
        const wrong = [0, 1, 2].find((h) => heads[h]?.[0]?.join() !== `${2 * h},${2 * h + 1}`);
        return wrong === undefined
          ? undefined
          : `of columns 0…5 in 3 heads, head ${wrong + 1} has [${heads[wrong]?.[0]}]`;
      },
    },
  ],
};

type Matrices = { WQ: tf.Tensor2D; WK: tf.Tensor2D; WV: tf.Tensor2D; WO: tf.Tensor2D };
type Layer = (
  x: tf.Tensor2D,
  parameters: Matrices,
  heads: number,
) => { context: tf.Tensor; weights: tf.Tensor };

/** One example of 5 positions in 3 heads of depth 2, and what is right for it. */
function example() {
  const next = random(8);
  const x = uniform([5, 6], next, 2) as tf.Tensor2D;
  const parameters = multiHeadParameters({ dModel: 6 }, next) as unknown as Matrices;
  const right = (input: tf.Tensor, p: Matrices) => {
    const batch = input.expandDims(0);
    const options = { heads: 3, mask: causalMask(5).expandDims(0) };
    const { context, weights } = multiHeadAttention(batch, batch, batch, p, options);
    return { context: context.squeeze([0]), weights: weights.squeeze([0]) };
  };
  return { x, parameters, right };
}

/** Looks with `example()` and frees what was made. */
const within =
  (look: (layer: Layer, e: ReturnType<typeof example>) => string | undefined) => (layer: Layer) => {
    tf.engine().startScope();
    try {
      return look(layer, example());
    } finally {
      tf.engine().endScope();
    }
  };

/** 8.3: causal multi-head self-attention in tensors. */
const layer: Exercise<Layer> = {
  name: '8.3',
  behaviours: [
    {
      does: 'gives every query of every head weights that sum to 1',
      look: within((f, { x, parameters }) => {
        const { weights } = f(x, parameters, 3);
        if (weights.shape.join() !== '3,5,5') return `weights have shape [${weights.shape}]`;
        const sums = Array.from(tf.sum(weights, -1).dataSync());
        const wrong = sums.findIndex((sum) => !(Math.abs(sum - 1) < 1e-4));
        if (wrong < 0) return undefined;
        const place = `row ${wrong % 5} of head ${Math.floor(wrong / 5) + 1}`;
        return `${place} sums to ${round(sums[wrong])}`;
      }),
    },
    {
      does: 'does not let a position see a later one',
      look: within((f, { x, parameters }) => {
        const later = tf.concat([x.slice([0, 0], [4, 6]), tf.fill([1, 6], 3)]) as tf.Tensor2D;
        const outputs = [x, later].map((input) => f(input, parameters, 3).context);
        const past = outputs.map((context) => context.slice([0, 0], [4, 6]));
        const moved = largest(tf.sub(past[0], past[1]));
        return moved < 1e-5
          ? undefined
          : `the last position changed, and earlier ones moved by ${round(moved)}`;
      }),
    },
    {
      does: 'divides the scores by √dHead',
      look: within((f, { x, parameters, right }) => {
        const { weights } = f(x, parameters, 3);
        const wanted = right(x, parameters).weights;
        if (largest(tf.sub(tf.sum(weights, -1), 1)) > 1e-4) return 'first make rows sum to 1';
        // Scores up to a constant per row; of the last row, which sees everything.
        const spread = (w: tf.Tensor) => {
          const row = tf.log(tf.maximum(w.slice([0, 4, 0], [3, 1, 5]), 1e-30));
          return tf.sub(tf.max(row, -1), tf.min(row, -1)).dataSync();
        };
        const [got, right_] = [spread(weights), spread(wanted)];
        return near('the spread of scores, as a multiple of the right one', got[0] / right_[0], 1);
      }),
    },
    {
      does: 'equals the course’s multiHeadAttention, W^O included',
      look: within((f, { x, parameters, right }) => {
        const { context } = f(x, parameters, 3);
        if (context.shape.join() !== '5,6') return `context has shape [${context.shape}]`;
        const off = largest(tf.sub(context, right(x, parameters).context));
        return off < 1e-4 ? undefined : `an output is off by ${round(off)}`;
      }),
    },
    {
      does: 'passes the right gradient to all four matrices',
      look: within((f, { x, parameters, right }) => {
        const names = ['WQ', 'WK', 'WV', 'WO'] as const;
        const gradients = (layer: (p: Matrices) => tf.Tensor) =>
          taped(() =>
            tf.grads((...matrices) => {
              const p = Object.fromEntries(names.map((n, i) => [n, matrices[i]])) as Matrices;
              return tf.sum(tf.square(layer(p)));
            })(names.map((name) => parameters[name])),
          );
        const [got, wanted] = [
          gradients((p) => f(x, p, 3).context),
          gradients((p) => right(x, p).context),
        ];
        const wrong = names.findIndex((_, i) => largest(tf.sub(got[i], wanted[i])) > 1e-3);
        return wrong < 0 ? undefined : `the gradient of ${names[wrong]} is another`;
      }),
    },
  ],
};

type Shares = (heads: number[][], WO: number[][]) => number[][];

const twoHeads = [
  [1, 2],
  [3, -1],
];
const outputMatrix = [
  [1, 0, 2],
  [0, 1, -1],
  [0.5, 1, 0],
  [2, 0, 1],
];

/** 8.4: what each head adds to the output. */
const shares: Exercise<Shares> = {
  name: '8.4',
  behaviours: [
    {
      does: 'gives each head a share as long as the output',
      look: (f) => {
        const shape = shapeOf(f(twoHeads, outputMatrix));
        return shape === '2,3' ? undefined : `2 heads and 3 output columns give [${shape}]`;
      },
    },
    {
      does: 'has shares that sum to [heads side by side] W^O',
      look: (f) => {
        const given = f(twoHeads, outputMatrix);
        const sum = [0, 1, 2].map((d) => given.reduce((total, share) => total + share[d], 0));
        return numbers('the sum of shares', sum, 3) ?? differing([sum], [[0.5, 5, -1]]);
      },
    },
    {
      does: 'has a share that depends on no other head',
      look: (f) => {
        const other = [twoHeads[0], [50, 60]];
        return differing([f(other, outputMatrix)[0]], [f(twoHeads, outputMatrix)[0]]);
      },
    },
    {
      does: 'multiplies head i by the i-th group of rows of W^O',
      look: (f) => differing([f(twoHeads, outputMatrix)[1]], [[-0.5, 3, -1]]),
    },
  ],
};

function largest(x: tf.Tensor): number {
  const value = tf.max(tf.abs(x)).dataSync()[0];
  return Number.isNaN(value) ? Number.POSITIVE_INFINITY : value;
}

function shapeOf(nested: unknown): string {
  const shape: number[] = [];
  for (let part = nested; Array.isArray(part); part = part[0]) shape.push(part.length);
  return shape.join();
}

/** What is wrong with a matrix that should be another; undefined if nothing is. */
function differing(actual: unknown, expected: number[][]): string | undefined {
  const rows = Array.isArray(actual) ? (actual as number[][]) : [];
  for (const [i, row] of expected.entries()) {
    const wrong = numbers(`row ${i}`, rows[i], row.length);
    if (wrong) return wrong;
    if (row.some((value, j) => !(Math.abs(value - rows[i][j]) < 1e-4))) {
      return `you give [${rows[i].map(round).join(', ')}]`;
    }
  }
  return undefined;
}

/** The exercises of lesson 08. */
export const lesson08 = { pencil, split, layer, shares };
