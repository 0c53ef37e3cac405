import type { Attended } from '../attention/attended';
import { type AdditiveParameters, additiveAligner } from '../attention/scores/additive';
import { dense } from '../tensors/dense';
import { fusedOperation, hasFused, nothing } from '../tensors/fused/operation';
import { castMask, expectMask, withoutHidden } from '../tensors/mask';
import { expectShape } from '../tensors/shape';
import { tf } from '../tensors/tf';
import { type GruParameters, gru, gruSizes } from './gru';

/** What a decoder went through, step by step. */
export type DecoderStates = {
  /** s_i [batch, steps, units] */
  states: tf.Tensor3D;
  /** c_i [batch, steps, depth] */
  contexts: tf.Tensor3D;
};

/** Looks at annotations with a query [batch, 1, units]; made once, asked at every step. */
export type Aligner = (query: tf.Tensor) => Attended;

/**
 * A decoder with additive attention, run over an output that is known (teacher forcing):
 *
 *     α_i = softmax(v_aᵀ tanh(W_a s_{i−1} + U_a h_j))    c_i = Σ_j α_ij h_j    s_i = GRU([x_i; c_i], s_{i−1})
 *
 * With another aligner, α_i is what it says; additive attention alone is one fused operation.
 *
 * Source: Bahdanau et al. (2014), Section 3.1 and Appendix A.2.2.
 *
 * @param x [batch, steps, inputDepth]: at step i the embedding of the token before, y_{i−1}
 * @param initial s_0 [batch, units]
 * @param annotations h_j [batch, keys, depth]
 * @param parameters of the GRU and of the alignment model, or an aligner of these annotations
 * @param mask [batch, keys], 1 = a token, 0 = padding; an aligner has its own
 * @throws if a shape does not fit
 */
export function attentiveGru(
  x: tf.Tensor,
  initial: tf.Tensor,
  annotations: tf.Tensor,
  { cell, aligner }: { cell: GruParameters; aligner: AdditiveParameters | Aligner },
  mask?: tf.Tensor,
): DecoderStates {
  const { units, inputDepth } = gruSizes(cell);
  const [batch, keys, depth] = expectShape('annotations', annotations, ['batch', 'keys', 'depth']);
  if (typeof aligner !== 'function') {
    const [keyRows, dAttention] = expectShape('U', aligner.U, ['keyDepth', 'dAttention']);
    if (depth !== keyRows) throw new Error(`key depth ${depth} ≠ rows of U ${keyRows}`);
    expectShape('W', aligner.W, [units, dAttention]);
    expectShape('v', aligner.v, [dAttention]);
  }
  expectShape('input', x, [batch, 'steps', inputDepth - depth]);
  expectShape('initial', initial, [batch, units]);
  if (mask) expectMask(mask, [batch, keys]);
  const run = () => {
    if (typeof aligner === 'function') return plainSteps(x, initial, cell, aligner);
    const shown = mask?.expandDims(1);
    const [seen] = withoutHidden(shown, annotations);
    if (hasFused()) return fusedSteps(x, initial, seen, cell, aligner, mask);
    return plainSteps(x, initial, cell, additiveAligner(seen, seen, aligner, shown));
  };
  return tf.tidy(() => {
    const [states, contexts] = tf.split(run(), [units, depth], 2) as tf.Tensor3D[];
    return { states, contexts };
  });
}

/** @returns [s_i; c_i] for every step, [batch, steps, units + depth] */
function plainSteps(
  x: tf.Tensor,
  initial: tf.Tensor,
  cell: GruParameters,
  align: Aligner,
): tf.Tensor {
  const [time] = x.shape.slice(1);
  // TensorFlow.js has no gradient for splitting into a single piece.
  const inputs = time === 1 ? [x] : tf.split(x, time, 1);
  const [states, contexts]: tf.Tensor[][] = [[], []];
  let state: tf.Tensor = initial.expandDims(1);
  for (const input of inputs) {
    const { context } = align(state);
    const before = tf.squeeze(state, [1]) as tf.Tensor;
    state = gru(tf.concat([input, context], 2), cell, undefined, { initial: before });
    states.push(state);
    contexts.push(context);
  }
  return tf.concat([tf.concat(states, 1), tf.concat(contexts, 1)], 2);
}

/** The same as one operation, forward and backward: native/attentive-gru.cc. */
function fusedSteps(
  x: tf.Tensor,
  initial: tf.Tensor,
  annotations: tf.Tensor,
  { gates, candidate, gatesBias, candidateBias }: GruParameters,
  { W, U, v }: AdditiveParameters,
  mask?: tf.Tensor,
): tf.Tensor {
  const cell = [gates, candidate, gatesBias, candidateBias];
  const differentiable = [x, initial, annotations, dense(annotations, U), W, v, ...cell];
  const visible = mask ? castMask(mask, 'float32') : nothing();
  return fusedOperation('AttentionAttentiveGru', differentiable, [visible], { outputs: 5 })[0];
}
