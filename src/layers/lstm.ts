import { expectShape } from '../shape';
import { tf } from '../tf';
import { type Random, uniform } from '../training/random';
import { carry, steps } from './shared';

/** The parameters of a long short-term memory. Its input is the pair [x; h] side by side. */
export type LstmParameters = {
  /** Input gate, candidate, forget and output gate: [inputDepth + units, 4 · units]. */
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
 *     [i; ĉ; f; o] = [σ; tanh; σ; σ]([x; h] W + b)
 *
 * @returns i, ĉ, f, o, each [batch, units]
 */
export function lstmGates(x: tf.Tensor, h: tf.Tensor, { W, b }: LstmParameters): tf.Tensor[] {
  const [batch, units] = expectShape('state h', h, ['batch', 'units']);
  const [, inputDepth] = expectShape('input', x, [batch, 'inputDepth']);
  expectShape('W', W, [inputDepth + units, 4 * units]);
  expectShape('b', b, [4 * units]);
  const sums = tf.add(tf.matMul(tf.concat([x, h], 1), W), b);
  const [i, candidate, f, o] = tf.split(sums, 4, 1);
  return [tf.sigmoid(i), tf.tanh(candidate), tf.sigmoid(f), tf.sigmoid(o)];
}

/**
 * One step of a long short-term memory (σ is the sigmoid, ∘ the product element by element).
 *
 *     i, ĉ, f, o = lstmGates(x, h)      input gate, candidate, forget gate, output gate
 *     c' = f ∘ c + i ∘ ĉ
 *     h' = o ∘ tanh(c')
 *
 * Source: Hochreiter and Schmidhuber (1997), with the forget gate of Gers, Schmidhuber, Cummins
 * (2000); Cheng, Dong, Lapata (2016), eq. (1)–(3). PyTorch has the same in the order i, f, ĉ, o.
 *
 * @param x input [batch, inputDepth]
 * @returns the next state
 * @throws if a depth does not fit the parameters
 */
export function lstmCell(x: tf.Tensor, { h, c }: LstmState, parameters: LstmParameters): LstmState {
  expectShape('state c', c, [...h.shape]);
  return tf.tidy(() => {
    const [i, candidate, f, o] = lstmGates(x, h, parameters);
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
  if (time === 0) throw new Error('input: expected at least one position in time, got 0');
  if (mask) expectShape('mask', mask, [batch, time]);
  return tf.tidy(() => {
    const inputs = steps(x);
    const kept = mask && steps(tf.cast(mask, 'float32').expandDims(2));
    const states: tf.Tensor[] = new Array(time);
    const zero = tf.zeros([batch, parameters.b.size / 4]);
    let state = initial ?? { h: zero, c: zero };
    for (let step = 0; step < time; step++) {
      const t = reverse ? time - 1 - step : step;
      const { h, c } = lstmCell(inputs[t], state, parameters);
      state = kept ? { h: carry(kept[t], h, state.h), c: carry(kept[t], c, state.c) } : { h, c };
      states[t] = state.h;
    }
    return {
      states: tf.stack(states, 1) as tf.Tensor3D,
      final: { h: state.h.clone(), c: state.c.clone() }, // its own, not the caller's initial
    };
  });
}
