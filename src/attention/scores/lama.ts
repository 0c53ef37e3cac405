import { dense } from '../../tensors/dense';
import { castMask, expectMask, withoutHidden } from '../../tensors/mask';
import { type Random, uniform } from '../../tensors/random';
import { expectShape } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import { maskedSoftmax, weightedAverage } from '../masked-softmax';

/** The parameters of LAMA: a column of P and a column of Q for each head. */
export type LamaParameters = {
  /** P [depth, heads]: projects the global context. */
  P: tf.Tensor;
  /** Q [depth, heads]: projects the words. */
  Q: tf.Tensor;
  /** c [depth], a learned global context. Left out: the mean of the words. */
  c?: tf.Tensor;
};

/** @param sizes.learnedContext whether c is learned, or the mean of the words */
export function lamaParameters(
  {
    depth,
    heads,
    learnedContext = false,
  }: Record<'depth' | 'heads', number> & {
    learnedContext?: boolean;
  },
  next: Random,
): LamaParameters {
  const [P, Q] = [uniform([depth, heads], next), uniform([depth, heads], next)];
  return learnedContext ? { P, Q, c: uniform([depth], next) } : { P, Q };
}

/**
 * Low-rank factorised multi-head attention (LAMA). One global context c asks all words, once for
 * each head; the bilinear form of head m has rank one, p_m q_mᵀ.
 *
 *     e_t = tanh(Pᵀc ∘ Qᵀh_t)      A = softmax over t of e_t / ‖e_t‖      S = A H
 *
 * ‖e_t‖ is the length over the heads: each word shares one unit of logit among them. Costs
 * length · depth · heads, where self-attention costs length².
 *
 * Source: Mehta, Rangwala, Ramakrishnan (2019), "Low Rank Factorization for Compact Multi-Head
 * Self-Attention"; the mean as context is their "LAMA + ctx".
 *
 * @param inputs H [batch, length, depth], in the paper the states of a bidirectional GRU
 * @param mask [batch, 1, length], 1 = a word, 0 = padding, which counts neither in c nor in A
 * @returns context S [batch, heads, depth], and weights A [batch, heads, length]: the heads are
 *   the queries
 * @throws if a shape does not fit
 */
export function lamaAttention(
  inputs: tf.Tensor,
  { P, Q, c }: LamaParameters,
  mask?: tf.Tensor,
): { context: tf.Tensor3D; weights: tf.Tensor3D } {
  const [batch, length, depth] = expectShape('inputs', inputs, ['batch', 'length', 'depth']);
  const [, heads] = expectShape('P', P, [depth, 'heads']);
  expectShape('Q', Q, [depth, heads]);
  if (c) expectShape('c', c, [depth]);
  if (mask) expectMask(mask, [batch, 1, length]);
  return tf.tidy(() => {
    const [h] = withoutHidden(mask, inputs as tf.Tensor3D);
    const shown = mask ? castMask(mask, 'float32') : tf.ones([batch, 1, length]);
    const words = tf.maximum(tf.sum(shown, 2, true), 1); // an example without any word: c = 0
    const global = c ? c.reshape([1, 1, depth]) : tf.div(tf.matMul(shown, h), words);
    const e = tf.tanh(tf.mul(dense(global, P), dense(h, Q))); // [batch, length, heads]
    const squared = tf.sum(tf.square(e), 2, true);
    const unit = tf.mul(e, tf.rsqrt(tf.maximum(squared, 1e-24))); // e = 0 stays 0
    const weights = maskedSoftmax(unit.transpose([0, 2, 1]), mask) as tf.Tensor3D;
    return { context: weightedAverage(weights, h, mask), weights };
  });
}
