import { multiHeadAttention } from '../../attention/heads/multi-head';
import { imageLocal1DAttention } from '../../attention/images/image-local';
import { axialPositionParameters, axialPositions } from '../../layers/axial-positions';
import { feedForward } from '../../layers/feed-forward';
import {
  type DecoderLayerParameters,
  decoderLayerParameters,
  encoderLayer,
  encoderLayerParameters,
} from '../../layers/transformer-layer';
import { setBack } from '../../models/image-transformer';
import { dense } from '../../tensors/dense';
import { layerNorm, layerNormParameters } from '../../tensors/layer-norm';
import { oneHot } from '../../tensors/one-hot';
import { flatten, variables } from '../../tensors/parameters';
import { type Random, random, uniform } from '../../tensors/random';
import { expectShape } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import { crossEntropy } from '../../training/cross-entropy';
import type { Report } from '../../training/train';
import { trainByCosine } from '../../training/train-by-cosine';
import { canvas, pixelsOf } from './painters';
import { shrunk, smallCanvas } from './small-pictures';

const { side, levels } = canvas;
const rows = { block: side, memory: side };

/**
 * Super-resolution: an encoder reads the small picture, and the painter of the lesson ('1-D, 14')
 * draws the large one, asking it in every layer.
 *
 *     m_b = Encoder(level_b w √dModel + [row_b; column_b])                   small pixel b, no mask
 *     y = x + LocalAttention(LN(x))   z = y + MultiHead(LN(y), m, m)   x′ = z + FFN(LN(z))
 *     p(pixel_i = c | pixels before it, small picture) = softmax_c(LN(x)_i W + b)
 *
 * Source: Parmar et al. (2018), Sections 3.2 (encoder and decoder) and 5.3 (no mask in the encoder).
 * Here layer normalisation stands before each sublayer, and a mean level is one number. To be learned
 * within a minute, a small pixel has the mean coordinates of its square, and cross-attention begins
 * with W_K = W_Q.
 */
export class Enlarger {
  readonly parameters: Record<string, tf.Variable>;
  readonly seed: number;
  private readonly tree;
  private readonly heads = 4;

  constructor({ seed = 1, dModel = 32, layers = 2 } = {}) {
    this.seed = seed;
    const next = random(seed);
    const sizes = { dModel, dHidden: 2 * dModel };
    const vector = (count: number) => uniform([count, dModel], next, Math.sqrt(3 / dModel));
    const depths = [dModel >> 1, dModel - (dModel >> 1)];
    this.tree = variables({
      levels: vector(levels),
      start: vector(1),
      places: axialPositionParameters({ shape: [side, side], depths }, next),
      layers: Array.from({ length: layers }, () =>
        nearAtFirst(decoderLayerParameters(sizes, next)),
      ),
      norm: layerNormParameters(dModel),
      W: uniform([dModel, levels], next),
      b: tf.zeros([levels]),
      grey: vector(1),
      encoder: encoderLayerParameters(sizes, next),
      smallNorm: layerNormParameters(dModel),
    });
    this.parameters = flatten(this.tree);
  }

  /** @param pictures [batch, 16], as `shrunk` makes them → the memory [batch, 16, dModel] */
  encode(pictures: tf.Tensor): tf.Tensor3D {
    const { tree, heads } = this;
    expectShape('pictures', pictures, ['batch', smallCanvas.side ** 2]);
    return tf.tidy(() => {
      const level = tf.mul(pictures.expandDims(2), (levels - 1) * this.scale);
      const middles = tree.places.map((table) => tf.matMul(alongSquares(), table));
      const x = tf.add(dense(level, tree.grey), axialPositions(middles));
      const { output } = encoderLayer(x, tree.encoder, { heads, norm: 'pre' });
      return layerNorm(output, tree.smallNorm) as tf.Tensor3D;
    });
  }

  /**
   * @param pixels levels, int32 [batch, length]; length 196, or as many rows as are needed
   * @param memory what `encode` returns
   * @param sees which small pixels may be asked, broadcastable to [batch, length, 16]: 1 = may be
   * @returns logits [batch, length, levels]; the cross-attention of each layer [batch, heads, length,
   *   16]
   */
  decode(
    pixels: tf.Tensor,
    memory: tf.Tensor3D,
    sees?: tf.Tensor,
  ): { logits: tf.Tensor3D; weights: tf.Tensor4D[] } {
    const { tree, heads } = this;
    const [, length] = expectShape('pixels', pixels, ['batch', 'length'], 'int32');
    return tf.tidy(() => {
      const order = Array.from({ length }, (_, i) => i);
      const embedded = dense(oneHot(pixels, levels), tree.levels);
      const before = tf.mul(setBack(embedded, tree.start, order), this.scale);
      let x = tf.add(before, axialPositions(tree.places, length)) as tf.Tensor;
      const weights: tf.Tensor4D[] = [];
      for (const layer of tree.layers) {
        const own = layerNorm(x, layer.attentionNorm);
        const local = multiHeadAttention(own, own, own, layer.attention, {
          heads,
          attend: (q, k, v, mask) => imageLocal1DAttention(q, k, v, mask, rows),
        });
        x = tf.add(x, local.context);
        const asking = layerNorm(x, layer.crossNorm);
        const cross = multiHeadAttention(asking, memory, memory, layer.crossAttention, {
          heads,
          mask: sees,
        });
        x = tf.add(x, cross.context);
        x = tf.add(x, feedForward(layerNorm(x, layer.feedForwardNorm), layer.feedForward));
        weights.push(cross.weights);
      }
      const logits = dense(layerNorm(x, tree.norm), tree.W, tree.b) as tf.Tensor3D;
      return { logits, weights };
    });
  }

