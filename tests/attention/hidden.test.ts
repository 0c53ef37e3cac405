import {
  Adam,
  adaptiveSpanAttention,
  causalMask,
  hardAttention,
  maskedSoftmax,
  multiHeadAttention,
  multiHeadParameters,
  random,
  routingAttention,
  scaledDotProductAttention,
  slidingWindowAttention,
  tf,
  uniform,
} from 'attention';
import { describe, expect, test } from 'vitest';
import { difference, expectNoLeak, expectRefusal } from '../helpers';

const draw = (...shape: number[]) => uniform(shape, random(9), 1) as tf.Tensor3D;
/** Whether these rows are NaN, and no others. */
const isNaNIn = (context: tf.Tensor, rows: number[]) =>
  (context.arraySync() as number[][][])[0].every(
    (row, i) => row.some(Number.isNaN) === rows.includes(i),
  );
const spoil = (x: tf.Tensor3D, row: number) => {
  const values = x.arraySync();
  values[0][row][1] = Number.NaN;
  return tf.tensor3d(values);
};

describe('what a query does not see has no influence on it, a NaN included', () => {
  const [q, k, v] = [draw(1, 8, 4), draw(1, 8, 4), draw(1, 8, 4)];

  test.each(['key', 'value'])('the future of causal attention: a %s', (which) => {
    const [keys, values] = [which === 'key' ? spoil(k, 5) : k, which === 'value' ? spoil(v, 5) : v];
    const { context } = scaledDotProductAttention(q, keys, values, causalMask(8));
    const plain = scaledDotProductAttention(q, k, v, causalMask(8)).context;
    expect(isNaNIn(context, [5, 6, 7])).toBe(true);
    expect(difference(context.slice([0, 0], [1, 5]), plain.slice([0, 0], [1, 5]))).toBeLessThan(
      1e-6,
    );
  });

  test('a NaN that some query sees spoils no parameter: the optimiser refuses it', () => {
    const scale = tf.variable(tf.scalar(1), true, 'scale');
    const loss = () =>
      tf.sum(
        scaledDotProductAttention(
          tf.mul(q, scale) as tf.Tensor3D,
          spoil(k, 5),
          v,
          causalMask(8),
        ).context.slice([0, 0], [1, 5]),
      ) as tf.Scalar;
    expect(() => new Adam({ scale }).minimize(loss)).toThrow(/scale/);
    expect(scale.dataSync()[0]).toBe(1);
    scale.dispose();
  });

  test.each([
    ['key', [3, 4, 5]],
    ['value', [3, 4, 5]],
  ])('what lies beyond a window: a %s', (which, seen) => {
    const [keys, values] = [which === 'key' ? spoil(k, 4) : k, which === 'value' ? spoil(v, 4) : v];
    const { context, weights } = slidingWindowAttention(q, keys, values, undefined, { window: 2 });
    const plain = slidingWindowAttention(q, k, v, undefined, { window: 2 }).context;
    expect(isNaNIn(context, seen as number[])).toBe(true);
    expect(isNaNIn(weights.weights, seen as number[])).toBe(true);
    expect(difference(context.slice([0, 0], [1, 3]), plain.slice([0, 0], [1, 3]))).toBe(0);
    const loss = (x: tf.Tensor3D) =>
      tf.sum(
        slidingWindowAttention(x, keys, values, undefined, { window: 2 }).context.slice(
          [0, 0],
          [1, 2],
        ),
      );
    expect(
      tf
        .grad(loss as never)(q)
        .slice([0, 0], [1, 2])
        .dataSync()
        .every(Number.isFinite),
    ).toBe(true);
  });

  test('keeps no tensor, with NaN or without', () => {
    const past = causalMask(8);
    for (const keys of [k, spoil(k, 5)]) {
      expectNoLeak(() => tf.dispose(scaledDotProductAttention(q, keys, keys, past) as never));
      expectNoLeak(() =>
        tf.dispose(slidingWindowAttention(q, keys, keys, undefined, { window: 2 }) as never),
      );
      expectNoLeak(() => tf.dispose(maskedSoftmax(keys)));
    }
  });
});

