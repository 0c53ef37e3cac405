import type { HeadAttention } from '../../attention/heads/multi-head';
import { scaledDotProductAttention } from '../../attention/scores/scaled-dot-product';
import {
  attentionInHeads,
  type LanguageModel,
  languageModel,
  type Sublayer,
} from '../../models/language-model';
import { type Random, random, shuffled } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import { crossEntropy } from '../../training/cross-entropy';
import type { Report } from '../../training/train';
import { trainByCosine } from '../../training/train-by-cosine';

/** Whether query i of a head looks at key j. That j ≤ i is asked for elsewhere. */
export type SeenBy = (i: number, j: number, head: number) => boolean;

/**
 * The patterns of the lesson, both of their halves merged.
 *
 *     strided    i − j ≤ l  or  (i − j) mod l = 0
 *     fixed      ⌊j / l⌋ = ⌊i / l⌋  or  j mod l ≥ l − c
 *     subblocks  as fixed, but each head passes on a part of its own of each block: places h c to h c + c − 1
 *     slid       i − j ≤ l  or  j mod l ≥ l − c: the second half of fixed without borders in the first
 *
 * Source: Child et al. (2019), Sections 4.3 and 5.1; `subblocks` as their code has it.
 */
export const seenBy = {
  dense: (): SeenBy => () => true,
  strided:
    (l: number): SeenBy =>
    (i, j) =>
      i - j <= l || (i - j) % l === 0,
  fixed:
    (l: number, c = 1): SeenBy =>
    (i, j) =>
      Math.floor(j / l) === Math.floor(i / l) || j % l >= l - c,
  subblocks:
    (l: number, c: number): SeenBy =>
    (i, j, head) =>
      Math.floor(j / l) === Math.floor(i / l) ||
      Math.floor((j % l) / c) === head % Math.ceil(l / c),
  slid:
    (l: number, c = 1): SeenBy =>
    (i, j) =>
      i - j <= l || j % l >= l - c,
};

/** Digits of 14 × 14 pixels: the stride is a row. */
export const digitPatterns = {
  dense: seenBy.dense(),
  strided: seenBy.strided(14),
  fixed: seenBy.fixed(14, 4),
};
export const digitSteps = 200;

/** Segments of 64 characters, stride 8. The dense one is lesson 13's `plain`. */
export const textPatterns = {
  strided: seenBy.strided(8),
  fixed: seenBy.fixed(8, 2),
  slid: seenBy.slid(8, 2),
};

/** Evenings of 64 tokens. */
export const waiterPatterns = {
  'strided, l = 8': seenBy.strided(8),
  'strided, l = 4': seenBy.strided(4),
  'fixed, l = 8, c = 2': seenBy.fixed(8, 2),
  'subblocks, l = 8, c = 2': seenBy.subblocks(8, 2),
};

/** A pattern as a mask, [1, heads, length, length]: 1 = seen, and no query sees what comes later. */
export function patternMask(seen: SeenBy, length: number, heads = 1): tf.Tensor4D {
  const mask = new Float32Array(heads * length * length);
  for (let head = 0; head < heads; head++)
    for (let i = 0; i < length; i++)
      for (let j = 0; j <= i; j++)
        mask[(head * length + i) * length + j] = Number(seen(i, j, head));
  return tf.tensor4d(mask, [1, heads, length, length]);
}

/**
 * Heads that look as a pattern says. They compute all scores, and mask: for short sequences, where that
 * is the fastest. `sparseTransformerAttention` does the same for long ones.
 */
export function patternHeads(seen: SeenBy): HeadAttention {
  const masks = new Map<string, tf.Tensor>();
  return (query, keys, values) => {
    const [, heads, length] = query.shape;
    const key = `${heads} ${length}`;
    if (!masks.has(key)) masks.set(key, tf.keep(patternMask(seen, length, heads)));
    return scaledDotProductAttention(query, keys, values, masks.get(key));
  };
}

/** The language model of lessons 13 to 16 and 18 whose heads look as a pattern says. */
export function patternReader(
  attend: HeadAttention<any>,
  { seed = 1, tokens = 27 }: { seed?: number; tokens?: number } = {},
) {
  const { parameters, apply } = attentionInHeads(
    () => ({}),
    () => attend,
  );
  return languageModel({ attention: { parameters, apply }, seed, tokens });
}

/** The attention of a `patternReader`, to be read by another: an option of `forward`. */
export function readBy(attend: HeadAttention<any>): Sublayer['apply'] {
  return attentionInHeads(
    () => ({}),
    () => attend,
  ).apply as Sublayer['apply'];
}

/** An evening of a waiter: guests, drinks, and how often each guest is called. */
export const evening = { guests: 16, drinks: 4, calls: 3 };
export const eveningTokens = evening.guests * (evening.drinks + 1);

/**
 * A text with a long memory. Each guest orders a drink, one token for both; then the waiter calls all
 * guests several times, in any order, and has to know the drink of each.
 *
 * @returns ids [batch, guests · (1 + calls)], int32: first guest · drinks + drink, then
 *   guests · drinks + guest; the drink of each guest that is called, [batch, guests · calls], int32
 */
export function orders(batch: number, next: Random): { ids: tf.Tensor2D; drinks: tf.Tensor2D } {
  const { guests, drinks, calls } = evening;
  const all = Array.from({ length: guests }, (_, guest) => guest);
  const evenings = Array.from({ length: batch }, () => {
    const wish = all.map(() => Math.floor(next() * drinks));
    const coming = shuffled(all, next);
    const called = shuffled(Array<number[]>(calls).fill(all).flat(), next);
    return {
      ids: [
        ...coming.map((guest) => guest * drinks + wish[guest]),
        ...called.map((guest) => guests * drinks + guest),
      ],
      wanted: called.map((guest) => wish[guest]),
    };
  });
  const rows = (lists: number[][]) => tf.tensor2d(lists, undefined, 'int32');
  return {
    ids: rows(evenings.map(({ ids }) => ids)),
    drinks: rows(evenings.map(({ wanted }) => wanted)),
  };
}

/** Mean cross-entropy of the drinks, in nats. */
function waiterLoss({ forward }: LanguageModel, ids: tf.Tensor2D, drinks: tf.Tensor2D): tf.Scalar {
  const logits = forward(ids).logits.slice([0, evening.guests, 0], [-1, -1, -1]);
  const flat = drinks.flatten();
  return crossEntropy(logits.reshape([flat.size, -1]), flat, tf.onesLike(flat));
}

/** Trains a language model as a waiter, each step on new evenings. */
export async function trainWaiter(
  model: LanguageModel,
  { steps = 300, batch = 8, rate = 0.006, seed = 1 } = {},
  report?: Report,
): Promise<number[]> {
  const next = random(1600 + seed);
  const losses = await trainByCosine(
    model.parameters,
    { steps, rate },
    (adam) =>
      adam.minimize(() => {
        const { ids, drinks } = orders(batch, next);
        return waiterLoss(model, ids, drinks);
      }),
    report,
  );
  return losses.map((loss) => loss / Math.LN2);
}

/** Bits that a drink costs the waiter, on evenings it has not seen. */
export function waiterBits(model: LanguageModel, evenings = 64): number {
  return tf.tidy(() => {
    const { ids, drinks } = orders(evenings, random(99));
    return waiterLoss(model, ids, drinks).dataSync()[0] / Math.LN2;
  });
}
