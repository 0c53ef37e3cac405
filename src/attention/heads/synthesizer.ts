import { headwiseDense } from '../../tensors/headwise-dense';
import { withoutHidden } from '../../tensors/mask';
import { type Random, uniform } from '../../tensors/random';
import { expectShape, leadingAxes } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import { maskedSoftmax, weightedAverage } from '../masked-softmax';

/*
 * Tay et al. (2020) ask whether attention has to compare positions at all. Their Synthesizers make
 * up the logits B without any product of queries and keys:
 *
 *     context = softmax(B) G(X)
 *
 *     dense               B_i = W_2 ReLU(W_1 X_i + b_1) + b_2     each position by itself
 *     random              B = R                                   no input at all
 *     factorized dense    B_i = F_A(X_i) ⊗ F_B(X_i)               a + b outputs in place of a · b
 *     factorized random   B = R_1 R_2ᵀ                            2 · length · k parameters
 *
 * The parameters fix the greatest length; shorter sequences use the first logits of each row.
 * With heads, every matrix has a leading axis: one for each head.
 */

/** The parameters of the dense Synthesizer; with heads, all with a leading axis [heads]. */
export type DenseSynthesizerParameters = {
  /** W_1 [depth, hidden]; hidden = depth in the paper */
  W1: tf.Tensor;
  /** b_1 [hidden] */
  b1: tf.Tensor;
  /** W_2 [hidden, length] */
  W2: tf.Tensor;
  /** b_2 [length] */
  b2: tf.Tensor;
};

/**
 * The dense Synthesizer: each position computes its row of logits from itself alone.
 *
 *     B_i = W_2 ReLU(W_1 X_i + b_1) + b_2      α = softmax(B)      context = α V
 *
 * Source: Tay et al. (2020), "Dense Synthesizer".
 *
 * @param x [batch, queries, depth], or [batch, heads, queries, depth]
 * @param values V = G(X): [batch, keys, dValue], or [batch, heads, keys, dValue]
 * @param mask broadcastable to the weights: 1 = may be seen; see `maskedSoftmax`
 * @returns context [batch, (heads,) queries, dValue], weights [batch, (heads,) queries, keys]
 * @throws if a shape does not fit, or there are more keys than `length`
 */
export function denseSynthesizer<T extends tf.Tensor = tf.Tensor3D>(
  x: T,
  values: T,
  { W1, b1, W2, b2 }: DenseSynthesizerParameters,
  mask?: tf.Tensor,
): { context: T; weights: T } {
  const heads = expectInput(x, values);
  const hidden = expectLayer('W1', W1, 'b1', b1, heads, x.shape[x.rank - 1]);
  expectLayer('W2', W2, 'b2', b2, heads, hidden);
  return tf.tidy(() => {
    const B = headwiseDense(tf.relu(headwiseDense(x, W1, b1)), W2, b2);
    return attendTo(values, B, mask);
  });
}

/**
 * The random Synthesizer: the same logits for every input, learned or left as drawn.
 *
 *     α = softmax(R)      context = α V
 *
 * Source: Tay et al. (2020), "Random Synthesizer".
 *
 * @param values [batch, keys, dValue], or [batch, heads, keys, dValue]; as many queries as keys
 * @param R [length, length]; with heads [heads, length, length]
 * @returns context, shape of `values`; weights [batch, (heads,) keys, keys]
 * @throws if a shape does not fit, or there are more keys than `length`
 */
export function randomSynthesizer<T extends tf.Tensor = tf.Tensor3D>(
  values: T,
  { R }: { R: tf.Tensor },
  mask?: tf.Tensor,
): { context: T; weights: T } {
  const heads = expectInput(values, values);
  expectShape('R', R, [...heads, 'length', 'length']);
  return tf.tidy(() => {
    const [batch, n] = [values.shape[0], values.shape.at(-2) as number];
    if (n > (R.shape.at(-1) as number)) throw tooLong(n, R.shape.at(-1) as number);
    const rows = tf.slice(R, heads.length ? [0, 0] : [0], [...heads, n]);
    const B = tf.tile(rows.expandDims(0), [batch, ...rows.shape.map(() => 1)]);
    return attendTo(values, B as unknown as T, mask);
  });
}

/** The parameters of the factorized dense Synthesizer; with heads, with a leading axis [heads]. */
export type FactorizedDenseSynthesizerParameters = {
  /** F_A: [depth, a] */
  WA: tf.Tensor;
  /** [a] */
  bA: tf.Tensor;
  /** F_B: [depth, b], length = a · b */
  WB: tf.Tensor;
  /** [b] */
  bB: tf.Tensor;
};

/**
 * The factorized dense Synthesizer: a coarse choice among a groups times a fine one among b places.
 *
 *     A_i = F_A(X_i)      B_i = F_B(X_i)      C_i,(r·b + s) = A_ir · B_is      context = softmax(C) V
 *
 * Source: Tay et al. (2020), "Factorized Dense Synthesizer", which tiles A_i and B_i
 * to length a · b and multiplies them. Here A_i repeats each number b times and B_i repeats as a
 * whole, so that every pair occurs once: tiled both alike, pairs would recur unless a and b have no
 * common divisor.
 *
 * @param x [batch, queries, depth], or [batch, heads, queries, depth]
 * @param values [batch, keys, dValue], or [batch, heads, keys, dValue]
 * @param mask broadcastable to the weights: 1 = may be seen; see `maskedSoftmax`
 * @returns context [batch, (heads,) queries, dValue], weights [batch, (heads,) queries, keys]
 * @throws if a shape does not fit, or there are more keys than a · b
 */
