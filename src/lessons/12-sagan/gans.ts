import {
  type SaganParameters,
  saganAttention,
  saganParameters,
} from '../../attention/images/sagan';
import {
  type SimpleSelfParameters,
  simpleSelfAttention,
  simpleSelfParameters,
} from '../../attention/images/simple-self';
import { spectralNorm, spectralNormState } from '../../layers/spectral-norm';
import { dense } from '../../tensors/dense';
import { flatten, variables } from '../../tensors/parameters';
import { type Random, random, uniform } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import { Adam } from '../../training/adam';
import { type Report, train } from '../../training/train';
import { drawStrangers, drawTwins, type Halves, halfSide } from './twins';

/**
 * What stands in the middle of a network: SAGAN's attention, SimpleSelfAttention, or a residual block
 * that looks at one place only. All three have as many parameters.
 */
export type Block = 'attention' | 'simple' | 'residual';

/** Channels where the block stands, and depth of a query. */
const [channels, depth] = [32, 8];

type Parameters = Record<string, tf.Tensor>;

/** The start of a block: γ = 0, so y = x. */
export function blockParameters(kind: Block, next: Random): Parameters {
  if (kind === 'attention') return saganParameters({ channels, dKey: depth }, next) as Parameters;
  if (kind === 'simple') return simpleSelfParameters({ channels }, next);
  const inner = channels / 2;
  return {
    W1: uniform([channels, inner], next),
    W2: uniform([inner, channels], next),
    gamma: tf.scalar(0),
  };
}

/** y of a block, and its weights where it has some. */
export function blockOf(
  kind: Block,
  x: tf.Tensor4D,
  p: Parameters,
): { context: tf.Tensor4D; weights?: tf.Tensor3D } {
  if (kind === 'attention') return saganAttention(x, p as SaganParameters);
  if (kind === 'simple')
    return simpleSelfAttention(x, p as SimpleSelfParameters, { order: 'positions' });
  const inner = tf.relu(dense(x, p.W1));
  return { context: tf.add(x, tf.mul(p.gamma, dense(inner, p.W2))) as tf.Tensor4D };
}

/** A block of one's own in place of a trained one: to break it. */
export type BlockLayer = typeof blockOf;

/** A network: what it learns, and where the power iteration of each of its matrices stands. */
export type Net = { parameters: Record<string, tf.Variable>; states: Record<string, tf.Variable> };

function net(tree: Parameters & { block: unknown }, normed: boolean, next: Random): Net {
  const parameters = flatten(variables(tree));
  const matrices = Object.entries(parameters).filter(([, W]) => normed && W.rank >= 2);
  const states = Object.fromEntries(
    matrices.map(([name, W]) => {
      const u = spectralNormState(W.shape[W.rank - 1], next);
      const state = tf.variable(u, false);
      u.dispose();
      return [name, state];
    }),
  );
  return { parameters, states };
}

/**
 * What spectral normalisation leaves a matrix to stretch. With 1 a network as small as these has scores
 * so near to each other that a softmax of them is flat.
 */
const stretch = 2;

/** What D takes for ink, where 0 is paper. */
const ink = 4;

/** The parameters as the network uses them: every matrix that has a state as 2 W / σ(W). */
export function normedOf({ parameters, states }: Net): Parameters {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, W]) => [
      name,
      states[name] ? tf.mul(spectralNorm(W as tf.Tensor, states[name]).W, stretch) : W,
    ]),
  );
}

/** One step of the power iteration of every matrix. */
function iterate({ parameters, states }: Net): void {
  for (const [name, state] of Object.entries(states)) {
    tf.tidy(() =>
      state.assign(spectralNorm(parameters[name] as tf.Tensor, state).u as tf.Tensor1D),
    );
  }
}

