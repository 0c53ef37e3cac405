import { oneHot } from '../tensors/one-hot';
import { type Random, shuffled } from '../tensors/random';
import { tf } from '../tensors/tf';
import type { Digit } from './mnist';

/** Guests of a cloakroom, each before hooks of their own. */
export interface Guests {
  /** The number that each guest has written, [guests, 1, 196]. */
  tickets: tf.Tensor3D;
  /** The numbers written at the hooks, [guests, hooks, 196]. */
  hooks: tf.Tensor3D;
  /** Which of ten coats hangs at each hook, one-hot [guests, hooks, 10]. */
  coats: tf.Tensor3D;
  /** The coat at the hook whose number is the ticket's, 0 … 9, [guests]. */
  wanted: tf.Tensor1D;
}

/**
 * A look-up by content, on real handwriting: each hook of a cloakroom has a number, in somebody's
 * hand, and a coat; a guest comes with a ticket, the same number in another hand.
 *
 * The digits are halved to 14 × 14 pixels and shifted and scaled, each by itself, to mean 0 and
 * variance 1. Numbers at a guest's hooks differ, so do their coats; which number, which coat and
 * which hook is drawn anew for every guest.
 *
 * @param digits some of each kind
 * @param hooks how many, at most ten
 * @returns a function that draws guests
 */
export function cloakroom(digits: readonly Digit[], hooks = 8) {
  const byLabel = Array.from({ length: 10 }, (_, label) =>
    digits.filter((digit) => digit.label === label).map(({ pixels }) => standardised(pixels)),
  );
  const ten = byLabel.map((_, label) => label);
  return (guests: number, next: Random): Guests => {
    const written = (label: number) => byLabel[label][Math.floor(next() * byLabel[label].length)];
    const all = Array.from({ length: guests }, () => {
      const numbers = shuffled(ten, next).slice(0, hooks);
      const coats = shuffled(ten, next).slice(0, hooks);
      const asked = Math.floor(next() * hooks);
      const ticket = written(numbers[asked]);
      return { ticket, numbers: numbers.map(written), coats, wanted: coats[asked] };
    });
    // Long lists inside of lists take TensorFlow.js longer than a training step.
    const joined = (digits: Float32Array[]) => {
      const all = new Float32Array(196 * digits.length);
      digits.forEach((digit, i) => {
        all.set(digit, 196 * i);
      });
      return all;
    };
    return {
      tickets: tf.tensor3d(joined(all.map(({ ticket }) => ticket)), [guests, 1, 196]),
      hooks: tf.tensor3d(joined(all.flatMap(({ numbers }) => numbers)), [guests, hooks, 196]),
      coats: tf.tidy(() => {
        const kinds = all.map(({ coats }) => coats);
        return oneHot(tf.tensor2d(kinds, undefined, 'int32'), 10) as tf.Tensor3D;
      }),
      wanted: tf.tensor1d(
        all.map(({ wanted }) => wanted),
        'int32',
      ),
    };
  };
}

/** 28 × 28 pixels as 14 × 14 means, with mean 0 and variance 1. */
function standardised(pixels: Float32Array): Float32Array {
  const side = 14;
  const means = Array.from({ length: side * side }, (_, i) => {
    const corner = 2 * Math.floor(i / side) * 28 + 2 * (i % side);
    return (pixels[corner] + pixels[corner + 1] + pixels[corner + 28] + pixels[corner + 29]) / 4;
  });
  const mean = means.reduce((sum, x) => sum + x, 0) / means.length;
  const variance = means.reduce((sum, x) => sum + (x - mean) ** 2, 0) / means.length;
  return Float32Array.from(means, (x) => (x - mean) / Math.sqrt(variance));
}
