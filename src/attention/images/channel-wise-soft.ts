import { dense } from '../../tensors/dense';
import { type Random, uniform } from '../../tensors/random';
import { expectShape, NHWC } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import { additiveLogits } from '../scores/additive';
import type { ChannelAttentionParameters } from './channel-attention-module';

/** The parameters of SCA-CNN's channel-wise attention. */
export type ChannelWiseSoftParameters = {
  /** W_hc [queryDepth, dAttention]: projects the query. */
  WQ: tf.Tensor;
  /** W_c [dAttention]: projects a channel, which is one number. */
  WC: tf.Tensor;
  /** b_c [dAttention] */
  bC: tf.Tensor;
  /** W'_i [dAttention]: turns the hidden layer into one number. */
  v: tf.Tensor;
};

export function channelWiseSoftParameters(
  { queryDepth, dAttention }: { queryDepth: number; dAttention: number },
  next: Random,
): ChannelWiseSoftParameters {
  const vector = () => uniform([dAttention], next, Math.sqrt(6 / (1 + dAttention)));
  return {
    WQ: uniform([queryDepth, dAttention], next),
    WC: vector(),
    bC: tf.zeros([dAttention]),
    v: vector(),
  };
}

/**
 * Channel-wise soft attention: a softmax over the channels of an image. It is additive attention
 * whose keys are the channels, each summed up by its mean over all positions.
 *
 *     v_c = mean of channel c     e_c = W'ᵀ tanh(W_c v_c + b_c + W_hc h)     β = softmax(e)     X_c = β_c V_c
 *
 * Papers with Code lists "Channel-wise Soft Attention" without a paper: soft weights over all
 * channels, in contrast to a hard attention that selects one. A softmax over channels is what
 * SCA-CNN has. ResNeSt uses the same words for a softmax over branches, in each channel apart:
 * `splitAttention`.
 *
 * Source: Chen et al. (2017), "SCA-CNN: Spatial and Channel-wise Attention in Convolutional
 * Networks for Image Captioning", Section 3.3. Its bias b'_i cancels in the softmax.
 *
 * @param query h [batch, queryDepth], the state of a decoder
 * @param image V [batch, height, width, channels]
 * @returns context X, shape of `image`, and weights β [batch, channels]; each row sums to 1, so X is
 *   about `channels` times smaller than V
 * @throws if a shape does not fit
 */
export function channelWiseSoftAttention(
  query: tf.Tensor,
  image: tf.Tensor,
  { WQ, WC, bC, v }: ChannelWiseSoftParameters,
): { context: tf.Tensor4D; weights: tf.Tensor2D } {
  const [batch, , , channels] = expectShape('image', image, NHWC);
  const [, queryDepth] = expectShape('query', query, [batch, 'queryDepth']);
  const [, dAttention] = expectShape('WQ', WQ, [queryDepth, 'dAttention']);
  for (const [name, vector] of Object.entries({ WC, bC, v })) {
    expectShape(name, vector, [dAttention]);
  }
  return tf.tidy(() => {
    const means = tf.mean(image, [1, 2]).reshape([batch, channels, 1]);
    const keys = tf.add(tf.mul(means, WC), bC); // [batch, channels, dAttention]
    const logits = additiveLogits(dense(query, WQ).expandDims(1), keys, v);
    const weights = tf.softmax(logits).reshape([batch, channels]) as tf.Tensor2D;
    const context = tf.mul(weights.reshape([batch, 1, 1, channels]), image) as tf.Tensor4D;
    return { context, weights };
  });
}

/**
 * Split attention: R branches of a network, joined channel by channel with a softmax over the
 * branches.
 *
 *     s = mean over positions of Σ_r U_r      a_r(c) = softmax_r(G_r(s))_c      V_c = Σ_r a_r(c) U_r,c
 *
 * G is a network with one hidden layer: G(s) = ReLU(s W_0 + b_0) W_1 + b_1. A single branch has
 * nothing to compete with and gets a gate, a = σ(G(s)), as in squeeze-and-excitation.
 *
 * Source: Zhang et al. (2020), "ResNeSt: Split-Attention Networks", Section 3.1, for one
 * cardinal group and without its batch normalisation.
 *
 * @param branches U [batch, branches, height, width, channels]
 * @param parameters W0 [channels, hidden] and W1 [hidden, branches · channels], branch by branch
 * @returns context V [batch, height, width, channels], and weights a [batch, branches, channels]
 * @throws if a shape does not fit
 */
export function splitAttention(
  branches: tf.Tensor,
  { W0, b0, W1, b1 }: ChannelAttentionParameters,
): { context: tf.Tensor4D; weights: tf.Tensor3D } {
  const [batch, R, , , channels] = expectShape('branches', branches, [
    'batch',
    'branches',
    'height',
    'width',
    'channels',
  ]);
  const [, hidden] = expectShape('W0', W0, [channels, 'hidden']);
  expectShape('W1', W1, [hidden, R * channels]);
  if (b0) expectShape('b0', b0, [hidden]);
  if (b1) expectShape('b1', b1, [R * channels]);
  return tf.tidy(() => {
    const s = tf.mean(tf.sum(branches, 1), [1, 2]) as tf.Tensor2D;
    const logits = dense(tf.relu(dense(s, W0, b0)), W1, b1).reshape([batch, R, channels]);
    // TensorFlow.js takes the softmax over the last axis only.
    const acrossBranches = () => tf.softmax(logits.transpose([0, 2, 1])).transpose([0, 2, 1]);
    const weights = (R === 1 ? tf.sigmoid(logits) : acrossBranches()) as tf.Tensor3D;
    const weighted = tf.mul(weights.reshape([batch, R, 1, 1, channels]), branches);
    return { context: tf.sum(weighted, 1) as tf.Tensor4D, weights };
  });
}
