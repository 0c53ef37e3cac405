import {
  type HeadAttention,
  type KeyValueCache,
  keyValueCache,
  type MultiHeadParameters,
  multiHeadAttention,
  multiHeadParameters,
  multiHeadQuery,
} from '../attention/heads/multi-head';
import { causalMask } from '../attention/masks';
import { fusedLayerNorm } from '../tensors/fused/layer-norm';
import { hasFused } from '../tensors/fused/operation';
import { type LayerNormParameters, layerNorm, layerNormParameters } from '../tensors/layer-norm';
import { withoutHidden } from '../tensors/mask';
import type { Random } from '../tensors/random';
import { expectShape } from '../tensors/shape';
import { tf } from '../tensors/tf';
import type { Activation } from './activations';
import { type Dropout, dropout } from './dropout';
import { type FeedForwardParameters, feedForward, feedForwardParameters } from './feed-forward';

/** The parameters of a layer of the encoder. */
export type EncoderLayerParameters = {
  attention: MultiHeadParameters;
  attentionNorm: LayerNormParameters;
  feedForward: FeedForwardParameters;
  feedForwardNorm: LayerNormParameters;
};

/** The parameters of a layer of the decoder, which also attends to the encoder's output. */
export type DecoderLayerParameters = EncoderLayerParameters & {
  crossAttention: MultiHeadParameters;
  crossNorm: LayerNormParameters;
};

export type TransformerLayerOptions = {
  heads: number;
  /** Which positions may be seen, broadcastable to [batch, queries, keys]: 1 = may be seen. */
  mask?: tf.Tensor;
  /** Where the layer normalisation stands: after each sublayer, as in the paper, or before. */
  norm?: 'post' | 'pre';
  activation?: Activation;
  /** Of each sublayer's output (Section 5.4). Left out: none, as when a trained model is used. */
  dropout?: Dropout;
};

/**
 * One layer of the Transformer's encoder: self-attention, then a feed-forward network. Each is a
 * sublayer with a residual connection and layer normalisation.
 *
 *     post: x ← LayerNorm(x + Sublayer(x))      pre: x ← x + Sublayer(LayerNorm(x))
 *
 * Source: Vaswani et al. (2017), Section 3.1 (post). With pre, gradients are well-behaved from the
 * start, without warm-up: Xiong et al. (2020), Section 3.
 *
 * @param x [batch, length, dModel]
 * @param options.attend the attention inside each head; see `multiHeadAttention`
 * @returns output, shape of `x`; weights [batch, heads, length, length], or what `attend` returns
 */
export function encoderLayer<Weights extends tf.TensorContainer = tf.Tensor4D>(
  x: tf.Tensor,
  parameters: EncoderLayerParameters,
  options: TransformerLayerOptions & { attend?: HeadAttention<Weights> },
): { output: tf.Tensor3D; weights: Weights } {
  expectShape('x', x, ['batch', 'length', 'dModel']);
  const { attention, attentionNorm, feedForward: ffn, feedForwardNorm } = parameters;
  return tf.tidy(() => {
    const [seen] = withoutHidden(options.mask, x);
    const { context: h, weights } = sublayer(seen, attentionNorm, options, (y) =>
      multiHeadAttention(y, y, y, attention, options),
    );
    const { context: output } = sublayer(h, feedForwardNorm, options, (y) => ({
      context: feedForward(y, ffn, options.activation),
    }));
    return { output: output as tf.Tensor3D, weights };
  });
}

/**
 * One layer of the Transformer's decoder: masked self-attention, attention to the encoder's output
 * (the memory), feed-forward network; each a sublayer as in `encoderLayer`.
 *
 * Source: Vaswani et al. (2017), Section 3.1.
 *
 * @param x [batch, length, dModel]: the whole target, or with `past` only its next positions
 * @param memory the encoder's output [batch, sourceLength, dModel], or `keyValueCache` of it, which
 *   spares a decoder to project it at every step
 * @param options.mask of the self-attention; `causalMask` if left out
 * @param options.memoryMask which source positions may be seen
 * @param options.past the keys and values of the positions before x
 * @returns output, shape of `x`; weights of the self-attention [batch, heads, length, positions] and
 *   of the cross-attention [batch, heads, length, sourceLength]; `past` for the next call
 */
