import { createRequire } from 'node:module';
import { loadNumberPairs, numberInWords, numberPair, numberWords } from 'attention';
import { expect, test } from 'vitest';

test('a number in words: compounds taken apart, no British and', () => {
  expect(numberInWords(345, 'german').join(' ')).toBe('drei hundert fünf und vierzig');
  expect(numberInWords(345, 'english').join(' ')).toBe('three hundred forty five');
  expect(numberInWords(1_000_017, 'german').join(' ')).toBe('eine Million siebzehn');
  expect(numberInWords(101_000, 'german').join(' ')).toBe('ein hundert eins tausend');
  for (const n of [0, 1e9, 1.5]) expect(() => numberInWords(n, 'german')).toThrow(`got ${n}`);
});

test('German words are parts of what n2words writes, with nothing left over', () => {
  const n2words = createRequire(import.meta.url)('n2words');
  for (let n = 1; n < 1e9; n = Math.ceil(n * 1.37)) {
    const text: string = n2words(n, { lang: 'de' });
    expect(numberInWords(n, 'german').join('')).toBe(text.replaceAll(' ', ''));
  }
});

test('every word is linked with the word that it translates; und with none', () => {
  const there = numberPair(345_678_021);
  const pairs = there.targetWords.map((word, t) => `${word} ${there.sourceWords[there.links[t]]}`);
  expect(pairs.slice(0, 5)).toEqual([
    'three drei',
    'hundred hundert',
    'forty vierzig',
    'five fünf',
    'million Millionen',
  ]);
  expect(pairs.slice(-2)).toEqual(['twenty zwanzig', 'one ein']);
  const back = numberPair(21, 'english', 'german');
  expect(back.targetWords).toEqual(['ein', 'und', 'zwanzig']);
  expect(back.links).toEqual([1, -1, 0]);
});

test('links are one to one, both ways', () => {
  for (const { number, links, source, target } of loadNumberPairs({ count: 200 }).train) {
    expect(links).toHaveLength(target.length);
    expect(links.every((s) => s >= 0)).toBe(true);
    expect(new Set(links).size).toBe(target.length);
    const back = numberPair(number, 'english', 'german');
    expect(back.source).toEqual(target);
    back.links.forEach((s, t) => s >= 0 && expect(links[s]).toBe(t));
    const und = numberWords.german.encode(['und'])[0];
    expect(back.links.filter((s) => s < 0)).toHaveLength(source.filter((id) => id === und).length);
  }
});

test('numbers of four to nine digits, none on two sides, the same for the same seed', () => {
  const { train, validation, test: heldOut } = loadNumberPairs({ count: 600, heldOut: 100 });
  const all = [...train, ...validation, ...heldOut].map(({ number }) => number);
  expect(new Set(all).size).toBe(800);
  const digits = all.map((n) => String(n).length);
  for (let d = 4; d <= 9; d++) {
    const share = digits.filter((n) => n === d).length / 800;
    expect(share).toBeGreaterThan(0.12);
    expect(share).toBeLessThan(0.22);
  }
  expect(Math.min(...digits)).toBe(4);
  expect(loadNumberPairs({ count: 600, heldOut: 100 }).train[0]).toEqual(train[0]);
});
