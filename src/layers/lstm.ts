import { fusedOperation, hasFused, nothing } from '../tensors/fused/operation';
import { castMask, expectMask, withoutHidden } from '../tensors/mask';
import { type Random, uniform } from '../tensors/random';
import { expectShape, expectTensor } from '../tensors/shape';
import { tf } from '../tensors/tf';
import { carry, joined, steps } from './steps';

/** The parameters of a long short-term memory. Its input is the pair [x; h] side by side. */
export type LstmParameters = {
  /** Input gate, forget gate, candidate, output gate: [inputDepth + units, 4 · units]. */
  W: tf.Tensor;
  /** [4 · units] */
  b: tf.Tensor;
};

/** What an LSTM carries from step to step. */
export type LstmState = {
  /** Hidden state h [batch, units]: what others see. */
  h: tf.Tensor;
  /** Memory cell c [batch, units]: what it keeps to itself. */
  c: tf.Tensor;
};

/** New parameters, drawn from `next`. */
export function lstmParameters(
  { inputDepth, units }: { inputDepth: number; units: number },
  next: Random,
): LstmParameters {
  return { W: uniform([inputDepth + units, 4 * units], next), b: tf.zeros([4 * units]) };
}

/**
 * The gates and the candidate of an LSTM, in the order of the columns of W.
 *
 *     [i; f; ĉ; o] = [σ; σ; tanh; σ]([x; h] W + b)
 *
 * @returns i, f, ĉ, o, each [batch, units]
 */
export function lstmGates(x: tf.Tensor, h: tf.Tensor, { W, b }: LstmParameters): tf.Tensor[] {
  expectCell(x, h, { W, b });
  const sums = tf.add(tf.matMul(tf.concat([x, h], 1), W), b);
  const [i, f, candidate, o] = tf.split(sums, 4, 1);
  return [tf.sigmoid(i), tf.sigmoid(f), tf.tanh(candidate), tf.sigmoid(o)];
}

/** @throws if input, state and parameters do not fit one another */
function expectCell(x: tf.Tensor, h: tf.Tensor, { W, b }: LstmParameters): void {
  const [batch, units] = expectShape('state h', h, ['batch', 'units']);
  const [, inputDepth] = expectShape('input', x, [batch, 'inputDepth']);
  expectShape('W', W, [inputDepth + units, 4 * units]);
  expectShape('b', b, [4 * units]);
}

/**
 * One step of a long short-term memory (σ is the sigmoid, ∘ the product element by element).
 *
 *     i, f, ĉ, o = lstmGates(x, h)      input gate, forget gate, candidate, output gate
 *     c' = f ∘ c + i ∘ ĉ
 *     h' = o ∘ tanh(c')
 *
 * Source: Hochreiter and Schmidhuber (1997), with the forget gate of Gers, Schmidhuber, Cummins
 * (2000); Cheng, Dong, Lapata (2016), eq. (1)–(3). PyTorch's parameters have the same order.
 *
 * @param x input [batch, inputDepth]
 * @returns the next state
 * @throws if a depth does not fit the parameters
 */
export function lstmCell(x: tf.Tensor, { h, c }: LstmState, parameters: LstmParameters): LstmState {
  expectTensor('state h', h);
  expectShape('state c', c, h.shape);
  expectCell(x, h, parameters);
  return tf.tidy(() => {
    if (hasFused()) return stateOf(fusedStates(x.expandDims(1), { h, c }, parameters));
    const [i, f, candidate, o] = lstmGates(x, h, parameters);
    const next = tf.add(tf.mul(f, c), tf.mul(i, candidate));
    return { h: tf.mul(o, tf.tanh(next)), c: next };
  });
}

/**
 * An LSTM run over a sequence, from h_0 = c_0 = 0 or a given state.
 *
 * @param x [batch, time, inputDepth]
 * @param mask [batch, time], 1 = a token, 0 = padding; at padding the state is carried over
 *   unchanged, so padding never changes the state of a real token
 * @param options.reverse run from the last position to the first
 * @param options.initial the state before the first step
 * @returns states: every h, in the order of the input [batch, time, units]; final: the last state
 * @throws if there is no position at all, or a depth does not fit
 */
export function lstm(
  x: tf.Tensor,
  parameters: LstmParameters,
  mask?: tf.Tensor,
  { reverse = false, initial }: { reverse?: boolean; initial?: LstmState } = {},
): { states: tf.Tensor3D; final: LstmState } {
  const [batch, time] = expectShape('input', x, ['batch', 'time', 'inputDepth']);
  if (mask) expectMask(mask, [batch, time]);
  return tf.tidy(() => {
    const [seen] = withoutHidden(mask?.expandDims(1), x);
    const zero = tf.zeros([batch, unitsOf(parameters)]);
    const start = initial ?? { h: zero, c: zero };
    return hasFused()
      ? fusedLstm(seen, start, parameters, mask, reverse)
      : plainLstm(seen, start, parameters, mask, reverse);
  });
}

/** How many units an LSTM has. */
export function unitsOf({ b }: LstmParameters): number {
  return expectShape('b', b, ['4 · units'])[0] / 4;
}

type Run = { states: tf.Tensor3D; final: LstmState };

function plainLstm(
  x: tf.Tensor,
  initial: LstmState,
  parameters: LstmParameters,
  mask: tf.Tensor | undefined,
  reverse: boolean,
): Run {
  const inputs = steps(x);
  const kept = mask && steps(castMask(mask, 'float32').expandDims(2));
  const states: tf.Tensor[] = new Array(inputs.length);
  let state = initial;
  for (let step = 0; step < inputs.length; step++) {
    const t = reverse ? inputs.length - 1 - step : step;
    const { h, c } = lstmCell(inputs[t], state, parameters);
    state = kept ? { h: carry(kept[t], h, state.h), c: carry(kept[t], c, state.c) } : { h, c };
    states[t] = state.h;
  }
  return { states: joined(states), final: state };
}

function fusedLstm(
  x: tf.Tensor,
  { h, c }: LstmState,
  { W, b }: LstmParameters,
  mask: tf.Tensor | undefined,
  reverse: boolean,
): Run {
  const [batch, time, inputDepth] = x.shape as [number, number, number];
  const [, units] = expectShape('state h', h, [batch, 'units']);
  expectShape('state c', c, [batch, units]);
  expectShape('W', W, [inputDepth + units, 4 * units]);
  expectShape('b', b, [4 * units]);
  const all = fusedStates(x, { h, c }, { W, b }, mask, reverse);
  const last = all.slice([0, reverse ? 0 : time - 1], [-1, 1]);
  return { states: all.slice([0, 0, 0], [-1, -1, units]), final: stateOf(last) };
}

/** [h; c] after every step [batch, time, 2 · units], in one operation: native/lstm.cc. */
function fusedStates(
  x: tf.Tensor,
  { h, c }: LstmState,
  { W, b }: LstmParameters,
  mask?: tf.Tensor,
  reverse = false,
): tf.Tensor3D {
  const visible = mask ? castMask(mask, 'float32') : nothing();
  const operation = { outputs: 2, settings: { reverse: Number(reverse) } };
  const inputs = [x, tf.concat([h, c], 1), W, b];
  return fusedOperation('AttentionLstm', inputs, [visible], operation)[0] as tf.Tensor3D;
}

/** h and c of [h; c] [batch, 1, 2 · units]. */
function stateOf(pair: tf.Tensor): LstmState {
  const [h, c] = tf.split(tf.squeeze(pair, [1]) as tf.Tensor, 2, 1);
  return { h, c };
}
