import { hasKernels, kernelOutputs } from '../kernels';
import { expectShape } from '../shape';
import { tf } from '../tf';
import { afterAllSteps, steps } from './shared';

/** The parameters of a gated recurrent unit. Its input is the pair [x; h] side by side. */
export interface GruParameters {
  /** Reset and update gate, side by side: [inputDepth + units, 2 · units]. */
  gates: tf.Tensor;
  /** [2 · units] */
  gatesBias: tf.Tensor;
  /** Candidate state: [inputDepth + units, units]. */
  candidate: tf.Tensor;
  /** [units] */
  candidateBias: tf.Tensor;
}

/**
 * One step of a gated recurrent unit (σ is the sigmoid, ∘ the product element by element).
 *
 *     r  = σ([x; h] W_r + b_r)            reset: how much of the old state the candidate may use
 *     u  = σ([x; h] W_u + b_u)            update: how much of the old state is kept
 *     h̃  = tanh([x; r ∘ h] W_c + b_c)     candidate
 *     h' = u ∘ h + (1 − u) ∘ h̃
 *
 * Source: Cho et al. (2014), eq. (5)–(8). Bahdanau et al. (2014), Appendix A.1.1, write
 * z = 1 − u. Keras and PyTorch default to a variant that resets after the product with W_c.
 *
 * @param x input [batch, inputDepth]
 * @param h state [batch, units]
 * @returns the next state [batch, units]
 * @throws if a depth does not fit the parameters
 */
export function gruCell(x: tf.Tensor, h: tf.Tensor, parameters: GruParameters): tf.Tensor2D {
  return tf.tidy(() => recurrentGru(parameters)(x, h));
}

/**
 * `gruCell` for a loop that takes many steps with the same parameters.
 *
 * @returns the function (x, h) ↦ h'; call it inside one `tf.tidy` with this
 */
export function recurrentGru(
  parameters: GruParameters,
): (x: tf.Tensor, h: tf.Tensor) => tf.Tensor2D {
  const { gates, candidate, gatesBias, candidateBias } = parameters;
  const [units] = expectShape('candidateBias', candidateBias, ['units']);
  const [depth] = expectShape('candidate', candidate, ['inputDepth + units', units]);
  expectShape('gates', gates, [depth, 2 * units]);
  expectShape('gatesBias', gatesBias, [2 * units]);
  const step = hasKernels()
    ? fusedCell(parameters)
    : (x: tf.Tensor, h: tf.Tensor) => plainCell(x, h, parameters);
  return (x, h) => {
    const [batch] = expectShape('input', x, ['batch', depth - units]);
    expectShape('state', h, [batch, units]);
    return step(x, h) as tf.Tensor2D;
  };
}

/** `plainCell` as one of TensorFlow's own kernels. */
function fusedCell({ gates, candidate, gatesBias, candidateBias }: GruParameters) {
  const parameters = [gates, candidate, gatesBias, candidateBias];
  const inputs: tf.Tensor[] = []; // x of each step
  const states: tf.Tensor[] = []; // h
  const resetStates: tf.Tensor[] = []; // r ∘ h
  const dGates: tf.Tensor[] = []; // before the sigmoid
  const dCandidates: tf.Tensor[] = []; // before the tanh
  const steps = afterAllSteps(parameters, () => {
    const [x, allGates, allCandidates] = [inputs, dGates, dCandidates].map((t) => tf.concat(t));
    return [
      tf.matMul(tf.concat([x, tf.concat(states)], 1), allGates, true),
      tf.matMul(tf.concat([x, tf.concat(resetStates)], 1), allCandidates, true),
      tf.sum(allGates, 0),
      tf.sum(allCandidates, 0),
    ];
  });
  const cell = tf.customGrad((...args) => {
    const [x, h, , save] = args as unknown as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const [r, u, c, next] = kernelOutputs('GRUBlockCell', [x, h, ...parameters], 4);
    save([x, h, r, u, c]);
    const gradFunc = (dNext: tf.Tensor, [xs, hs, rs, us, cs]: tf.Tensor[]) => {
      const operands = [xs, hs, ...parameters, rs, us, cs, dNext];
      const [dx, dh, dCandidate, dGate] = kernelOutputs('GRUBlockCellGrad', operands, 4);
      inputs.push(xs);
      states.push(hs);
      resetStates.push(tf.mul(rs, hs));
      dGates.push(dGate);
      dCandidates.push(dCandidate);
      return [dx, dh, tf.scalar(0)];
    };
    return { value: next, gradFunc };
  });
  return (x: tf.Tensor, h: tf.Tensor) => cell(x, h, steps);
}

