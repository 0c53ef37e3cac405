import {
  attentionAugmentedConvolution,
  augmentedConvolutionParameters,
} from '../../attention/images/attention-augmented-convolution';
import { cbam, cbamParameters } from '../../attention/images/cbam';
import {
  channelAttentionModule,
  channelAttentionParameters,
} from '../../attention/images/channel-attention-module';
import {
  channelWiseSoftAttention,
  channelWiseSoftParameters,
} from '../../attention/images/channel-wise-soft';
import {
  globalContextBlock,
  globalContextParameters,
} from '../../attention/images/global-context-block';
import {
  pointWiseSpatialAttention,
  pointWiseSpatialParameters,
} from '../../attention/images/point-wise-spatial';
import { saganAttention, saganParameters } from '../../attention/images/sagan';
import {
  spatialAttentionGuidedMask,
  spatialAttentionGuidedMaskParameters,
} from '../../attention/images/spatial-attention-guided-mask';
import {
  spatialAttentionModule,
  spatialAttentionParameters,
} from '../../attention/images/spatial-attention-module';
import { random, uniform } from '../../tensors/random';
import type { tf } from '../../tensors/tf';

const depth = 16;
const channels = 16;

/** Makes inputs for n positions, and returns a call that computes a context from them. */
export type Prepare = (n: number) => () => tf.Tensor;

/** An image [1, √n, √n, 16]. */
const image =
  (
    f: (x: tf.Tensor4D, next: () => number, side: number) => () => { context: tf.Tensor },
  ): Prepare =>
  (n) => {
    const next = random(n);
    const side = Math.round(Math.sqrt(n));
    const call = f(uniform([1, side, side, channels], next, 1) as tf.Tensor4D, next, side);
    return () => call().context;
  };

/** The calls of those methods whose positions are pixels. */
export const callsOnImages: Record<string, Prepare> = {
  'SAGAN Self-Attention Module': image((x, next) => {
    const parameters = saganParameters({ channels }, next);
    return () => saganAttention(x, parameters);
  }),
  'Attention-augmented Convolution': image((x, next, side) => {
    const both = { outputs: channels, dKey: 8, dValue: 8, heads: 2 };
    const parameters = augmentedConvolutionParameters(
      { channels, height: side, width: side, ...both },
      next,
    );
    return () => attentionAugmentedConvolution(x, parameters, 2);
  }),
  'Point-wise Spatial Attention': image((x, next, side) => {
    const parameters = pointWiseSpatialParameters({ channels, height: side, width: side }, next);
    return () => pointWiseSpatialAttention(x, parameters);
  }),
  'Global Context Block': image((x, next) => {
    const parameters = globalContextParameters({ channels }, next);
    return () => globalContextBlock(x, parameters);
  }),
  'Spatial Attention Module': image((x, next) => {
    const parameters = spatialAttentionParameters({}, next);
    return () => spatialAttentionModule(x, parameters);
  }),
  'Channel Attention Module': image((x, next) => {
    const parameters = channelAttentionParameters({ channels }, next);
    return () => channelAttentionModule(x, parameters);
  }),
  CBAM: image((x, next) => {
    const parameters = cbamParameters({ channels }, next);
    return () => cbam(x, parameters);
  }),
  'Spatial Attention-Guided Mask': image((x, next) => {
    const parameters = spatialAttentionGuidedMaskParameters({ channels, classes: 2 }, next);
    return () => spatialAttentionGuidedMask(x, parameters);
  }),
  'Channel-wise Soft Attention': image((x, next) => {
    const parameters = channelWiseSoftParameters({ queryDepth: depth, dAttention: depth }, next);
    const query = uniform([1, depth], next, 1) as tf.Tensor2D;
    return () => channelWiseSoftAttention(query, x, parameters);
  }),
};
