import { fusedOperation, hasFused, nothing } from '../tensors/fused/operation';
import { castMask, expectMask, withoutHidden } from '../tensors/mask';
import { type Random, uniform } from '../tensors/random';
import { expectShape } from '../tensors/shape';
import { tf } from '../tensors/tf';
import { carry, joined, steps } from './steps';

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
  const { units, inputDepth } = gruSizes(parameters);
  const [batch] = expectShape('input', x, ['batch', inputDepth]);
  expectShape('state', h, [batch, units]);
  const affine = (input: tf.Tensor, W: tf.Tensor, b: tf.Tensor) => tf.add(tf.matMul(input, W), b);
  return tf.tidy(() => {
    if (hasFused()) return tf.squeeze(fusedGru(x.expandDims(1), h, parameters, false), [1]);
    const gates = affine(tf.concat([x, h], 1), parameters.gates, parameters.gatesBias);
    const r = tf.sigmoid(tf.slice(gates, [0, 0], [-1, units]));
    const u = tf.sigmoid(tf.slice(gates, [0, units], [-1, units]));
    const reset = tf.concat([x, tf.mul(r, h)], 1);
    const c = tf.tanh(affine(reset, parameters.candidate, parameters.candidateBias));
    return tf.add(tf.mul(u, h), tf.mul(tf.sub(1, u), c)) as tf.Tensor2D;
  });
}

/** @throws if the parameters do not fit one another */
export function gruSizes({ gates, gatesBias, candidate, candidateBias }: GruParameters) {
  const [units] = expectShape('candidateBias', candidateBias, ['units']);
  const [depth] = expectShape('candidate', candidate, ['inputDepth + units', units]);
  expectShape('gates', gates, [depth, 2 * units]);
  expectShape('gatesBias', gatesBias, [2 * units]);
  return { units, inputDepth: depth - units };
}

/**
 * A gated recurrent unit run over a sequence: h_t = gruCell(x_t, h_{t−1}).
 *
 * @param x [batch, time, inputDepth]
 * @param mask [batch, time], 1 = a token, 0 = padding; at padding the state is carried over
 *   unchanged, so padding never changes the state of a real token
 * @param options.reverse run from the last position to the first
 * @param options.initial h_0 [batch, units], 0 if left out
 * @returns every state, in the order of the input [batch, time, units]
 * @throws if there is no position at all, or a depth does not fit
 */
export function gru(
  x: tf.Tensor,
  parameters: GruParameters,
  mask?: tf.Tensor,
  { reverse = false, initial }: { reverse?: boolean; initial?: tf.Tensor } = {},
): tf.Tensor3D {
  const { units, inputDepth } = gruSizes(parameters);
  const [batch, time] = expectShape('input', x, ['batch', 'time', inputDepth]);
  if (time === 0) throw new Error('input: expected at least one position in time, got 0');
  if (mask) expectMask(mask, [batch, time]);
  if (initial) expectShape('initial', initial, [batch, units]);
  return tf.tidy(() => {
    let h: tf.Tensor = initial ?? tf.zeros([batch, units]);
    const [seen] = withoutHidden(mask?.expandDims(1), x);
    if (hasFused()) return fusedGru(seen, h, parameters, reverse, mask);
    const [inputs, masks] = [steps(seen), mask && steps(castMask(mask, 'float32').expandDims(2))];
    const order = Array.from({ length: time }, (_, t) => (reverse ? time - 1 - t : t));
    const states: tf.Tensor[] = [];
    for (const t of order) {
      const next = gruCell(inputs[t], h, parameters);
      h = masks ? carry(masks[t], next, h) : next;
      states[t] = h;
    }
    return joined(states);
  });
}

/** All steps as one operation, forward and backward: native/gru.cc. */
function fusedGru(
  x: tf.Tensor,
  start: tf.Tensor,
  { gates, candidate, gatesBias, candidateBias }: GruParameters,
  reverse: boolean,
  mask?: tf.Tensor,
): tf.Tensor3D {
  const differentiable = [x, start, gates, candidate, gatesBias, candidateBias];
  const visible = mask ? castMask(mask, 'float32') : nothing();
  const operation = { outputs: 3, settings: { reverse: Number(reverse) } };
  return fusedOperation('AttentionGru', differentiable, [visible], operation)[0] as tf.Tensor3D;
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

/** New parameters: Glorot and Bengio's uniform matrices, biases 0. */
export function gruParameters(
  { inputDepth, units }: { inputDepth: number; units: number },
  next: Random,
): GruParameters {
  return {
    gates: uniform([inputDepth + units, 2 * units], next),
    gatesBias: tf.zeros([2 * units]),
    candidate: uniform([inputDepth + units, units], next),
    candidateBias: tf.zeros([units]),
  };
}
