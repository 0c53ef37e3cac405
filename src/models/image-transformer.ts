import type { HeadAttention } from '../attention/heads/multi-head';
import {
  type ImageBlocks1D,
  type ImageBlocks2D,
  imageBlocks2D,
  imageLocal1DAttention,
  imageLocal2DAttention,
} from '../attention/images/image-local';
import { causalMask } from '../attention/masks';
import { denseWeights, type SparseWeights } from '../attention/sparse-weights';
import { axialPositionParameters, axialPositions } from '../layers/axial-positions';
import { encoderLayer, encoderLayerParameters } from '../layers/transformer-layer';
import { dense } from '../tensors/dense';
import { layerNorm, layerNormParameters } from '../tensors/layer-norm';
import { oneHot } from '../tensors/one-hot';
import { flatten, variables } from '../tensors/parameters';
import { type Random, random, uniform } from '../tensors/random';
import { expectShape, expectSizes } from '../tensors/shape';
import { tf } from '../tensors/tf';
import { crossEntropy } from '../training/cross-entropy';

/** Which pixels a pixel sees: blocks along the rows, rectangles, or all before it. */
export type Neighbourhood = ImageBlocks1D | Omit<ImageBlocks2D, 'image'> | 'full';

export interface ImageTransformerOptions {
  /** [height, width] */
  image: [height: number, width: number];
  /** How many grey levels a pixel can have. */
  levels: number;
  neighbourhood: Neighbourhood;
  dModel?: number;
  heads?: number;
  layers?: number;
  /** Width of the feed-forward networks; 2 dModel if left out. */
  dHidden?: number;
  seed?: number;
}

/** How the pixels are read, if not as the model was trained. */
export type ImageReading = {
  /** Another attention inside each head, such as one with a bug. */
  attend?: HeadAttention<any>;
  /** Another way to set the inputs back by one; see `setBack`. */
  shift?: (embedded: tf.Tensor3D, start: tf.Tensor) => tf.Tensor3D;
};

/**
 * The order in which pixels are generated, as positions row · width + column: row by row, or with
 * rectangles rectangle after rectangle, and row by row inside of each.
 */
export function generationOrder(
  [height, width]: [number, number],
  neighbourhood: Neighbourhood,
): number[] {
  if (neighbourhood === 'full' || !Array.isArray(neighbourhood.block))
    return Array.from({ length: height * width }, (_, i) => i);
  const blocks = imageBlocks2D({ ...neighbourhood, image: [height, width] } as ImageBlocks2D);
  return blocks.queries.flat().filter((i) => i >= 0);
}

/**
 * Image Transformer: pixels one after another, each predicted from those before it that a local
 * attention sees.
 *
 *     x_i = E[level of the pixel before i] √dModel + [row_i; column_i]
 *     h = Layer_N(… Layer_1(x))      p(pixel_i = c) = softmax_c(LayerNorm(h)_i W + b)
 *
 * "Before" is meant in the order of generation (`generationOrder`); the first pixel gets a start
 * vector. Row and column have half of the depth each.
 *
 * Source: Parmar et al. (2018), Sections 3.1 to 3.3, with categorical pixels. Here there is one
 * channel, and layer normalisation stands before each sublayer.
 */
export class ImageTransformer {
  /** The order of generation, and for each position its turn in it. */
  readonly order: number[];
  readonly parameters: Record<string, tf.Variable>;
  readonly options: Required<ImageTransformerOptions>;
  private readonly tree;
  private readonly attend?: HeadAttention<SparseWeights>;
  private readonly mask?: tf.Tensor;

  /** @throws if a size is not a whole number above 0, or the blocks are none */
  constructor(options: ImageTransformerOptions) {
    const { image, levels, neighbourhood, dModel = 32, heads = 4, layers = 2 } = options;
    const { dHidden = 2 * dModel, seed = 1 } = options;
    expectSizes({ height: image[0], width: image[1], levels, dModel, layers });
    this.options = { ...options, dModel, heads, layers, dHidden, seed };
    this.order = generationOrder(image, neighbourhood);
    this.attend = attentionOf(image, neighbourhood);
    if (!this.attend) this.mask = tf.keep(causalMask(image[0] * image[1]));
    const next = random(seed);
    const [half, rest] = [dModel >> 1, dModel - (dModel >> 1)];
    this.tree = variables({
      levels: uniform([levels, dModel], next, Math.sqrt(3 / dModel)),
      start: uniform([1, dModel], next, Math.sqrt(3 / dModel)),
      places: axialPositionParameters({ shape: image, depths: [half, rest] }, next),
      layers: Array.from({ length: layers }, () =>
        encoderLayerParameters({ dModel, dHidden }, next),
      ),
      norm: layerNormParameters(dModel),
      W: uniform([dModel, levels], next),
      b: tf.zeros([levels]),
    });
    this.parameters = flatten(this.tree);
  }

  /**
   * @param pixels levels 0, 1, …, int32 [batch, height · width], row by row
   * @returns logits [batch, height · width, levels], row by row; the weights of each layer, as its
   *   attention returns them
   */
  forward(
    pixels: tf.Tensor,
    { attend, shift }: ImageReading = {},
  ): { logits: tf.Tensor3D; weights: (SparseWeights | tf.Tensor4D)[] } {
    const { image, heads, dModel, levels } = this.options;
    expectShape('pixels', pixels, ['batch', image[0] * image[1]], 'int32');
    return tf.tidy(() => {
      const { tree } = this;
      const embedded = dense(oneHot(pixels, levels), tree.levels) as tf.Tensor3D;
      const before = shift
        ? shift(embedded, tree.start)
        : setBack(embedded, tree.start, this.order);
      let x = tf.add(tf.mul(before, Math.sqrt(dModel)), axialPositions(tree.places)) as tf.Tensor3D;
      const inner = attend ?? this.attend;
      const weights: (SparseWeights | tf.Tensor4D)[] = [];
      for (const layer of tree.layers) {
        const mask = inner ? undefined : this.mask;
        const found = encoderLayer(x, layer, {
          heads,
          norm: 'pre',
          attend: inner as HeadAttention<SparseWeights>,
          mask,
        });
        x = found.output;
        weights.push(found.weights);
      }
      const logits = dense(layerNorm(x, tree.norm), tree.W, tree.b) as tf.Tensor3D;
      return { logits, weights };
    });
  }