  /** Mean negative log-likelihood in nats per pixel, given the small pictures: a scalar. */
  loss(pixels: tf.Tensor, pictures: tf.Tensor): tf.Scalar {
    return tf.tidy(() => {
      const { logits } = this.decode(pixels, this.encode(pictures));
      return crossEntropy(logits.reshape([-1, levels]), pixels.flatten(), tf.ones([pixels.size]));
    });
  }

  /**
   * Draws a large picture for each small one, pixel by pixel.
   *
   * @param pictures [pictures][16], as `shrunk` makes them
   * @returns [pictures][196], all levels
   */
  sample(pictures: readonly (readonly number[])[], next: Random): number[][] {
    const images = pictures.map(() => new Array<number>(side * side).fill(0));
    const memory = tf.tidy(() => this.encode(tf.tensor2d(pictures as number[][])));
    for (let i = 0; i < side * side; i++) {
      const length = side * (Math.floor(i / side) + 1); // later rows have no influence
      const shares = tf.tidy(() => {
        const { logits } = this.decode(pixelsOf(images.map((one) => one.slice(0, length))), memory);
        return tf
          .softmax(logits.slice([0, i, 0], [-1, 1, -1]))
          .squeeze([1])
          .arraySync();
      }) as number[][];
      images.forEach((image, n) => {
        const at = next();
        let sum = 0;
        const ends = shares[n].map((share) => {
          sum += share;
          return sum;
        });
        const level = ends.findIndex((end) => at * sum < end);
        image[i] = level < 0 ? levels - 1 : level;
      });
    }
    memory.dispose();
    return images;
  }

  dispose(): void {
    tf.dispose(this.tree as tf.TensorContainer);
  }

  /** √dModel, by which embeddings are multiplied. */
  private get scale(): number {
    return Math.sqrt(this.tree.start.shape[1] as number);
  }
}

/** Means over the rows (or columns) of each square: [4, 14]. */
function alongSquares(): tf.Tensor2D {
  const { side: count, square } = smallCanvas;
  return tf.tensor2d(
    Array.from({ length: count }, (_, b) =>
      Array.from({ length: side }, (__, i) => Number(Math.floor((i - 1) / square) === b) / square),
    ),
  );
}

/** W_K begins as W_Q, so that whoever asks gets the largest scores from what is like itself. */
function nearAtFirst(layer: DecoderLayerParameters): DecoderLayerParameters {
  const { crossAttention } = layer;
  crossAttention.WK.dispose();
  return { ...layer, crossAttention: { ...crossAttention, WK: crossAttention.WQ.clone() } };
}

/** Whose small picture an image is drawn from: its own, or (a control) that of another digit. */
export type Whose = 'its own' | "another's";

/** The small pictures of some images, or each the one of the image before. */
export function picturesFor(images: readonly number[][], whose: Whose = 'its own'): number[][] {
  const all = images.map(shrunk);
  return whose === 'its own' ? all : all.map((_, n) => all.at(n - 1) as number[]);
}

/**
 * Trains an enlarger on images drawn from a list, as `trainPainter` trains a painter.
 *
 * @returns the loss of each step, in bits per pixel
 */
export async function trainEnlarger(
  model: Enlarger,
  images: readonly number[][],
  { steps = 500, batch = 16, rate = 0.01, whose = 'its own' as Whose } = {},
  report?: Report,
): Promise<number[]> {
  const next = random(100 + model.seed);
  const losses = await trainByCosine(
    model.parameters,
    { steps, rate },
    (adam) => {
      const some = Array.from({ length: batch }, () => images[Math.floor(next() * images.length)]);
      const pictures = picturesFor(some, whose);
      return adam.minimize(() => model.loss(pixelsOf(some), tf.tensor2d(pictures)));
    },
    report,
  );
  return losses.map((loss) => loss / Math.LN2);
}

/**
 * Bits per pixel of images, given small pictures.
 *
 * @param sees as in `decode`
 */
export function enlargedBits(
  model: Enlarger,
  images: readonly number[][],
  pictures: readonly number[][],
  sees?: tf.Tensor,
): number {
  const atOnce = 50;
  let sum = 0;
  for (let first = 0; first < images.length; first += atOnce) {
    const [some, given] = [images, pictures].map((list) => list.slice(first, first + atOnce));
    sum += tf.tidy(() => {
      const pixels = pixelsOf(some);
      const { logits } = model.decode(pixels, model.encode(tf.tensor2d(given)), sees);
      const own = tf.sum(tf.mul(tf.logSoftmax(logits), oneHot(pixels, levels)));
      return -own.dataSync()[0] / Math.LN2;
    });
  }
  return sum / (images.length * images[0].length);
}
