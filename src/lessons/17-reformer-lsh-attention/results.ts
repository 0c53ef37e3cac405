import { angularHash, randomRotations } from '../../attention/lsh/angular-hash';
import { lshAttention } from '../../attention/lsh/lsh';
import { causalMask } from '../../attention/masks';
import { scaledDotProductAttention } from '../../attention/scores/scaled-dot-product';
import { loadMnist } from '../../data/mnist';
import type { Results } from '../../notebook/stored-results';
import { dense } from '../../tensors/dense';
import { layerNorm, layerNormParameters } from '../../tensors/layer-norm';
import { flatten, variables } from '../../tensors/parameters';
import { type Random, random, uniform } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import { Adam } from '../../training/adam';
import { copyTask } from '../../training/copy-task';
import { train } from '../../training/train';

const task = copyTask({ word: 31, symbols: 15 });
const { length } = task;
const dModel = 64;

type Attend = (q: tf.Tensor4D, ...rest: tf.Tensor4D[]) => tf.Tensor4D;

/** The layer of the lesson. With two projections, queries and keys are one. */
function parameters(seed: number, projections = 2) {
  const next = random(seed);
  return variables({
    embedding: uniform([task.tokens, dModel], next, 1),
    positions: uniform([length, dModel], next, 1),
    norms: [layerNormParameters(dModel), layerNormParameters(dModel)],
    projections: Array.from({ length: projections }, () => uniform([dModel, dModel], next)),
    WO: uniform([dModel, dModel], next),
    W: uniform([dModel, task.tokens], next),
  });
}

type Parameters = ReturnType<typeof parameters>;

function layer(ids: tf.Tensor, p: Parameters, heads: number, attend: Attend) {
  const x = tf.add(tf.gather(p.embedding, ids), p.positions);
  const normed = layerNorm(x, p.norms[0]);
  const split = (y: tf.Tensor) =>
    tf.transpose(y.reshape([-1, length, heads, dModel / heads]), [0, 2, 1, 3]) as tf.Tensor4D;
  const [q, ...rest] = p.projections.map((W) => split(dense(normed, W)));
  const context = tf.transpose(attend(q, ...rest), [0, 2, 1, 3]).reshape(x.shape);
  return dense(layerNorm(tf.add(x, dense(context, p.WO)), p.norms[1]), p.W);
}

const unit = <T extends tf.Tensor>(x: T) => tf.div(x, tf.norm(x, 2, -1, true)) as T;

/** How a model attends, while it is trained or when it is evaluated. */
const kinds = ['full', 'itself', 'LSH-8', 'LSH-4', 'LSH-2', 'LSH-1'] as const;
type Kind = (typeof kinds)[number];

/** Attention of each kind with shared queries and keys; 'itself': a position sees itself, too. */
function attention(kind: Kind, next: Random): Attend {
  if (kind === 'full' || kind === 'itself') {
    const own = kind === 'itself' ? 0 : 1;
    const sees = (i: number, j: number) => j <= i - own || i + j === 0;
    const mask = Array.from({ length }, (_, i) =>
      Array.from({ length }, (_, j) => Number(sees(i, j))),
    );
    return (q, v) =>
      scaledDotProductAttention(q, unit(q), v, tf.tensor3d([mask]), { scale: 1 }).context;
  }
  const rounds = Number(kind.slice('LSH-'.length));
  return (q, v) => {
    const R = randomRotations({ depth: q.shape[3], rounds, buckets: 16 }, next);
    const options = { chunkLength: 8, causal: true, scale: 1 };
    return lshAttention(q, v, angularHash(q, R), undefined, options).context;
  };
}

const ordinary: Attend = (q, k, v) =>
  scaledDotProductAttention(q, k, v, causalMask(length)).context;

