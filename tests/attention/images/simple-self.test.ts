import {
  random,
  shuffled,
  simpleSelfAttention,
  simpleSelfParameters,
  tf,
  uniform,
} from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../../golden/golden';
import {
  difference,
  expectGradient,
  expectNoLeak,
  expectRefusal,
  permute,
  shapesComputed,
} from '../../helpers';

const next = random(13);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const setting = () => ({ W: draw(4, 4), gamma: tf.scalar(0.7) });

describe('simpleSelfAttention', () => {
  test.each(golden('simple-self'))('agrees with PyTorch, case %#', (example) => {
    expectGolden(example, ({ image, W, gamma }, options) =>
      simpleSelfAttention(image, { W, gamma }, options),
    );
  });

  test('agrees with the formula written out in loops, position by position', () => {
    const [image, { W, gamma }] = [draw(1, 2, 3, 4), setting()];
    const x = image.reshape([6, 4]).arraySync() as number[][];
    const M = W.arraySync() as number[][];
    const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i], 0);
    const Wx = x.map((xj) =>
      M[0].map((_, c) =>
        dot(
          xj,
          M.map((row) => row[c]),
        ),
      ),
    );
    const y = x.map((xj, j) =>
      xj.map((value, c) => value + 0.7 * x.reduce((sum, xi) => sum + dot(xi, Wx[j]) * xi[c], 0)),
    );
    const { context } = simpleSelfAttention(image, { W, gamma }, { order: 'positions' });
    expect(difference(context.reshape([6, 4]), y)).toBeLessThan(1e-5);
  });

  test('gives the same in both orders, value and gradient', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        (seed, h, w) => {
          tf.tidy(() => {
            const image = uniform([2, h, w, 4], random(seed), 1);
            const parameters = setting();
            const run = (order: 'channels' | 'positions') => (x: tf.Tensor) =>
              simpleSelfAttention(x, parameters, { order }).context;
            const gradient = (f: (x: tf.Tensor) => tf.Tensor) =>
              tf.grad((x) => tf.sum(tf.square(f(x))))(image);
            const [channels, positions] = [run('channels'), run('positions')];
            expect(difference(channels(image), positions(image))).toBeLessThan(1e-4);
            const scale = 1 + tf.max(tf.abs(gradient(channels))).dataSync()[0];
            expect(difference(gradient(channels), gradient(positions)) / scale).toBeLessThan(1e-4);
          });
        },
      ),
      { numRuns: 20 },
    );
  });

  test('builds no pair of positions in the order of channels, forward or backward', async () => {
    const [image, parameters] = [draw(1, 5, 7, 4), setting()];
    const widest = async (order: 'channels' | 'positions') => {
      const shapes = await shapesComputed(() =>
        tf.grad((x) => tf.sum(simpleSelfAttention(x, parameters, { order }).context))(image),
      );
      return Math.max(...shapes.map((shape) => shape.reduce((a, b) => a * b, 1)));
    };
    expect(await widest('channels')).toBe(35 * 4);
    expect(await widest('positions')).toBe(35 * 35);
  });

  test('weighs i for j as j for i when symmetric', () => {
    const options = { order: 'positions', symmetric: true } as const;
    const { weights } = simpleSelfAttention(draw(1, 3, 2, 4), setting(), options);
    expect(difference(weights, weights.transpose([0, 2, 1]))).toBeLessThan(1e-6);
  });

  test('does not know where a position is', () => {
    const [image, parameters] = [draw(2, 2, 3, 4), setting()];
    const order = shuffled([0, 1, 2, 3, 4, 5], next);
    const moved = simpleSelfAttention(permute(image, order), parameters).context;
    const plain = simpleSelfAttention(image, parameters).context;
    expect(difference(moved, permute(plain, order))).toBeLessThan(1e-5);
  });

  test('begins as the identity', () => {
    const image = draw(1, 2, 2, 4);
    const { context } = simpleSelfAttention(image, simpleSelfParameters({ channels: 4 }, next));
    expect(difference(context, image)).toBe(0);
  });

  test('survives features of ±1e4 without NaN', () => {
    const { context } = simpleSelfAttention(tf.fill([1, 3, 3, 4], -1e4), setting());
    expect(tf.all(tf.isFinite(context)).dataSync()[0]).toBe(1);
  });

  test.each(['channels', 'positions'] as const)(
    'has the gradient that finite differences measure, %s',
    (order) => {
      const [image, cotangent, { W, gamma }] = [draw(1, 2, 3, 4), draw(1, 2, 3, 4), setting()];
      const f = (...[x, w, g]: tf.Tensor[]) => {
        const options = { order, symmetric: true };
        return tf.sum(
          tf.mul(simpleSelfAttention(x, { W: w, gamma: g }, options).context, cotangent),
        );
      };
      expectGradient(f, [image, W, gamma]);
    },
  );

  test('keeps no tensor but what it returns', () => {
    const [image, parameters] = [draw(1, 2, 3, 4), setting()];
    expectNoLeak(() => tf.dispose(simpleSelfAttention(image, parameters, { symmetric: true })));
  });

  test.each([
    [{ image: [2, 3, 4] }, 'image: expected shape [batch, height, width, channels], got [2, 3, 4]'],
    [{ W: [4, 5] }, 'W: expected shape [4, 4], got [4, 5]'],
    [{ gamma: [1] }, 'gamma: expected shape [], got [1]'],
  ])('refuses %j and says what does not fit', (wrong: Record<string, number[]>, message) => {
    const given: Record<string, tf.Tensor> = { image: draw(1, 2, 3, 4), ...setting() };
    for (const [name, shape] of Object.entries(wrong)) given[name] = tf.zeros(shape);
    const { image, W, gamma } = given;
    expectRefusal(() => simpleSelfAttention(image, { W, gamma }), message);
  });
});
