import { dense } from '../../tensors/dense';
import { withoutHidden } from '../../tensors/mask';
import { type Random, uniform } from '../../tensors/random';
import { expectShape, expectSizes } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import { scaledDotProductAttention } from './scaled-dot-product';

/** The parameters of Deep Voice 3's attention block: four fully connected layers. */
export type Dv3Parameters = {
  /** [queryDepth, dAttention], b [dAttention] */
  query: { W: tf.Tensor; b: tf.Tensor };
  /** [keyDepth, dAttention], equal to the query's at the start. */
  keys: { W: tf.Tensor; b: tf.Tensor };
  /** [valueDepth, dAttention] */
  values: { W: tf.Tensor; b: tf.Tensor };
  /** [dAttention, queryDepth]: back to the decoder. */
  output: { W: tf.Tensor; b: tf.Tensor };
};

/**
 * Query and keys start with the same projection: with equal positional encodings, equal positions
 * then score highest, and the alignment begins as a diagonal.
 */
export function dv3Parameters(
  { depth, dAttention = depth }: { depth: number; dAttention?: number },
  next: Random,
): Dv3Parameters {
  const layer = (rows: number, columns: number) => ({
    W: uniform([rows, columns], next),
    b: tf.zeros([columns]),
  });
  const query = layer(depth, dAttention);
  return {
    query,
    keys: { W: query.W.clone(), b: query.b.clone() },
    values: layer(depth, dAttention),
    output: layer(dAttention, depth),
  };
}

/**
 * Sines and cosines of the position, which a rate ω makes run faster or slower.
 *
 *     p_k(i) = sin(ω i / 10000^{k/d}) for even k, cos(ω i / 10000^{(k−1)/d}) for odd k
 *
 * With ω = frames / letters on the letters and ω = 1 on the frames, frame and letter of the same
 * moment have the same encoding.
 *
 * Source: Ping et al. (2018), on the attention block; Vaswani et al. (2017), Section 3.5, for ω = 1.
 *
 * @param rate ω, one number, or [batch], one for each speaker
 * @param start the first position
 * @returns [1 or batch, length, depth]
 * @throws if `rate` is a tensor of another rank
 */
export function dv3PositionalEncoding(
  length: number,
  depth: number,
  rate: number | tf.Tensor,
  start = 0,
): tf.Tensor3D {
  expectSizes({ length, depth });
  return tf.tidy(() => {
    const omega = typeof rate === 'number' ? tf.tensor1d([rate]) : rate;
    const [rates] = expectShape('rate', omega, ['batch']);
    const channels = Array.from({ length: depth }, (_, k) => k);
    const frequency = tf.tensor1d(channels.map((k) => 10000 ** (-(k - (k % 2)) / depth)));
    const quarter = tf.tensor1d(channels.map((k) => ((k % 2) * Math.PI) / 2)); // cos x = sin(x + π/2)
    const position = tf.add(tf.range(0, length), start).reshape([1, length, 1]);
    const angle = tf.mul(tf.mul(omega.reshape([rates, 1, 1]), position), frequency);
    return tf.sin(tf.add(angle, quarter)) as tf.Tensor3D;
  });
}

/**
 * The attention block of Deep Voice 3: dot-product attention between audio frames and letters, drawn
 * to the diagonal by positional encodings of different rates.
 *
 *     q_i = (query_i + p(i; ω_query)) W_q + b_q      k_j = (keys_j + p(j; ω_key)) W_k + b_k
 *     α_i = dropout(softmax_j(q_i · k_j))      context_i = (Σ_j α_ij (values_j W_v + b_v)) W_o + b_o
 *
 * When speaking, `dv3Window` as mask keeps the attention moving forward.
 *
 * Source: Ping et al. (2018), "Deep Voice 3: Scaling Text-to-Speech with Convolutional Sequence
 * Learning", on the attention block, with a softmax. Some implementations also multiply by √letters
 * before W_o.
 *
 * @param query [batch, frames, queryDepth], the decoder's states
 * @param keys [batch, letters, keyDepth]
 * @param values [batch, letters, valueDepth]
 * @param mask broadcastable to the weights: 1 = may be seen; see `maskedSoftmax`
 * @param options.queryRate ω_query, a number or [batch]; 1 if left out
 * @param options.keyRate ω_key, the same; fits if it is the mean number of frames per letter
 * @param options.queryStart the position of the first query, for decoding step by step
 * @param options.dropout share of the weights that are dropped, 0 to less than 1; needs `next`
 * @returns context [batch, frames, queryDepth], and weights [batch, frames, letters] before dropout
 * @throws if a shape does not fit, or dropout comes without `next`
 */
