import { maskedSoftmax } from '../../attention/masked-softmax';
import {
  nearestNeighbours,
  type PointAttentionParameters,
  type PointMlp,
  pointAttentionParameters,
} from '../../attention/sets/point';
import {
  type MabParameters,
  mabParameters,
  type PmaParameters,
  pma,
  pmaParameters,
  sab,
} from '../../attention/sets/set';
import {
  type CloudOptions,
  centred,
  cloud,
  type PointInSpace,
  seenFromOneSide,
  solids,
  teapotCloud,
  teapotParts,
} from '../../data/clouds';
import { dense } from '../../tensors/dense';
import { gatherRows } from '../../tensors/gather-rows';
import { flatten, variables } from '../../tensors/parameters';
import { type Random, random, shuffled, uniform } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import { crossEntropy } from '../../training/cross-entropy';
import type { Report } from '../../training/train';
import { trainByCosine } from '../../training/train-by-cosine';
import { poolOver } from './number-sets';

/** Points of a cloud, neighbours of a point, heads of set attention. */
const [points, near, heads] = [64, 8, 4];

/**
 * How a cloud is read: the rows of its file by one matrix (flat); each point by a network, and the mean
 * or the maximum of all; SAB and PMA (attention); or two layers of point attention (vector), with one
 * weight for all channels (scalar), or with distances in place of differences (distance). The first
 * layer looks at the eight nearest points, the second at every eighth of all, from near to far.
 */
export type CloudReading = 'flat' | 'mean' | 'max' | 'attention' | 'vector' | 'scalar' | 'distance';

export type CloudReaderOptions = {
  kind: CloudReading;
  /** One name for the cloud, or the part that each point belongs to. Default 'name'. */
  task?: 'name' | 'part';
  seed?: number;
};

export type CloudReader = ReturnType<typeof cloudReader>;

/** To break a trained model. */
export type CloudSpoil = {
  /** Added to the vectors of the points: [n, dModel]. */
  code?: tf.Tensor;
  /** Other parameters for the blocks of set attention. */
  block?: (learned: MabParameters) => MabParameters;
  /** Point attention without its positions. */
  blind?: boolean;
};

/**
 * A reader of clouds. All kinds have as many parameters as each other, to 6 %. Set attention is given
 * the places of the points; point attention knows of places by differences alone.
 */
export function cloudReader({ kind, task = 'name', seed = 1 }: CloudReaderOptions) {
  const next = random(seed);
  const classes = task === 'name' ? solids.length : teapotParts.length;
  const layer = (rows: number, columns: number) => ({
    W: uniform([rows, columns], next),
    b: tf.zeros([columns]),
  });
  const [wide, dModel, relative] = [38, 20, 18];
  const made = (): Record<string, unknown> => {
    if (kind === 'flat') return { first: [layer(3 * points, 24)], last: layer(24, classes) };
    if (kind === 'mean' || kind === 'max') {
      const first = [layer(3, wide), layer(wide, wide), layer(wide, wide)];
      return { first, behind: layer(wide, wide), last: layer(wide, classes) };
    }
    if (kind === 'attention') {
      const block = () => mabParameters({ dModel, norm: false }, next);
      return {
        first: [layer(3, dModel)],
        looks: task === 'name' ? [block()] : [block(), block()],
        ...(task === 'name' ? { pool: pmaParameters({ dModel, k: 1, norm: false }, next) } : {}),
        last: layer(dModel, classes),
      };
    }
    const dimensions = kind === 'distance' ? 1 : 3;
    const one = () =>
      pointAttentionParameters({ depth: relative, dModel: relative, dimensions }, next);
    return {
      start: uniform([1, 1, relative], next, 1),
      relations: [one(), one()],
      behind: layer(relative, relative),
      last: layer(relative, classes),
    };
  };
  const learned = variables(made()) as Learned;

  /**
   * Scores [batch, classes], or [batch, n, classes] of each point, and the weights of every layer: set
   * attention's [batch, heads, queries, keys], point attention's [batch, dModel, n, k] with its keys.
   */
  const forward = (places: tf.Tensor3D, spoil: CloudSpoil = {}) =>
    tf.tidy(() => {
      const [batch, n] = places.shape;
      const all = tf.ones([batch, 1, n]);
      const weights: tf.Tensor4D[] = [];
      const through = (x: tf.Tensor, layers: Layer[]) =>
        layers.reduce((y, { W, b }) => tf.relu(dense(y, W, b)), x);
      let x: tf.Tensor;
      let keys: tf.Tensor3D[] | undefined;
      if (kind === 'flat') x = through(places.reshape([batch, 3 * n]), learned.first);
      else if (kind === 'mean' || kind === 'max')
        x = through(poolOver(through(places, learned.first), all, kind), [learned.behind]);
      else if (kind === 'attention') {
        x = through(places, learned.first);
        if (spoil.code) x = tf.add(x, spoil.code);
        const block = spoil.block ?? ((b: MabParameters) => b);
        for (const look of learned.looks) {
          const seen = sab(x, block(look), undefined, { heads });
          weights.push(seen.weights);
          x = seen.context;
        }
        if (learned.pool) {
          const pool = { ...learned.pool, block: block(learned.pool.block) };
          const summed = pma(x, pool, undefined, { heads });
          weights.push(summed.weights);
          x = tf.squeeze(summed.context, [1]);
        }
      } else {
        const ordered = nearestNeighbours(places, n); // from near to far
        const some = (from: number[]) =>
          tf.gather(ordered, tf.tensor1d(from, 'int32'), 2) as tf.Tensor3D;
        const eighths = Array.from({ length: near }, (_, i) => Math.floor((i * n) / near));
        keys = [some(eighths.map((_, i) => Math.min(i, n - 1))), some(eighths)];
        x = tf.broadcastTo(learned.start, [batch, n, relative]);
        for (const [i, parameters] of learned.relations.entries()) {
          const position = spoil.blind ? 'none' : kind === 'distance' ? 'distance' : 'difference';
          const score = kind === 'scalar' ? 'scalar' : 'vector';
          const related = relate(x, places, keys[i], parameters, { position, score });
          weights.push(related.weights);
          x = tf.add(x, related.context);
        }
        x = through(task === 'name' ? poolOver(x, all, 'mean') : x, [learned.behind]);
      }
      const scores = dense(x, learned.last.W, learned.last.b);
      return { scores, weights, ...(keys ? { keys } : {}) };
    });
  return { kind, task, seed, learned, parameters: flatten(learned), forward };
}

