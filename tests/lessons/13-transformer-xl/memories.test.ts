import { effectiveContext, memoryModel, memoryRuns, pairEntropy, toCharacters } from 'attention';
import { expect, test } from 'vitest';

const text = toCharacters('the whale and the sea and the ship and the sky '.repeat(40));

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
