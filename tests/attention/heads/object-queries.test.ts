import { multiHeadParameters, objectQueryAttention, random, tf, uniform } from 'attention';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../../golden/golden';
import { expectGradient, expectNoLeak } from '../../helpers';

const next = random(20);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const setting = () => ({
  X: draw(2, 3, 8),
  queries: draw(3, 8),
  image: draw(2, 4, 5, 8),
  parameters: multiHeadParameters({ dModel: 8, bias: true }, next),
});
const difference = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];

describe('objectQueryAttention', () => {
  test.each(golden('object-queries'))('agrees with DetrCrossAttention, case %#', (example) => {
    expectGolden(example, ({ X, queries, image, mask, ...parameters }, options) =>
      objectQueryAttention(X, queries, image, parameters as never, mask, options),
    );
  });

  test('tells pixels of the same colour apart by where they are, yet gives them the same value', () => {
    const { X, queries, parameters } = setting();
    const image = tf.ones([2, 4, 5, 8]);
    const { context, weights } = objectQueryAttention(X, queries, image, parameters);
    expect(tf.max(weights).dataSync()[0]).toBeGreaterThan(1.01 / 20);
    const blind = objectQueryAttention(X, queries, image, parameters, undefined, {
      positions: tf.zeros([4, 5, 8]),
    });
    expect(difference(blind.weights, tf.fill([2, 1, 3, 20], 1 / 20))).toBeLessThan(1e-6);
    expect(difference(context, blind.context)).toBeLessThan(1e-5);
  });

  test('permutes with its queries', () => {
    const { X, queries, image, parameters } = setting();
    const order = tf.tensor1d([2, 0, 1], 'int32');
    const attend = (x: tf.Tensor, q: tf.Tensor) =>
      objectQueryAttention(x, q, image, parameters, undefined, { heads: 2 }).context;
    const moved = attend(tf.gather(X, order, 1), tf.gather(queries, order));
    expect(difference(moved, tf.gather(attend(X, queries), order, 1))).toBeLessThan(1e-6);
  });

  test('does not look at padding around the image', () => {
    const { X, queries, image, parameters } = setting();
    const mask = tf.ones([2, 4, 5]);
    const padded = tf.pad(
      image,
      [
        [0, 0],
        [0, 0],
        [0, 2],
        [0, 0],
      ],
      1e4,
    );
    const positions = draw(4, 7, 8);
    const got = objectQueryAttention(
      X,
      queries,
      padded,
      parameters,
      tf.pad(mask, [
        [0, 0],
        [0, 0],
        [0, 2],
      ]),
      { positions },
    );
    const alone = objectQueryAttention(X, queries, image, parameters, mask, {
      positions: positions.slice([0, 0, 0], [4, 5, 8]),
    });
    expect(difference(got.context, alone.context)).toBeLessThan(1e-5);
    const shown = got.weights.reshape([2, 1, 3, 4, 7]);
    expect(tf.sum(shown.slice([0, 0, 0, 0, 5])).dataSync()[0]).toBe(0);
  });

  test('attends to nothing where the mask hides the image', () => {
    const { X, queries, image, parameters } = setting();
    const { context, weights } = objectQueryAttention(
      X,
      queries,
      image,
      parameters,
      tf.zeros([2, 4, 5]),
    );
    expect(tf.sum(weights).dataSync()[0]).toBe(0);
    expect(tf.sum(tf.abs(context)).dataSync()[0]).toBe(0);
  });

  test('has the gradient that finite differences measure, for the queries too', () => {
    const { X, queries, image, parameters } = setting();
    const cotangent = draw(2, 3, 8);
    expectGradient(
      (x, q, i) =>
        tf.sum(
          tf.mul(
            objectQueryAttention(x, q, i, parameters, undefined, { heads: 2 }).context,
            cotangent,
          ),
        ),
      [X, queries, image],
    );
  });

  test('stays finite for features of ±10000, and keeps no tensor', () => {
    const { X, queries, image, parameters } = setting();
    const { context } = objectQueryAttention(X, queries, tf.mul(tf.sign(image), 1e4), parameters);
    expect(context.dataSync().every(Number.isFinite)).toBe(true);
    expectNoLeak(() => tf.dispose(objectQueryAttention(X, queries, image, parameters)));
  });

  test.each([
    [{ queries: [4, 8] }, {}, 'queries: expected shape [3, 8], got [4, 8]'],
    [{ image: [2, 20, 8] }, {}, 'image: expected shape [2, height, width, 8], got [2, 20, 8]'],
    [{ X: [3, 8] }, {}, 'X: expected shape [batch, N, dModel], got [3, 8]'],
    [{ mask: [2, 20] }, {}, 'mask: expected shape [2, 4, 5], got [2, 20]'],
    [{ positions: [20, 8] }, {}, 'positions: expected shape [4, 5, 8], got [20, 8]'],
    [{}, { heads: 3 }, 'dModel 8 is not divisible by 3 heads'],
  ])('refuses %j %j', (wrong: Record<string, number[]>, options, message) => {
    const { parameters, ...rest } = setting();
    const given: Record<string, tf.Tensor> = { ...rest };
    for (const [name, shape] of Object.entries(wrong)) given[name] = tf.zeros(shape);
    const before = tf.memory().numTensors;
    expect(() =>
      objectQueryAttention(given.X, given.queries, given.image, parameters, given.mask, {
        positions: given.positions,
        ...options,
      }),
    ).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });
});
