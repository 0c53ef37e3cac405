import {
  bitsByContext,
  bitsPerCharacter,
  effectiveContext,
  languageModel,
  memoryModel,
  memoryRuns,
  pairEntropy,
  tf,
  toCharacters,
  transformerXLSublayer,
} from 'attention';
import { describe, expect, test } from 'vitest';

const text = toCharacters('the whale and the sea and the ship and the sky '.repeat(40));
const tiny = { dModel: 8, heads: 2, dHidden: 16, layers: 2 };

test('all models of the comparison differ in what they say they differ in', () => {
  const size = (name: keyof typeof memoryRuns) =>
    Object.values(memoryModel(name).model.parameters).reduce((sum, v) => sum + v.size, 0);
  expect(size('distances, no memory')).toBe(size('Transformer-XL'));
  expect(size('numbered places, no memory')).toBe(size('numbered places, memory'));
  expect(size('Transformer-XL')).toBe(165467);
  expect(memoryRuns['Transformer-XL'].memoryLength).toBe(64);
});

test('a model is trained on streams, the same way every time', async () => {
  const losses = async () => {
    const one = memoryModel('Transformer-XL', 2);
    return one.train(text, undefined, { steps: 3, batch: 2, segment: 8 });
  };
  expect(await losses()).toEqual(await losses());
});

describe('bitsByContext', () => {
  const model = languageModel({ ...tiny, attention: transformerXLSublayer, positions: 'none' });

  test('counts the same characters, however much stands before them', () => {
    const { W } = model.tree.output;
    const blind = languageModel(tiny);
    (blind.tree.output.W as tf.Variable).assign(tf.zerosLike(W));
    const bits = bitsByContext(blind, text, [1, 5, 60], { places: 8, segment: 16 });
    for (const one of bits) expect(one).toBeCloseTo(Math.log2(27), 4);
  });

  test('with a memory of everything does not depend on the segments', () => {
    const at = (segment: number) =>
      bitsByContext(model, text, [3, 40], { segment, memoryLength: 100, places: 8, stretch: 4 });
    at(16).forEach((bits, n) => {
      expect(bits).toBeCloseTo(at(64)[n], 4);
    });
  });

  test('of a whole segment is what bitsPerCharacter counts', () => {
    const short = text.subarray(0, 17);
    const { byPlace } = bitsPerCharacter(model, short, { segment: 16, batch: 1, total: 16 });
    const [last] = bitsByContext(model, short, [16], { places: 1, stretch: 1 });
    expect(last).toBeCloseTo(byPlace[15], 4);
  });

  test('leaves no tensor behind', () => {
    const before = tf.memory().numTensors;
    bitsByContext(model, text, [1, 20], { segment: 8, memoryLength: 8, places: 4, stretch: 2 });
    expect(tf.memory().numTensors).toBe(before);
  });
});

test('the effective context is the least from which nothing more is saved', () => {
  const contexts = [1, 2, 4, 8];
  expect(effectiveContext(contexts, [4, 3, 2.5, 2.495])).toBe(4);
  expect(effectiveContext(contexts, [4, 3, 2.5, 2.4])).toBe(8);
  expect(effectiveContext(contexts, [2, 2, 2, 2])).toBe(1);
  expect(effectiveContext(contexts, [4, 3, 3.2, 2.5])).toBe(8);
});

test('the entropy of pairs is that of a plain count', () => {
  expect(pairEntropy([0, 1, 0, 1, 0])).toBe(0);
  // after 0 come 0, 1 and 1; after 1 comes 0, twice
  const wanted = (-Math.log2(1 / 3) - 2 * Math.log2(2 / 3)) / 5;
  expect(pairEntropy([0, 0, 1, 0, 1, 0])).toBeCloseTo(wanted, 10);
});
