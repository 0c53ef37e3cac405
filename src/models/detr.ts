import { multiHeadAttention } from '../attention/heads/multi-head';
import { objectQueryAttention } from '../attention/heads/object-queries';
import { feedForward } from '../layers/feed-forward';
import {
  type DecoderLayerParameters,
  decoderLayerParameters,
  type EncoderLayerParameters,
  encoderLayerParameters,
} from '../layers/transformer-layer';
import { dense } from '../tensors/dense';
import { imagePositions } from '../tensors/image-positions';
import { type LayerNormParameters, layerNorm, layerNormParameters } from '../tensors/layer-norm';
import { type Random, uniform } from '../tensors/random';
import { expectShape, expectSizes } from '../tensors/shape';
import { tf } from '../tensors/tf';

/** What the decoder of DETR learns. */
export type ObjectDecoderParameters = {
  /** The object queries [N, dModel]. */
  queries: tf.Tensor;
  layers: DecoderLayerParameters[];
  /** After each layer, before its answers are read; one for all layers. */
  norm: LayerNormParameters;
};

/** What DETR learns, but for the convolutions before it. */
export type DetrParameters = {
  /** From features to dModel: [channels, dModel] and its bias. */
  project: { W: tf.Tensor; b: tf.Tensor };
  encoder: EncoderLayerParameters[];
  decoder: ObjectDecoderParameters;
  /** [dModel, classes + 1] and its bias. */
  class: { W: tf.Tensor; b: tf.Tensor };
  /** The perceptron of the boxes: dModel → dModel → dModel → 4. */
  box: { W: tf.Tensor; b: tf.Tensor }[];
};

export type DetrOptions = {
  heads: number;
  /** [height, width, dModel]; `imagePositions` if left out. */
  positions?: tf.Tensor;
  /** False: queries do not attend to one another. Default true. */
  selfAttention?: boolean;
};

/** The answers of every layer of the decoder, and where everybody looked. */
export type DetrAnswers = {
  /** [layers, batch, N, classes + 1] */
  logits: tf.Tensor4D;
  /** [layers, batch, N, 4]: centre x, centre y, width, height, as parts of the image. */
  boxes: tf.Tensor4D;
  weights: {
    /** Of each layer of the encoder [batch, heads, places, places]. */
    encoder: tf.Tensor4D[];
    /** Of each layer of the decoder: among queries [batch, heads, N, N], … */
    self: tf.Tensor4D[];
    /** … and over the image [batch, heads, N, places]. */
    cross: tf.Tensor4D[];
  };
};

/**
 * DETR, a detector that answers with a set: features of an image → encoder → decoder of N object
 * queries, all at once → a class (or "no object") and a box for each.
 *
 *     encoder: x ← LN(x + MultiHead(x + P, x + P, x)),  x ← LN(x + FFN(x))
 *     decoder: X ← LN(X + MultiHead(X + q, X + q, X)),  X ← LN(X + MultiHead(X + q, x + P, x)),
 *              X ← LN(X + FFN(X))                       X = 0 at the start
 *     class = LN(X) W + b      box = sigmoid(MLP(LN(X)))
 *
 * Positions P and queries q are added to what is compared, in every layer, and never to values. All
 * layers of the decoder answer, by the same LN, W, b and MLP.
 *
 * Source: Carion et al. (2020), Section 3.2 and Appendix A.3; without dropout.
 *
 * @param features [batch, height, width, channels]
 * @throws if a shape does not fit
 */
export function detr(
  features: tf.Tensor,
  parameters: DetrParameters,
  options: DetrOptions & { decode?: typeof objectDecoder },
): DetrAnswers {
  const { heads, decode = objectDecoder } = options;
  expectSizes({ heads });
  return tf.tidy(() => {
    const { memory, weights } = detrEncoder(features, parameters, options);
    const { states, ...looked } = decode(memory, parameters.decoder, options);
    const { logits, boxes } = readObjects(states, parameters);
    return { logits, boxes, weights: { encoder: weights, ...looked } };
  });
}

