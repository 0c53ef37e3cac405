import { type Digit, loadMnist } from '../../data/mnist';
import { dense } from '../../tensors/dense';
import { flatten, variables } from '../../tensors/parameters';
import { type Random, random, uniform } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import { Adam } from '../../training/adam';
import { checkpointFile, loadCheckpoint } from '../../training/checkpoint';
import { crossEntropy } from '../../training/cross-entropy';
import { train } from '../../training/train';

/** A half is 8 × 8 pixels, with 8 columns of paper between two of them. */
export const halfSide = 8;

/** Halves [count, 8, 8, 1], grey from 0 (paper) to 1 (ink), and their labels [count], int32. */
export type Halves = { images: tf.Tensor4D; labels: tf.Tensor1D };

/** MNIST's digits on 8 × 8 pixels: 8,000 to learn from, 1,000 to compare with, 1,000 held out. */
export function digitHalves(): { learned: Halves; other: Halves; heldOut: Halves } {
  const small = (digits: Digit[]) => ({
    images: tf.tensor4d(Float32Array.from(digits.flatMap(({ pixels }) => shrunk(pixels))), [
      digits.length,
      halfSide,
      halfSide,
      1,
    ]),
    labels: tf.tensor1d(
      digits.map(({ label }) => label),
      'int32',
    ),
  });
  const { train: learned, validation, test } = loadMnist();
  return { learned: small(learned), other: small(validation), heldOut: small(test) };
}

/** The mean greys of 3 × 3 pixels, without the two outermost rows and columns. */
function shrunk(pixels: Float32Array): number[] {
  return Array.from({ length: halfSide * halfSide }, (_, place) => {
    const [y, x] = [2 + 3 * Math.floor(place / halfSide), 2 + 3 * (place % halfSide)];
    let sum = 0;
    for (let dy = 0; dy < 3; dy++)
      for (let dx = 0; dx < 3; dx++) sum += pixels[28 * (y + dy) + x + dx];
    return sum / 9;
  });
}

/** Two halves and the paper between them: [count, 8, 24, 1]. */
export function beside(left: tf.Tensor4D, right: tf.Tensor4D): tf.Tensor4D {
  return tf.tidy(() => tf.concat([left, tf.zerosLike(left), right], 2));
}

/** The halves of pairs. */
export function halvesOf(pairs: tf.Tensor4D): [left: tf.Tensor4D, right: tf.Tensor4D] {
  const part = (column: number) =>
    tf.slice4d(pairs, [0, 0, column, 0], [-1, -1, halfSide, -1]) as tf.Tensor4D;
  return [part(0), part(2 * halfSide)];
}

/** So many halves, drawn from all; the same for the same stream. */
export function drawHalves({ images }: Halves, count: number, next: Random): tf.Tensor4D {
  return tf.tidy(() => {
    const size = images.shape[0];
    const at = Array.from({ length: count }, () => Math.floor(next() * size));
    return tf.gather(images, tf.tensor1d(at, 'int32')) as tf.Tensor4D;
  });
}

/** Pairs whose halves are copies of each other: [count, 8, 24, 1]. */
export function drawTwins(halves: Halves, count: number, next: Random): tf.Tensor4D {
  return tf.tidy(() => {
    const one = drawHalves(halves, count, next);
    return beside(one, one);
  });
}

/** Pairs whose halves know nothing of each other: [count, 8, 24, 1]. */
export function drawStrangers(halves: Halves, count: number, next: Random): tf.Tensor4D {
  return tf.tidy(() => beside(drawHalves(halves, count, next), drawHalves(halves, count, next)));
}

// The reader that measures. It is trained once, by `npm run results -- 12`.

/** How many features the reader makes of a half. */
const features = 16;

