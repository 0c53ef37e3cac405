import {
  drawers,
  fitLookUps,
  fixedHeads,
  flatten,
  hiddenLetters,
  lookUpLayer,
  markLookUps,
  random,
  spelledWords,
  tf,
  twoDrawers,
} from 'attention';
import { describe, expect, test } from 'vitest';

const ids = (x: tf.Tensor) => tf.argMax(x, -1).arraySync() as number[][];

describe('two drawers', () => {
  test('wants the letters in the two drawers that a query names, in its order', () => {
    const { query, values, targets, counts } = twoDrawers(3, random(1));
    const { places } = drawers;
    const [first, second] = [0, places].map((from) =>
      ids(query.slice([0, 0, from], [3, places, places])),
    );
    const lying = ids(values);
    const wanted = first.flatMap((row, chest) =>
      row.flatMap((p, i) => [lying[chest][p], lying[chest][second[chest][i]]]),
    );
    expect(Array.from(targets.dataSync())).toEqual(wanted);
    expect(counts.sum().dataSync()[0]).toBe(3 * places * 2);
  });

  test('has keys that know nothing of letters: they are the same in every chest', () => {
    const { keys } = twoDrawers(2, random(1));
    const one = tf.eye(drawers.places).arraySync();
    expect(keys.arraySync()).toEqual([one, one]);
  });
});

describe('hidden letters', () => {
  const { query, keys, values, mask, targets, counts } = hiddenLetters(['ABBA', 'QUEENLIKEA']);

  test('hide each letter from its own query, and what is behind the word from all', () => {
    const seen = mask?.arraySync() as number[][][];
    expect(seen[0][1]).toEqual([1, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
    expect(seen[1][3]).toEqual([1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1]);
  });

  test('ask for the letters and not for the edges', () => {
    expect(Array.from(targets.dataSync()).slice(0, 6)).toEqual([26, 0, 1, 1, 0, 26]);
    expect(Array.from(counts.dataSync()).slice(0, 7)).toEqual([0, 1, 1, 1, 1, 0, 0]);
    expect(counts.sum().dataSync()[0]).toBe(14);
  });

  test('have queries that know their place only, and keys and values that know letter and place', () => {
    expect(query.arraySync()).toEqual([tf.eye(12).arraySync(), tf.eye(12).arraySync()]);
    expect(keys.shape).toEqual([2, 12, 39]);
    expect(values.arraySync()).toEqual(keys.arraySync());
    expect(ids(keys.slice([1, 0, 0], [1, 12, 27]))[0].slice(0, 4)).toEqual([26, 16, 20, 4]);
  });

  test('come from words of four to ten letters, none of them on both sides', () => {
    const { train, validation } = spelledWords();
    expect(validation.every((word) => /^[A-Z]{4,10}$/.test(word))).toBe(true);
    const known = new Set(train);
    expect(validation.filter((word) => known.has(word))).toEqual([]);
  });
});

test('fixed heads look where they are told, and at nothing beyond the word', () => {
  const examples = hiddenLetters(['ABC']);
  const options = { heads: 2, dModel: 4, outputs: 27, attend: fixedHeads([-1, 2]) };
  const { weights } = lookUpLayer(examples, options).attend(examples);
  const [before, after] = (weights.arraySync() as number[][][][])[0];
  expect(before[2]).toEqual([0, 1, ...Array(10).fill(0)]);
  expect(after[2]).toEqual([0, 0, 0, 0, 1, ...Array(7).fill(0)]);
  expect(after[3]).toEqual(Array(12).fill(0));
});

test('a layer learns a few words by heart, its marks tell, and nothing but it is left in memory', async () => {
  const words = () => hiddenLetters(['CAT', 'DOG']);
  const examples = words();
  const layer = lookUpLayer(examples, { heads: 2, dModel: 16, outputs: 27 });
  expect(Object.keys(layer.trained)).toEqual(Object.keys(flatten(layer.parameters)));
  const fresh = markLookUps(layer, examples);
  await fitLookUps(layer, words, { steps: 1 });
  const before = tf.memory().numTensors;
  await fitLookUps(layer, words, { steps: 200 });
  const { right, parts, loss } = markLookUps(layer, examples);
  expect(tf.memory().numTensors).toBe(before);
  expect(loss).toBeLessThan(fresh.loss / 10);
  expect(right).toBe(1);
  expect(parts).toEqual([1]);
});

test('marks of several answers to a query are kept apart', () => {
  const examples = twoDrawers(20, random(2));
  const always = tf.oneHot(
    Array.from(examples.targets.dataSync()).map((id, i) => (i % 2 === 0 ? id : 15 - id)),
    16,
    1,
    0,
    'float32',
  );
  const { right, parts } = markLookUps({ scores: () => always }, examples, 2);
  expect(parts).toEqual([1, 0]);
  expect(right).toBe(0.5);
});
