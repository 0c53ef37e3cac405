import { bookSentences, loadReviews, sentenceCoder, tokenized } from 'attention';
import { expect, test } from 'vitest';

test('a text becomes words in lower case and marks', () => {
  expect(tokenized("Call me Ishmael; don't!")).toEqual([
    'call',
    'me',
    'ishmael',
    ';',
    "don't",
    '!',
  ]);
});

test('the book is cut into sentences and pieces of them, and chapters are on one side only', () => {
  const { train, test: heldOut } = bookSentences({ longest: 12, shortest: 5 });
  const lengths = [...train, ...heldOut].map(({ length }) => length);
  expect(Math.max(...lengths)).toBe(12);
  expect(Math.min(...lengths)).toBe(5);
  expect(train.length).toBeGreaterThan(3 * heldOut.length);
  const opening = 'some years ago'.split(' ');
  expect(bookSentences().train.some((one) => opening.every((word, i) => one[i] === word))).toBe(
    true,
  );
});

test('a thousand reviews, as many for as against, each with its text', () => {
  const reviews = loadReviews();
  expect(reviews).toHaveLength(1000);
  expect(reviews.filter(({ positive }) => positive)).toHaveLength(500);
  expect(reviews[1]).toEqual({
    text: 'Good case, Excellent value.',
    tokens: ['good', 'case', ',', 'excellent', 'value', '.'],
    positive: 1,
  });
});

test('sentences become rows: the mark, the words, and what comes next', () => {
  const train = ['the sea the ship'.split(' '), 'the sea'.split(' ')];
  const coder = sentenceCoder(train, { rare: 2, also: ['phone', 'sea'] });
  expect(coder.words).toEqual(['the', 'sea', 'phone']);
  expect([coder.id('phone'), coder.id('ship')]).toEqual([5, 1]);
  expect(coder.rows([['the', 'ship'], ['phone']])).toEqual({
    words: [
      [2, 3, 1],
      [2, 5, 0],
    ],
    endings: [
      [2, 3, 1],
      [2, 1, 0],
    ],
    next: [
      [3, 1, 2],
      [5, 2, 0],
    ],
  });
  expect(coder.wordCount).toBe(6);
  expect(coder.endingCount).toBe(5); // -he, -ea
});
