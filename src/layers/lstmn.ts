import {
  type AdditiveParameters,
  additiveAligner,
  additiveAttention,
} from '../attention/scores/additive';
import { dense } from '../tensors/dense';
import { fusedOperation, hasFused } from '../tensors/fused/operation';
import { castMask, expectMask, withoutHidden } from '../tensors/mask';
import { type Random, uniform } from '../tensors/random';
import { expectShape } from '../tensors/shape';
import { tf } from '../tensors/tf';
import { type LstmParameters, lstmCell, lstmGates, lstmParameters, unitsOf } from './lstm';
import { carry, steps } from './steps';

/** The parameters of a long short-term memory-network. */
export type LstmnParameters = {
  /** The intra-attention: W = [W_x; W_h̃] [inputDepth + units, dAttention], U = W_h [units,
   * dAttention], v [dAttention]. */
  intra: AdditiveParameters;
  lstm: LstmParameters;
};

/** What an LSTMN remembers: everything. */
export type Tape = {
  /** [h_i; c_i] of each step so far, hidden and memory tape side by side
   * [batch, slots, 2 · units]; left out before the first step. */
  slots?: tf.Tensor;
  /** h̃_{t−1} [batch, units], 0 before the first step. */
  summary: tf.Tensor;
  /** [batch, 1, slots]: 0 = a slot of padding, never read. */
  mask?: tf.Tensor;
};

/** One step of an LSTMN. */
export type LstmnStep = {
  /** h_t [batch, units] */
  h: tf.Tensor;
  /** c_t [batch, units] */
  c: tf.Tensor;
  /** h̃_t, the summary of the tape that the next step asks with [batch, units]. */
  summary: tf.Tensor;
  /** s^t [batch, 1, slots]; left out at the first step. */
  weights?: tf.Tensor;
};

/** New parameters, drawn from `next`. */
export function lstmnParameters(
  sizes: { inputDepth: number; units: number; dAttention?: number },
  next: Random,
): LstmnParameters {
  const { inputDepth, units, dAttention = units } = sizes;
  return {
    intra: additive(inputDepth + units, units, dAttention, next),
    lstm: lstmParameters({ inputDepth, units }, next),
  };
}

/**
 * One step of a long short-term memory-network: an LSTM that, instead of its last state, reads a
 * summary of all its states so far, by attention.
 *
 *     a_i^t = vᵀ tanh(W_h h_i + W_x x_t + W_h̃ h̃_{t−1})      s^t = softmax(a^t)
 *     [h̃_t; c̃_t] = Σ_{i<t} s_i^t [h_i; c_i]
 *     h_t, c_t = lstmCell(x_t, h̃_t, c̃_t)
 *
 * The first two lines are additive attention with the query [x_t; h̃_{t−1}], the keys h_i and the
 * values [h_i; c_i]. Before the first step the tape is empty and the sum has no terms: h̃_1 = c̃_1 =
 * 0. (The authors' program puts a state 0 on the tape instead, and keeps it there.) Of a stack of
 * LSTMNs, each reads the h of the one below as its input x.
 *
 * Source: Cheng, Dong, Lapata (2016), "Long Short-Term Memory-Network".
 *
 * @param x x_t [batch, inputDepth]
 * @throws if a depth does not fit the parameters
 */
export function lstmnCell(x: tf.Tensor, tape: Tape, { intra, lstm }: LstmnParameters): LstmnStep {
  return tf.tidy(() => {
    const { h, c, weights } = readTape(x, tape, intra);
    return { ...lstmCell(x, { h, c }, lstm), summary: h.clone(), weights };
  });
}

/** h̃_t, c̃_t and s^t. */
function readTape(x: tf.Tensor, { slots, summary, mask }: Tape, intra: AdditiveParameters) {
  const [batch, units] = expectShape('summary', summary, ['batch', 'units']);
  expectShape('input', x, [batch, 'inputDepth']);
  if (!slots) {
    const zero = tf.zeros([batch, units]);
    return { h: zero, c: zero, weights: undefined };
  }
  expectShape('slots', slots, [batch, 'places', 2 * units]);
  const hidden = tf.slice(slots, [0, 0, 0], [-1, -1, units]);
  const query = tf.concat([x, summary], 1).expandDims(1);
  const { context, weights } = additiveAttention(query, hidden, slots, intra, mask);
  const [h, c] = tf.split(tf.squeeze(context, [1]) as tf.Tensor, 2, 1);
  return { h, c, weights };
}