type Layer = { W: tf.Tensor; b: tf.Tensor };
type Learned = {
  first: Layer[];
  behind: Layer;
  last: Layer;
  looks: MabParameters[];
  pool?: PmaParameters;
  start: tf.Tensor;
  relations: PointAttentionParameters[];
};

/** How many numbers a reader has learned. */
export function sizeOfReader({ parameters }: { parameters: Record<string, tf.Tensor> }): number {
  return Object.values(parameters).reduce((sum, { size }) => sum + size, 0);
}

/**
 * `pointAttention`, and its variants: δ of differences, of distances or 0; a weight for each channel, or
 * one for all, the softmax of the channels' mean.
 *
 * @param x [batch, n, depth]
 * @param places [batch, n, 3]
 * @param keys the neighbours of each point [batch, n, k], int32
 * @returns context [batch, n, dModel], weights [batch, dModel, n, k]
 */
export function relate(
  x: tf.Tensor,
  places: tf.Tensor3D,
  keys: tf.Tensor3D,
  { phi, psi, alpha, theta, gamma }: PointAttentionParameters,
  {
    position = 'difference',
    score = 'vector',
  }: { position?: 'difference' | 'distance' | 'none'; score?: 'vector' | 'scalar' } = {},
): { context: tf.Tensor3D; weights: tf.Tensor4D } {
  return tf.tidy(() => {
    const [batch, n, k] = keys.shape;
    const ids = keys.reshape([batch, n * k]);
    const of = (rows: tf.Tensor) => gatherRows(rows, ids).reshape([batch, n, k, -1]);
    const mlp = (y: tf.Tensor, { W1, b1, W2, b2 }: PointMlp) =>
      dense(tf.relu(dense(y, W1, b1)), W2, b2);
    const step = tf.sub(places.expandDims(2), of(places)); // p_i − p_j
    const far = tf.sqrt(tf.add(tf.sum(tf.square(step), 3, true), 1e-12));
    const values = of(dense(x, alpha));
    const delta =
      position === 'none' ? tf.zerosLike(values) : mlp(position === 'distance' ? far : step, theta);
    const relation = tf.sub(dense(x, phi).expandDims(2), of(dense(x, psi)));
    const each = mlp(tf.add(relation, delta), gamma); // [batch, n, k, dModel]
    const logits = score === 'vector' ? each : tf.add(tf.zerosLike(each), tf.mean(each, 3, true));
    const byChannel = (y: tf.Tensor) => y.transpose([0, 3, 1, 2]);
    const weights = maskedSoftmax(byChannel(logits)) as tf.Tensor4D;
    const summed = tf.sum(tf.mul(weights, byChannel(tf.add(values, delta))), 3);
    return { context: summed.transpose([0, 2, 1]) as tf.Tensor3D, weights };
  });
}

