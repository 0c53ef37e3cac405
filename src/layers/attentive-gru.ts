import type { Attended } from '../attention/attended';
import { type AdditiveParameters, additiveAligner } from '../attention/scores/additive';
import { dense } from '../tensors/dense';
import {
  hasKernels,
  kernel,
  kernelOutputs,
  matMulKernel,
  stack,
  unstack,
} from '../tensors/kernels';
import { castMask } from '../tensors/mask';
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
  if (mask) expectShape('mask', mask, [batch, keys]);
  return tf.tidy(() => {
    const both =
      typeof aligner === 'function'
        ? plainSteps(x, initial, cell, aligner)
        : hasKernels()
          ? fusedSteps(x, initial, annotations, cell, aligner, mask)
          : plainSteps(
              x,
              initial,
              cell,
              additiveAligner(annotations, annotations, aligner, mask?.expandDims(1)),
            );
    const [states, contexts] = tf.split(both, [units, depth], 2) as tf.Tensor3D[];
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
  const steps: tf.Tensor[] = [];
  let state = initial;
  for (let i = 0; i < (x.shape[1] as number); i++) {
    const { context } = align(state.expandDims(1));
    const input = tf.concat([tf.slice(x, [0, i, 0], [-1, 1, -1]), context], 2);
    const next = gru(input, cell, undefined, { initial: state });
    state = tf.squeeze(next, [1]);
    steps.push(tf.concat([next, context], 2));
  }
  return tf.concat(steps, 1);
}

/**
 * The same as one operation on the gradient tape, by TensorFlow's own kernels. Backwards, only
 * what depends on the step after goes step by step; every gradient of a parameter is one product
 * over all steps.
 */
function fusedSteps(
  x: tf.Tensor,
  initial: tf.Tensor,
  annotations: tf.Tensor,
  cell: GruParameters,
  aligner: AdditiveParameters,
  mask?: tf.Tensor,
): tf.Tensor {
  const [batch, keys, depth] = annotations.shape;
  const [, time, inputDepth] = x.shape;
  const units = initial.shape[1] as number;
  const dAttention = aligner.v.shape[0];
  const hidden = mask && tf.mul(tf.sub(1, castMask(mask, 'float32')), -3e38); // as in maskedSoftmax
  const visible = mask && castMask(mask, 'float32');

  const run = tf.customGrad((...args) => {
    const save = args.pop() as unknown as tf.GradSaveFunc;
    const [input, start, values, projected, W, v, ...parameters] = args as tf.Tensor[];
    const inputs = unstack(input, time as number);
    const column = v.reshape([dAttention, 1]);
    const kept: tf.Tensor[][] = [];
    const outputs: tf.Tensor[] = [];
    let state = start;
    for (let i = 0; i < inputs.length; i++) {
      const query = matMulKernel(state, W).reshape([batch, 1, dAttention]);
      const layer = kernel('Tanh', [kernel('AddV2', [query, projected])]);
      const scores = matMulKernel(layer.reshape([batch * keys, dAttention]), column);
      let logits = scores.reshape([batch, keys]);
      if (hidden) logits = kernel('AddV2', [logits, hidden]);
      let weights = kernel('Softmax', [logits]);
      if (visible) weights = kernel('Mul', [weights, visible]);
      const row = weights.reshape([batch, 1, keys]);
      const context = matMulKernel(row, values).reshape([batch, depth]);
      const both = tf.concat([inputs[i], context], 1);
      const [r, u, c, next] = kernelOutputs('GRUBlockCell', [both, state, ...parameters], 4);
      kept.push([state, layer, weights, both, r, u, c]);
      outputs.push(tf.concat([next, context], 1));
      state = next;
    }
    save([values, W, v, ...parameters, ...kept.flat()]);

    const gradFunc = (dOutputs: tf.Tensor, saved: tf.Tensor[]) => {
      const [h, matrix, vector, gates, candidate, gatesBias, candidateBias] = saved;
      const perStep = 7;
      const dSteps = unstack(dOutputs, time as number);
      const each = {
        states: [] as tf.Tensor[],
        weights: [] as tf.Tensor[],
        inputs: [] as tf.Tensor[],
        resets: [] as tf.Tensor[],
        dX: [] as tf.Tensor[],
        dContext: [] as tf.Tensor[],
        dQuery: [] as tf.Tensor[],
        dLayer: [] as tf.Tensor[],
        dv: [] as tf.Tensor[],
        dGate: [] as tf.Tensor[],
        dCandidate: [] as tf.Tensor[],
      };
      let dState: tf.Tensor = tf.zeros([batch, units]);
      for (let i = dSteps.length - 1; i >= 0; i--) {
        const first = 7 + perStep * i;
        const [s, layer, weights, both, r, u, c] = saved.slice(first, first + perStep);
        const [dNextHere, dContextHere] = tf.split(dSteps[i], [units, depth], 1);
        const dNext = kernel('AddV2', [dNextHere, dState]);
        const operands = [both, s, gates, candidate, gatesBias, candidateBias, r, u, c, dNext];
        const [dBoth, dCell, dCandidate, dGate] = kernelOutputs('GRUBlockCellGrad', operands, 4);
        const [dX, dFromCell] = tf.split(dBoth, [inputDepth as number, depth], 1);
        // c = α H and α = softmax(e):  dα = H dc,  de = α ∘ (dα − Σ α ∘ dα)
        const dContext = kernel('AddV2', [dContextHere, dFromCell]).reshape([batch, depth, 1]);
        const dWeights = matMulKernel(h, dContext).reshape([batch, keys]);
        const weighted = kernel('Mul', [weights, dWeights]);
        const total = tf.sum(weighted, 1, true);
        const dLogits = kernel('Sub', [weighted, kernel('Mul', [weights, total])]);
        // e = v · tanh(q + k):  d(q + k) = de v ∘ (1 − tanh²)
        const de = dLogits.reshape([batch, keys, 1]);
        const dLayer = kernel('TanhGrad', [layer, kernel('Mul', [de, vector])]);
        const dQuery = tf.sum(dLayer, 1);
        dState = kernel('AddV2', [dCell, matMulKernel(dQuery, matrix, false, true)]);
        const rows = layer.reshape([batch * keys, dAttention]);
        each.dv.push(matMulKernel(rows, dLogits.reshape([batch * keys, 1]), true));
        each.states.push(s);
        each.weights.push(weights);
        each.inputs.push(both);
        each.resets.push(kernel('Mul', [r, s]));
        each.dQuery.push(dQuery);
        each.dContext.push(dContext.reshape([batch, depth]));
        each.dLayer.push(dLayer);
        each.dGate.push(dGate);
        each.dCandidate.push(dCandidate);
        each.dX.push(dX);
      }
      const [both, states, resets] = [each.inputs, each.states, each.resets].map((t) =>
        tf.concat(t),
      );
      const [dGate, dCandidate] = [each.dGate, each.dCandidate].map((t) => tf.concat(t));
      return [
        stack(each.dX.reverse()),
        dState,
        matMulKernel(stack(each.weights), stack(each.dContext), true),
        tf.addN(each.dLayer),
        matMulKernel(states, tf.concat(each.dQuery), true),
        tf.addN(each.dv).reshape([dAttention]),
        matMulKernel(tf.concat([both, states], 1), dGate, true),
        matMulKernel(tf.concat([both, resets], 1), dCandidate, true),
        tf.sum(dGate, 0),
        tf.sum(dCandidate, 0),
      ];
    };
    return { value: stack(outputs), gradFunc };
  });
  const { gates, candidate, gatesBias, candidateBias } = cell;
  return run(
    x,
    initial,
    annotations,
    dense(annotations, aligner.U),
    aligner.W,
    aligner.v,
    gates,
    candidate,
    gatesBias,
    candidateBias,
  );
}
