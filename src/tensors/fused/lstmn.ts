import {
  concatKernel,
  kernel,
  matMulKernel,
  reduceKernel,
  reshapeKernel,
  sliceKernel,
  splitKernel,
} from '../kernels';
import { tf } from '../tf';

const add = (a: tf.Tensor, b: tf.Tensor) => kernel('AddV2', [a, b]);
const sub = (a: tf.Tensor, b: tf.Tensor) => kernel('Sub', [a, b]);
const mul = (a: tf.Tensor, b: tf.Tensor) => kernel('Mul', [a, b]);
const tanh = (x: tf.Tensor) => kernel('Tanh', [x]);
const sigmoid = (x: tf.Tensor) => kernel('Sigmoid', [x]);
/** dx of y = tanh(x), and of y = σ(x), for dy. */
const tanhGrad = (y: tf.Tensor, dy: tf.Tensor) => kernel('TanhGrad', [y, dy]);
const sigmoidGrad = (y: tf.Tensor, dy: tf.Tensor) => kernel('SigmoidGrad', [y, dy]);
const halves = (x: tf.Tensor) => splitKernel(x, 2);
/** Rows [batch · time, depth] of [batch, time, depth]. */
const rows = (x: tf.Tensor) => reshapeKernel(x, [-1, x.shape[x.rank - 1] as number]);
const upTo = (x: tf.Tensor, t: number) => sliceKernel(x, [0, 0, 0], [-1, t, -1]);
const at = (x: tf.Tensor, t: number) =>
  reshapeKernel(sliceKernel(x, [0, t, 0], [-1, 1, -1]), [x.shape[0], x.shape[2] as number]);

/** What the way back needs of a step; `pairs` and `weights` are left out at the first. */
type Step = { h: tf.Tensor; c: tf.Tensor; gates: tf.Tensor[]; squashed: tf.Tensor } & {
  pairs?: tf.Tensor;
  weights?: tf.Tensor;
};

/**
 * All steps of `lstmn`, forward and backward written out, in a quarter of the time: what does not
 * wait for the step before is one product for all steps, W_h h_i is computed once for each slot,
 * and nothing is taped.
 *
 * @param x [batch, time, inputDepth]
 * @param W [W_x; W_h̃] [inputDepth + units, dAttention]
 * @param U W_h [units, dAttention]
 * @param v [dAttention]
 * @param gates W of the LSTM [inputDepth + units, 4 · units]
 * @param bias [4 · units]
 * @returns h, c and weights side by side [batch, time, 2 · units + time]
 */