  /**
   * Mean negative log-likelihood of the pixels, in nats per pixel: a scalar.
   *
   *     − 1/L Σ_i ln p(pixel_i | pixels before it)
   */
  loss(pixels: tf.Tensor, reading?: ImageReading): tf.Scalar {
    return tf.tidy(() => {
      const logits = this.forward(pixels, reading).logits.reshape([-1, this.options.levels]);
      return crossEntropy(logits, pixels.flatten(), tf.ones([pixels.size]));
    });
  }

  /** − log₂ p of every pixel, [batch, height · width], row by row: what it costs to tell it. */
  bits(pixels: tf.Tensor, reading?: ImageReading): tf.Tensor2D {
    return tf.tidy(() => {
      const logP = tf.logSoftmax(this.forward(pixels, reading).logits);
      const own = tf.sum(tf.mul(logP, oneHot(pixels, this.options.levels)), -1);
      return tf.div(own, -Math.LN2) as tf.Tensor2D;
    });
  }

  /**
   * Draws pixels one after another, in the order of generation.
   *
   * @param given what is there already: [batch][height · width], levels; what is `undefined` or −1
   *   is drawn
   * @param options.temperature the logits are divided by it; 0 takes the likeliest level
   * @param options.next where the draws come from
   * @returns [batch][height · width], all levels
   */
  sample(
    given: readonly (readonly number[])[],
    { temperature = 1, next = random(1), ...reading }: ImageReading & Sampling = {},
  ): number[][] {
    const pixels = given.map((one) => [...one]);
    for (const i of this.order) {
      if (pixels.every((one) => one[i] >= 0)) continue;
      const logits = tf.tidy(() => {
        const now = tf.tensor2d(
          pixels.map((one) => one.map((level) => Math.max(0, level))),
          undefined,
          'int32',
        );
        return this.forward(now, reading).logits.slice([0, i], [-1, 1]).squeeze([1]).arraySync();
      }) as number[][];
      pixels.forEach((one, b) => {
        if (!(one[i] >= 0)) one[i] = drawnLevel(logits[b], temperature, next);
      });
    }
    return pixels;
  }

  /** The weights of each layer as whole matrices, [batch, heads, length, length]: for plots. */
  static whole(weights: (SparseWeights | tf.Tensor4D)[]): tf.Tensor4D[] {
    return weights.map(
      (one) => (one instanceof tf.Tensor ? one : denseWeights(one)) as tf.Tensor4D,
    );
  }

  dispose(): void {
    tf.dispose([this.tree as object, this.mask ?? []] as tf.TensorContainer);
  }
}

export type Sampling = { temperature?: number; next?: Random };

/**
 * Sets what stands at each pixel back by one turn: each position gets what belongs to the pixel that
 * was generated before it, the first one the start vector.
 *
 * @param embedded [batch, length, dModel], by position
 * @param start [1, dModel]
 * @param order positions in the order of generation
 * @returns [batch, length, dModel], by position
 */
export function setBack(
  embedded: tf.Tensor,
  start: tf.Tensor,
  order: readonly number[],
): tf.Tensor3D {
  const [batch, length, dModel] = expectShape('embedded', embedded, ['batch', 'length', 'dModel']);
  expectShape('start', start, [1, dModel]);
  return tf.tidy(() => {
    const first = start.reshape([1, 1, dModel]).tile([batch, 1, 1]);
    if (order.every((position, turn) => position === turn))
      return tf.concat([first, embedded.slice([0, 0, 0], [-1, length - 1, -1])], 1);
    const before = new Array<number>(length).fill(0); // 0 is the start, 1 + j pixel j
    order.forEach((position, turn) => {
      if (turn > 0) before[position] = 1 + order[turn - 1];
    });
    return tf.gather(tf.concat([first, embedded], 1), before, 1);
  }) as tf.Tensor3D;
}

function attentionOf(
  image: [number, number],
  neighbourhood: Neighbourhood,
): HeadAttention<SparseWeights> | undefined {
  if (neighbourhood === 'full') return undefined;
  const { block, memory } = neighbourhood;
  if (Array.isArray(block)) {
    const options = { image, block, memory } as ImageBlocks2D;
    return (q, k, v, mask) => imageLocal2DAttention(q, k, v, mask, options);
  }
  return (q, k, v, mask) =>
    imageLocal1DAttention(q, k, v, mask, { block, memory } as ImageBlocks1D);
}

/** A level drawn from softmax(logits / temperature). */
function drawnLevel(logits: number[], temperature: number, next: Random): number {
  const most = Math.max(...logits);
  if (temperature === 0) return logits.indexOf(most);
  const powers = logits.map((logit) => Math.exp((logit - most) / temperature));
  let left = next() * powers.reduce((sum, power) => sum + power, 0);
  for (const [level, power] of powers.entries()) {
    left -= power;
    if (left < 0) return level;
  }
  return logits.length - 1;
}
