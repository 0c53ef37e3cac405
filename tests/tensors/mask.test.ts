import * as attention from 'attention';
import { castMask, expectBinary, tf } from 'attention';
import { expect, test } from 'vitest';
import { expectRefusal } from '../helpers';

const additive = tf.tensor2d([
  [0, -1e9, 0],
  [0, 0, -1e9],
  [0, 0, 0],
]);

test('a mask is 0 and 1, or true and false', () => {
  for (const mask of [
    tf.tensor1d([0, 1, 1]),
    tf.tensor1d([1, 0], 'int32'),
    tf.tensor1d([1], 'bool'),
  ])
    expect(() => expectBinary(mask)).not.toThrow();
  expectRefusal(() => expectBinary(additive), 'this looks additive (found -1000000000)');
  const [half, nan] = [tf.scalar(0.5), tf.scalar(Number.NaN)];
  expectRefusal(() => expectBinary(half), 'something else (found 0.5)');
  expectRefusal(() => expectBinary(nan), 'found NaN');
  expect(castMask(tf.tensor1d([0, 1]), 'bool').dtype).toBe('bool');
});

test('a tensor is looked at once, and anew when it is another one', () => {
  const mask = tf.variable(tf.tensor1d([0, 1]));
  expectBinary(mask);
  mask.assign(tf.tensor1d([0, 255]));
  expectRefusal(() => expectBinary(mask), 'found 255');
});

const x = tf.randomNormal([1, 3, 4], 0, 1, 'float32', 1) as tf.Tensor3D;
const column = tf.tensor3d([[[0, -1e9, 0]]]);
const next = () => attention.random(1);
const calls: Record<string, () => unknown> = {
  maskedSoftmax: () => attention.maskedSoftmax(tf.zeros([1, 3, 3]), additive),
  scaledDotProductAttention: () => attention.scaledDotProductAttention(x, x, x, additive),
  dotProductAttention: () => attention.dotProductAttention(x, x, x, additive),
  additiveAttention: () => {
    const sizes = { queryDepth: 4, keyDepth: 4, dAttention: 2 };
    const p = attention.additiveParameters(sizes, next());
    return attention.additiveAttention(x, x, x, p, additive);
  },
  multiHeadAttention: () => {
    const p = attention.multiHeadParameters({ dModel: 4 }, next());
    return attention.multiHeadAttention(x, x, x, p, { heads: 2, mask: additive.expandDims(0) });
  },
  slidingWindowAttention: () => attention.slidingWindowAttention(x, x, x, column, { window: 2 }),
  lshAttention: () => attention.lshAttention(x, x, tf.zeros([1, 1, 3], 'int32'), column),
  linformerAttention: () => {
    const p = attention.linformerParameters({ length: 3, k: 2 }, next());
    return attention.linformerAttention(x, x, x, p, column);
  },
  lamaAttention: () =>
    attention.lamaAttention(x, attention.lamaParameters({ depth: 4, heads: 2 }, next()), column),
  crossEntropy: () =>
    attention.crossEntropy(tf.zeros([3, 2]), tf.zeros([3], 'int32'), column.reshape([3])),
};

test.each(Object.keys(calls))('%s refuses an additive mask', (name) => {
  const call = () => tf.tidy(() => void calls[name]());
  expectRefusal(call, 'this looks additive (found -1000000000)');
});
