import {
  type MabParameters,
  mabParameters,
  type PmaParameters,
  pma,
  pmaParameters,
  sab,
} from '../../attention/sets/set';
import { dense } from '../../tensors/dense';
import { flatten, variables } from '../../tensors/parameters';
import { type Random, random, uniform } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import type { Report } from '../../training/train';
import { trainByCosine } from '../../training/train-by-cosine';

const most = 10;

/** Sets of 1 to 10 whole numbers from 1 to 99. */
export function drawNumberSets(count: number, next: Random): number[][] {
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + Math.floor(most * next()) }, () => 1 + Math.floor(99 * next())),
  );
}

/** Sets as tensors: x [sets, longest, 1] in hundredths, mask [sets, 1, longest]. */
export function packSets(sets: number[][]): { x: tf.Tensor3D; mask: tf.Tensor3D } {
  const longest = Math.max(...sets.map(({ length }) => length));
  const padded = sets.map((set) =>
    Array.from({ length: longest }, (_, i) => [(set[i] ?? 0) / 100]),
  );
  const shown = sets.map((set) => [
    Array.from({ length: longest }, (_, i) => Number(i < set.length)),
  ]);
  return { x: tf.tensor3d(padded), mask: tf.tensor3d(shown) };
}

/**
 * How a set becomes one vector: by the mean of the numbers themselves; by the mean, the sum or the
 * maximum of what a network makes of each; or by attention, SAB and PMA.
 */
export type Pooling = 'raw' | 'mean' | 'sum' | 'max' | 'attention';

export type NumberReader = ReturnType<typeof numberReader>;

/** Width of the networks, and of attention: about 7,200 and 7,300 parameters. */
const [wide, dModel, heads] = [48, 24, 4];

/** Says one number of a set of numbers. */
export function numberReader({ kind, seed = 1 }: { kind: Pooling; seed?: number }) {
  const next = random(seed);
  const layer = (rows: number, columns: number) => ({
    W: uniform([rows, columns], next),
    b: tf.zeros([columns]),
  });
  const network = (width: number, count: number) =>
    Array.from({ length: count }, (_, i) => layer(i === 0 ? 1 : width, width));
  const learned = variables(
    kind === 'attention'
      ? {
          first: network(dModel, 1),
          look: mabParameters({ dModel, norm: false }, next),
          pool: pmaParameters({ dModel, k: 1, norm: false }, next),
          behind: [layer(dModel, dModel), layer(dModel, 1)],
        }
      : { first: network(wide, 3), behind: [layer(wide, wide), layer(wide, 1)] },
  );
  type Layers = { W: tf.Tensor; b: tf.Tensor }[];
  const through = (x: tf.Tensor, layers: Layers) =>
    layers.reduce((y, { W, b }) => tf.relu(dense(y, W, b)), x);

  /** What is said of each set [sets], and the weights of both blocks of attention. */
  const forward = (x: tf.Tensor3D, mask: tf.Tensor3D) =>
    tf.tidy(() => {
      let pooled: tf.Tensor;
      const weights: tf.Tensor4D[] = [];
      if (kind === 'attention') {
        const { look, pool } = learned as { look: MabParameters; pool: PmaParameters };
        const seen = sab(through(x, learned.first), look, mask, { heads });
        const summed = pma(seen.context, pool, mask, { heads });
        weights.push(seen.weights, summed.weights);
        pooled = tf.squeeze(summed.context, [1]);
      } else if (kind === 'raw') {
        pooled = through(poolOver(x, mask, 'mean'), learned.first);
      } else pooled = poolOver(through(x, learned.first), mask, kind);
      const [hidden, last] = learned.behind;
      const said = dense(tf.relu(dense(pooled, hidden.W, hidden.b)), last.W, last.b);
      return { said: tf.squeeze(said, [1]) as tf.Tensor1D, weights };
    });
  return { kind, seed, learned, parameters: flatten(learned), forward };
}

/** Mean, sum or maximum of the rows that are there: [batch, n, depth] → [batch, depth]. */
export function poolOver(x: tf.Tensor, mask: tf.Tensor, how: 'mean' | 'sum' | 'max'): tf.Tensor {
  return tf.tidy(() => {
    const there = mask.transpose([0, 2, 1]); // [batch, n, 1]
    if (how === 'max') return tf.max(tf.add(x, tf.mul(tf.sub(there, 1), 1e9)), 1);
    const sum = tf.sum(tf.mul(x, there), 1);
    return how === 'sum' ? sum : tf.div(sum, tf.sum(there, 1));
  });
}

/** Learns to say the largest number. @returns the mean absolute error of each step */
export async function trainNumberReader(
  model: NumberReader,
  { steps = 800, batch = 64, rate = 0.003 } = {},
  report?: Report,
): Promise<number[]> {
  const next = random(100 + model.seed);
  const losses = await trainByCosine(
    model.parameters,
    { steps, rate },
    (adam) => {
      const sets = drawNumberSets(batch, next);
      const { x, mask } = packSets(sets);
      const wanted = tf.tensor1d(sets.map((set) => Math.max(...set) / 100));
      const loss = adam.minimize(() =>
        tf.mul(100, tf.mean(tf.abs(tf.sub(model.forward(x, mask).said, wanted)))),
      );
      tf.dispose([x, mask, wanted]);
      return loss;
    },
    report,
  );
  return losses;
}

/** What a model says of each set. */
export function saidOf(model: NumberReader, sets: number[][]): number[] {
  return tf.tidy(() => {
    const { x, mask } = packSets(sets);
    return Array.from(model.forward(x, mask).said.dataSync(), (y) => 100 * y);
  });
}

/** The mean absolute error of the largest number, on sets that are held out. */
export function errorOfLargest(model: NumberReader, count = 4000): number {
  const sets = drawNumberSets(count, random(21));
  const said = saidOf(model, sets);
  return sets.reduce((sum, set, i) => sum + Math.abs(said[i] - Math.max(...set)), 0) / count;
}
