import { causalMask, denseWeights, paddingMask, tf } from 'attention';
import { expect, test } from 'vitest';
import { expectNoLeak } from '../helpers';

test('causalMask hides the future; with more keys than queries, the queries come last', () => {
  expect(causalMask(3).arraySync()).toEqual([
    [1, 0, 0],
    [1, 1, 0],
    [1, 1, 1],
  ]);
  expect(causalMask(2, 4).arraySync()).toEqual([
    [1, 1, 1, 0],
    [1, 1, 1, 1],
  ]);
  expect(() => causalMask(3, 2)).toThrow('expected keys ≥ queries ≥ 1, got 2 keys, 3 queries');
  expectNoLeak(() => causalMask(4).dispose());
});

test('paddingMask shows the first keys of each example', () => {
  expect(paddingMask([0, 2], 3).arraySync()).toEqual([[[0, 0, 0]], [[1, 1, 0]]]);
  expect(() => paddingMask([4], 3)).toThrow('expected lengths 0…3, got 4');
  expectNoLeak(() => paddingMask([1], 2).dispose());
});

test('denseWeights puts each weight in its column and adds up a key that stands twice', () => {
  const weights = tf.tensor([0.5, 0.25, 0.25, 1, 0, 0], [1, 2, 3]);
  const keys = tf.tensor([3, 0, 3, 1, -1, -1], [1, 2, 3], 'int32');
  expect(denseWeights({ weights, keys, keyCount: 4 }).arraySync()).toEqual([
    [
      [0.25, 0, 0, 0.75],
      [0, 1, 0, 0],
    ],
  ]);
  const shared = tf.tensor([0, 1, -1], [1, 1, 3], 'int32');
  expect(denseWeights({ weights, keys: shared, keyCount: 2 }).arraySync()).toEqual([
    [
      [0.5, 0.25],
      [1, 0],
    ],
  ]);
  expectNoLeak(() => denseWeights({ weights, keys, keyCount: 4 }).dispose());
});
