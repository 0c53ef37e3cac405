import {
  type AugmentedConvolutionParameters,
  attentionAugmentedConvolution,
  augmentedConvolutionParameters,
} from '../../attention/images/attention-augmented-convolution';
import {
  type QuadraticParameters,
  quadraticSelfAttention,
} from '../../attention/images/convolution-as-attention';
import { scaledDotProductAttention } from '../../attention/scores/scaled-dot-product';
import { type Digit, loadMnist, smallDigit } from '../../data/mnist';
import { dense } from '../../tensors/dense';
import { flatten, variables } from '../../tensors/parameters';
import { type Random, random, uniform } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import { Adam } from '../../training/adam';
import { crossEntropy } from '../../training/cross-entropy';
import { cosineSchedule } from '../../training/schedule';
import { type Report, train } from '../../training/train';
import { trainByCosine } from '../../training/train-by-cosine';

const side = 14;

/** Images [count, 14, 14, 1], grey from 0 (paper) to 1 (ink), and their labels [count], int32. */
export type GreyDigits = { images: tf.Tensor4D; labels: tf.Tensor1D };

/** MNIST's digits at half their size: 8,000 to learn from, 1,000 held out. */
export function greyDigits(): { learned: GreyDigits; heldOut: GreyDigits } {
  const grey = (digits: Digit[]) => {
    const levels = digits.flatMap((digit) => smallDigit(digit, { side, levels: 256 }));
    return {
      images: tf.tensor4d(
        Float32Array.from(levels, (level) => level / 255),
        [digits.length, side, side, 1],
      ),
      labels: tf.tensor1d(
        digits.map(({ label }) => label),
        'int32',
      ),
    };
  };
  const { train: learned, test } = loadMnist();
  return { learned: grey(learned), heldOut: grey(test) };
}

/** Images drawn from all, the same for the same stream. */
export function drawImages(
  { images, labels }: GreyDigits,
  count: number,
  next: Random,
): GreyDigits {
  const at = Array.from({ length: count }, () => Math.floor(next() * labels.size));
  return tf.tidy(() => ({
    images: tf.gather(images, tf.tensor1d(at, 'int32')) as tf.Tensor4D,
    labels: tf.gather(labels, tf.tensor1d(at, 'int32')) as tf.Tensor1D,
  }));
}

/** Nine heads or a kernel of 3 × 3, so that both have as many matrices. */
const heads = 9;

/** Where a head looks at first. */
export type Start = {
  /** Drawn from a normal distribution of standard deviation 2 pixels; or the pixels of 3 × 3. */
  places?: 'random' | 'grid';
  /** Pixels from one place of the grid to the next. */
  spacing?: number;
  /** s, of which α = s²/2. */
  sharpness?: number;
};

/** What a quadratic layer learns; α = s²/2 keeps it from getting negative. */
export type LookingLayer = { centres: tf.Tensor; s: tf.Tensor; W: tf.Tensor; b: tf.Tensor };

/** Its start: centres and sharpness as asked for, matrices drawn evenly. */
export function lookingLayer(
  channels: number,
  outputs: number,
  next: Random,
  { places = 'random', spacing = 1, sharpness = 1 }: Start = {},
): LookingLayer {
  const at = (h: number, axis: number) =>
    places === 'random'
      ? 2 * normal(next)
      : spacing * ((axis === 0 ? Math.floor(h / 3) : h % 3) - 1);
  return {
    centres: tf.tensor2d(Array.from({ length: heads }, (_, h) => [at(h, 0), at(h, 1)])),
    s: tf.fill([heads], sharpness),
    W: uniform([heads, channels, outputs], next, Math.sqrt(6 / (heads * channels))),
    b: tf.zeros([outputs]),
  };
}

/** As `quadraticSelfAttention` takes it. */
export function quadraticOf({ centres, s, W, b }: LookingLayer): QuadraticParameters {
  return { centres, alpha: tf.div(tf.square(s), 2), W, b };
}

/** One of a normal distribution of mean 0 and variance 1 (Box and Muller). */
function normal(next: Random): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}

type ContentLayer = { WQ: tf.Tensor; WK: tf.Tensor; W: tf.Tensor; b: tf.Tensor };

