import {
  globalContextBlock,
  globalContextParameters,
  random,
  shuffled,
  tf,
  uniform,
} from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden, type Tensors } from '../../golden/golden';
import { difference, expectGradient, expectNoLeak, expectRefusal, permute } from '../../helpers';

const next = random(20);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const flat = (): Tensors => ({
  WK: draw(4, 1),
  W1: draw(4, 3),
  b1: draw(3),
  gain: draw(3),
  bias: draw(3),
  W2: draw(3, 4),
  b2: draw(4),
});
const joined = ({ WK, W1, b1, gain, bias, W2, b2 }: Tensors) => ({
  WK,
  W1,
  b1,
  norm: { gain, bias },
  W2,
  b2,
});

describe('globalContextBlock', () => {
  test.each(golden('global-context-block'))(
    "agrees with the authors' block in mmcv, case %#",
    (example) => {
      expectGolden(example, ({ image, ...parameters }) =>
        globalContextBlock(image, joined(parameters)),
      );
    },
  );

  test('averages the positions by their scores, in loops, and adds one vector everywhere', () => {
    const [image, parameters] = [draw(1, 2, 3, 4), joined(flat())];
    const x = image.reshape([6, 4]).arraySync() as number[][];
    const k = (parameters.WK.arraySync() as number[][]).flat();
    const exps = x.map((row) => Math.exp(row.reduce((sum, value, c) => sum + value * k[c], 0)));
    const alpha = exps.map((e) => e / exps.reduce((a, b) => a + b));
    const { context, weights } = globalContextBlock(image, parameters);
    expect(difference(weights, [[alpha]])).toBeLessThan(1e-6);
    const added = tf.sub(context, image).reshape([6, 4]);
    expect(difference(added, tf.tile(tf.slice(added, [0], [1]), [6, 1]))).toBeLessThan(1e-6);
  });

  test('begins as the identity', () => {
    const image = draw(1, 3, 2, 32);
    const parameters = globalContextParameters({ channels: 32 }, next);
    expect(parameters.W1.shape).toEqual([32, 2]);
    expect(difference(globalContextBlock(image, parameters).context, image)).toBe(0);
  });

  test('does not know where a position is; its weights sum to 1', () => {
    const side = fc.integer({ min: 1, max: 5 });
    fc.assert(
      fc.property(fc.nat(), side, side, (seed, height, width) => {
        tf.tidy(() => {
          const image = uniform([2, height, width, 4], random(seed), 3);
          const parameters = joined(flat());
          const order = shuffled([...Array(height * width).keys()], random(seed));
          const plain = globalContextBlock(image, parameters);
          const moved = globalContextBlock(permute(image, order), parameters);
          expect(difference(tf.sum(plain.weights, 2), tf.ones([2, 1]))).toBeLessThan(1e-5);
          expect(difference(moved.context, permute(plain.context, order))).toBeLessThan(1e-4);
        });
      }),
      { numRuns: 20 },
    );
  });

  test('sees nothing of what the mask hides, and no NaN where it hides all', () => {
    const [image, parameters] = [draw(1, 2, 3, 4), joined(flat())];
    const padded = tf.concat([image, tf.fill([1, 1, 3, 4], 50)], 1);
    const mask = tf.tensor([1, 1, 1, 1, 1, 1, 0, 0, 0], [1, 1, 9]);
    const { context } = globalContextBlock(padded, parameters, mask);
    const plain = globalContextBlock(image, parameters).context;
    expect(difference(tf.slice(context, [0, 0, 0, 0], [1, 2, 3, 4]), plain)).toBeLessThan(1e-5);
    const nothing = globalContextBlock(image, parameters, tf.zeros([1, 1, 6]));
    expect(tf.sum(nothing.weights).dataSync()[0]).toBe(0);
    expect(tf.all(tf.isFinite(nothing.context)).dataSync()[0]).toBe(1);
  });

  test('survives features of ±1e4 without NaN', () => {
    const { context } = globalContextBlock(tf.mul(draw(1, 3, 3, 4), 1e4), joined(flat()));
    expect(tf.all(tf.isFinite(context)).dataSync()[0]).toBe(1);
  });

  test('has the gradient that finite differences measure', () => {
    const [cotangent, parameters] = [draw(1, 2, 3, 4), flat()];
    const names = Object.keys(parameters);
    const f = (...[image, ...values]: tf.Tensor[]) => {
      const given = joined(Object.fromEntries(names.map((name, i) => [name, values[i]])));
      return tf.sum(tf.mul(globalContextBlock(image, given).context, cotangent));
    };
    const inputs = [draw(1, 2, 3, 4), ...Object.values(parameters)];
    expectGradient(f, inputs, { step: 1e-3, tolerance: 3e-2 });
  });

  test('keeps no tensor but what it returns', () => {
    const [image, parameters] = [draw(1, 2, 3, 4), joined(flat())];
    expectNoLeak(() => tf.dispose(globalContextBlock(image, parameters)));
  });

  test.each([
    [{ image: [2, 3, 4] }, 'image: expected shape [batch, height, width, channels], got [2, 3, 4]'],
    [{ WK: [4, 2] }, 'WK: expected shape [4, 1], got [4, 2]'],
    [{ W1: [5, 3] }, 'W1: expected shape [4, hidden], got [5, 3]'],
    [{ b1: [4] }, 'b1: expected shape [3], got [4]'],
    [{ gain: [4] }, 'gain: expected shape [3], got [4]'],
    [{ bias: [1] }, 'bias: expected shape [3], got [1]'],
    [{ W2: [4, 4] }, 'W2: expected shape [3, 4], got [4, 4]'],
    [{ b2: [3] }, 'b2: expected shape [4], got [3]'],
    [{ mask: [1, 1, 5] }, 'mask: expected shape'],
  ])('refuses %j and says what does not fit', (wrong: Record<string, number[]>, message) => {
    const given: Tensors = { image: draw(1, 2, 3, 4), ...flat() };
    for (const [name, shape] of Object.entries(wrong)) given[name] = tf.zeros(shape);
    const { image, mask, ...parameters } = given;
    expectRefusal(() => globalContextBlock(image, joined(parameters), mask), message);
  });
});
