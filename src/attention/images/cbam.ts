import type { Random } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import {
  type ChannelAttentionParameters,
  channelAttentionModule,
  channelAttentionParameters,
} from './channel-attention-module';
import {
  type SpatialAttentionParameters,
  spatialAttentionModule,
  spatialAttentionParameters,
} from './spatial-attention-module';

/** The parameters of CBAM: those of its two modules. */
export type CbamParameters = {
  channel: ChannelAttentionParameters;
  spatial: SpatialAttentionParameters;
};

export function cbamParameters(
  sizes: { channels: number; reduction?: number; size?: number },
  next: Random,
): CbamParameters {
  return {
    channel: channelAttentionParameters(sizes, next),
    spatial: spatialAttentionParameters(sizes, next),
  };
}

/**
 * The convolutional block attention module: first what, then where.
 *
 *     F' = M_c(F) ∘ F      F'' = M_s(F') ∘ F'
 *
 * Source: Woo, Park, Lee, Kweon (2018), Section 3, eq. (1); see `channelAttentionModule` and
 * `spatialAttentionModule`. In a residual network it stands before the addition: y = x + CBAM(F(x)).
 *
 * @param image F [batch, height, width, channels]
 * @returns context F'', shape of `image`; weights, the gate M_s [batch, height, width]; and
 *   channelWeights, the gate M_c [batch, channels]
 * @throws if a shape does not fit
 */
export function cbam(
  image: tf.Tensor,
  { channel, spatial }: CbamParameters,
): { context: tf.Tensor4D; weights: tf.Tensor3D; channelWeights: tf.Tensor2D } {
  return tf.tidy(() => {
    const what = channelAttentionModule(image, channel);
    return { ...spatialAttentionModule(what.context, spatial), channelWeights: what.weights };
  });
}
