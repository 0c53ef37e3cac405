import { type AdditiveParameters, additiveAligner } from '../attention/scores/additive';
import { dense } from '../tensors/dense';
import { fusedOperation, hasFused } from '../tensors/fused/operation';
import { castMask, expectMask, withoutHidden } from '../tensors/mask';
import { expectShape } from '../tensors/shape';
import { tf } from '../tensors/tf';
import { type GruParameters, gruCell, gruSizes } from './gru';

/** What a decoder went through, step by step. */
export type DecoderStates = {
  /** s_i [batch, steps, units] */
  states: tf.Tensor3D;
  /** c_i [batch, steps, depth] */
  contexts: tf.Tensor3D;
};

/**
 * A decoder with additive attention, run over an output that is known (teacher forcing):
 *
 *     α_i = softmax(v_aᵀ tanh(W_a s_{i−1} + U_a h_j))    c_i = Σ_j α_ij h_j    s_i = GRU([x_i; c_i], s_{i−1})
 *
 * Source: Bahdanau et al. (2014), Section 3.1 and Appendix A.2.2.
 *
 * @param x [batch, steps, inputDepth]: at step i the embedding of the token before, y_{i−1}
 * @param initial s_0 [batch, units]
 * @param annotations h_j [batch, keys, depth]
 * @param parameters of the GRU and of the alignment model
 * @param mask [batch, keys], 1 = a token, 0 = padding
 * @throws if a shape does not fit
 */
export function attentiveGru(
  x: tf.Tensor,
  initial: tf.Tensor,
  annotations: tf.Tensor,
  { cell, aligner }: { cell: GruParameters; aligner: AdditiveParameters },
  mask?: tf.Tensor,
): DecoderStates {
  const { units, inputDepth } = gruSizes(cell);
  const [batch, keys, depth] = expectShape('annotations', annotations, ['batch', 'keys', 'depth']);
  const [keyRows, dAttention] = expectShape('U', aligner.U, ['keyDepth', 'dAttention']);
  if (depth !== keyRows) throw new Error(`key depth ${depth} ≠ rows of U ${keyRows}`);
  expectShape('W', aligner.W, [units, dAttention]);
  expectShape('v', aligner.v, [dAttention]);
  expectShape('input', x, [batch, 'steps', inputDepth - depth]);
  expectShape('initial', initial, [batch, units]);
  if (mask) expectMask(mask, [batch, keys]);
  return tf.tidy(() => {
    const run = hasFused() ? fusedSteps : plainSteps;
    const [seen] = withoutHidden(mask?.expandDims(1), annotations);
    const both = run(x, initial, seen, cell, aligner, mask);
    const [states, contexts] = tf.split(both, [units, depth], 2) as tf.Tensor3D[];
    return { states, contexts };
  });
}

/** @returns [s_i; c_i] for every step, [batch, steps, units + depth] */
function plainSteps(
  x: tf.Tensor,
  initial: tf.Tensor,
  annotations: tf.Tensor,
  cell: GruParameters,
  aligner: AdditiveParameters,
  mask?: tf.Tensor,
): tf.Tensor {
  const align = additiveAligner(annotations, annotations, aligner, mask?.expandDims(1));
  const steps: tf.Tensor[] = [];
  let state = initial;
  for (let i = 0; i < (x.shape[1] as number); i++) {
    const context = tf.squeeze(align(state.expandDims(1)).context, [1]);
    const input = tf.squeeze(tf.slice(x, [0, i, 0], [-1, 1, -1]), [1]);
    state = gruCell(tf.concat([input, context], 1), state, cell);
    steps.push(tf.concat([state, context], 1));
  }
  return tf.stack(steps, 1);
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
  const visible = mask ? castMask(mask, 'float32') : tf.zeros([0]);
  return fusedOperation('AttentionAttentiveGru', differentiable, [visible], { outputs: 5 });
}
