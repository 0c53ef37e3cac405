import { movingBaseline, reinforceLoss } from '../../attention/scores/hard';
import { doublyStochasticPenalty } from '../../attention/scores/soft';
import { locationsOfCell, type Scene, sceneSize, sceneThings, sceneWords } from '../../data/scenes';
import {
  type CaptionerParameters,
  captioner,
  captionerParameters,
  type Look,
  looks,
  writeCaptions,
} from '../../models/captioner';
import { annotate, type EyeParameters, eyeParameters } from '../../models/eye';
import { dense } from '../../tensors/dense';
import { flatten, variables } from '../../tensors/parameters';
import { type Random, random, uniform } from '../../tensors/random';
import { stopGradient } from '../../tensors/stop-gradient';
import { tf } from '../../tensors/tf';
import { Adam } from '../../training/adam';
import { cosineSchedule } from '../../training/schedule';
import { type Report, train } from '../../training/train';

/** Numbers of an annotation vector that the eye finds; two more say where it stands. */
const channels = 48;
/** Locations, 6 × 6. */
const places = 36;

/** Pictures as a tensor [scenes, 36, 36, 1]. */
export function picturesOf(scenes: readonly Scene[]): tf.Tensor4D {
  const all = new Float32Array(scenes.length * sceneSize ** 2);
  scenes.forEach(({ pixels }, i) => {
    all.set(pixels, i * sceneSize ** 2);
  });
  return tf.tensor4d(all, [scenes.length, sceneSize, sceneSize, 1]);
}

/** An eye that has learned nothing yet: for `loadCheckpoint(checkpointFile('eye'), flatten(…))`. */
export function eye(seed = 1): EyeParameters {
  return variables(eyeParameters(channels, random(seed)));
}

/**
 * Trains an eye to say of each location what stands in its cell: one of 14 things, or nothing.
 *
 * @returns the loss of each step
 */
export async function trainEye(
  parameters: EyeParameters,
  scenes: readonly Scene[],
  { steps = 1500, batch = 32, seed = 1 } = {},
  report?: Report,
): Promise<number[]> {
  const next = random(seed);
  const nothing = sceneThings.length;
  const readout = variables({ W: uniform([channels + 2, nothing + 1], next) });
  const rate = cosineSchedule(0.004, steps);
  const adam = new Adam(flatten({ parameters, readout }), { learningRate: rate, clipNorm: 1 });
  const losses = await train(
    steps,
    () => {
      const some = Array.from({ length: batch }, () => scenes[Math.floor(next() * scenes.length)]);
      return adam.minimize(() => {
        const labels = new Int32Array(batch * places).fill(nothing);
        some.forEach(({ things }, i) => {
          for (const { name, cell } of things)
            for (const place of locationsOfCell(cell))
              labels[i * places + place] = sceneThings.indexOf(name);
        });
        const logits = dense(annotate(picturesOf(some), parameters), readout.W);
        const wanted = tf.oneHot(tf.tensor1d(labels, 'int32'), nothing + 1);
        return tf.losses.softmaxCrossEntropy(
          wanted,
          logits.reshape([-1, nothing + 1]),
        ) as tf.Scalar;
      });
    },
    report,
  );
  adam.dispose();
  tf.dispose(readout);
  return losses;
}

/** Scenes as a decoder sees them. */
export type Seen = {
  scenes: readonly Scene[];
  /** a [scenes, 36, 50] */
  annotations: tf.Tensor3D;
  /** The words before and the words to say [scenes][6]. */
  previous: number[][];
  target: number[][];
};

/** Lets an eye look at scenes, once: it learns no more. */
export function seeScenes(scenes: readonly Scene[], parameters: EyeParameters): Seen {
  const target = scenes.map(({ caption }) => caption.map((word) => sceneWords.indexOf(word)));
  const previous = target.map((words) => [sceneWords.indexOf('<start>'), ...words.slice(0, -1)]);
  const annotations = tf.tidy(() => {
    const parts: tf.Tensor[] = [];
    for (let at = 0; at < scenes.length; at += 250)
      parts.push(annotate(picturesOf(scenes.slice(at, at + 250)), parameters));
    return tf.concat(parts, 0) as tf.Tensor3D;
  });
  return { scenes, annotations, previous, target };
}

/**
 * How a decoder looks.
 *
 * - `soft`: at the expected annotation
 * - `hard`: at a drawn one; its scores learn by REINFORCE
 * - `straight-through`: at a drawn one; its scores learn as if it were the expected one
 * - `vector`: at one vector of the same size, made of all annotations by a dense layer
 * - `mean`: at their mean
 */
export type Manner = 'soft' | 'hard' | 'straight-through' | 'vector' | 'mean';

export type TellerOptions = {
  manner: Manner;
  seed?: number;
};

/** Sizes of all decoders of the lesson. */
export const tellerSizes = {
  words: sceneWords.length,
  depth: channels + 2,
  embedding: 32,
  units: 64,
  dAttention: 32,
};

/** A decoder of the lesson. */
export type Teller = {
  manner: Manner;
  next: Random;
  tree: CaptionerParameters;
  /** Of the manner `vector`: the dense layer. */
  squeeze?: { W: tf.Tensor; b: tf.Tensor };
  parameters: Record<string, tf.Variable>;
};

