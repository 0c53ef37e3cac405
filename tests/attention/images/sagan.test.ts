import { random, saganAttention, saganParameters, shuffled, tf, uniform } from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../../golden/golden';
import { difference, expectGradient, expectNoLeak, expectRefusal, permute } from '../../helpers';

const next = random(12);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const setting = (channels = 4) => ({
  ...saganParameters({ channels, dKey: 2, dValue: 3 }, next),
  gamma: tf.scalar(0.7),
});

describe('saganAttention', () => {
  test.each(golden('sagan'))('agrees with timm and PyTorch, case %#', (example) => {
    expectGolden(example, ({ image, ...parameters }, options) =>
      saganAttention(image, parameters as never, undefined, options),
    );
  });

  test('agrees with the formula written out in loops', () => {
    const [image, parameters] = [draw(1, 2, 3, 4), setting()];
    const [F, G, H, V] = [
      parameters.WF,
      parameters.WG,
      parameters.WH,
      parameters.WV as tf.Tensor,
    ].map((W) => W.arraySync() as number[][]);
    const x = image.reshape([6, 4]).arraySync() as number[][];
    const times = (row: number[], W: number[][]) =>
      W[0].map((_, column) => row.reduce((sum, value, i) => sum + value * W[i][column], 0));
    const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i], 0);
    const beta = x.map((xj) => {
      const exps = x.map((xi) => Math.exp(dot(times(xi, F), times(xj, G))));
      return exps.map((e) => e / exps.reduce((a, b) => a + b));
    });
    const y = x.map((xj, j) => {
      const o = times(
        times(
          beta[j],
          x.map((xi) => times(xi, H)),
        ),
        V,
      );
      return xj.map((value, c) => value + 0.7 * o[c]);
    });
    const { context, weights } = saganAttention(image, parameters);
    expect(difference(weights, [beta])).toBeLessThan(1e-6);
    expect(difference(context.reshape([6, 4]), y)).toBeLessThan(1e-6);
  });

  test('begins as the identity: γ = 0, and only γ has a gradient', () => {
    const image = draw(2, 3, 3, 8);
    const { WF, WG, WH, WV, gamma } = saganParameters({ channels: 8 }, next);
    expect(WF.shape).toEqual([8, 1]);
    expect(difference(saganAttention(image, { WF, WG, WH, WV, gamma }).context, image)).toBe(0);
    const f = (...[F, G, H, V, g]: tf.Tensor[]) =>
      tf.sum(tf.square(saganAttention(image, { WF: F, WG: G, WH: H, WV: V, gamma: g }).context));
    const gradients = tf.grads(f as never)([WF, WG, WH, WV as tf.Tensor, gamma]);
    const sizes = gradients.map((g) => tf.max(tf.abs(g)).dataSync()[0]);
    expect(sizes.slice(0, 4)).toEqual([0, 0, 0, 0]);
    expect(sizes[4]).toBeGreaterThan(0);
  });

  test('draws the same parameters from the same seed', () => {
    const [a, b] = [random(1), random(1)].map((r) => saganParameters({ channels: 8 }, r));
    expect(difference(a.WH, b.WH)).toBe(0);
  });

  test('gives each position weights that sum to 1, and does not know where a position is', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        (seed, h, w) => {
          tf.tidy(() => {
            const [image, parameters] = [uniform([2, h, w, 4], random(seed), 3), setting()];
            const order = shuffled([...Array(h * w).keys()], random(seed));
            const plain = saganAttention(image, parameters);
            const moved = saganAttention(permute(image, order), parameters);
            expect(difference(tf.sum(plain.weights, 2), tf.ones([2, h * w]))).toBeLessThan(1e-5);
            expect(difference(moved.context, permute(plain.context, order))).toBeLessThan(1e-5);
          });
        },
      ),
      { numRuns: 20 },
    );
  });

  test('keeps a quarter of the keys with pooling, the last odd row and column left out', () => {
    const { weights, context } = saganAttention(draw(1, 5, 4, 4), setting(), undefined, {
      pool: true,
    });
    expect(weights.shape).toEqual([1, 20, 4]);
    expect(context.shape).toEqual([1, 5, 4, 4]);
  });

  test('sees nothing of what the mask hides', () => {
    const [image, parameters] = [draw(1, 2, 3, 4), setting()];
    const padded = tf.concat([image, tf.fill([1, 1, 3, 4], 50)], 1);
    const mask = tf.tensor([1, 1, 1, 1, 1, 1, 0, 0, 0], [1, 1, 9]);
    const { context } = saganAttention(padded, parameters, mask);
    const plain = saganAttention(image, parameters).context;
    expect(difference(tf.slice(context, [0, 0, 0, 0], [1, 2, 3, 4]), plain)).toBeLessThan(1e-6);
  });

  test('leaves the image as it is where every key is hidden, without NaN', () => {
    const [image, parameters] = [draw(1, 2, 2, 4), setting()];
    const attend = (x: tf.Tensor) => saganAttention(x, parameters, tf.zeros([1, 1, 4]));
    expect(difference(attend(image).context, image)).toBe(0);
    expect(tf.sum(attend(image).weights).dataSync()[0]).toBe(0);
    const gradient = tf.grad((x) => tf.sum(attend(x).context))(image);
    expect(difference(gradient, tf.onesLike(image))).toBe(0);
  });

  test('survives features of ±1e4 without NaN', () => {
    const { context, weights } = saganAttention(tf.mul(draw(1, 3, 3, 4), 1e4), setting());
    expect(tf.any(tf.isNaN(context)).dataSync()[0] + tf.any(tf.isNaN(weights)).dataSync()[0]).toBe(
      0,
    );
  });

  test.each([false, true])('has the gradient that finite differences measure, pool %s', (pool) => {
    const [image, cotangent] = [draw(1, 4, 3, 4), draw(1, 4, 3, 4)];
    const { WF, WG, WH, WV, gamma } = setting();
    const f = (...[x, F, G, H, V, g]: tf.Tensor[]) =>
      tf.sum(
        tf.mul(
          saganAttention(x, { WF: F, WG: G, WH: H, WV: V, gamma: g }, undefined, { pool }).context,
          cotangent,
        ),
      );
    // A step small enough that no other pixel becomes the maximum of its square.
    expectGradient(f, [image, WF, WG, WH, WV as tf.Tensor, gamma], { step: 1e-3, tolerance: 2e-2 });
  });

  test('keeps no tensor but what it returns', () => {
    const [image, parameters] = [draw(1, 2, 3, 4), setting()];
    expectNoLeak(() => tf.dispose(saganAttention(image, parameters)));
    expectNoLeak(() => tf.dispose(saganAttention(image, parameters, undefined, { pool: true })));
  });

  test.each([
    [{ image: [2, 3, 4] }, 'image: expected shape [batch, height, width, channels], got [2, 3, 4]'],
    [{ WF: [3, 2] }, 'WF: expected shape [4, dKey], got [3, 2]'],
    [{ WG: [4, 3] }, 'WG: expected shape [4, 2], got [4, 3]'],
    [{ WH: [3, 3] }, 'WH: expected shape [4, dValue], got [3, 3]'],
    [{ WV: [3, 5] }, 'WV: expected shape [3, 4], got [3, 5]'],
    [{ gamma: [1] }, 'gamma: expected shape [], got [1]'],
    [{ mask: [1, 5, 6] }, 'mask: expected shape'],
  ])('refuses %j and says what does not fit', (wrong: Record<string, number[]>, message) => {
    const given: Record<string, tf.Tensor> = { image: draw(1, 2, 3, 4), ...setting() };
    for (const [name, shape] of Object.entries(wrong)) given[name] = tf.zeros(shape);
    const { image, mask, ...parameters } = given;
    expectRefusal(() => saganAttention(image, parameters as never, mask), message);
  });

  test('refuses values of another depth without W_v', () => {
    const [image, { WV, ...parameters }] = [tf.zeros([1, 2, 2, 4]), setting()];
    expectRefusal(() => saganAttention(image, parameters), 'WH: expected shape [4, 4], got [4, 3]');
  });

  test('refuses to pool a single row', () => {
    const [image, parameters] = [tf.zeros([1, 1, 4, 4]), setting()];
    expectRefusal(
      () => saganAttention(image, parameters, undefined, { pool: true }),
      'image: expected at least 2×2 pixels to pool, got 1×4',
    );
  });
});