/** A small reader of halves, with the parameters of `next` or of the checkpoint `digit-halves`. */
export function halfReader(next?: Random) {
  const draw = next ?? random(1);
  const he = (shape: number[], inputs: number) => uniform(shape, draw, Math.sqrt(6 / inputs));
  const tree = variables({
    K1: he([3, 3, 1, 16], 9),
    b1: tf.zeros([16]),
    K2: he([3, 3, 16, 24], 144),
    b2: tf.zeros([24]),
    W3: he([4 * 4 * 24, features], 4 * 4 * 24),
    b3: tf.zeros([features]),
    W4: he([features, 10], features),
    b4: tf.zeros([10]),
  }) as Record<string, tf.Tensor>;
  const parameters = flatten(tree);
  if (!next) loadCheckpoint(checkpointFile('digit-halves'), parameters);

  /** Features [count, 16] and ten scores [count, 10] of halves. */
  const read = (images: tf.Tensor4D) =>
    tf.tidy(() => {
      const { K1, b1, K2, b2, W3, b3, W4, b4 } = tree;
      const low = tf.relu(tf.add(tf.conv2d(images, K1 as tf.Tensor4D, 1, 'same'), b1));
      const high = tf.relu(tf.add(tf.conv2d(low as tf.Tensor4D, K2 as tf.Tensor4D, 2, 'same'), b2));
      const seen = dense(high.reshape([images.shape[0], -1]), W3, b3) as tf.Tensor2D;
      return { features: seen, scores: dense(tf.relu(seen), W4, b4) as tf.Tensor2D };
    });
  return { parameters, read };
}

export type HalfReader = ReturnType<typeof halfReader>;

/** Teaches a reader. @returns the loss of each step, in nats */
export async function trainHalfReader(
  { parameters, read }: HalfReader,
  { images, labels }: Halves,
  { steps = 1500, batch = 64, seed = 1 } = {},
): Promise<number[]> {
  const next = random(seed);
  const adam = new Adam(parameters, { learningRate: (step) => 0.004 * (1 - step / (steps + 1)) });
  const seen = tf.ones([batch]);
  const losses = await train(steps, () => {
    const at = tf.tensor1d(
      Array.from({ length: batch }, () => Math.floor(next() * labels.size)),
      'int32',
    );
    const [x, wanted] = tf.tidy(() => [tf.gather(images, at), tf.gather(labels, at)]);
    const loss = adam.minimize(() => crossEntropy(read(x as tf.Tensor4D).scores, wanted, seen));
    tf.dispose([at, x, wanted]);
    return loss;
  });
  seen.dispose();
  adam.dispose();
  return losses;
}

/** What the reader takes each half for: 0 … 9. */
export function namesOf({ read }: HalfReader, images: tf.Tensor4D): number[] {
  return tf.tidy(() => Array.from(tf.argMax(read(images).scores, 1).dataSync()));
}

/** What is measured of pairs. */
export type Measured = {
  /** Pairs whose halves are read as the same digit, in percent. */
  agree: number;
  /** The same if every left half stood beside every right one, in percent: chance. */
  chance: number;
  /** 1 − mean squared difference of the halves, as a share of that of halves of other pairs; 1 for twins. */
  alike: number;
};

/** How far the halves of pairs agree. */
export function agreement(reader: HalfReader, pairs: tf.Tensor4D): Measured {
  return tf.tidy(() => {
    const [left, right] = halvesOf(pairs);
    const [a, b] = [namesOf(reader, left), namesOf(reader, right)];
    const count = a.length;
    const share = (names: number[], digit: number) =>
      names.filter((name) => name === digit).length / count;
    const digits = Array.from({ length: 10 }, (_, digit) => share(a, digit) * share(b, digit));
    const apart = (one: tf.Tensor, other: tf.Tensor) =>
      tf.mean(tf.square(tf.sub(one, other))).dataSync()[0];
    const shift = Math.max(1, Math.floor(count / 2));
    const moved = tf.concat([tf.slice(right, shift), tf.slice(right, 0, shift)]);
    return {
      agree: (100 * a.filter((name, i) => name === b[i]).length) / count,
      chance: 100 * digits.reduce((sum, x) => sum + x, 0),
      alike: 1 - apart(left, right) / apart(left, moved),
    };
  });
}

/** What the reader sees in pairs: features of both halves [count, 32], or of one half each [count, 16]. */
export function seenIn(reader: HalfReader, pairs: tf.Tensor4D, what: 'pairs' | 'halves' = 'pairs') {
  return tf.tidy(() => {
    const [left, right] = halvesOf(pairs).map((one) => reader.read(one).features);
    if (what === 'pairs') return tf.concat([left, right], 1) as tf.Tensor2D;
    const middle = Math.floor(pairs.shape[0] / 2); // left ones of the first pairs, right ones of the last
    return tf.concat([tf.slice(left, 0, middle), tf.slice(right, middle)]) as tf.Tensor2D;
  });
}
