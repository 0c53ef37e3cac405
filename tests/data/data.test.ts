import { batch, batches, glue, letters, loadCmudict, phonemes, Vocabulary } from 'attention';
import { describe, expect, test } from 'vitest';

describe('loadCmudict', () => {
  const { train, validation, test: held } = loadCmudict();
  const find = (word: string) => [...train, ...validation, ...held].find((p) => p.word === word);

  test('reads spellings and pronunciations, without stress', () => {
    expect(find('THROUGH')?.phonemes).toEqual(['TH', 'R', 'UW']);
    expect(find('READ')?.variants).toEqual([
      ['R', 'EH', 'D'],
      ['R', 'IY', 'D'],
    ]);
    expect(train.length + validation.length + held.length).toBeGreaterThan(115_000);
  });

  test('never puts a word, or two pronunciations of it, on two sides of the split', () => {
    const words = [train, validation, held].map((part) => new Set(part.map((p) => p.word)));
    const all = words.reduce((sum, part) => sum + part.size, 0);
    expect(all).toBe(train.length + validation.length + held.length);
    expect(new Set(words.flatMap((part) => [...part])).size).toBe(all);
  });

  test('splits alike for the same seed, and refuses an impossible share', () => {
    expect(loadCmudict().test[0].word).toBe(held[0].word);
    expect(loadCmudict({ seed: 2 }).test[0].word).not.toBe(held[0].word);
    expect(() => loadCmudict({ heldOut: 0.5 })).toThrow('between 0 and 0.4, got 0.5');
  });

  test('uses letters and phonemes that the vocabularies know', () => {
    for (const { word, variants } of held) {
      letters.encode([...word]);
      for (const variant of variants) phonemes.encode(variant);
    }
    expect(letters.size).toBe(29);
    expect(phonemes.size).toBe(42);
  });
});

test('glue writes and says two words as one, in each way that they can be said', () => {
  const read = {
    word: 'READ',
    phonemes: ['R', 'EH', 'D'],
    variants: [
      ['R', 'EH', 'D'],
      ['R', 'IY', 'D'],
    ],
  };
  const cat = { word: 'CAT', phonemes: ['K', 'AE', 'T'], variants: [['K', 'AE', 'T']] };
  const both = glue(read, cat);
  expect(both.word).toBe('READCAT');
  expect(both.phonemes.join(' ')).toBe('R EH D K AE T');
  expect(both.variants.map((said) => said.join(' '))).toEqual(['R EH D K AE T', 'R IY D K AE T']);
});

describe('Vocabulary', () => {
  test('goes there and back, up to the end mark', () => {
    const ids = letters.encode([...'CAB']);
    expect(letters.decode([Vocabulary.START, ...ids, Vocabulary.END, 5])).toEqual(['C', 'A', 'B']);
  });

  test('names an unknown token and its place', () => {
    expect(() => letters.encode([...'CAFÉ'])).toThrow(
      '"É" (position 4 of 4) is not in the vocabulary',
    );
    expect(() => letters.encode(['<pad>'])).toThrow('not in the vocabulary');
    expect(() => new Vocabulary(['a', 'a'])).toThrow('a token occurs twice');
  });
});

describe('batches', () => {
  const pairs = Array.from({ length: 23 }, (_, i) => ({
    source: new Array(1 + (i % 5)).fill(3 + i),
    target: new Array(1 + (i % 3)).fill(3 + i),
  }));

  test('gives every pair once per epoch, with end mark and padding', () => {
    const stream = batches(pairs, { batchSize: 4, seed: 1 });
    const seen: number[] = [];
    for (let i = 0; i < 6; i++) {
      const { source, target } = stream.next().value;
      for (const [row, ids] of target.entries()) {
        expect(ids.length).toBe(target[0].length);
        expect(ids.filter((id) => id === Vocabulary.END)).toHaveLength(1);
        expect(ids[0]).toBe(source[row][0]);
        seen.push(source[row][0]);
      }
    }
    expect(seen.sort((a, b) => a - b)).toEqual(pairs.map((pair) => pair.source[0]));
  });

  test('gives the same batches for the same seed', () => {
    const first = (seed: number) => batches(pairs, { batchSize: 4, seed }).next().value;
    expect(first(1)).toEqual(first(1));
    expect(first(1)).not.toEqual(first(2));
  });

  test('refuses an empty source and an empty batch', () => {
    expect(() => batch([{ source: [], target: [3] }])).toThrow('the source of pair 0 is empty');
    expect(() => batch([])).toThrow('at least one pair');
    expect(() => batches(pairs, { batchSize: 0, seed: 1 }).next()).toThrow('batch size 0');
  });
});