/** What is left of a cloud: all; half of the points, drawn at random; the half nearest to an eye. */
export type Missing = 'nothing' | 'half' | 'side';

export type Examples = { places: tf.Tensor3D; labels: tf.Tensor1D };

/**
 * Clouds and what is to be said of them: the solid of each [count], or the part of each point
 * [count · points], int32. In the order of a scanner's file, from below upwards.
 */
export function drawClouds(
  task: 'name' | 'part',
  count: number,
  next: Random,
  { missing = 'nothing', ...options }: CloudOptions & { missing?: Missing } = {},
): Examples {
  const labels: number[] = [];
  const clouds = Array.from({ length: count }, (_, i) => {
    const which = i % solids.length;
    const part = task === 'part' ? teapotCloud(next, options) : undefined;
    const whole = part?.points ?? cloud(solids[which], next, options);
    const all = whole.map((_, j) => j);
    const half = whole.length >> 1;
    const at =
      missing === 'nothing'
        ? all
        : missing === 'half'
          ? shuffled(all, next).slice(0, half)
          : seenFromOneSide(whole, next);
    const left = at.map((j) => whole[j]);
    const rows = (missing === 'nothing' ? left : centred(left))
      .map((place, j) => ({ place, part: part?.parts[at[j]] }))
      .sort((one, other) => one.place[2] - other.place[2]);
    labels.push(...(part ? rows.map((row) => row.part as number) : [which]));
    return rows.map(({ place }) => place);
  });
  return { places: tf.tensor3d(clouds as PointInSpace[][]), labels: tf.tensor1d(labels, 'int32') };
}

export type CloudTraining = {
  steps?: number;
  batch?: number;
  /** Default: 0.02 for point attention, else 0.01; chosen on a seed that is not shown. */
  rate?: number;
  /** How the clouds stand that it learns from. */
  turned?: CloudOptions['turned'];
};

/** Trains a reader on clouds that are made as they are needed. @returns the loss of each step, in nats */
export async function trainCloudReader(
  model: CloudReader,
  { steps = 250, batch = 14, rate, turned = 'upright' }: CloudTraining = {},
  report?: Report,
): Promise<number[]> {
  const next = random(100 + model.seed);
  const losses = await trainByCosine(
    model.parameters,
    { steps, rate: rate ?? ('relations' in model.learned ? 0.02 : 0.01) },
    (adam) => {
      const { places, labels } = drawClouds(model.task, batch, next, { turned });
      const seen = tf.ones([labels.size]);
      const loss = adam.minimize(() => {
        const { scores } = model.forward(places);
        return crossEntropy(scores.reshape([labels.size, -1]), labels, seen);
      });
      tf.dispose([places, labels, seen]);
      return loss;
    },
    report,
  );
  return losses;
}

/** Clouds that are held out: 30 of each solid, or 60 teapots. */
export function heldOutClouds(
  task: 'name' | 'part',
  options: CloudOptions & { missing?: Missing } = {},
): Examples {
  return drawClouds(task, task === 'name' ? 30 * solids.length : 60, random(2121), {
    ...options,
    share: 'heldOut',
  });
}

/**
 * How much is right, in percent: of the clouds, or of the points of each part, the mean over the parts.
 * Who guesses has 100/7 or 25.
 */
export function cloudsRight(
  model: CloudReader,
  { places, labels }: Examples,
  spoil?: CloudSpoil,
): number {
  const said = saidOfClouds(model, places, spoil);
  const wanted = Array.from(labels.dataSync());
  const [right, all] = [0, 0].map(() => new Map<number, number>());
  const add = (to: Map<number, number>, label: number) => to.set(label, (to.get(label) ?? 0) + 1);
  wanted.forEach((label, i) => {
    add(all, label);
    if (said[i] === label) add(right, label);
  });
  const shares = [...all].map(([label, count]) => (100 * (right.get(label) ?? 0)) / count);
  return shares.reduce((a, b) => a + b, 0) / shares.length;
}

/** The class that a reader names for each cloud, or for each point. */
export function saidOfClouds(
  model: CloudReader,
  places: tf.Tensor3D,
  spoil?: CloudSpoil,
): number[] {
  const said: number[] = [];
  for (let first = 0; first < places.shape[0]; first += 30)
    tf.tidy(() => {
      const some = tf.slice(places, first, Math.min(30, places.shape[0] - first));
      said.push(...tf.argMax(model.forward(some, spoil).scores, -1).dataSync());
    });
  return said;
}