/** The projection and the encoder of `detr`: features → memory [batch, height, width, dModel]. */
export function detrEncoder(
  features: tf.Tensor,
  { project, encoder }: Pick<DetrParameters, 'project' | 'encoder'>,
  { heads, positions }: DetrOptions,
): { memory: tf.Tensor4D; weights: tf.Tensor4D[] } {
  const [batch, height, width] = expectShape('features', features, [
    'batch',
    'height',
    'width',
    'channels',
  ]);
  return tf.tidy(() => {
    const places = height * width;
    let x = dense(features.reshape([batch, places, -1]) as tf.Tensor3D, project.W, project.b);
    const dModel = x.shape[2];
    if (positions) expectShape('positions', positions, [height, width, dModel]);
    const P = (positions ?? imagePositions({ height, width, dModel })).reshape([places, dModel]);
    const weights = encoder.map((layer) => {
      const asked = tf.add(x, P);
      const { context, weights } = multiHeadAttention(asked, asked, x, layer.attention, { heads });
      x = layerNorm(tf.add(x, context), layer.attentionNorm);
      x = layerNorm(tf.add(x, feedForward(x, layer.feedForward)), layer.feedForwardNorm);
      return weights;
    });
    return { memory: x.reshape([batch, height, width, dModel]) as tf.Tensor4D, weights };
  });
}

/**
 * The decoder of `detr`: what the queries have found after each layer, by `norm`.
 *
 * @param memory [batch, height, width, dModel]
 * @returns states [layers, batch, N, dModel], and the weights of both attentions
 */
export function objectDecoder(
  memory: tf.Tensor,
  { queries, layers, norm }: ObjectDecoderParameters,
  { heads, positions, selfAttention = true }: DetrOptions,
): { states: tf.Tensor4D; self: tf.Tensor4D[]; cross: tf.Tensor4D[] } {
  const [batch, , , dModel] = expectShape('memory', memory, ['batch', 'height', 'width', 'dModel']);
  const [N] = expectShape('queries', queries, ['N', dModel]);
  return tf.tidy(() => {
    const [states, self, cross]: [tf.Tensor[], tf.Tensor4D[], tf.Tensor4D[]] = [[], [], []];
    let X = tf.zeros([batch, N, dModel]) as tf.Tensor3D;
    for (const layer of layers) {
      if (selfAttention) {
        const asked = tf.add(X, queries);
        const one = multiHeadAttention(asked, asked, X, layer.attention, { heads });
        X = layerNorm(tf.add(X, one.context), layer.attentionNorm) as tf.Tensor3D;
        self.push(one.weights);
      }
      const { crossAttention } = layer;
      const seen = objectQueryAttention(X, queries, memory, crossAttention, undefined, {
        heads,
        positions,
      });
      X = layerNorm(tf.add(X, seen.context), layer.crossNorm) as tf.Tensor3D;
      cross.push(seen.weights);
      X = layerNorm(tf.add(X, feedForward(X, layer.feedForward)), layer.feedForwardNorm);
      states.push(layerNorm(X, norm));
    }
    return { states: tf.stack(states) as tf.Tensor4D, self, cross };
  });
}

/** Classes and boxes out of states [layers, batch, N, dModel]. */
export function readObjects(
  states: tf.Tensor,
  parameters: Pick<DetrParameters, 'class' | 'box'>,
): { logits: tf.Tensor4D; boxes: tf.Tensor4D } {
  expectShape('states', states, ['layers', 'batch', 'N', 'dModel']);
  return tf.tidy(() => {
    const logits = dense(states, parameters.class.W, parameters.class.b) as tf.Tensor4D;
    let x = states;
    parameters.box.forEach(({ W, b }, i) => {
      x = dense(x, W, b);
      if (i < parameters.box.length - 1) x = tf.relu(x);
    });
    return { logits, boxes: tf.sigmoid(x) as tf.Tensor4D };
  });
}

/** New parameters: Glorot and Bengio's uniform matrices, biases 0, normal-sized queries. */
export function detrParameters(
  sizes: {
    channels: number;
    dModel: number;
    dHidden: number;
    queries: number;
    classes: number;
    encoderLayers: number;
    decoderLayers: number;
  },
  next: Random,
): DetrParameters {
  const { channels, dModel, dHidden, queries, classes, encoderLayers, decoderLayers } = sizes;
  const layer = { dModel, dHidden, bias: true };
  const affine = (from: number, to: number) => ({
    W: uniform([from, to], next),
    b: tf.zeros([to]),
  });
  const times = <T>(count: number, make: () => T) => Array.from({ length: count }, make);
  return {
    project: affine(channels, dModel),
    encoder: times(encoderLayers, () => encoderLayerParameters(layer, next)),
    decoder: {
      queries: uniform([queries, dModel], next, Math.sqrt(3)), // variance 1
      layers: times(decoderLayers, () => decoderLayerParameters(layer, next)),
      norm: layerNormParameters(dModel),
    },
    class: affine(dModel, classes + 1),
    box: [affine(dModel, dModel), affine(dModel, dModel), affine(dModel, 4)],
  };
}