/** Trains, and stops on the way: `stop` is called when so many steps are done. */
async function fit(
  seed: number,
  run: (ids: tf.Tensor) => tf.Tensor,
  p: Parameters,
  stops: number[],
  stop: (steps: number) => void = () => {},
) {
  const adam = new Adam(flatten(p), { learningRate: (step) => 0.01 * Math.min(1, step / 30) });
  const draw = random(200 + seed);
  const losses = await train(Math.max(...stops), (step) => {
    const ids = task.batch(16, draw);
    const loss = adam.minimize(() => task.loss(run(ids), ids));
    ids.dispose();
    if (stops.includes(step + 1)) stop(step + 1);
    return loss;
  });
  adam.dispose();
  return losses;
}

const draws = 8;

/** Accuracy with attention of a kind: the mean over several draws of hashes, in %. */
function accuracy(p: Parameters, heads: number, kind: Kind): number {
  const held = task.batch(64, random(77));
  const runs = Array.from({ length: kind.startsWith('LSH') ? draws : 1 }, (_, draw) => {
    const attend = attention(kind, random(500 + draw));
    return tf.tidy(() => task.accuracy(layer(held, p, heads, attend), held));
  });
  held.dispose();
  return runs.reduce((sum, one) => sum + one, 0) / runs.length;
}

/**
 * How many heads look for the right key: summed over heads, the share of queries of the second word
 * whose largest logit under full attention is 31 positions back.
 */
function headsThatLook(p: Parameters, heads: number): number {
  return tf.tidy(() => {
    const held = task.batch(64, random(77));
    let q = tf.zeros([1, 1, 1, 1]) as tf.Tensor4D;
    layer(held, p, heads, (vectors, values) => {
      q = vectors;
      return values;
    });
    const logits = tf.matMul(q, unit(q), false, true);
    const past = tf.sub(causalMask(length).toFloat(), tf.eye(length)).cast('bool');
    const top = tf.where(past, logits, -1e9).argMax(-1).slice([0, 0, 32], [-1, -1, 31]);
    const right = tf.equal(top, tf.range(1, 32, 1, 'int32'));
    return right.toFloat().mean([0, 2]).sum().dataSync()[0];
  });
}

/** The first step at which the mean of ten losses is below a level. */
const stepsTo = (losses: number[], level: number) =>
  losses.findIndex((_, i) => {
    const last = losses.slice(Math.max(0, i - 9), i + 1);
    return last.reduce((a, b) => a + b) / last.length < level;
  });

/** Processor time of attention to 8,192 tokens in sequences of a length, in milliseconds. */
function time(tokens: number, rounds: number): number {
  const qk = uniform([8192 / tokens, tokens, 64], random(1), 1) as tf.Tensor3D;
  const buckets = [8, tokens / 32 / 8];
  const R = randomRotations({ depth: 64, rounds: Math.max(1, rounds), buckets }, random(2));
  const mask = causalMask(tokens);
  const run = () =>
    rounds > 0
      ? lshAttention(qk, qk, angularHash(qk, R), undefined, { causal: true }).context
      : scaledDotProductAttention(qk, unit(qk), qk, mask).context;
  const times = Array.from({ length: 3 }, () => {
    const start = process.cpuUsage();
    tf.tidy(() => void run().dataSync()); // a tidy looks for tensors in all that it returns
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  });
  tf.dispose([qk, R, mask]);
  return Math.min(...times);
}

