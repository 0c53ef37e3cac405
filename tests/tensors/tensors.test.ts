import {
  argsort,
  flatten,
  gatherRows,
  layerNorm,
  random,
  stopGradient,
  tf,
  uniform,
  variables,
} from 'attention';
import { expect, test } from 'vitest';
import { expectGradient, expectNoLeak, expectRefusal } from '../helpers';

const next = random(3);
const draw = (...shape: number[]) => uniform(shape, next, 1);

test('stopGradient passes the value on and no gradient back', () => {
  const gradient = tf.grad((x) => tf.sum(tf.mul(x, stopGradient(x))))(tf.tensor([2, 3]));
  expect(gradient.arraySync()).toEqual([2, 3]);
  const x = tf.tensor([1]);
  expectNoLeak(() => stopGradient(x).dispose());
});

test('argsort sorts each row and keeps the order of equals', () => {
  const order = argsort(
    tf.tensor(
      [
        [3, 1, 2, 1],
        [0, 0, -5, 7],
      ],
      [2, 4],
      'int32',
    ),
  );
  expect(order.arraySync()).toEqual([
    [1, 3, 2, 0],
    [2, 0, 1, 3],
  ]);
  expect(argsort(tf.tensor([0.5, -1])).arraySync()).toEqual([1, 0]);
});

test('gatherRows takes rows within each example, with its gradient', () => {
  const x = draw(2, 3, 2);
  const indices = tf.tensor(
    [
      [2, 0],
      [1, 1],
    ],
    [2, 2],
    'int32',
  );
  const rows = x.arraySync() as number[][][];
  expect(gatherRows(x, indices).arraySync()).toEqual([
    [rows[0][2], rows[0][0]],
    [rows[1][1], rows[1][1]],
  ]);
  const cotangent = draw(2, 2, 2);
  expectGradient((t) => tf.sum(tf.mul(gatherRows(t, indices), cotangent)), [x]);
  expectNoLeak(() => gatherRows(x, indices).dispose());
  const beyond = tf.tensor2d([[0, 3]], [1, 2], 'int32');
  const one = tf.ones([1, 3, 2]);
  expectRefusal(() => gatherRows(one, beyond), 'indices: expected rows 0…2, got 3');
});

test('layerNorm gives every position mean 0 and variance 1, then gain and bias', () => {
  const x = draw(2, 3, 8);
  const y = layerNorm(x, { gain: tf.fill([8], 2), bias: tf.fill([8], 5) });
  const { mean, variance } = tf.moments(y, -1);
  expect(tf.max(tf.abs(tf.sub(mean, 5))).dataSync()[0]).toBeLessThan(1e-5);
  expect(tf.max(tf.abs(tf.sub(variance, 4))).dataSync()[0]).toBeLessThan(1e-2);
  const cotangent = draw(2, 3, 8);
  expectGradient(
    ((t: tf.Tensor, gain: tf.Tensor, bias: tf.Tensor) =>
      tf.sum(tf.mul(layerNorm(t, { gain, bias }), cotangent))) as never,
    [x, draw(8), draw(8)],
  );
});

test('variables turns a tree of tensors into variables, and flatten names them by their path', () => {
  const before = tf.memory().numTensors;
  const tree = variables({ encoder: [{ WQ: tf.zeros([2, 2]) }], bias: tf.ones([3]) });
  const flat = flatten(tree);
  expect(Object.keys(flat)).toEqual(['encoder/0/WQ', 'bias']);
  expect(flat.bias).toBeInstanceOf(tf.Variable);
  tf.dispose(flat);
  expect(tf.memory().numTensors).toBe(before);
});

test.each(['sum', 'mean'] as const)(
  'the gradient of a %s is right over all axes and some, and so is its own',
  (name) => {
    const x = draw(2, 3, 4);
    for (const axis of [undefined, 0, -1, [0, 2], [-2, -3]])
      for (const keepDims of [false, true]) {
        const f = (t: tf.Tensor) => tf.sum(tf.square(tf[name](tf.square(t), axis, keepDims)));
        expectGradient(f, [x]);
        expectGradient((t) => tf.sum(tf.square(tf.grad(f)(t))), [x]);
      }
    const scalar = tf.scalar(3);
    expect(
      tf
        .grad((t) => tf[name](t) as tf.Scalar)(scalar)
        .arraySync(),
    ).toBe(1);
  },
);

test('a cast to the type that a tensor has is another tensor of the same numbers', () => {
  const x = tf.tensor([1, 2]);
  const same = tf.cast(x, 'float32');
  x.dispose();
  expect(same.arraySync()).toEqual([1, 2]);
  expect(tf.cast(same, 'int32').dtype).toBe('int32');
  expectNoLeak(() => tf.cast(same, 'float32').dispose());
});
