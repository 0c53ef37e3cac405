import { dense } from '../../tensors/dense';
import { expectMask, withoutHidden } from '../../tensors/mask';
import { type Random, uniform } from '../../tensors/random';
import { expectShape } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import type { Attended } from '../attended';
import { additiveLogits } from './additive';
import { softAttention } from './soft';

/** The parameters of location-sensitive attention: those of additive attention, and F, U, b. */
export type LocationSensitiveParameters = {
  /** W [queryDepth, dAttention]: projects the query. */
  W: tf.Tensor;
  /** V [keyDepth, dAttention]: projects the keys. */
  V: tf.Tensor;
  /** F [width, filters]: the convolution over the previous weights. */
  F: tf.Tensor;
  /** U [filters, dAttention]: projects its features. */
  U: tf.Tensor;
  /** b [dAttention] */
  b: tf.Tensor;
  /** w [dAttention]: turns the hidden layer into one number. */
  w: tf.Tensor;
};

/** New parameters, drawn from `next`. */
export function locationSensitiveParameters(
  sizes: {
    queryDepth: number;
    keyDepth: number;
    dAttention: number;
    width: number;
    filters: number;
  },
  next: Random,
): LocationSensitiveParameters {
  const { queryDepth, keyDepth, dAttention, width, filters } = sizes;
  return {
    W: uniform([queryDepth, dAttention], next),
    V: uniform([keyDepth, dAttention], next),
    F: uniform([width, filters], next),
    U: uniform([filters, dAttention], next),
    b: tf.zeros([dAttention]),
    w: uniform([dAttention], next),
  };
}

/** How location-sensitive attention turns scores into weights. */
export type LocationSensitiveOptions = {
  /** β > 0: softmax(β e). Above 1 it narrows the focus, below 1 it widens it. */
  sharpening?: number;
  /** σ(e_j) / Σ_j σ(e_j) in place of the softmax: σ is bounded, so no key outweighs all others. */
  smoothing?: boolean;
};

/**
 * Location-sensitive attention: additive attention that also sees where the query before it
 * looked, so that a decoder can move on from there, even among keys that look alike.
 *
 *     f_i  = F ∗ α_{i−1}
 *     e_ij = wᵀ tanh(W s_i + V h_j + U f_ij + b)
 *     α_ij = softmax_j(e_ij)      c_i = Σ_j α_ij h_j
 *
 * f_ij = Σ_k F_k α_{i−1, j+k−⌊(width−1)/2⌋}, with α = 0 past the edges. α_0 = 0. The queries take
 * their turns one after another.
 *
 * Source: Chorowski, Bahdanau, Serdyuk, Cho, Bengio (2015), Section 2.2, eq. (8)–(9); sharpening
 * and smoothing, Section 2.3. There s_i is called s_{i−1}.
 *
 * @param query s [batch, queries, queryDepth]
 * @param keys h [batch, keys, keyDepth]
 * @param values [batch, keys, dValue]; in the paper the keys themselves
 * @param mask [batch, 1, keys]: 1 = may be seen
 * @returns context [batch, queries, dValue] and weights [batch, queries, keys]
 * @throws if a shape does not fit, as `query depth 32 ≠ rows of W 16`, or sharpening is not > 0
 */
export function locationSensitiveAttention(
  query: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  parameters: LocationSensitiveParameters,
  mask?: tf.Tensor,
  options?: LocationSensitiveOptions,
): Attended {
  const [batch, queries] = expectShape('query', query, ['batch', 'queries', 'queryDepth']);
  return tf.tidy(() => {
    const align = locationSensitiveAligner(keys, values, parameters, mask, options);
    const steps: Attended[] = [];
    let previous: tf.Tensor = tf.zeros([batch, 1, keys.shape[1] as number]);
    for (let i = 0; i < queries; i++) {
      steps.push(align(tf.slice(query, [0, i, 0], [-1, 1, -1]), previous));
      previous = steps[i].weights;
    }
    const join = (part: 'context' | 'weights') =>
      tf.concat(
        steps.map((step) => step[part]),
        1,
      );
    return { context: join('context'), weights: join('weights') };
  });
}

/**
 * `locationSensitiveAttention` for a decoder, step by step: V h_j is computed once.
 *
 * @returns a function from a query s_i [batch, 1, queryDepth] and the weights before it, α_{i−1}
 *   [batch, 1, keys], to context and weights; call both inside one `tf.tidy`
 */
export function locationSensitiveAligner(
  keys: tf.Tensor,
  values: tf.Tensor,
  { W, V, F, U, b, w }: LocationSensitiveParameters,
  mask?: tf.Tensor,
  { sharpening = 1, smoothing = false }: LocationSensitiveOptions = {},
): (query: tf.Tensor, previous: tf.Tensor) => Attended {
  const [batch, positions, keyDepth] = expectShape('keys', keys, ['batch', 'keys', 'keyDepth']);
  expectShape('values', values, [batch, positions, 'dValue']);
  if (mask) expectMask(mask, [mask.shape?.[0] === 1 ? 1 : batch, 1, positions]);
  const [dAttention] = expectShape('w', w, ['dAttention']);
  const [queryRows] = expectShape('W', W, ['queryDepth', dAttention]);
  const [keyRows] = expectShape('V', V, ['keyDepth', dAttention]);
  const [width, filters] = expectShape('F', F, ['width', 'filters']);
  expectShape('U', U, [filters, dAttention]);
  expectShape('b', b, [dAttention]);
  if (keyDepth !== keyRows) throw new Error(`key depth ${keyDepth} ≠ rows of V ${keyRows}`);
  if (!(sharpening > 0)) throw new Error(`sharpening: expected a number > 0, got ${sharpening}`);

  const [h, seen] = withoutHidden(mask, keys, values);
  const projectedKeys = dense(h, V, b);
  const kernel = F.reshape([width, 1, filters]) as tf.Tensor3D;
  return (query, previous) => {
    const [, , queryDepth] = expectShape('query', query, [batch, 1, 'queryDepth']);
    expectShape('previous', previous, [batch, 1, positions]);
    if (queryDepth !== queryRows)
      throw new Error(`query depth ${queryDepth} ≠ rows of W ${queryRows}`);
    const alpha = previous.reshape([batch, positions, 1]) as tf.Tensor3D;
    const f = tf.conv1d(alpha, kernel, 1, 'same');
    const e = additiveLogits(dense(query, W), tf.add(projectedKeys, dense(f, U)), w);
    // σ(e_j) / Σ_j σ(e_j) is the softmax of log σ(e_j) = −log(1 + exp(−e_j)): no division by 0.
    // (The gradient of tf.logSigmoid fails inside tf.tidy.)
    const logits = tf.mul(smoothing ? tf.neg(tf.softplus(tf.neg(e))) : e, sharpening);
    return softAttention(logits as tf.Tensor3D, seen as tf.Tensor3D, mask);
  };
}
