import { oneHot } from '../../tensors/one-hot';
import type { Random } from '../../tensors/random';
import { expectShape } from '../../tensors/shape';
import { stopGradient } from '../../tensors/stop-gradient';
import { tf } from '../../tensors/tf';
import { maskedSoftmax, weightedAverage } from '../masked-softmax';

/** What hard attention returns. */
export type HardAttended = {
  /** ẑ_t, the value at the location drawn [batch, queries, dValue]. */
  context: tf.Tensor3D;
  /** s_t, 1 at the location drawn and 0 elsewhere [batch, queries, keys]. */
  weights: tf.Tensor3D;
  /** α_t, from which the location was drawn [batch, queries, keys]. */
  probabilities: tf.Tensor3D;
  /** log p(s_t) = log α at the location drawn [batch, queries]; 0 where every key is hidden. */
  logProbability: tf.Tensor2D;
  /** H[s_t] = −Σ_i α_ti log α_ti [batch, queries]. */
  entropy: tf.Tensor2D;
};

/**
 * Hard attention: looks at one location, drawn from the weights.
 *
 *     α_t = softmax(e_t)      s_t ~ Multinoulli(α_t)      ẑ_t = Σ_i s_ti a_i
 *
 * A draw has no derivative: the gradient of the context reaches the values only. The scores learn
 * by `reinforceLoss`; or, with `straightThrough`, by pretending that s_t were α_t when the
 * gradient goes back, which is simpler, and biased.
 *
 * Source: Xu et al. (2015), Section 4.1, eq. (8)–(9); straight-through: Bengio, Léonard, Courville
 * (2013), Section 4.
 *
 * @param logits e [batch, queries, keys]
 * @param values a [batch, keys, dValue]
 * @param next where the draws come from
 * @param mask broadcastable to the logits: 1 = may be drawn; where all are hidden, nothing is drawn
 *   and the context is 0
 * @throws if the values do not fit the logits
 */
export function hardAttention(
  logits: tf.Tensor,
  values: tf.Tensor,
  next: Random,
  mask?: tf.Tensor,
  { straightThrough = false } = {},
): HardAttended {
  const [batch, , keys] = expectShape('logits', logits, ['batch', 'queries', 'keys']);
  expectShape('values', values, [batch, keys, 'dValue']);
  return tf.tidy(() => {
    const probabilities = maskedSoftmax(logits as tf.Tensor3D, mask);
    const logAlpha = tf.log(tf.maximum(probabilities, 1e-37)); // log 0 would make 0 · log 0 NaN
    const sample = draw(stopGradient(probabilities), next);
    const weights = straightThrough
      ? tf.add(sample, tf.sub(probabilities, stopGradient(probabilities)))
      : sample;
    return {
      context: weightedAverage(weights as tf.Tensor3D, values as tf.Tensor3D, mask),
      weights: weights as tf.Tensor3D,
      probabilities,
      logProbability: tf.sum(tf.mul(sample, logAlpha), -1) as tf.Tensor2D,
      entropy: tf.neg(tf.sum(tf.mul(probabilities, logAlpha), -1)) as tf.Tensor2D,
    };
  });
}

/**
 * One-hot rows, each with its 1 at i with probability α_i: argmax_i(log α_i + g_i), where
 * g = −log(−log u) with u even on (0, 1), is such a draw (Gumbel 1954). No row of running sums has
 * to be rounded, so a location with α_i = 0 is never drawn.
 */
function draw(alpha: tf.Tensor3D, next: Random): tf.Tensor3D {
  const gumbel = Float32Array.from({ length: alpha.size }, () => -Math.log(-Math.log(next())));
  const keys = alpha.shape[2];
  const location = tf.argMax(tf.add(tf.log(alpha), tf.tensor(gumbel, alpha.shape)), -1);
  const possible = tf.cast(tf.greater(alpha, 0), 'float32');
  return tf.mul(oneHot(location, keys), possible);
}

/**
 * A loss whose gradient is the REINFORCE estimate, for one draw of all locations s̃ per example.
 *
 *     ∂loss/∂W = −mean[ ∂log p(y | s̃)/∂W + λ_r (log p(y | s̃) − b) ∂log p(s̃)/∂W + λ_e ∂H[s]/∂W ]
 *
 * The first term trains what the context feeds; the second makes a draw likelier if it explained
 * the output better than the baseline b; the third keeps α from settling too early. With λ_r = 1
 * and λ_e = 0 the estimate is unbiased for any b that does not depend on s̃. The value of this loss
 * means nothing: watch −log p.
 *
 * Source: Xu et al. (2015), Section 4.1, eq. (11)–(12).
 *
 * @param logLikelihood log p(y | s̃) [batch]
 * @param logProbability log p(s̃), summed over the steps [batch]
 * @param entropy H[s], summed over the steps [batch]
 * @param options.baseline b, as of `movingBaseline`
 * @param options.reward λ_r
 * @param options.bonus λ_e
 */
export function reinforceLoss(
  logLikelihood: tf.Tensor,
  logProbability: tf.Tensor,
  entropy: tf.Tensor,
  { baseline = 0, reward = 1, bonus = 0 } = {},
): tf.Scalar {
  const [batch] = expectShape('logLikelihood', logLikelihood, ['batch']);
  expectShape('logProbability', logProbability, [batch]);
  expectShape('entropy', entropy, [batch]);
  return tf.tidy(() => {
    const advantage = tf.mul(reward, stopGradient(tf.sub(logLikelihood, baseline)));
    const score = tf.mul(advantage, logProbability);
    const gain = tf.add(tf.add(logLikelihood, score), tf.mul(bonus, entropy));
    return tf.neg(tf.mean(gain)) as tf.Scalar;
  });
}

/**
 * The moving average of what a draw is worth: b_k = 0.9 b_{k−1} + 0.1 log p(y | s̃_k).
 *
 * Source: Xu et al. (2015), Section 4.1.
 *
 * @param baseline b_{k−1}
 * @param logLikelihood log p(y | s̃_k), the mean over the batch
 */
export function movingBaseline(baseline: number, logLikelihood: number, decay = 0.9): number {
  return decay * baseline + (1 - decay) * logLikelihood;
}
