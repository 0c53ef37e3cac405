import {
  type RelativePositionParameters,
  relativePositionAttention,
  relativePositionParameters,
} from '../../attention/positions/relative-position';
import type { ScriptioContinua } from '../../data/scriptio-continua';
import { learnedPositions, positionParameters, sinusoidalPositions } from '../../layers/positions';
import { encoderLayer, encoderLayerParameters } from '../../layers/transformer-layer';
import { dense } from '../../tensors/dense';
import { flatten, variables } from '../../tensors/parameters';
import { random, uniform } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import { Adam } from '../../training/adam';
import { cosineSchedule } from '../../training/schedule';
import { type Report, train } from '../../training/train';

export type ReaderOptions = {
  /** How the reader knows the order of the letters. */
  positions: 'none' | 'learned' | 'sinusoidal' | 'relative';
  /** The clipping distance of relative positions. Default 8. */
  k?: number;
  /** Which of the two tables is learned; the other is 0. Default both. */
  tables?: 'both' | 'keys' | 'values';
  /** Another relative attention in place of `relativePositionAttention`. */
  attend?: typeof relativePositionAttention<tf.Tensor4D>;
  seed?: number;
};

/** Sizes of all readers; learned positions have `places` rows. */
export const readerSizes = { dModel: 32, heads: 4, layers: 2, dHidden: 64, places: 1024 };

/** A small Transformer that says behind which letters a word ends. */
export type Reader = ReturnType<typeof reader>;

/**
 * A reader: an encoder of two layers (pre-norm) over letters, and one number for each letter.
 *
 *     x_j = E[letter_j] √dModel (+ p_j)      p(word ends behind j) = σ(w · Encoder(x)_j + b)
 *
 * Relative positions are tables w^K, w^V of each layer, shared by its heads, and no p_j.
 */
export function reader({ positions, tables = 'both', k = 8, seed = 1, attend }: ReaderOptions) {
  const next = random(seed);
  const { dModel, heads, layers, places } = readerSizes;
  const stack = <Layer>(layer: () => Layer) => Array.from({ length: layers }, layer);
  const relative = stack(() => relativePositionParameters({ k, dKey: dModel / heads }, next));
  const tree = variables({
    letter: uniform([26, dModel], next, Math.sqrt(3 / dModel)),
    layers: stack(() => encoderLayerParameters(readerSizes, next)),
    w: uniform([dModel, 1], next),
    b: tf.zeros([1]),
    ...(positions === 'learned' && {
      places: positionParameters({ maxLength: places, dModel }, next),
    }),
    ...(positions === 'relative' && { relative: relative.map((both) => learnedOf(both, tables)) }),
  });
  const parameters = flatten(tree);
  const sinusoids = variables([sinusoidalPositions(2 * places, dModel)])[0];
  const run = relativePositionAttention<tf.Tensor4D>;

  /**
   * @param letters [texts][length]
   * @param options.start the number of the first place, for absolute positions
   * @param options.mask [length, length]: 1 = may be seen
   * @param options.attend another relative attention, for this call
   */
  function forward(letters: number[][], { start = 0, mask, attend: other }: Reading = {}) {
    const ids = tf.tensor2d(letters, undefined, 'int32');
    const weights: tf.Tensor4D[] = [];
    let x = tf.mul(tf.gather(tree.letter, ids), Math.sqrt(dModel));
    const table = positions === 'sinusoidal' ? sinusoids : tree.places;
    if (table) x = tf.add(x, learnedPositions(table, letters[0].length, start));
    tree.layers.forEach((layer, i) => {
      const own = tree.relative?.[i];
      const both = own && { wK: own.wK ?? tf.zeros([2 * k + 1, dModel / heads]), wV: own.wV };
      const found = encoderLayer(x, layer, {
        heads,
        mask,
        norm: 'pre',
        attend: both && ((q, key, v, m) => (other ?? attend ?? run)(q, key, v, both, m)),
      });
      x = found.output;
      weights.push(found.weights);
    });
    return { logits: tf.add(dense(x, tree.w), tree.b).squeeze([-1]) as tf.Tensor2D, weights };
  }
  return { positions, k, next, tree, parameters, forward };
}