export function factorizedDenseSynthesizer<T extends tf.Tensor = tf.Tensor3D>(
  x: T,
  values: T,
  { WA, bA, WB, bB }: FactorizedDenseSynthesizerParameters,
  mask?: tf.Tensor,
): { context: T; weights: T } {
  const heads = expectInput(x, values);
  const a = expectLayer('WA', WA, 'bA', bA, heads, x.shape[x.rank - 1]);
  const b = expectLayer('WB', WB, 'bB', bB, heads, x.shape[x.rank - 1]);
  return tf.tidy(() => {
    const A = headwiseDense(x, WA, bA).expandDims(-1);
    const B = headwiseDense(x, WB, bB).expandDims(-2);
    const C = tf.mul(A, B).reshape([...x.shape.slice(0, -1), a * b]);
    return attendTo(values, C as T, mask);
  });
}

/**
 * The factorized random Synthesizer: `randomSynthesizer` with a matrix R = R_1 R_2ᵀ of rank k.
 *
 * Source: Tay et al. (2020), "Factorized Random Synthesizer"; there k = 8.
 *
 * @param values [batch, keys, dValue], or [batch, heads, keys, dValue]; as many queries as keys
 * @param parameters R1, R2 [length, k]; with heads [heads, length, k]
 * @returns context, shape of `values`; weights [batch, (heads,) keys, keys]
 * @throws if a shape does not fit, or there are more keys than `length`
 */
export function factorizedRandomSynthesizer<T extends tf.Tensor = tf.Tensor3D>(
  values: T,
  { R1, R2 }: { R1: tf.Tensor; R2: tf.Tensor },
  mask?: tf.Tensor,
): { context: T; weights: T } {
  const heads = expectInput(values, values);
  const [length, k] = expectShape('R1', R1, [...heads, 'length', 'k']).slice(-2);
  expectShape('R2', R2, [...heads, length, k]);
  return tf.tidy(() => randomSynthesizer(values, { R: tf.matMul(R1, R2, false, true) }, mask));
}

/** softmax(B) V for the first logits of each row. */
function attendTo<T extends tf.Tensor>(
  values: T,
  B: T,
  mask?: tf.Tensor,
): { context: T; weights: T } {
  const [keys, length] = [values.shape.at(-2) as number, B.shape.at(-1) as number];
  if (keys > length) throw tooLong(keys, length);
  const logits = tf.slice(
    B,
    B.shape.map(() => 0),
    [...B.shape.slice(0, -1), keys],
  );
  const weights = maskedSoftmax(logits, mask) as T;
  const [v] = withoutHidden(mask, values);
  return { context: weightedAverage(weights, v, mask), weights };
}

const tooLong = (keys: number, length: number) =>
  new Error(`${keys} keys, but the logits are made for at most ${length}`);

/** @returns [heads], or [] */
function expectInput(x: tf.Tensor, values: tf.Tensor): number[] {
  const axes = leadingAxes('x', x);
  const lead = expectShape('x', x, [...axes, 'queries', 'depth'] as const).slice(0, -2);
  expectShape('values', values, [...lead, 'keys', 'dValue']);
  return lead.slice(1);
}

/** @returns the columns of W */
function expectLayer(
  name: string,
  W: tf.Tensor,
  biasName: string,
  b: tf.Tensor,
  heads: number[],
  depth: number,
): number {
  const columns = expectShape(name, W, [...heads, depth, 'columns']).at(-1) as number;
  expectShape(biasName, b, [...heads, columns]);
  return columns;
}

type Sizes = { length: number; heads?: number };
const lead = (heads?: number) => (heads === undefined ? [] : [heads]);

/** New parameters: Glorot and Bengio's uniform matrices, biases 0. */
export function denseSynthesizerParameters(
  { depth, hidden = depth, length, heads }: Sizes & { depth: number; hidden?: number },
  next: Random,
): DenseSynthesizerParameters {
  const [W1, b1] = layer(depth, hidden, heads, next);
  const [W2, b2] = layer(hidden, length, heads, next);
  return { W1, b1, W2, b2 };
}

/** New logits R: Glorot and Bengio's uniform numbers. */
export function randomSynthesizerParameters({ length, heads }: Sizes, next: Random) {
  return { R: matrix(length, length, heads, next) };
}

/** New parameters for length a · b: Glorot and Bengio's uniform matrices, biases 0. */
export function factorizedDenseSynthesizerParameters(
  { depth, a, b, heads }: { depth: number; a: number; b: number; heads?: number },
  next: Random,
): FactorizedDenseSynthesizerParameters {
  const [WA, bA] = layer(depth, a, heads, next);
  const [WB, bB] = layer(depth, b, heads, next);
  return { WA, bA, WB, bB };
}

/** New factors R_1 and R_2: Glorot and Bengio's uniform numbers. */
export function factorizedRandomSynthesizerParameters(
  { length, k = 8, heads }: Sizes & { k?: number },
  next: Random,
) {
  return { R1: matrix(length, k, heads, next), R2: matrix(length, k, heads, next) };
}

const matrix = (rows: number, columns: number, heads: number | undefined, next: Random) =>
  uniform([...lead(heads), rows, columns], next, Math.sqrt(6 / (rows + columns)));

const layer = (rows: number, columns: number, heads: number | undefined, next: Random) => [
  matrix(rows, columns, heads, next),
  tf.zeros([...lead(heads), columns]),
];