export function dv3Attention(
  query: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  parameters: Dv3Parameters,
  mask?: tf.Tensor,
  options: {
    queryRate?: number | tf.Tensor;
    keyRate?: number | tf.Tensor;
    queryStart?: number;
    dropout?: number;
    next?: Random;
  } = {},
): { context: tf.Tensor3D; weights: tf.Tensor3D } {
  const { queryRate = 1, keyRate = 1, queryStart = 0, dropout = 0, next } = options;
  const [batch, frames, queryDepth] = expectShape('query', query, [
    'batch',
    'frames',
    'queryDepth',
  ]);
  const [, letters, keyDepth] = expectShape('keys', keys, [batch, 'letters', 'keyDepth']);
  const [, , valueDepth] = expectShape('values', values, [batch, letters, 'valueDepth']);
  const [, dAttention] = expectShape('query.W', parameters.query.W, [queryDepth, 'dAttention']);
  expectLayer('query', parameters.query, queryDepth, dAttention);
  expectLayer('keys', parameters.keys, keyDepth, dAttention);
  expectLayer('values', parameters.values, valueDepth, dAttention);
  expectLayer('output', parameters.output, dAttention, queryDepth);
  for (const [name, rate] of Object.entries({ queryRate, keyRate })) {
    if (typeof rate !== 'number' && rate.shape[0] !== 1) expectShape(name, rate, [batch]);
  }
  if (!(dropout >= 0 && dropout < 1)) {
    throw new Error(`dropout: expected a number from 0 to less than 1, got ${dropout}`);
  }
  if (dropout > 0 && !next) throw new Error('dropout: expected a Random in options.next');
  return tf.tidy(() => {
    const layer = (x: tf.Tensor, { W, b }: { W: tf.Tensor; b: tf.Tensor }) =>
      dense(x as tf.Tensor3D, W, b);
    const [h, seen] = withoutHidden(mask, keys, values);
    const p = dv3PositionalEncoding(frames, queryDepth, queryRate, queryStart);
    const q = layer(tf.add(query, p), parameters.query);
    const k = layer(tf.add(h, dv3PositionalEncoding(letters, keyDepth, keyRate)), parameters.keys);
    const v = layer(seen, parameters.values);
    const { context, weights } = scaledDotProductAttention(q, k, v, mask, { scale: 1 });
    const averaged =
      dropout > 0 && next
        ? tf.matMul(tf.dropout(weights, dropout, undefined, seedFrom(next)), v)
        : context;
    return { context: layer(averaged, parameters.output), weights };
  });
}

const seedFrom = (next: Random) => 1 + Math.floor(next() * 2 ** 31);

function expectLayer(
  name: string,
  { W, b }: { W: tf.Tensor; b: tf.Tensor },
  rows: number,
  columns: number,
): void {
  expectShape(`${name}.W`, W, [rows, columns]);
  expectShape(`${name}.b`, b, [columns]);
}

/**
 * The monotonic constraint at inference: the softmax sees only the letter attended to last and the
 * few after it. The next `lastAttended` is the index of the largest weight; the first is 0.
 *
 * Source: Ping et al. (2018), on the attention block, with windows of 3.
 *
 * @param lastAttended for each example, 0 … letters − 1
 * @returns [batch, 1, letters], bool: a mask for `dv3Attention`
 * @throws if a position is not a whole number from 0 to letters − 1, or the window is empty
 */
export function dv3Window(
  lastAttended: readonly number[],
  letters: number,
  window = 3,
): tf.Tensor3D {
  const wrong = lastAttended.find((at) => !(Number.isInteger(at) && at >= 0 && at < letters));
  if (wrong !== undefined) {
    throw new Error(`lastAttended: expected whole numbers 0…${letters - 1}, got ${wrong}`);
  }
  if (!(window >= 1)) throw new Error(`window: expected at least 1, got ${window}`);
  return tf.tidy(() => {
    const first = tf.tensor(lastAttended as number[], [lastAttended.length, 1, 1], 'int32');
    const ahead = tf.sub(tf.range(0, letters, 1, 'int32'), first);
    return tf.logicalAnd(tf.greaterEqual(ahead, 0), tf.less(ahead, window)) as tf.Tensor3D;
  });
}
