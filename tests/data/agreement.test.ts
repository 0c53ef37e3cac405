import { agreementCoder, agreementReach, agreements, loadAgreement, loadMobyDick } from 'attention';
import { expect, test } from 'vitest';

test('Moby-Dick has 135 chapters, what stands before and after, and its first words', () => {
  const chapters = loadMobyDick();
  expect(chapters.length).toBeGreaterThanOrEqual(136);
  expect(chapters.some(({ text }) => text.startsWith('Call me Ishmael.'))).toBe(true);
});

test('a verb is hidden among the words around it', () => {
  expect(agreements('The whales were near, and he was pale.')).toEqual([
    { tokens: 'the whales [be] near , and he was'.split(' '), at: 2, plural: 1 },
    { tokens: 'the whales were near , and he [be] pale .'.split(' '), at: 7, plural: 0 },
  ]);
  expect(agreements('Call me Ishmael.')).toEqual([]);
});

test('no verb of the target hides in its own place, and chapters are on one side only', () => {
  const { train, test: heldOut } = loadAgreement();
  expect(train.length).toBeGreaterThan(3 * heldOut.length);
  for (const { tokens, at } of [...train, ...heldOut]) {
    expect(tokens[at]).toBe('[be]');
    expect(at).toBeLessThanOrEqual(agreementReach.before);
    expect(tokens.length - at - 1).toBeLessThanOrEqual(agreementReach.after);
  }
  const plural = train.filter((one) => one.plural).length / train.length;
  expect(plural).toBeGreaterThan(0.2);
  expect(plural).toBeLessThan(0.35);
});

test('sentences become rows of 16 places with the verb at the same place, hidden', () => {
  const train = agreements('The whales were near, the whales were here.');
  const { encode, wordCount } = agreementCoder(train, 2);
  const { words, endings, seen, plural } = encode(agreements('Whales are odd.'));
  expect(words).toEqual([[0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 4, 1, 1, 0, 0, 0]]);
  expect(wordCount).toBe(8); // the, whales, [be], near, comma, here; and none, and rare
  expect(seen).toEqual([[0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1, 0, 0, 0]]);
  expect(endings[0][9]).toBeGreaterThan(1); // -es
  expect(plural).toEqual([1]);
});
