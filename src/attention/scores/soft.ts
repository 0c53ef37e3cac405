import { dense } from '../../tensors/dense';
import { fusedSoftAttention } from '../../tensors/fused/attention';
import { castMask, expectMask, withoutHidden } from '../../tensors/mask';
import { expectShape, leadingAxes } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import { maskedSoftmax, weightedAverage } from '../masked-softmax';

/**
 * Soft attention, the half that all mechanisms with a score share: the expected value under the
 * weights that the scores give.
 *
 *     α_ti = softmax_i(e_ti)      ẑ_t = E[z_t] = Σ_i α_ti a_i
 *
 * Its sibling `hardAttention` draws one location from the same α instead of averaging over all.
 *
 * Source: Xu et al. (2015), Section 4.2, eq. (13); Bahdanau et al. (2014), eq. (5)–(6).
 *
 * @param logits e [batch, queries, keys], or [batch, heads, queries, keys]
 * @param values a [batch, keys, dValue], or [batch, heads, keys, dValue]
 * @param mask broadcastable to the logits: 1 = may be seen; see `maskedSoftmax`
 * @returns context ẑ [batch, (heads,) queries, dValue] and weights α, shape of `logits`
 * @throws if the values do not fit the logits
 */
export function softAttention<T extends tf.Tensor = tf.Tensor3D>(
  logits: T,
  values: T,
  mask?: tf.Tensor,
): { context: T; weights: T } {
  const axes = leadingAxes('logits', logits);
  const shape = expectShape('logits', logits, [...axes, 'queries', 'keys']);
  expectShape('values', values, [...shape.slice(0, -2), shape[shape.length - 1], 'dValue']);
  return tf.tidy(() => {
    const [v] = withoutHidden(mask, values);
    const fused = fusedSoftAttention(logits, v, mask);
    if (fused) return fused;
    const weights = maskedSoftmax(logits, mask);
    return { context: weightedAverage(weights, v, mask), weights };
  });
}

/**
 * The doubly stochastic penalty: over all steps, each location should receive a total weight of 1.
 * (Over all locations, the weights of a step sum to 1 by the softmax.)
 *
 *     penalty = mean over the batch of  Σ_i (1 − Σ_t α_ti)²
 *
 * Source: Xu et al. (2015), Section 4.2.1, eq. (14), where it is added to the loss λ times.
 *
 * @param weights α [batch, steps, locations]
 * @param mask [batch, steps]: 1 = a step of the output, 0 = padding, whose weights do not count
 */
export function doublyStochasticPenalty(weights: tf.Tensor, mask?: tf.Tensor): tf.Scalar {
  const [batch, steps] = expectShape('weights', weights, ['batch', 'steps', 'locations']);
  if (mask) expectMask(mask, [batch, steps]);
  return tf.tidy(() => {
    const counted = mask ? tf.mul(weights, castMask(mask, 'float32').expandDims(2)) : weights;
    const received = tf.sum(counted, 1);
    return tf.mean(tf.sum(tf.square(tf.sub(1, received)), 1)) as tf.Scalar;
  });
}

/**
 * The gate by which a decoder says how much the image matters for the next word.
 *
 *     β_t = σ(f_β(h_{t−1})) = σ(h_{t−1} W + b)      φ = β_t Σ_i α_ti a_i
 *
 * Source: Xu et al. (2015), Section 4.2.1.
 *
 * @param context Σ_i α_ti a_i [batch, queries, dValue]
 * @param query h_{t−1} [batch, queries, queryDepth]
 * @param parameters W [queryDepth, 1], b [1]
 * @returns φ [batch, queries, dValue]
 */
export function gatedContext(
  context: tf.Tensor,
  query: tf.Tensor,
  { W, b }: { W: tf.Tensor; b: tf.Tensor },
): tf.Tensor3D {
  const [batch, queries] = expectShape('context', context, ['batch', 'queries', 'dValue']);
  expectShape('query', query, [batch, queries, 'queryDepth']);
  expectShape('W', W, ['queryDepth', 1]);
  return tf.tidy(() => tf.mul(tf.sigmoid(dense(query, W, b)), context) as tf.Tensor3D);
}