/** σ of every matrix as the network uses it, by name: 2 where it is normalised. */
export function sigmasOf(one: Net, iterations = 50): Record<string, number> {
  return tf.tidy(() => {
    const used = normedOf(one);
    return Object.fromEntries(
      Object.entries(used)
        .filter(([, W]) => W.rank >= 2)
        .map(([name, W]) => {
          const u = spectralNormState(W.shape[W.rank - 1], random(1));
          return [name, spectralNorm(W, u, { iterations }).sigma.dataSync()[0]];
        }),
    );
  });
}

const blockIn = (p: Parameters) =>
  Object.fromEntries(
    Object.entries(p)
      .filter(([name]) => name.startsWith('block/'))
      .map(([name, W]) => [name.slice('block/'.length), W]),
  );

/** Rows and columns of an image as two more channels, from −1 to 1. */
function withPlaces(x: tf.Tensor4D): tf.Tensor4D {
  const [batch, height, width] = x.shape;
  const down = tf.linspace(-1, 1, height).reshape([1, height, 1, 1]);
  const across = tf.linspace(-1, 1, width).reshape([1, 1, width, 1]);
  const over = (axis: tf.Tensor) => tf.broadcastTo(axis, [batch, height, width, 1]);
  return tf.concat([x, over(down), over(across)], 3) as tf.Tensor4D;
}

/** A discriminator: two convolutions, which see 7 × 7 pixels, the block, a layer place by place, a sum. */
export function discriminator(kind: Block, next: Random, normed = true): Net {
  const he = (shape: number[], inputs: number) => uniform(shape, next, Math.sqrt(6 / inputs));
  return net(
    {
      K1: he([3, 3, 3, 16], 27),
      b1: tf.zeros([16]),
      K2: he([3, 3, 16, channels], 144),
      b2: tf.zeros([channels]),
      block: blockParameters(kind, next),
      W3: uniform([channels, 2 * channels], next),
      b3: tf.zeros([2 * channels]),
      W4: uniform([2 * channels, 1], next),
      b4: tf.zeros([1]),
    } as never,
    normed,
    next,
  );
}

/** What a discriminator says of images [batch, 8, 24, 1]: D [batch], and the weights of its block. */
export function discriminate(
  kind: Block,
  one: Net,
  images: tf.Tensor4D,
  block: BlockLayer = blockOf,
) {
  return tf.tidy(() => {
    const p = normedOf(one);
    const conv = (x: tf.Tensor4D, K: tf.Tensor, b: tf.Tensor, stride: number) =>
      tf.leakyRelu(tf.add(tf.conv2d(x, K as tf.Tensor4D, stride, 'same'), b), 0.1) as tf.Tensor4D;
    const low = conv(withPlaces(tf.mul(images, ink) as tf.Tensor4D), p.K1, p.b1, 2); // [batch, 4, 12, 16]
    const high = conv(low, p.K2, p.b2, 2); // [batch, 2, 6, 32]
    const { context, weights } = block(kind, high, blockIn(p));
    const places = tf.leakyRelu(dense(context, p.W3, p.b3), 0.1);
    const D = dense(tf.sum(places, [1, 2]), p.W4, p.b4).reshape([-1]) as tf.Tensor1D;
    return { D, weights };
  });
}

/** Channels where a generator has its full size. */
const fine = 8;

/** How many random numbers a picture is made of. */
const noise = 24;

/** A generator: noise to 4 × 12 places, the block, and two convolutions, the second on 8 × 24. */
export function generator(kind: Block, next: Random, normed = true): Net {
  const he = (shape: number[], inputs: number) => uniform(shape, next, Math.sqrt(6 / inputs));
  return net(
    {
      W1: he([noise, 4 * 12 * channels], noise),
      gain1: tf.ones([channels]),
      shift1: tf.zeros([channels]),
      block: blockParameters(kind, next),
      K2: he([3, 3, channels, 4 * fine], 9 * channels),
      gain2: tf.ones([4 * fine]),
      shift2: tf.zeros([4 * fine]),
      K3: he([3, 3, fine, 1], 9 * fine),
      gain3: tf.scalar(3),
      b3: tf.scalar(-2),
    } as never,
    normed,
    next,
  );
}

