import { batch } from '../data/batches';
import type { NumberPair } from '../data/number-words';
import { tf } from '../tensors/tf';
import { alignmentErrorRate, errorRates, type Link } from '../training/error-rates';
import type { LuongEncoderDecoder } from './luong-encoder-decoder';

/** How well a model translates numbers in words. */
export type NumberErrors = {
  /** Share of the numbers that come out wrong when it decodes by itself. */
  number: number;
  /** Share of the words that it gets wrong when it is given the true words before. */
  word: number;
  /** Alignment error rate of the largest weight of each target word, given the true words. */
  alignment: number;
};

/** The errors of a model on some numbers, each between 0 and 1. */
export function numberErrors(
  model: LuongEncoderDecoder,
  pairs: readonly NumberPair[],
): NumberErrors {
  const said = model.decode(
    pairs.map(({ source }) => source),
    20,
  );
  const guesses = tf.tidy(
    () => model.logProbabilities(batch(pairs)).argMax(2).arraySync() as number[][],
  );
  const words = pairs.flatMap(({ target }, i) => target.map((id, t) => guesses[i][t] === id));
  const links = (of: (pair: NumberPair, i: number) => number[]): Link[][] =>
    pairs.map((pair, i) =>
      of(pair, i)
        .map((source, target): Link => [target, source])
        .filter(([, source]) => source >= 0),
    );
  const aligned = model.align(pairs);
  const strongest = ({ target }: NumberPair, i: number) =>
    target.map((_, t) => {
      const row = aligned[i].weights[t];
      return row.indexOf(Math.max(...row));
    });
  return {
    number: errorRates(
      said.map(({ ids }) => ids),
      pairs.map(({ target }) => [target]),
    ).sequence,
    word: words.filter((right) => !right).length / words.length,
    alignment: alignmentErrorRate(
      links(strongest),
      links(({ links: known }) => known),
    ),
  };
}
