import {
  checkpointFile,
  EncoderDecoder,
  errorByLength,
  guessesGivenTruth,
  lengthGroups,
  letters,
  loadCheckpoint,
  loadCmudict,
  phonemes,
  pronounce,
  pronunciationErrors,
  spellingPairs,
  tf,
  Vocabulary,
  wordsOfLength,
} from 'attention';
import { describe, expect, test } from 'vitest';

const model = new EncoderDecoder({ sourceTokens: letters.size, targetTokens: phonemes.size });
loadCheckpoint(checkpointFile('rnnsearch'), model.parameters);

describe('pronounce, with the checkpoint of lesson 02', () => {
  test('says words that it has never seen, in upper or lower case', () => {
    const [first, second] = pronounce(model, ['NEIGHBORHOODS', 'philosophers']);
    expect(first.phonemes.join(' ')).toBe('N EY B ER HH UH D Z');
    expect(second.phonemes.join(' ')).toBe('F AH L AA S AH F ER Z');
    expect(second.word).toBe('PHILOSOPHERS');
  });

  test('attends to letters of the word only, one row for each phoneme and one for the end', () => {
    const [long, short] = pronounce(model, ['KNOCKING', 'MIGHT']);
    for (const { word, phonemes: said, weights } of [long, short]) {
      expect(weights).toHaveLength(said.length + 1);
      for (const row of weights) {
        expect(row).toHaveLength(word.length);
        expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 4);
      }
    }
  });

  test('finds alignments that run from left to right', () => {
    const { test: held } = loadCmudict();
    const said = pronounce(
      model,
      held.slice(0, 200).map(({ word }) => word),
    );
    const moves = said.flatMap(({ weights }) => {
      const strongest = weights.slice(0, -1).map((row) => row.indexOf(Math.max(...row)));
      return strongest.slice(1).map((at, i) => at - strongest[i]);
    });
    expect(moves.filter((move) => move < 0).length / moves.length).toBeLessThan(0.05);
  });

  test('has on held-out words the error that the lesson reports', () => {
    const { test: held } = loadCmudict();
    const { token, sequence, count } = pronunciationErrors(model, held.slice(0, 1000));
    expect(count).toBe(1000);
    expect(token).toBeLessThan(0.085);
    expect(sequence).toBeLessThan(0.35);
  });

  test('refuses an empty word and a character outside the alphabet, naming both', () => {
    expect(() => pronounce(model, ['CAT', ''])).toThrow('expected a word, got an empty one');
    expect(() => pronounce(model, ["DON'T"])).toThrow(
      'cannot read "DON\'T": "\'" (position 4 of 5) is not in the vocabulary',
    );
    expect(() => pronounce(model, ['naïve'])).toThrow('"Ï" (position 3 of 5)');
  });
});

test('spellingPairs takes the first pronunciation of a word', () => {
  const said = [['K', 'AE', 'T']];
  const [pair] = spellingPairs([{ word: 'CAT', phonemes: said[0], variants: said }]);
  expect(letters.decode(pair.source)).toEqual(['C', 'A', 'T']);
  expect(phonemes.decode(pair.target)).toEqual(['K', 'AE', 'T']);
});

test('every length from 2 to 20 is in one group, and a group has its ends', () => {
  const words = Array.from({ length: 19 }, (_, i) => ({ word: 'A'.repeat(i + 2) }));
  const grouped = lengthGroups.map((group) =>
    wordsOfLength(words, group).map((w) => w.word.length),
  );
  expect(grouped.flat()).toEqual(words.map(({ word }) => word.length));
  expect(grouped[1]).toEqual([5, 6]);
});

test('errorByLength is the phoneme error rate of each group, in percent', () => {
  const entries = loadCmudict().validation.slice(0, 300);
  const rates = errorByLength(model, entries);
  const third = pronunciationErrors(model, wordsOfLength(entries, lengthGroups[2]));
  expect(rates).toHaveLength(lengthGroups.length);
  expect(rates[2]).toBeCloseTo(100 * third.token, 8);
});

test('guessesGivenTruth has the likeliest token at each position, word by word', () => {
  const entries = loadCmudict().validation.slice(0, 300);
  const guesses = guessesGivenTruth(model, entries);
  expect(guesses.map((ids) => ids.length)).toEqual(entries.map((e) => e.phonemes.length + 1));
  const [{ source, target }] = spellingPairs(entries.slice(270, 271));
  const alone = { source: [source], target: [[...target, Vocabulary.END]] };
  expect(guesses[270]).toEqual(
    tf.tidy(() => model.logProbabilities(alone).argMax(2).arraySync() as number[][])[0],
  );
});