/** Heads that compare contents and know no places: [batch, height, width, outputs], before ReLU. */
export function contentLayer(
  image: tf.Tensor4D,
  { WQ, WK, W, b }: ContentLayer,
): { context: tf.Tensor4D; weights: tf.Tensor4D } {
  const [batch, height, width, channels] = image.shape;
  const [count, , outputs] = W.shape;
  return tf.tidy(() => {
    const x = image.reshape([batch, height * width, channels]);
    const inHeads = (projected: tf.Tensor) =>
      projected.reshape([batch, height * width, count, -1]).transpose([0, 2, 1, 3]) as tf.Tensor4D;
    const wide = W.transpose([1, 0, 2]).reshape([channels, count * outputs]);
    const { context, weights } = scaledDotProductAttention<tf.Tensor4D>(
      inHeads(dense(x, WQ)),
      inHeads(dense(x, WK)),
      inHeads(dense(x, wide)),
    );
    const y = tf.add(tf.sum(context, 1), b).reshape([batch, height, width, outputs]);
    return { context: y as tf.Tensor4D, weights };
  });
}

export type LookerOptions = Start & {
  /** Both layers; of 'augmented' the second one, the first is a convolution. */
  kind: 'convolution' | 'heads' | 'content' | 'augmented';
  /** False: centres and sharpness stay as they were drawn. */
  moving?: boolean;
  seed?: number;
};

/** Reads with other parameters of a layer of heads: to break a trained model. */
export type Spoil = (learned: QuadraticParameters, layer: number) => QuadraticParameters;

export type Looker = ReturnType<typeof looker>;

/**
 * A reader of small digits: two layers with ReLU on 14 × 14 pixels, the mean over all pixels, and ten
 * scores. The kinds have as many parameters as each other, to 3 %.
 */
export function looker({ kind, moving = true, seed = 1, ...start }: LookerOptions) {
  const next = random(seed);
  const width = { convolution: 16, heads: 16, content: 21, augmented: 19 }[kind];
  const depth = 8; // of a query of content
  const layerOf = (layer: number): object => {
    const [channels, outputs] =
      layer === 0 ? [1, kind === 'augmented' ? 16 : width] : [width, width];
    if (kind === 'heads') return lookingLayer(channels, outputs, next, start);
    if (kind === 'content') {
      return {
        WQ: uniform([channels, 3 * depth], next),
        WK: uniform([channels, 3 * depth], next),
        W: uniform([3, channels, outputs], next, Math.sqrt(6 / (3 * channels))),
        b: tf.zeros([outputs]),
      };
    }
    if (kind === 'augmented' && layer === 1) {
      const sizes = { channels: 16, outputs, height: side, width: side };
      return augmentedConvolutionParameters({ ...sizes, dKey: 8, dValue: 8, heads: 2 }, next);
    }
    return {
      kernel: uniform([3, 3, channels, outputs], next, Math.sqrt(6 / (9 * channels))),
      b: tf.zeros([outputs]),
    };
  };
  const layers = variables([layerOf(0), layerOf(1)]) as Record<string, tf.Tensor>[];
  const last = variables({ W: uniform([width, 10], next), b: tf.zeros([10]) });
  const all = flatten({ layers, last });
  const parameters = Object.fromEntries(
    Object.entries(all).filter(([name]) => moving || !/centres|\/s$/.test(name)),
  );

  /** Scores [batch, 10], what each layer makes of the images, and the weights where there are some. */
  const forward = (images: tf.Tensor4D, spoil: Spoil = (learned) => learned) =>
    tf.tidy(() => {
      let x = images;
      const made: tf.Tensor4D[] = [];
      const weights: tf.Tensor4D[] = [];
      layers.forEach((learned, i) => {
        if (learned.kernel) {
          const kernel = learned.kernel as tf.Tensor4D;
          x = tf.relu(tf.add(tf.conv2d(x, kernel, 1, 'same'), learned.b)) as tf.Tensor4D;
        } else {
          const looked = learned.centres
            ? quadraticSelfAttention(x, spoil(quadraticOf(learned as LookingLayer), i), {
                padding: 1,
              })
            : learned.WQKV
              ? attentionAugmentedConvolution(
                  x,
                  learned as unknown as AugmentedConvolutionParameters,
                  2,
                )
              : contentLayer(x, learned as ContentLayer);
          x = tf.relu(looked.context);
          weights.push(looked.weights);
        }
        made.push(x);
      });
      const scores = dense(tf.mean(x, [1, 2]), last.W, last.b) as tf.Tensor2D;
      return { scores, made, weights };
    });
  return { kind, seed, layers, last, parameters, all, forward };
}

/** How many numbers a reader has learned. */
export function sizeOf({ parameters }: Looker): number {
  return Object.values(parameters).reduce((sum, { size }) => sum + size, 0);
}

/** Centres and α of both layers of heads as they stand. */
export function looksOf({ layers }: Looker): { centres: number[][]; alpha: number[] }[] {
  return layers.map(({ centres, s }) => ({
    centres: centres.arraySync() as number[][],
    alpha: Array.from(s.dataSync(), (one) => one ** 2 / 2),
  }));
}