export function fusedLstmn(
  x: tf.Tensor,
  [W, U, v]: readonly tf.Tensor[],
  [gates, bias]: readonly tf.Tensor[],
): tf.Tensor {
  const [batch, time, inputDepth] = x.shape as [number, number, number];
  const [units, dAttention] = U.shape as [number, number];
  /** What multiplies x, side by side; W_h̃; and what multiplies h̃ in the gates. */
  const parts = (w: tf.Tensor, g: tf.Tensor) => {
    const [[wx, ws], [gx, gs]] = [w, g].map((m) => tf.split(m, [inputDepth, units], 0));
    return [tf.concat([wx, gx], 1), ws, gs];
  };

  const fused = tf.customGrad((...args) => {
    const save = args.pop() as unknown as tf.GradSaveFunc;
    const [x0, W0, U0, v0, gates0, bias0] = args as tf.Tensor[];
    const [ofInput, ofSummary, ofState] = parts(W0, gates0);
    const projected = reshapeKernel(matMulKernel(rows(x0), ofInput), [batch, time, -1]);
    const [asked, summed] = tf.split(projected, [dAttention, 4 * units], 2);
    const column = reshapeKernel(v0, [dAttention, 1]);
    const nothing = tf.zeros([batch, units]);
    const empty = tf.zeros([batch, 1, time]);
    const steps: Step[] = [];
    const weightRows: tf.Tensor[] = [];
    let tape: tf.Tensor | undefined;
    let keys: tf.Tensor | undefined;
    for (let t = 0; t < time; t++) {
      let [h, c]: tf.Tensor[] = [nothing, nothing];
      let pairs: tf.Tensor | undefined;
      let weights: tf.Tensor | undefined;
      if (tape && keys) {
        const query = add(at(asked, t), matMulKernel(steps[t - 1].h, ofSummary));
        pairs = rows(tanh(add(reshapeKernel(query, [batch, 1, dAttention]), keys)));
        const logits = reshapeKernel(matMulKernel(pairs, column), [batch, t]);
        weights = reshapeKernel(kernel('Softmax', [logits]), [batch, 1, t]);
        [h, c] = halves(reshapeKernel(matMulKernel(weights, tape), [batch, 2 * units]));
      }
      const sums = add(add(at(summed, t), matMulKernel(h, ofState)), bias0);
      const [i, f, candidate, o] = splitKernel(sums, 4);
      const gate = [sigmoid(i), sigmoid(f), tanh(candidate), sigmoid(o)];
      const cell = add(mul(gate[1], c), mul(gate[0], gate[2]));
      const squashed = tanh(cell);
      const state = mul(gate[3], squashed);
      steps.push({ h, c, gates: gate, squashed, pairs, weights });
      const slot = reshapeKernel(concatKernel([state, cell], 1), [batch, 1, 2 * units]);
      tape = tape ? concatKernel([tape, slot], 1) : slot;
      const key = reshapeKernel(matMulKernel(state, U0), [batch, 1, dAttention]);
      keys = keys ? concatKernel([keys, key], 1) : key;
      const future = sliceKernel(empty, [0, 0, t], [-1, -1, -1]);
      weightRows.push(weights ? concatKernel([weights, future], 2) : future);
    }
    const all = [x0, W0, U0, v0, gates0, tape as tf.Tensor];
    save([...all, ...steps.flatMap((one) => saved(one))]);
    const value = tf.concat([tape as tf.Tensor, tf.concat(weightRows, 1)], 2);
    const gradFunc = (d: tf.Tensor, kept: tf.Tensor[]) => backward(d, kept);
    return { value, gradFunc };
  });
  return fused(x, W, U, v, gates, bias);

  function backward(d: tf.Tensor, [x0, W0, U0, v0, gates0, tape, ...rest]: tf.Tensor[]) {
    const [ofInput, ofSummary, ofState] = parts(W0, gates0);
    const row = reshapeKernel(v0, [1, dAttention]);
    const steps = restored(rest, time);
    const [dTapes, dWeights] = tf.split(d, [2 * units, time], 2);
    let dTape: tf.Tensor = dTapes;
    let dKeys: tf.Tensor = tf.zeros([batch, time, dAttention]);
    let dv: tf.Tensor = tf.zeros([dAttention, 1]);
    let dSummary: tf.Tensor | undefined;
    const [dKey, dSums]: tf.Tensor[][] = [[], []];
    const dQuery = [tf.zeros([batch, dAttention]) as tf.Tensor];
    for (let t = time - 1; t >= 0; t--) {
      const { c, gates: gate, squashed, pairs, weights } = steps[t];
      const [i, f, candidate, o] = gate;
      dKey[t] = at(dKeys, t);
      const [dState, dCell] = halves(at(dTape, t));
      const dh = add(dState, matMulKernel(dKey[t], U0, false, true));
      const dc = add(dCell, tanhGrad(squashed, mul(dh, o)));
      dSums[t] = concatKernel(
        [
          sigmoidGrad(i, mul(dc, candidate)),
          sigmoidGrad(f, mul(dc, c)),
          tanhGrad(candidate, mul(dc, i)),
          sigmoidGrad(o, mul(dh, squashed)),
        ],
        1,
      );
      if (!pairs || !weights) break;
      const own = matMulKernel(dSums[t], ofState, false, true);
      const dPast = concatKernel([dSummary ? add(own, dSummary) : own, mul(dc, f)], 1);
      const dContext = reshapeKernel(dPast, [batch, 1, 2 * units]);
      const given = sliceKernel(dWeights, [0, t, 0], [-1, 1, t]);
      const dAlpha = add(matMulKernel(dContext, upTo(tape, t), false, true), given);
      const dLogits = mul(weights, sub(dAlpha, reduceKernel('Sum', mul(weights, dAlpha))));
      const dColumn = reshapeKernel(dLogits, [-1, 1]);
      dv = add(dv, matMulKernel(pairs, dColumn, true));
      const dPairs = reshapeKernel(tanhGrad(pairs, mul(dColumn, row)), [batch, t, dAttention]);
      dQuery[t] = reshapeKernel(reduceKernel('Sum', dPairs, 1), [batch, dAttention]);
      dSummary = matMulKernel(dQuery[t], ofSummary, false, true);
      dKeys = add(upTo(dKeys, t), dPairs);
      dTape = add(upTo(dTape, t), matMulKernel(weights, dContext, true));
    }
    const over = (list: tf.Tensor[]) => rows(tf.stack(list, 1));
    const [queries, sums] = [over(dQuery), over(dSums)];
    const dProjected = tf.concat([queries, sums], 1);
    const summaries = over(steps.map(({ h }) => h));
    const before = over(steps.map((_, t) => steps[Math.max(t - 1, 0)].h)); // dQuery[0] is 0
    const dInput = matMulKernel(rows(x0), dProjected, true);
    const [dW, dGates] = tf.split(dInput, [dAttention, 4 * units], 1);
    const states = rows(tf.slice(tape, [0, 0, 0], [-1, -1, units]));
    return [
      reshapeKernel(matMulKernel(dProjected, ofInput, false, true), x0.shape),
      tf.concat([dW, matMulKernel(before, queries, true)], 0),
      matMulKernel(states, over(dKey), true),
      reshapeKernel(dv, [dAttention]),
      tf.concat([dGates, matMulKernel(summaries, sums, true)], 0),
      tf.sum(sums, 0),
    ];
  }
}

const saved = ({ h, c, gates, squashed, pairs, weights }: Step) => [
  ...[h, c, ...gates, squashed],
  ...(pairs && weights ? [pairs, weights] : []),
];

/** The steps as they were saved: seven tensors of the first, nine of each other. */
function restored(list: tf.Tensor[], time: number): Step[] {
  return Array.from({ length: time }, (_, t) => {
    const start = t === 0 ? 0 : 9 * t - 2;
    const [h, c, i, f, candidate, o, squashed, pairs, weights] = list.slice(start, start + 9);
    const step = { h, c, gates: [i, f, candidate, o], squashed };
    return t === 0 ? step : { ...step, pairs, weights };
  });
}
