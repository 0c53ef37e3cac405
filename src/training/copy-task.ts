import type { Random } from '../tensors/random';
import { expectShape, expectSizes } from '../tensors/shape';
import { tf } from '../tensors/tf';
import { crossEntropy } from './cross-entropy';

/** A made-up task: to say a sequence again. */
export interface CopyTask {
  /** Of an example: twice (1 + symbols of the word). */
  length: number;
  /** The zero and the symbols. */
  tokens: number;
  /** Draws examples, [count, length], int32. */
  batch(count: number, next: Random): tf.Tensor2D;
  /** Mean cross-entropy of the second word, in nats per symbol. Logits are [count, length, tokens]. */
  loss(logits: tf.Tensor, ids: tf.Tensor): tf.Scalar;
  /** How much of the second word has the largest logit, in %. */
  accuracy(logits: tf.Tensor, ids: tf.Tensor): number;
}

/**
 * The duplication task: 0 w 0 w, where w is a word of random symbols. Each position foretells the
 * next, and only the second w counts: nobody can foretell the first.
 *
 * Source: Kitaev, Kaiser, Levskaya (2020), "Reformer", Section 2.1.
 *
 * @param word how many symbols w has
 * @param symbols how many there are, besides the zero
 */
export function copyTask({ word, symbols }: { word: number; symbols: number }): CopyTask {
  expectSizes({ word, symbols });
  const [half, length, tokens] = [word + 1, 2 * (word + 1), symbols + 1];
  const example = (next: Random) => {
    const w = Array.from({ length: word }, () => 1 + Math.floor(next() * symbols));
    return [0, ...w, 0, ...w];
  };
  /** The positions from the second zero on, but for the last, and what comes after each. */
  const judged = (logits: tf.Tensor, ids: tf.Tensor) => {
    const [count] = expectShape('ids', ids, ['count', length], 'int32');
    expectShape('logits', logits, [count, length, tokens]);
    return {
      guesses: logits.slice([0, half], [-1, word]).reshape([-1, tokens]),
      answers: ids.slice([0, half + 1]).flatten(),
    };
  };
  return {
    length,
    tokens,
    batch: (count, next) =>
      tf.tensor2d(
        Array.from({ length: count }, () => example(next)),
        [count, length],
        'int32',
      ),
    loss: (logits, ids) =>
      tf.tidy(() => {
        const { guesses, answers } = judged(logits, ids);
        return crossEntropy(guesses, answers, tf.ones(answers.shape));
      }),
    accuracy: (logits, ids) =>
      tf.tidy(() => {
        const { guesses, answers } = judged(logits, ids);
        return 100 * guesses.argMax(-1).equal(answers).toFloat().mean().dataSync()[0];
      }),
  };
}