export type LookerTraining = {
  steps?: number;
  batch?: number;
  rate?: number;
  /** Called before each step with its number, and once after the last. */
  watch?: (step: number) => void;
};

/** Trains a reader on digits that are drawn from all. @returns the loss of each step, in nats */
export async function trainLooker(
  model: Looker,
  digits: GreyDigits,
  { steps = 500, batch = 16, rate = 0.05, watch = () => {} }: LookerTraining = {},
  report?: Report,
): Promise<number[]> {
  const next = random(100 + model.seed);
  const seen = tf.ones([batch]);
  const losses = await trainByCosine(
    model.parameters,
    { steps, rate },
    (adam, step) => {
      watch(step);
      const drawn = drawImages(digits, batch, next);
      const loss = adam.minimize(() =>
        crossEntropy(model.forward(drawn.images).scores, drawn.labels, seen),
      );
      tf.dispose(drawn);
      return loss;
    },
    report,
  );
  watch(steps);
  tf.dispose(seen);
  return losses;
}

/** The share of digits that a reader names right, in percent. */
export function rightOf(
  model: Looker,
  { images, labels }: GreyDigits,
  spoil?: Spoil,
  atOnce = 100,
): number {
  let right = 0;
  for (let first = 0; first < labels.size; first += atOnce) {
    right += tf.tidy(() => {
      const some = tf.slice4d(
        images,
        [first, 0, 0, 0],
        [Math.min(atOnce, labels.size - first), -1, -1, -1],
      );
      const named = tf.argMax(model.forward(some, spoil).scores, 1);
      return tf.sum(tf.equal(named, tf.slice1d(labels, first, named.size))).dataSync()[0];
    });
  }
  return (100 * right) / labels.size;
}

/** How far a place is from the middle of the nearest pixel. */
export function toPixel(place: readonly number[]): number {
  return Math.hypot(...place.map((x) => x - Math.round(x)));
}

/** How far each place is from the nearest of the others. */
export function toOthers(places: readonly (readonly number[])[]): number[] {
  return places.map((one, i) =>
    Math.min(
      ...places
        .filter((_, j) => j !== i)
        .map((other) => Math.hypot(...one.map((x, a) => x - other[a]))),
    ),
  );
}

/**
 * Heads that learn to copy the nine neighbours of a pixel into nine channels, from centres drawn
 * evenly in the 3 × 3 pixels. On noise of variance 1 the expected squared error is exact, without
 * drawing any: Σ_c Σ_δ (Σ_h a^h_δ W_hc − 1[δ = δ_c])², a^h the weights of head h, here divided by 9.
 *
 * @returns the loss of each step; centres and α at the end, and before
 */
export async function copyNeighbours({
  count = heads,
  steps = 600,
  rate = 0.05,
  seed = 1,
}: {
  count?: number;
  steps?: number;
  rate?: number;
  seed?: number;
} = {}) {
  const next = random(seed);
  const learned = variables({
    centres: uniform([count, 2], next, 1.5),
    s: tf.fill([count], 1),
    W: uniform([count, 9], next, 0.5),
  });
  const now = () => ({
    centres: learned.centres.arraySync() as number[][],
    alpha: Array.from(learned.s.dataSync(), (one) => one ** 2 / 2),
  });
  const before = now();
  const reach = 4;
  const along = Array.from({ length: 2 * reach + 1 }, (_, i) => i - reach);
  const shifts = along.flatMap((down) => along.map((right) => [down, right]));
  const wanted = tf.tensor2d(
    shifts.map(([down, right]) =>
      Array.from({ length: 9 }, (_, c) =>
        Number(3 * (down + 1) + right + 1 === c && Math.abs(right) < 2),
      ),
    ),
  );
  const delta = tf.tensor2d(shifts).expandDims(0);
  const adam = new Adam(flatten(learned), { learningRate: cosineSchedule(rate, steps) });
  const losses = await train(steps, () =>
    adam.minimize(() => {
      const far = tf.sum(tf.square(tf.sub(delta, learned.centres.expandDims(1))), 2);
      const logits = tf.mul(far, tf.div(tf.square(learned.s), -2).expandDims(1));
      const copied = tf.matMul(tf.softmax(logits) as tf.Tensor2D, learned.W as tf.Tensor2D, true);
      return tf.div(tf.sum(tf.square(tf.sub(copied, wanted))), 9);
    }),
  );
  const found = { losses, before, ...now() };
  adam.dispose();
  tf.dispose([learned, wanted, delta]);
  return found;
}