/** How letters are read, if not from place 0, all of them seen, as the reader was trained. */
export type Reading = {
  start?: number;
  mask?: tf.Tensor;
  attend?: typeof relativePositionAttention<tf.Tensor4D>;
};

function learnedOf(
  { wK, wV }: Required<RelativePositionParameters>,
  tables: ReaderOptions['tables'],
): Partial<RelativePositionParameters> {
  return {
    ...(tables !== 'values' && { wK }),
    ...(tables !== 'keys' && { wV }),
  };
}

/**
 * Trains a reader on stretches of a text, with binary cross-entropy.
 *
 * @param options.length letters in a stretch
 * @param options.farthest each batch begins at a place that is drawn from 0 to this one
 * @returns the loss of each step, in nats per letter
 */
export async function trainReader(
  { next, parameters, forward }: Reader,
  { letters, ends }: ScriptioContinua,
  { steps = 600, length = 32, batch = 32, farthest = 0 } = {},
  report?: Report,
): Promise<number[]> {
  const adam = new Adam(parameters, { learningRate: cosineSchedule(0.01, steps), clipNorm: 1 });
  const losses = await train(
    steps,
    () => {
      const start = Math.floor(next() * (farthest + 1));
      const from = Array.from({ length: batch }, () =>
        Math.floor(next() * (letters.length - length)),
      );
      const cut = (all: Uint8Array) => from.map((at) => [...all.subarray(at, at + length)]);
      return adam.minimize(() => {
        const { logits } = forward(cut(letters), { start });
        return tf.mean(tf.sub(tf.softplus(logits), tf.mul(logits, tf.tensor2d(cut(ends)))));
      });
    },
    report,
  );
  adam.dispose();
  return losses;
}

/** The mask under which each of `length` letters sees those up to `reach` away. */
export function nearby(length: number, reach: number): tf.Tensor2D {
  return tf.tidy(() => {
    const place = tf.range(0, length).expandDims(0);
    return tf.lessEqual(tf.abs(tf.sub(place, tf.transpose(place))), reach) as tf.Tensor2D;
  });
}

/** What a reader marked. */
export type Marks = { hits: number; falseAlarms: number; misses: number };

/**
 * Lets a reader mark the ends of words in stretches of a text.
 *
 * @param options.length letters in a stretch
 * @param options.total letters in all
 * @returns the marks at each place of a stretch
 */
export function markReader(
  { forward }: Reader,
  { letters, ends }: ScriptioContinua,
  { length = 32, total = 8192, ...reading }: Reading & { length?: number; total?: number } = {},
): Marks[] {
  const marks = Array.from({ length }, () => ({ hits: 0, falseAlarms: 0, misses: 0 }));
  const count = Math.floor(total / length);
  const apart = Math.floor((letters.length - length) / count);
  const atOnce = Math.max(1, Math.floor(4096 / length));
  for (let done = 0; done < count; done += atOnce) {
    const from = Array.from(
      { length: Math.min(atOnce, count - done) },
      (_, i) => apart * (done + i),
    );
    const logits = tf.tidy(() => {
      const stretches = from.map((at) => [...letters.subarray(at, at + length)]);
      return forward(stretches, reading).logits.arraySync();
    });
    logits.forEach((row, i) => {
      row.forEach((logit, j) => {
        const end = ends[from[i] + j];
        if (logit > 0) marks[j][end ? 'hits' : 'falseAlarms']++;
        else if (end) marks[j].misses++;
      });
    });
  }
  return marks;
}

/**
 * F1 of marks: the harmonic mean of precision (how many marks are right) and recall (how many ends
 * are marked).
 *
 *     F1 = 2 hits / (2 hits + false alarms + misses)
 */
export function f1(marks: readonly Marks[]): number {
  const sum = (name: keyof Marks) => marks.reduce((all, one) => all + one[name], 0);
  const twice = 2 * sum('hits');
  return twice / (twice + sum('falseAlarms') + sum('misses'));
}