describe('what one example hides and another shows', () => {
  const mask = tf.tensor3d([[[1, 1, 0, 0]], [[1, 1, 1, 1]]]);
  const hide = (x: tf.Tensor) =>
    tf.where(tf.cast(mask.reshape([2, ...(x.rank === 4 ? [1] : []), 4, 1]), 'bool'), x, Number.NaN);
  const of = (rank: number) => draw(...(rank === 4 ? [2, 2] : [2]), 4, 4) as tf.Tensor;
  const heads = multiHeadParameters({ dModel: 4, bias: true }, random(1));
  const calls: Record<string, (x: tf.Tensor) => tf.Tensor> = {
    scaledDotProductAttention: (x) =>
      scaledDotProductAttention(of(3), x as never, x as never, mask).context,
    'scaledDotProductAttention in heads': (x) =>
      scaledDotProductAttention(of(4), x as never, x as never, mask.expandDims(1)).context,
    multiHeadAttention: (x) => multiHeadAttention(of(3), x, x, heads, { heads: 2, mask }).context,
    'routingAttention in heads': (x) =>
      routingAttention(of(4), x as never, x as never, draw(2, 3, 4), mask, { window: 4 }).context,
    slidingWindowAttention: (x) =>
      slidingWindowAttention(of(3), x as never, x as never, mask, { window: 4 }).context,
  };

  test.each(Object.keys(calls))('%s', (name) => {
    const x = of(name.endsWith('in heads') ? 4 : 3);
    expect(difference(calls[name](hide(x)), calls[name](x))).toBeLessThan(1e-6);
  });
});

describe('maskedSoftmax', () => {
  const infinite = Number.NEGATIVE_INFINITY;

  test('takes −∞ for hidden, and gives a row of it weights 0', () => {
    const logits = tf.tensor3d([
      [
        [infinite, infinite],
        [infinite, 1],
        [0, 0],
      ],
    ]);
    const expected = [
      [
        [0, 0],
        [0, 1],
        [0.5, 0.5],
      ],
    ];
    expect(difference(maskedSoftmax(logits), expected)).toBe(0);
    expect(difference(maskedSoftmax(logits, tf.ones([1, 1, 2])), expected)).toBe(0);
    const gradient = tf.grad((x) => tf.sum(tf.square(maskedSoftmax(x))))(logits);
    expect(gradient.dataSync().every(Number.isFinite)).toBe(true);
  });

  test('leaves a visible NaN to be seen', () => {
    const weights = maskedSoftmax(
      tf.tensor3d([
        [
          [Number.NaN, infinite],
          [0, 0],
        ],
      ]),
    );
    expect(Array.from(weights.dataSync())).toEqual([Number.NaN, Number.NaN, 0.5, 0.5]);
  });
});

describe('a mask whose first axis may be the batch or not', () => {
  const x = draw(4, 4, 4);
  const mask = tf.ones([4, 4]);

  test('is refused, and taken with one axis more', () => {
    expectRefusal(
      () => scaledDotProductAttention(x, x, x, mask),
      'mask: [4, 4] may begin with the batch or not, as 4 is both; write [1, 4, 4] or [4, 1, 4]',
    );
    for (const clear of [mask.expandDims(0), mask.expandDims(1)])
      expect(() => scaledDotProductAttention(x, x, x, clear)).not.toThrow();
  });

  test('is clear if it comes from causalMask, or the sizes differ', () => {
    expect(() => scaledDotProductAttention(x, x, x, causalMask(4))).not.toThrow();
    expect(() =>
      scaledDotProductAttention(draw(3, 4, 4), draw(3, 4, 4), draw(3, 4, 4), mask),
    ).not.toThrow();
    const heads = multiHeadParameters({ dModel: 4 }, random(1));
    expect(() =>
      multiHeadAttention(x, x, x, heads, { heads: 4, mask: causalMask(4) }),
    ).not.toThrow();
  });
});

test('one key is enough for hard attention, and one position for a span', () => {
  const one = draw(2, 1, 3);
  const { weights } = hardAttention(tf.zeros([2, 1, 1]), one, random(1));
  expect(Array.from(weights.dataSync())).toEqual([1, 1]);
  const { context } = adaptiveSpanAttention(one, one, one, { z: tf.zeros([1]) });
  expect(difference(context, one)).toBeLessThan(1e-6);
});
