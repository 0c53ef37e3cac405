import { hasKernels, int64, kernelOutputs } from '../tensors/kernels';
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
  const [batch, units] = expectShape('state h', h, ['batch', 'units']);
  const [, inputDepth] = expectShape('input', x, [batch, 'inputDepth']);
  expectShape('W', W, [inputDepth + units, 4 * units]);
  expectShape('b', b, [4 * units]);
  const sums = tf.add(tf.matMul(tf.concat([x, h], 1), W), b);
  const [i, f, candidate, o] = tf.split(sums, 4, 1);
  return [tf.sigmoid(i), tf.sigmoid(f), tf.tanh(candidate), tf.sigmoid(o)];
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
  return tf.tidy(() => {
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
    const lengths = hasKernels() && lengthsOf(mask, batch, time);
    return lengths
      ? fusedLstm(seen, start, parameters, lengths, reverse)
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

/** The length of each example, if all padding stands at the end. */
function lengthsOf(mask: tf.Tensor | undefined, batch: number, time: number) {
  if (!mask) return new Array<number>(batch).fill(time);
  const rows = mask.arraySync() as number[][];
  const lengths = rows.map((row) => row.filter(Boolean).length);
  return rows.every((row, b) => row.every((real, t) => Boolean(real) === t < lengths[b]))
    ? lengths
    : undefined;
}

/**
 * `plainLstm` as one of TensorFlow's own kernels, which takes all steps at once. It knows neither
 * padding nor directions: each example is fed in its own order, padding last, and the states are
 * picked up in the order of the positions, where padding gets the state that is carried over.
 */
function fusedLstm(
  x: tf.Tensor,
  initial: LstmState,
  { W, b }: LstmParameters,
  lengths: number[],
  reverse: boolean,
): Run {
  const [batch, time, depth] = x.shape as [number, number, number];
  const [, units] = expectShape('state h', initial.h, [batch, 'units']);
  expectShape('state c', initial.c, [batch, units]);
  expectShape('W', W, [depth + units, 4 * units]);
  expectShape('b', b, [4 * units]);
  const all = <A, B>(rows: A[], columns: B[], f: (row: A, column: B) => number) =>
    tf.tensor2d(
      rows.map((row) => columns.map((column) => f(row, column))),
      undefined,
      'int32',
    );
  const [examples, times] = [lengths.map((_, e) => e), Array.from({ length: time }, (_, t) => t)];

  const position = (t: number, n: number) => (reverse && t < n ? n - 1 - t : t);
  const order = all(times, examples, (t, e) => e * time + position(t, lengths[e]));
  const inputs = tf.gather(x.reshape([batch * time, depth]), order); // [time, batch, depth]

  const before = tf.concat([initial.h, initial.c], 1).expandDims(0);
  const run = tf.concat([before, blockLstm(inputs, initial, { W, b })]); // row k: after k steps
  const flat = run.reshape([(time + 1) * batch, 2 * units]);
  const taken = (t: number, n: number) => (reverse ? Math.max(n - t, 0) : Math.min(t + 1, n));
  const where = all(examples, times, (e, t) => taken(t, lengths[e]) * batch + e);
  const last = tf.tensor1d(
    lengths.map((n, e) => n * batch + e),
    'int32',
  );
  const [h, c] = tf.split(tf.gather(flat, last), 2, 1);
  const states = tf.gather(flat.slice([0, 0], [-1, units]), where) as tf.Tensor3D;
  return { states, final: { h, c } };
}

/** [h_t; c_t] after every step, [time, batch, 2 · units], of inputs [time, batch, inputDepth]. */
function blockLstm(x: tf.Tensor, { h, c }: LstmState, { W, b }: LstmParameters): tf.Tensor {
  const [units, time] = [h.shape[1] as number, int64(x.shape[0])];
  const block = tf.customGrad((...args) => {
    const save = args.pop() as unknown as tf.GradSaveFunc;
    const [x0, h0, c0, W0, b0] = args as tf.Tensor[];
    const none = tf.zeros([units]); // no peepholes: gates that see c
    const inputs = [x0, c0, h0, W0, none, none, none, b0];
    const outputs = kernelOutputs('BlockLSTMV2', [time, ...inputs], 7);
    const [, cells, , , , , states] = outputs;
    save([...inputs, ...outputs]);
    const gradFunc = (d: tf.Tensor, saved: tf.Tensor[]) => {
      const [dh, dc] = tf.split(d, 2, 2);
      const operands = [time, ...saved, dc, dh];
      const [dx, dc0, dh0, dW, , , , db] = kernelOutputs('BlockLSTMGradV2', operands, 8, {
        T: 'float32',
        use_peephole: false,
      });
      return [dx, dh0, dc0, dW, db];
    };
    return { value: tf.concat([states, cells], 2), gradFunc };
  });
  return block(x, h, c, W, b);
}