/** A new decoder. */
export function teller({ manner, seed = 1 }: TellerOptions): Teller {
  const next = random(seed);
  const tree = variables(captionerParameters(tellerSizes, next));
  const { depth } = tellerSizes;
  const squeeze =
    manner === 'vector'
      ? variables({ W: uniform([places * depth, depth], next), b: tf.zeros([depth]) })
      : undefined;
  return {
    manner,
    next,
    tree,
    squeeze,
    parameters: flatten({ tree, ...(squeeze && { squeeze }) }),
  };
}

/** What a decoder looks at: all annotations, or one vector made of them [batch, 1, 50]. */
export function lookedAt({ squeeze }: Teller, annotations: tf.Tensor): tf.Tensor {
  if (!squeeze) return annotations;
  const flat = annotations.reshape([annotations.shape[0], -1]);
  return tf.tanh(dense(flat, squeeze.W, squeeze.b)).expandDims(1);
}

export type Lesson = {
  steps?: number;
  batch?: number;
  rate?: number;
  /** λ of the doubly stochastic penalty, eq. (14), for soft attention. Default 0. */
  penalty?: number;
  /** Of hard attention: subtract the moving average from the reward. Default true. */
  baseline?: boolean;
  /** λ_r. Default 1. */
  reward?: number;
  /** λ_e. Default 0. */
  bonus?: number;
  /** With which probability a batch is looked at softly instead. The paper's is 0.5. Default 0. */
  coin?: number;
  /** Another decoder in place of `captioner`. */
  decode?: typeof captioner;
};

/** log p(y_t) of the words to say [batch, steps]. */
export function logLikelihoods(logits: tf.Tensor, target: number[][]): tf.Tensor2D {
  const wanted = tf.oneHot(tf.tensor2d(target, undefined, 'int32'), logits.shape[2] as number);
  return tf.sum(tf.mul(tf.logSoftmax(logits), wanted), -1) as tf.Tensor2D;
}

/**
 * Trains a decoder; the eye stays as it is.
 *
 * @returns −log p(y), nats per word, of each step
 */
export async function trainTeller(
  one: Teller,
  { annotations, previous, target }: Seen,
  {
    steps = 500,
    batch = 64,
    rate = 0.01,
    penalty = 0,
    baseline = true,
    reward = 1,
    bonus = 0,
    coin = 0,
    decode = captioner,
  }: Lesson = {},
  report?: Report,
): Promise<number[]> {
  const { next, tree, parameters, manner } = one;
  const adam = new Adam(parameters, { learningRate: cosineSchedule(rate, steps), clipNorm: 1 });
  const count = previous.length;
  let average: number | undefined;
  const losses = await train(
    steps,
    () => {
      const some = Array.from({ length: batch }, () => Math.floor(next() * count));
      const drawing = manner === 'hard' && !(coin > 0 && next() < coin);
      const straightThrough = manner === 'straight-through';
      const look =
        drawing || straightThrough ? looks.hard(next, { straightThrough }) : unmoved(manner);
      let measured = 0;
      adam.minimize(() => {
        const a = lookedAt(one, tf.gather(annotations, some));
        const before = tf.tensor2d(
          some.map((i) => previous[i]),
          undefined,
          'int32',
        );
        const made = decode(a, before, tree, look);
        const likelihood = logLikelihoods(
          made.logits,
          some.map((i) => target[i]),
        );
        const perCaption = tf.sum(likelihood, 1);
        measured = tf.mean(likelihood).dataSync()[0];
        if (!drawing) {
          const loss = tf.neg(tf.mean(perCaption)) as tf.Scalar;
          if (!penalty) return loss;
          return tf.add(loss, tf.mul(penalty, doublyStochasticPenalty(made.weights))) as tf.Scalar;
        }
        const worth = measured * previous[0].length; // log p(y | s̃), mean over the batch
        const b = baseline ? (average ?? worth) : 0;
        average = movingBaseline(average ?? worth, worth);
        return reinforceLoss(perCaption, tf.sum(made.logProbability, 1), tf.sum(made.entropy, 1), {
          baseline: b,
          reward,
          bonus,
        });
      });
      return -measured;
    },
    report,
  );
  adam.dispose();
  return losses;
}

/** How a decoder looks where nothing is drawn. */
const unmoved = (manner: Manner): Look => (manner === 'mean' ? looks.even() : looks.soft());

/** What became of held-out scenes. */
export type Told = {
  /** The captions as words. */
  captions: string[][];
  /** The weights of each word [scene][word][location]. */
  weights: number[][][];
  /** Share of captions that are right, word by word, in %. */
  right: number;
  /** Pointing game: how often the largest weight of a noun lies in its thing's cell, in %. */
  points: number;
  /** Mean weight of the thing's cell when its noun is said, in %. */
  inside: number;
  /** Mean entropy of α when a noun is said, in nats. */
  entropy: number;
};

/** The words of a caption that are nouns: 'a SEVEN above a CIRCLE'. */
export const nounsAt = [1, 4];