/** What a run of an LSTMN returns. */
export type LstmnStates = {
  /** [h_t; c_t] of every step [batch, time, 2 · units]: the tapes, for a decoder to attend to. */
  tape: tf.Tensor3D;
  /** h_t [batch, time, units] */
  states: tf.Tensor3D;
  /** Intra-attention: row t holds s^t, then 0 from t on [batch, time, time]. Row 0 is 0. */
  weights: tf.Tensor3D;
};

/**
 * An LSTMN run over a sequence. Step t attends to the t steps before it, so time grows with the
 * square of the length.
 *
 * @param x [batch, time, inputDepth]
 * @param mask [batch, time], 1 = a token, 0 = padding: its slot is never read, its row is 0
 * @throws if there is no position at all, or a depth does not fit
 */
export function lstmn(x: tf.Tensor, parameters: LstmnParameters, mask?: tf.Tensor): LstmnStates {
  return tf.tidy(() => {
    const units = unitsOf(parameters.lstm);
    if (hasFused() && !mask) return allAtOnce(x, parameters);
    const { tape, states, weights } = run(x, units, mask, (input, memory) =>
      lstmnCell(input, memory, parameters),
    );
    return { tape, states, weights };
  });
}

/** `lstmn` without padding, as one operation: native/lstmn.cc. */
function allAtOnce(x: tf.Tensor, { intra: { W, U, v }, lstm }: LstmnParameters): LstmnStates {
  const [, , inputDepth] = expectShape('input', x, ['batch', 'time', 'inputDepth']);
  const units = unitsOf(lstm);
  const [dAttention] = expectShape('v', v, ['dAttention']);
  expectShape('W', lstm.W, [inputDepth + units, 4 * units]);
  const [keyRows] = expectShape('U', U, ['keyDepth', dAttention]);
  if (units !== keyRows) throw new Error(`key depth ${units} ≠ rows of U ${keyRows}`);
  expectShape('W of the attention', W, [inputDepth + units, dAttention]);
  const options = { outputs: 5, results: 2 };
  const all = fusedOperation('AttentionLstmn', [x, W, U, v, lstm.W, lstm.b], [], options);
  const [tape, weights] = all as tf.Tensor3D[];
  return { tape, states: tape.slice([0, 0, 0], [-1, -1, units]), weights };
}

/** A source that an LSTMN has read, for a decoder to attend to. */
export type LstmnSource = {
  /** [γ_j; α_j], as `lstmn` returns it [batch, sourceTime, 2 · units]. */
  tape: tf.Tensor;
  /** [batch, sourceTime], 1 = a token, 0 = padding */
  mask?: tf.Tensor;
};

/** What a decoder of LSTMN returns: also where it looked in the source. */
export type FusedStates = LstmnStates & {
  /** Inter-attention p^t [batch, time, sourceTime]. */
  sourceWeights: tf.Tensor3D;
};

/** The parameters of shallow attention fusion: the LSTMN's input is [x_t; γ̃_t]. */
export type ShallowFusionParameters = LstmnParameters & {
  /** W [units, dAttention], U [sourceUnits, dAttention], v [dAttention] */
  inter: AdditiveParameters;
};

/** New parameters, drawn from `next`. */
export function shallowFusionParameters(
  sizes: { inputDepth: number; units: number; sourceUnits?: number; dAttention?: number },
  next: Random,
): ShallowFusionParameters {
  const { inputDepth, units, sourceUnits = units, dAttention = units } = sizes;
  return {
    ...lstmnParameters({ inputDepth: inputDepth + sourceUnits, units, dAttention }, next),
    inter: additive(units, sourceUnits, dAttention, next),
  };
}