export function decoderLayer(
  x: tf.Tensor,
  memory: tf.Tensor | KeyValueCache,
  parameters: DecoderLayerParameters,
  options: TransformerLayerOptions & { memoryMask?: tf.Tensor; past?: KeyValueCache },
): {
  output: tf.Tensor3D;
  weights: { self: tf.Tensor4D; cross: tf.Tensor4D };
  past: KeyValueCache;
} {
  const [, length] = expectShape('x', x, ['batch', 'length', 'dModel']);
  const { attention, attentionNorm, crossAttention, crossNorm } = parameters;
  const { heads, past: before, memoryMask } = options;
  return tf.tidy(() => {
    let past: KeyValueCache | undefined;
    const self = sublayer(x, attentionNorm, options, (y) => {
      past = keyValueCache(y, y, attention, { heads, past: before });
      const mask = options.mask ?? causalMask(length, past.keys.shape[1]);
      return multiHeadQuery(y, past, attention, { heads, mask });
    });
    let source = memory as KeyValueCache;
    if (!source?.keys) {
      const [seen] = withoutHidden(memoryMask, memory as tf.Tensor);
      source = keyValueCache(seen, seen, crossAttention, { heads });
    }
    const cross = sublayer(self.context, crossNorm, options, (y) =>
      multiHeadQuery(y, source, crossAttention, { heads, mask: memoryMask }),
    );
    const { context: output } = sublayer(
      cross.context,
      parameters.feedForwardNorm,
      options,
      (y) => ({ context: feedForward(y, parameters.feedForward, options.activation) }),
    );
    return {
      output: output as tf.Tensor3D,
      weights: { self: self.weights, cross: cross.weights },
      past: past as KeyValueCache,
    };
  });
}

/** Residual connection and layer normalisation around f, whose other results are passed on. */
function sublayer<Result extends { context: tf.Tensor }>(
  x: tf.Tensor,
  parameters: LayerNormParameters,
  { norm = 'post', dropout: drop }: TransformerLayerOptions,
  f: (x: tf.Tensor) => Result,
): Result {
  const result = f(norm === 'pre' ? layerNorm(x, parameters) : x);
  const y = drop ? dropout(result.context, drop) : result.context;
  return { ...result, context: norm === 'pre' ? tf.add(x, y) : addAndNorm(x, y, parameters) };
}

/** LayerNorm(x + y) */
function addAndNorm(x: tf.Tensor, y: tf.Tensor, parameters: LayerNormParameters): tf.Tensor {
  const alike = x.shape.join() === y.shape.join();
  if (hasFused() && alike) return fusedLayerNorm([x, y], parameters);
  return layerNorm(tf.add(x, y), parameters);
}

/** New parameters of an encoder's layer. dHidden is 4 dModel if left out; attention has no biases. */
export function encoderLayerParameters(
  sizes: { dModel: number; dHidden?: number; bias?: boolean },
  next: Random,
): EncoderLayerParameters {
  return {
    attention: multiHeadParameters(sizes, next),
    attentionNorm: layerNormParameters(sizes.dModel),
    feedForward: feedForwardParameters(sizes, next),
    feedForwardNorm: layerNormParameters(sizes.dModel),
  };
}

/** New parameters of a decoder's layer. */
export function decoderLayerParameters(
  sizes: { dModel: number; dHidden?: number; bias?: boolean },
  next: Random,
): DecoderLayerParameters {
  return {
    ...encoderLayerParameters(sizes, next),
    crossAttention: multiHeadParameters(sizes, next),
    crossNorm: layerNormParameters(sizes.dModel),
  };
}