/** (x − mean) / deviation over batch and places, times gain, plus shift. */
function batchNorm(x: tf.Tensor, gain: tf.Tensor, shift: tf.Tensor): tf.Tensor {
  const { mean, variance } = tf.moments(x, [0, 1, 2]);
  const scaled = tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-5)));
  return tf.add(tf.mul(scaled, gain), shift);
}

/** Pictures [batch, 8, 24, 1] out of noise [batch, 24], and the weights of the block. */
export function generateTwins(kind: Block, one: Net, z: tf.Tensor2D, block: BlockLayer = blockOf) {
  return tf.tidy(() => {
    const p = normedOf(one);
    const coarse = dense(z, p.W1).reshape([-1, halfSide / 2, (3 * halfSide) / 2, channels]);
    const x = tf.relu(batchNorm(coarse, p.gain1, p.shift1)) as tf.Tensor4D;
    const { context, weights } = block(kind, x, blockIn(p));
    const conv = (y: tf.Tensor4D, K: tf.Tensor) => tf.conv2d(y, K as tf.Tensor4D, 1, 'same');
    const wide = tf.relu(batchNorm(conv(context, p.K2), p.gain2, p.shift2));
    // Four channels become 2 × 2 pixels.
    const large = wide
      .reshape([-1, halfSide / 2, (3 * halfSide) / 2, 2, 2, fine])
      .transpose([0, 1, 3, 2, 4, 5])
      .reshape([-1, halfSide, 3 * halfSide, fine]) as tf.Tensor4D;
    const logits = tf.add(tf.mul(conv(large, p.K3), p.gain3), p.b3);
    return { images: tf.sigmoid(logits) as tf.Tensor4D, weights };
  });
}

/** Noise [count, 24], normally distributed. */
export function drawNoise(count: number, next: Random): tf.Tensor2D {
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return tf.tensor2d(Float32Array.from({ length: count * noise }, normal), [count, noise]);
}

export type GanOptions = {
  /** The block of both networks, or of each. */
  inG?: Block;
  inD?: Block;
  /** Which networks are spectrally normalised. Default: both. */
  normG?: boolean;
  normD?: boolean;
  seed?: number;
};

/** A generator and a discriminator. */
export function gan({
  inG = 'attention',
  inD = 'attention',
  normG = true,
  normD = true,
  seed = 1,
}: GanOptions = {}) {
  const next = random(seed);
  const G = generator(inG, next, normG);
  const D = discriminator(inD, next, normD);
  return { inG, inD, seed, G, D };
}

export type Gan = ReturnType<typeof gan>;

/** So many pictures of a generator, a hundred at a time; the same for the same seed. */
export function generated(
  { inG, G }: Pick<Gan, 'inG' | 'G'>,
  count: number,
  seed = 1000,
  block: BlockLayer = blockOf,
): tf.Tensor4D {
  const next = random(seed);
  return tf.tidy(() => {
    const parts: tf.Tensor4D[] = [];
    for (let made = 0; made < count; made += 100) {
      parts.push(generateTwins(inG, G, drawNoise(Math.min(100, count - made), next), block).images);
    }
    return tf.concat(parts) as tf.Tensor4D;
  });
}

/** −E[min(0, −1 + D(real))] − E[min(0, −1 − D(fake))]: eq. (4) of the paper. */
export function hingeLoss(real: tf.Tensor, fake: tf.Tensor): tf.Scalar {
  return tf.tidy(() =>
    tf.add(tf.mean(tf.relu(tf.sub(1, real))), tf.mean(tf.relu(tf.add(1, fake)))),
  ) as tf.Scalar;
}