/**
 * Shallow attention fusion: encoder and decoder are LSTMNs, joined as Bahdanau joins two GRUs. The
 * decoder's last state asks the source, and the answer stands beside the input.
 *
 *     γ̃_t, p^t = additiveAttention(h_{t−1}, γ, γ)      h_t, c_t = lstmnCell([x_t; γ̃_t], tape)
 *
 * The paper gives no formula and refers to Bahdanau et al. (2014); this is their eq. (4)–(6).
 *
 * Source: Cheng, Dong, Lapata (2016), Section 4, "Shallow Attention Fusion".
 *
 * @param x the target so far [batch, time, inputDepth]
 * @param mask [batch, time], 1 = a token, 0 = padding
 * @throws if there is no position at all, or a depth does not fit
 */
export function shallowFusion(
  x: tf.Tensor,
  source: LstmnSource,
  parameters: ShallowFusionParameters,
  mask?: tf.Tensor,
): FusedStates {
  return tf.tidy(() => {
    const units = unitsOf(parameters.lstm);
    const { gamma } = sourceTapes(source);
    const attend = additiveAligner(gamma, gamma, parameters.inter, source.mask?.expandDims(1));
    return run(x, units, mask, (input, tape, { h }) => {
      const { context, weights } = attend(h.expandDims(1));
      const pair = tf.concat([input, tf.squeeze(context, [1])], 1);
      return { ...lstmnCell(pair, tape, parameters), sourceWeights: weights };
    });
  });
}

/** The parameters of deep attention fusion. */
export type DeepFusionParameters = LstmnParameters & {
  /** W = [W_x; W_γ̃] [inputDepth + units, dAttention], U = W_γ [units, dAttention], v = u. */
  inter: AdditiveParameters;
  /** W_r [units + inputDepth, units] and its bias [units]: how much source memory comes in. */
  gate: { W: tf.Tensor; b: tf.Tensor };
};

/** New parameters, drawn from `next`. */
export function deepFusionParameters(
  sizes: { inputDepth: number; units: number; dAttention?: number },
  next: Random,
): DeepFusionParameters {
  const { inputDepth, units, dAttention = units } = sizes;
  return {
    ...lstmnParameters(sizes, next),
    inter: additive(inputDepth + units, units, dAttention, next),
    gate: { W: uniform([units + inputDepth, units], next), b: tf.zeros([units]) },
  };
}

/**
 * Deep attention fusion: what the decoder finds in the source's memory goes into its own memory,
 * through a gate.
 *
 *     b_j^t = uᵀ tanh(W_γ γ_j + W_x x_t + W_γ̃ γ̃_{t−1})      p^t = softmax(b^t)
 *     [γ̃_t; α̃_t] = Σ_j p_j^t [γ_j; α_j]
 *     r_t = σ(W_r [γ̃_t; x_t])
 *     c_t = r_t ∘ α̃_t + f_t ∘ c̃_t + i_t ∘ ĉ_t
 *     h_t = o_t ∘ tanh(c_t)
 *
 * h̃_t, c̃_t and the gates are those of `lstmnCell`; γ̃_0 = 0. Source and target need the same number
 * of units, since α̃_t is added to c_t.
 *
 * Source: Cheng, Dong, Lapata (2016), Section 4, "Deep Attention Fusion".
 *
 * @param x the target so far [batch, time, inputDepth]
 * @param mask [batch, time], 1 = a token, 0 = padding
 * @throws if there is no position at all, or a depth does not fit
 */