/**
 * Lets a decoder tell scenes. Soft attention looks as ever; hard attention takes the likeliest
 * location (`look` says otherwise). The pointing game is played with the right words before, so that
 * each noun's place is known.
 */
export function tell(one: Teller, seen: Seen, { look }: { look?: Look } = {}): Told {
  const drawn = one.manner === 'hard' || one.manner === 'straight-through';
  const how = look ?? (drawn ? looks.likeliest() : unmoved(one.manner));
  const { scenes, annotations, previous, target } = seen;
  const start = sceneWords.indexOf('<start>');
  const steps = target[0].length;
  const { words, weights, alpha } = tf.tidy(() => {
    const a = lookedAt(one, annotations);
    const written = writeCaptions(a, one.tree, { start, steps, look: how });
    const forced = captioner(a, tf.tensor2d(previous, undefined, 'int32'), one.tree, how);
    return {
      words: written.words,
      weights: written.weights.arraySync(),
      alpha: forced.probabilities.arraySync(),
    };
  });
  let [right, points, inside, entropy] = [0, 0, 0, 0];
  scenes.forEach(({ things }, i) => {
    if (words[i].every((word, t) => word === target[i][t])) right++;
    nounsAt.forEach((t, noun) => {
      const row = alpha[i][t];
      const own = locationsOfCell(things[noun].cell);
      if (own.includes(row.indexOf(Math.max(...row)))) points++;
      inside += own.reduce((sum, place) => sum + (row[place] ?? 0), 0);
      entropy -= row.reduce((sum, p) => sum + (p > 0 ? p * Math.log(p) : 0), 0);
    });
  });
  const nouns = nounsAt.length * scenes.length;
  return {
    captions: words.map((row) => row.map((word) => sceneWords[word])),
    weights,
    right: (100 * right) / scenes.length,
    points: (100 * points) / nouns,
    inside: (100 * inside) / nouns,
    entropy: entropy / nouns,
  };
}

/** The settings of hard attention in the authors' code, for a reward that is summed over six words. */
export const authorsRecipe = { coin: 0.5, reward: 0.1 / 6, bonus: 0.002 };

/** How much the REINFORCE half of a gradient differs from draw to draw. */
export type Spread = {
  /** Variance of the estimate without a baseline, summed over the parameters of the scores. */
  none: number;
  /** The same with the mean reward as baseline. */
  average: number;
  /** The same with the best constant, and that constant. */
  best: number;
  bestBaseline: number;
  /** log p(y | s̃), mean over captions and draws. */
  reward: number;
};

/**
 * Draws the looks of one batch many times and measures the variance of the REINFORCE estimate.
 *
 *     G(b) = mean (r − b) ∂log p(s̃)      Var G(b) = Var G_r − 2b Cov(G_r, G_1) + b² Var G_1
 *
 * with G_r = mean r ∂log p(s̃) and G_1 = mean ∂log p(s̃): two gradients for each draw give the variance
 * at every baseline.
 */
export function gradientSpread(
  { tree }: Teller,
  { annotations, previous, target }: Seen,
  { draws = 40, batch = 32, seed = 1 } = {},
): Spread {
  const next = random(seed);
  const a = annotations.slice([0], [batch]);
  const before = tf.tensor2d(previous.slice(0, batch), undefined, 'int32');
  const scores = Object.values(flatten(tree.score));
  const pairs = Array.from({ length: draws }, () => {
    const seeds = Math.floor(1e9 * next());
    let reward = 0;
    const gradient = (rewarded: boolean) =>
      tf.tidy(() => {
        const { grads } = tf.variableGrads(() => {
          const made = captioner(a, before, tree, looks.hard(random(seeds)));
          const logs = tf.sum(made.logProbability, 1);
          const worth = stopGradient(
            tf.sum(logLikelihoods(made.logits, target.slice(0, batch)), 1),
          );
          reward = tf.mean(worth).dataSync()[0];
          return tf.mean(rewarded ? tf.mul(worth, logs) : logs) as tf.Scalar;
        }, scores);
        return Object.values(grads).flatMap((one) => [...one.dataSync()]);
      });
    return { r: gradient(true), one: gradient(false), reward };
  });
  tf.dispose([a, before]);
  const mean = (list: number[]) => list.reduce((sum, x) => sum + x, 0) / list.length;
  let [vr, cov, v1] = [0, 0, 0];
  for (let k = 0; k < pairs[0].r.length; k++) {
    const [mr, m1] = [mean(pairs.map(({ r }) => r[k])), mean(pairs.map(({ one }) => one[k]))];
    vr += mean(pairs.map(({ r }) => (r[k] - mr) ** 2));
    v1 += mean(pairs.map(({ one }) => (one[k] - m1) ** 2));
    cov += mean(pairs.map(({ r, one }) => (r[k] - mr) * (one[k] - m1)));
  }
  const reward = mean(pairs.map((pair) => pair.reward));
  const at = (b: number) => vr - 2 * b * cov + b * b * v1;
  const bestBaseline = cov / v1;
  return { none: vr, average: at(reward), best: at(bestBaseline), bestBaseline, reward };
}
