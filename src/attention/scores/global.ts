import { dense } from '../../tensors/dense';
import { withoutHidden } from '../../tensors/mask';
import { type Random, uniform } from '../../tensors/random';
import { expectShape, expectSizes, expectTensor } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import type { Attended } from '../attended';
import { dotProductScore } from './dot-product';
import { softAttention } from './soft';

/**
 * How well each query s fits each key h: logits [batch, queries, keys] from query
 * [batch, queries, queryDepth] and keys [batch, keys, keyDepth]. `dotProductScore` is one; those
 * with parameters become one as `(s, h) => generalScore(s, h, parameters)`.
 */
export type Score = (query: tf.Tensor, keys: tf.Tensor) => tf.Tensor;

/** The parameter of Luong's attentional state. */
export type AttentionalParameters = {
  /** W_c [dValue + units, dAttentional] */
  W: tf.Tensor;
};

/** New parameters, drawn from `next`. */
export function attentionalParameters(
  { dValue, units, dAttentional }: Record<'dValue' | 'units' | 'dAttentional', number>,
  next: Random,
): AttentionalParameters {
  expectSizes({ dValue, units });
  return { W: uniform([dValue + units, dAttentional], next) };
}

/**
 * Luong's attentional state, from which the next token is predicted: h̃_t = tanh(W_c [c_t; h_t]).
 *
 * Source: Luong, Pham, Manning (2015), Section 3, eq. (5).
 *
 * @param context c_t [..., dValue]
 * @param state h_t [..., units]: the decoder's state, which was the query
 * @returns h̃_t [..., dAttentional]
 */
export function attentionalState<T extends tf.Tensor>(
  context: T,
  state: T,
  { W }: AttentionalParameters,
): T {
  expectTensor('context', context);
  expectShape('state', state, [...context.shape.slice(0, -1), 'units']);
  return tf.tidy(() => tf.tanh(dense(tf.concat([context, state] as tf.Tensor[], -1) as T, W)));
}

/**
 * Global attention: the query is compared with every key, by any score.
 *
 *     α_t(s) = softmax_s(score(h_t, h̄_s))      c_t = Σ_s α_t(s) h̄_s      h̃_t = tanh(W_c [c_t; h_t])
 *
 * Bahdanau's decoder asks with the state before its step; Luong's with the state after it, and
 * predicts from h̃_t.
 *
 * Source: Luong, Pham, Manning (2015), Section 3.1, eq. (5) and (7).
 *
 * @param query h_t, the decoder's states [batch, queries, units]
 * @param keys h̄_s [batch, keys, keyDepth]
 * @param values [batch, keys, dValue]; in the paper the keys themselves
 * @param mask broadcastable to [batch, queries, keys]: 1 = may be seen
 * @param options.score the dot product if left out
 * @returns context c, weights α, and attentional h̃ [batch, queries, dAttentional]
 * @throws if a shape does not fit
 */
export function globalAttention(
  query: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  parameters: AttentionalParameters,
  mask?: tf.Tensor,
  { score = dotProductScore }: { score?: Score } = {},
): Attended & { attentional: tf.Tensor3D } {
  return tf.tidy(() => {
    const [k, v] = withoutHidden(mask, keys, values);
    const logits = score(query, k) as tf.Tensor3D;
    const { context, weights } = softAttention(logits, v as tf.Tensor3D, mask);
    const attentional = attentionalState(context, query as tf.Tensor3D, parameters);
    return { context, weights, attentional };
  });
}

/** What a decoder with input feeding carries from step to step. */
export type Fed<State> = {
  /** The state of the recurrent cell. */
  state: State;
  /** h̃ [batch, dAttentional], 0 before the first step. */
  attentional: tf.Tensor;
};

/**
 * One step of a decoder with input feeding: the cell reads, beside its input, where the decoder
 * looked at the step before.
 *
 *     h_t = cell([x_t; h̃_{t−1}], h_{t−1})      c_t, α_t = attend(h_t)      h̃_t = tanh(W_c [c_t; h_t])
 *
 * Source: Luong, Pham, Manning (2015), Section 3.3.
 *
 * @param x x_t [batch, inputDepth]
 * @param previous h_{t−1} and h̃_{t−1}
 * @param decoder.cell the recurrent cell: next state from input [batch, inputDepth + dAttentional]
 *   and state, as `lstmCell`
 * @param decoder.attend any mechanism, global or local, from a query [batch, 1, units]
 * @returns state h_t, attentional h̃_t, and what `attend` returned
 */
export function inputFeedingStep<
  State extends { h: tf.Tensor },
  Attention extends { context: tf.Tensor },
>(
  x: tf.Tensor,
  previous: Fed<State>,
  decoder: {
    cell: (input: tf.Tensor, state: State) => State;
    attend: (query: tf.Tensor) => Attention;
    parameters: AttentionalParameters;
  },
): Fed<State> & { attention: Attention } {
  const [batch] = expectShape('x', x, ['batch', 'inputDepth']);
  expectShape('attentional', previous.attentional, [batch, 'dAttentional']);
  const step = () => {
    const state = decoder.cell(tf.concat([x, previous.attentional], 1), previous.state);
    const attention = decoder.attend(tf.expandDims(state.h, 1));
    const context = tf.squeeze(attention.context, [1]) as tf.Tensor;
    const attentional = attentionalState(context, state.h, decoder.parameters);
    return { state, attention, attentional };
  };
  return tf.tidy(step as () => tf.TensorContainerObject) as ReturnType<typeof step>;
}