export function deepFusion(
  x: tf.Tensor,
  source: LstmnSource,
  { intra, inter, lstm, gate }: DeepFusionParameters,
  mask?: tf.Tensor,
): FusedStates {
  return tf.tidy(() => {
    const { gamma, units } = sourceTapes(source);
    expectShape('b of the LSTM', lstm.b, [4 * units]);
    expectShape('b of the gate', gate.b, [units]);
    const attend = additiveAligner(gamma, source.tape, inter, source.mask?.expandDims(1));
    return run(x, units, mask, (input, tape, last) => {
      const asked = tf.concat([input, last.found ?? tf.zeros([input.shape[0], units])], 1);
      const { context, weights: sourceWeights } = attend(asked.expandDims(1));
      const [found, sourceMemory] = tf.split(tf.squeeze(context, [1]) as tf.Tensor, 2, 1); // γ̃, α̃
      const r = tf.sigmoid(dense(tf.concat([found, input], 1), gate.W, gate.b));

      const past = readTape(input, tape, intra);
      const [i, f, candidate, o] = lstmGates(input, past.h, lstm);
      const own = tf.add(tf.mul(f, past.c), tf.mul(i, candidate));
      const c = tf.add(tf.mul(r, sourceMemory), own);
      const h = tf.mul(o, tf.tanh(c));
      return { h, c, summary: past.h, weights: past.weights, found, sourceWeights };
    });
  });
}

function sourceTapes({ tape, mask }: LstmnSource): { gamma: tf.Tensor; units: number } {
  const [batch, time, depth] = expectShape('source tape', tape, ['batch', 'sourceTime', '2·units']);
  if (mask) expectMask(mask, [batch, time], 'source mask');
  return { gamma: tf.slice(tape, [0, 0, 0], [-1, -1, depth / 2]), units: depth / 2 };
}

function additive(queryDepth: number, keyDepth: number, dAttention: number, next: Random) {
  return {
    W: uniform([queryDepth, dAttention], next),
    U: uniform([keyDepth, dAttention], next),
    v: uniform([dAttention], next),
  };
}

/** What a step hands on to the next, beside the tape: h_{t−1}, h̃_{t−1}, and γ̃_{t−1} of a decoder. */
type Last = { h: tf.Tensor; summary: tf.Tensor; found?: tf.Tensor };

/** Takes `step` over the sequence, and writes each state on the tape. */
function run(
  x: tf.Tensor,
  units: number,
  mask: tf.Tensor | undefined,
  step: (
    x: tf.Tensor,
    tape: Tape,
    last: Last,
  ) => LstmnStep & { found?: tf.Tensor; sourceWeights?: tf.Tensor },
): FusedStates {
  const [batch, time] = expectShape('input', x, ['batch', 'time', 'inputDepth']);
  if (mask) expectMask(mask, [batch, time]);
  const kept = mask && steps(castMask(mask, 'float32').expandDims(2));
  const rows: tf.Tensor[] = [];
  const sourceRows: tf.Tensor[] = [];
  let slots: tf.Tensor | undefined;
  let last: Last = { h: tf.zeros([batch, units]), summary: tf.zeros([batch, units]) };
  const [seen] = withoutHidden(mask?.expandDims(1), x);
  for (const [t, input] of steps(seen).entries()) {
    const visible = t > 0 ? mask?.slice([0, 0], [-1, t]).expandDims(1) : undefined;
    const next = step(input, { slots, summary: last.summary, mask: visible }, last);
    // A step of padding leaves zeros behind, and hands on what it was handed.
    const real = (y: tf.Tensor) => (kept ? tf.mul(y, kept[t].expandDims(1)) : y);
    const handOn = (y: tf.Tensor, before = tf.zerosLike(y)) =>
      kept ? carry(kept[t], y, before) : y;
    const slot = real(tf.concat([next.h, next.c], 1).expandDims(1));
    slots = slots ? tf.concat([slots, slot], 1) : slot;
    const future = tf.zeros([batch, 1, time - t]);
    rows.push(next.weights ? tf.concat([real(next.weights), future], 2) : future);
    if (next.sourceWeights) sourceRows.push(real(next.sourceWeights));
    last = {
      h: handOn(next.h, last.h),
      summary: handOn(next.summary, last.summary),
      found: next.found && handOn(next.found, last.found),
    };
  }
  const tape = slots as tf.Tensor3D;
  return {
    tape,
    states: tf.slice(tape, [0, 0, 0], [-1, -1, units]),
    weights: tf.concat(rows, 1) as tf.Tensor3D,
    sourceWeights: sourceRows.length ? tf.concat(sourceRows, 1) : undefined,
  } as FusedStates;
}