/** Digits looked up among 4,096 with settings of the contest (exercise 17.4), three draws of each. */
function contest(store: (name: string, value: number) => void) {
  const digits = loadMnist().train.slice(0, 4096);
  const images = tf.tensor2d(digits.map(({ pixels }) => Array.from(pixels)));
  const asked = tf.mul(unit(tf.sub(images, images.mean(0))), 20).expandDims(0) as tf.Tensor3D;
  const labels = digits.map(({ label }) => label);
  const votes = tf.oneHot(tf.tensor1d(labels, 'int32'), 10).toFloat().expandDims(0) as tf.Tensor3D;
  const settings = [
    { rounds: 2, buckets: [128], chunk: 64 },
    { rounds: 4, buckets: [128], chunk: 32 },
    { rounds: 8, buckets: [512], chunk: 16 },
    { rounds: 8, buckets: [8, 16], chunk: 16 },
    { rounds: 16, buckets: [8, 16], chunk: 8 },
  ];
  for (const { rounds, buckets, chunk } of settings) {
    const name = `digits, ${rounds} rounds, ${buckets.join(' × ')} buckets, chunks of ${chunk}`;
    const columns = buckets.reduce((sum, b) => sum + b / 2, 0);
    store(`${name}: dot products`, rounds * (2 * chunk + columns));
    for (let draw = 0; draw < 3; draw++) {
      const said = tf.tidy(() => {
        const R = randomRotations({ depth: 784, rounds, buckets }, random(draw));
        const options = { chunkLength: chunk, scale: 1 };
        return lshAttention(asked, votes, angularHash(asked, R), undefined, options)
          .context.argMax(-1)
          .arraySync() as number[][];
      });
      const right = labels.filter((label, i) => label === said[0][i]).length;
      store(name, (100 * right) / labels.length);
    }
  }
}

/** What the lesson trains for 250 steps, for 1,000, from three seeds; and a few controls. */
export async function results(report: (line: string) => void): Promise<Results> {
  const numbers: Record<string, number[]> = {};
  const curves: Record<string, number[][]> = {};
  const store = (name: string, value: number) => {
    numbers[name] = [...(numbers[name] ?? []), value];
  };
  const seeds = [1, 2, 3];
  const stops = [50, 100, 150, 200, 250, 350, 500, 700, 1000];
  const rows: [Kind, number, string][] = [
    ...(['full', 'LSH-4', 'LSH-2', 'LSH-1'] as const).map(
      (kind) => [kind, 4, kind] as [Kind, 4, string],
    ),
    ['itself', 4, 'itself'],
    ['full', 1, 'one head, full'],
    ['LSH-4', 1, 'one head, LSH-4'],
  ];
  for (const [kind, heads, row] of rows) {
    for (const seed of seeds) {
      const p = parameters(seed);
      const attend = attention(kind, random(100 + seed));
      const atOneRound: number[] = [];
      await fit(
        seed,
        (ids) => layer(ids, p, heads, attend),
        p,
        stops,
        (steps) => {
          atOneRound.push(accuracy(p, heads, 'LSH-1'));
          if (steps !== 250 && steps !== 1000) return;
          store(`${row}, heads that look, ${steps} steps`, headsThatLook(p, heads));
          for (const column of kinds) {
            store(`${row}, then ${column}, ${steps} steps`, accuracy(p, heads, column));
          }
        },
      );
      curves[row] = [...(curves[row] ?? []), atOneRound];
      report(`${row}, seed ${seed}: ${atOneRound.map((x) => x.toFixed(1)).join(' ')}`);
      tf.dispose(flatten(p));
    }
  }
  for (const seed of [1, 2, 3, 4, 5]) {
    const [shared, apart] = [parameters(seed), parameters(seed, 3)];
    const full = attention('full', random(0));
    const one = await fit(seed, (ids) => layer(ids, shared, 4, full), shared, [200]);
    const two = await fit(seed, (ids) => layer(ids, apart, 4, ordinary), apart, [200]);
    store('steps to a loss of 0.1, shared', stepsTo(one, 0.1));
    store('steps to a loss of 0.1, apart', stepsTo(two, 0.1));
    tf.dispose([flatten(shared), flatten(apart)]);
  }
  for (let repeat = 0; repeat < 3; repeat++) {
    for (const tokens of [512, 1024, 2048, 4096, 8192]) {
      store(`full, ${tokens} tokens, ms`, time(tokens, 0));
      store(`LSH-4, ${tokens} tokens, ms`, time(tokens, 4));
    }
  }
  contest(store);
  curves.steps = [stops];
  return {
    setting: `${draws} draws of hashes each`,
    numbers,
    curves,
  };
}