function plainCell(x: tf.Tensor, h: tf.Tensor, parameters: GruParameters): tf.Tensor2D {
  const units = parameters.candidateBias.shape[0];
  const affine = (input: tf.Tensor, W: tf.Tensor, b: tf.Tensor) => tf.add(tf.matMul(input, W), b);
  const gates = tf.sigmoid(affine(tf.concat([x, h], 1), parameters.gates, parameters.gatesBias));
  const r = tf.slice(gates, [0, 0], [-1, units]);
  const u = tf.slice(gates, [0, units], [-1, units]);
  const reset = tf.concat([x, tf.mul(r, h)], 1);
  const c = tf.tanh(affine(reset, parameters.candidate, parameters.candidateBias));
  return tf.add(tf.mul(u, h), tf.mul(tf.sub(1, u), c)) as tf.Tensor2D;
}

/**
 * A gated recurrent unit run over a sequence: h_t = gruCell(x_t, h_{t−1}), h_0 = 0.
 *
 * @param x [batch, time, inputDepth]
 * @param mask [batch, time], 1 = a token, 0 = padding; at padding the state is carried over
 *   unchanged, so padding never changes the state of a real token
 * @param options.reverse run from the last position to the first
 * @returns every state, in the order of the input [batch, time, units]
 * @throws if there is no position at all, or a depth does not fit
 */
export function gru(
  x: tf.Tensor,
  parameters: GruParameters,
  mask?: tf.Tensor,
  { reverse = false } = {},
): tf.Tensor3D {
  const [batch, time] = expectShape('input', x, ['batch', 'time', 'inputDepth']);
  if (time === 0) throw new Error('input: expected at least one position in time, got 0');
  if (mask) expectShape('mask', mask, [batch, time]);
  return tf.tidy(() => {
    const cell = recurrentGru(parameters);
    const inputs = steps(x);
    const kept = mask && steps(tf.cast(mask, 'float32').expandDims(2));
    const states: tf.Tensor[] = new Array(time);
    let h: tf.Tensor = tf.zeros([batch, parameters.candidateBias.shape[0]]);
    for (let step = 0; step < time; step++) {
      const t = reverse ? time - 1 - step : step;
      const next = cell(inputs[t], h);
      h = kept ? tf.add(h, tf.mul(kept[t], tf.sub(next, h))) : next;
      states[t] = h;
    }
    return tf.stack(states, 1) as tf.Tensor3D;
  });
}

/**
 * Reads a sequence in both directions and joins what each has seen: h_j = [h→_j; h←_j].
 * Each annotation so knows the whole sequence, and most about the positions near j.
 *
 * Source: Bahdanau et al. (2014), Section 3.2, eq. (7).
 *
 * @param x [batch, time, inputDepth]
 * @param mask [batch, time], 1 = a token, 0 = padding
 * @returns annotations [batch, time, 2 · units]
 */
export function bidirectionalGru(
  x: tf.Tensor,
  forward: GruParameters,
  backward: GruParameters,
  mask?: tf.Tensor,
): tf.Tensor3D {
  return tf.tidy(() =>
    tf.concat([gru(x, forward, mask), gru(x, backward, mask, { reverse: true })], 2),
  );
}
