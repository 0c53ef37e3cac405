import type { Review } from '../../data/sentences';
import { dense } from '../../tensors/dense';
import { flatten } from '../../tensors/parameters';
import { random, shuffled, uniform } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import { Adam } from '../../training/adam';
import { cosineSchedule } from '../../training/schedule';
import { type Report, train } from '../../training/train';
import type { MachineReader } from './machine-reader';

/** A reader that says what a sentence thinks of a telephone. */
export type Critic = ReturnType<typeof critic>;

/** Of a review, a critic reads so many words. */
export const longestReview = 20;

/**
 * A critic: the mean of a reader's states, and one number made of it.
 *
 *     p(positive) = σ(w · mean_t h_t + b)
 *
 * @param options.recurrent false: the mean of the words' vectors, read in no order at all
 */
export function critic(reader: MachineReader, { recurrent = true, seed = 1 } = {}) {
  const next = random(100 + seed);
  const width = recurrent ? reader.units : reader.depth;
  const w = tf.variable(tf.tidy(() => uniform([width, 1], next)));
  const b = tf.variable(tf.zeros([1]));
  const { words, endings, intra, lstm } = { intra: {}, ...reader.tree };
  const learned = flatten({ words, endings, ...(recurrent && { intra, lstm }), w, b });

  /** The logit of "positive", [reviews], and of an LSTMN where it looked. */
  function judge(reviews: readonly Pick<Review, 'tokens'>[]) {
    const rows = reader.coder.rows(reviews.map(({ tokens }) => tokens.slice(0, longestReview)));
    const real = tf.tensor2d(rows.next.map((row) => row.map((id) => (id ? 1 : 0)))).expandDims(2);
    const ids = (list: number[][]) => tf.tensor2d(list, undefined, 'int32');
    const { states, weights } = recurrent
      ? reader.read(rows)
      : {
          states: tf.add(tf.gather(words, ids(rows.words)), tf.gather(endings, ids(rows.endings))),
          weights: undefined,
        };
    const mean = tf.div(tf.sum(tf.mul(states, real), 1), tf.sum(real, 1));
    return { logits: tf.add(dense(mean, w), b).flatten() as tf.Tensor1D, weights };
  }
  return { reader, learned, next, judge };
}

/** Trains a critic, and with it the reader. @returns the loss of each step, in nats */
export async function trainCritic(
  { learned, next, judge }: Critic,
  reviews: readonly Review[],
  { steps = 120, batch = 32 } = {},
  report?: Report,
): Promise<number[]> {
  const adam = new Adam(learned, { learningRate: cosineSchedule(0.01, steps), clipNorm: 1 });
  let left: Review[] = [];
  const losses = await train(
    steps,
    () => {
      if (left.length < batch) left = shuffled(reviews, next);
      const some = left.splice(0, batch);
      return adam.minimize(() => {
        const { logits } = judge(some);
        const truth = tf.tensor1d(some.map(({ positive }) => positive));
        return tf.mean(tf.sub(tf.softplus(logits), tf.mul(logits, truth))) as tf.Scalar;
      });
    },
    report,
  );
  adam.dispose();
  return losses;
}

/** Share of the reviews, in percent, that a critic takes for what they are. */
export function judgedRight({ judge }: Critic, reviews: readonly Review[]): number {
  const logits = tf.tidy(() => judge(reviews).logits.dataSync());
  const right = reviews.filter(({ positive }, i) => logits[i] > 0 === (positive === 1));
  return (100 * right.length) / reviews.length;
}
