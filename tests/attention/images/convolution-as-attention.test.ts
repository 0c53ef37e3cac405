import { convolutionAsAttention, quadraticSelfAttention, random, tf, uniform } from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden, type Tensors } from '../../golden/golden';
import { difference, expectGradient, expectNoLeak, expectRefusal } from '../../helpers';

const next = random(24);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const setting = () => ({
  centres: draw(2, 2),
  alpha: tf.abs(draw(2)),
  W: draw(2, 3, 4),
  b: draw(4),
});
const convolve = (image: tf.Tensor, kernel: tf.Tensor, bias?: tf.Tensor) => {
  const padding = Math.floor(kernel.shape[0] / 2);
  return quadraticSelfAttention(image, convolutionAsAttention(kernel, bias), { padding });
};

describe('convolutionAsAttention', () => {
  test.each(golden('convolution-as-attention'))(
    "equals PyTorch's convolution, case %#",
    (example) => {
      expectGolden(example, ({ image, kernel_, bias }) => ({
        context: convolve(image, kernel_, bias).context,
      }));
    },
  );

  test('equals tf.conv2d to rounding, for every size of image and kernel', () => {
    const side = fc.integer({ min: 1, max: 6 });
    const size = fc.integer({ min: 1, max: 5 });
    fc.assert(
      fc.property(fc.nat(), side, side, size, (seed, height, width, kernelSize) => {
        tf.tidy(() => {
          const draws = random(seed);
          const image = uniform([2, height, width, 3], draws, 1);
          const kernel = uniform([kernelSize, kernelSize, 3, 2], draws, 1);
          const plain = tf.conv2d(image as tf.Tensor4D, kernel as tf.Tensor4D, 1, 'same');
          expect(difference(convolve(image, kernel).context, plain)).toBeLessThan(1e-5);
        });
      }),
      { numRuns: 25 },
    );
  });

  test('gives each head one pixel of the kernel to look at', () => {
    const { weights } = convolve(draw(1, 3, 3, 1), draw(3, 3, 1, 1));
    expect(weights.shape).toEqual([1, 9, 9, 25]);
    // From the middle of a 3 × 3 image, with a border of one, the heads see the nine inner pixels.
    const seen = (tf.argMax(weights, 3).arraySync() as number[][][])[0].map((head) => head[4]);
    expect(seen).toEqual([6, 7, 8, 11, 12, 13, 16, 17, 18]);
    expect(difference(tf.max(weights, 3), tf.ones([1, 9, 9]))).toBeLessThan(1e-6);
  });

  test('keeps no tensor but what it returns, and refuses what is not a kernel', () => {
    const [kernel, bias] = [draw(3, 3, 2, 4), draw(4)];
    expectNoLeak(() => tf.dispose(convolutionAsAttention(kernel, bias)));
    const [oblong, short] = [draw(3, 2, 2, 4), draw(3)];
    expectRefusal(
      () => convolutionAsAttention(oblong),
      'kernel: expected shape [size, size, channels, outputs], got [3, 2, 2, 4]',
    );
    expectRefusal(() => convolutionAsAttention(kernel, short), 'bias: expected shape [4], got [3]');
  });
});

describe('quadraticSelfAttention', () => {
  test.each(golden('quadratic-self'))('agrees with PyTorch, case %#', (example) => {
    expectGolden(example, ({ image, ...parameters }, options) =>
      quadraticSelfAttention(image, parameters as never, options),
    );
  });

  test('averages the image where α = 0, and gives weights that sum to 1', () => {
    const [image, parameters] = [draw(1, 2, 3, 3), setting()];
    const even = quadraticSelfAttention(image, { ...parameters, alpha: tf.zeros([2]) });
    expect(difference(even.weights, tf.fill([1, 2, 6, 6], 1 / 6))).toBeLessThan(1e-6);
    const { weights } = quadraticSelfAttention(image, parameters, { padding: 2 });
    expect(difference(tf.sum(weights, 3), tf.ones([1, 2, 6]))).toBeLessThan(1e-5);
  });

  test('looks outside the image for nothing: far centres find the nearest pixel', () => {
    const parameters = { ...setting(), centres: tf.fill([2, 2], 1000), alpha: tf.ones([2]) };
    const { weights } = quadraticSelfAttention(draw(1, 2, 3, 3), parameters);
    expect(
      difference(tf.squeeze(tf.slice(weights, [0, 0, 0, 5], [1, 1, 6, 1])), tf.ones([6])),
    ).toBeLessThan(1e-6);
  });

  test('survives features of ±1e4 and sharpness 1e4 without NaN', () => {
    const parameters = { ...setting(), alpha: tf.fill([2], 1e4) };
    const { context } = quadraticSelfAttention(tf.mul(draw(1, 2, 3, 3), 1e4), parameters);
    expect(tf.all(tf.isFinite(context)).dataSync()[0]).toBe(1);
  });

  test('has the gradient that finite differences measure', () => {
    const [cotangent, { centres, alpha, W, b }] = [draw(2, 2, 3, 4), setting()];
    const f = (...[image, c, a, w, bias]: tf.Tensor[]) => {
      const parameters = { centres: c, alpha: a, W: w, b: bias };
      return tf.sum(
        tf.mul(quadraticSelfAttention(image, parameters, { padding: 1 }).context, cotangent),
      );
    };
    expectGradient(f, [draw(2, 2, 3, 3), centres, alpha, W, b]);
  });

  test('keeps no tensor but what it returns', () => {
    const [image, parameters] = [draw(1, 2, 3, 3), setting()];
    expectNoLeak(() => tf.dispose(quadraticSelfAttention(image, parameters)));
  });

  test.each([
    [{ image: [2, 3, 3] }, 'image: expected shape [batch, height, width, channels], got [2, 3, 3]'],
    [{ W: [2, 4, 4] }, 'W: expected shape [heads, 3, outputs], got [2, 4, 4]'],
    [{ centres: [3, 2] }, 'centres: expected shape [2, 2], got [3, 2]'],
    [{ alpha: [1] }, 'alpha: expected shape [2], got [1]'],
    [{ b: [3] }, 'b: expected shape [4], got [3]'],
  ])('refuses %j and says what does not fit', (wrong: Record<string, number[]>, message) => {
    const given: Tensors = { image: draw(1, 2, 3, 3), ...setting() };
    for (const [name, shape] of Object.entries(wrong)) given[name] = tf.zeros(shape);
    const { image, ...parameters } = given;
    expectRefusal(() => quadraticSelfAttention(image, parameters as never), message);
  });

  test.each([-1, 0.5])('refuses a padding of %d', (padding) => {
    const [image, parameters] = [draw(1, 2, 3, 3), setting()];
    const message = `padding: expected a whole number from 0, got ${padding}`;
    expectRefusal(() => quadraticSelfAttention(image, parameters, { padding }), message);
  });
});