/** How often D ranks a real picture above a fake one, in percent: 50 by chance. */
export function tellsOf(real: tf.Tensor, fake: tf.Tensor): number {
  return tf.tidy(() => {
    const above = tf.sub(real.expandDims(1), fake.expandDims(0));
    return 50 * (1 + tf.mean(tf.sign(above)).dataSync()[0]);
  });
}

export type GanTraining = {
  steps?: number;
  batch?: number;
  rateG?: number;
  rateD?: number;
  /** Called before each step with its number, and once after the last. */
  watch?: (step: number) => void | Promise<void>;
};

/** D and G by turns, a step each. @returns the hinge loss of D at each step */
export async function trainGan(
  { inG, inD, G, D, seed }: Gan,
  halves: Halves,
  { steps = 500, batch = 32, rateG = 0.002, rateD = 0.004, watch = () => {} }: GanTraining = {},
  report?: Report,
): Promise<number[]> {
  const next = random(100 + seed);
  const adamOf = (one: Net, rate: number) =>
    new Adam(one.parameters, {
      learningRate: (step) => rate * Math.min(1, 2 * (1 - step / (steps + 1))),
      beta1: 0,
      beta2: 0.9,
    });
  const [adamG, adamD] = [adamOf(G, rateG), adamOf(D, rateD)];
  const losses = await train(
    steps,
    (step) => {
      watch(step);
      const [real, z, again] = [
        drawTwins(halves, batch, next),
        drawNoise(batch, next),
        drawNoise(batch, next),
      ];
      const fake = tf.tidy(() => generateTwins(inG, G, z).images);
      const both = tf.concat([real, fake]);
      iterate(D);
      const loss = adamD.minimize(() => {
        const said = discriminate(inD, D, both).D;
        return hingeLoss(tf.slice1d(said, 0, batch), tf.slice1d(said, batch, batch));
      });
      iterate(G);
      adamG.minimize(() =>
        tf.neg(tf.mean(discriminate(inD, D, generateTwins(inG, G, again).images).D)),
      );
      tf.dispose([real, z, again, fake, both]);
      return loss;
    },
    report,
  );
  watch(steps);
  adamG.dispose();
  adamD.dispose();
  return losses;
}

/** A discriminator alone learns to tell twins from strangers. @returns the hinge loss of each step */
export async function trainDiscriminator(
  kind: Block,
  one: Net,
  halves: Halves,
  { steps = 500, batch = 32, rate = 0.004, seed = 1, block = blockOf as BlockLayer } = {},
  report?: Report,
): Promise<number[]> {
  const next = random(100 + seed);
  const adam = new Adam(one.parameters, {
    learningRate: (step) => rate * Math.min(1, 2 * (1 - step / (steps + 1))),
    beta1: 0,
    beta2: 0.9,
  });
  const losses = await train(
    steps,
    () => {
      const [twins, strangers] = [
        drawTwins(halves, batch, next),
        drawStrangers(halves, batch, next),
      ];
      iterate(one);
      const loss = adam.minimize(() => {
        const said = discriminate(kind, one, tf.concat([twins, strangers]), block).D;
        return hingeLoss(tf.slice1d(said, 0, batch), tf.slice1d(said, batch, batch));
      });
      tf.dispose([twins, strangers]);
      return loss;
    },
    report,
  );
  adam.dispose();
  return losses;
}

/** γ of both blocks. */
export function gammasOf({ G, D }: Pick<Gan, 'G' | 'D'>): { G: number; D: number } {
  const [inG, inD] = [G, D].map((one) => one.parameters['block/gamma'].dataSync()[0]);
  return { G: inG, D: inD };
}

/** How many numbers a network has learned. */
export function sizeOfNet({ parameters }: Net): number {
  return Object.values(parameters).reduce((sum, { size }) => sum + size, 0);
}

/** Frees a network. */
export function disposeNet({ parameters, states }: Net): void {
  tf.dispose([parameters, states]);
}
