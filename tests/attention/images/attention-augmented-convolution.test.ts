import {
  attentionAugmentedConvolution,
  augmentedConvolutionParameters,
  random,
  tf,
  uniform,
} from 'attention';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden, type Tensors } from '../../golden/golden';
import {
  difference,
  expectGradient,
  expectNoLeak,
  expectRefusal,
  permute,
  shapesComputed,
} from '../../helpers';

const next = random(21);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const sizes = { channels: 3, outputs: 6, height: 2, width: 3, dKey: 4, dValue: 2, heads: 2 };
const setting = () =>
  augmentedConvolutionParameters(sizes, next) as Required<
    ReturnType<typeof augmentedConvolutionParameters>
  >;

describe('attentionAugmentedConvolution', () => {
  test.each(golden('attention-augmented-convolution'))(
    'agrees with PyTorch and timm, case %#',
    (example) => {
      expectGolden(example, ({ image, mask, ...parameters }, { heads }) =>
        attentionAugmentedConvolution(image, parameters as never, heads, mask),
      );
    },
  );

  test('weighs a pair of pixels by content, way across and way down, in loops', () => {
    const [image, parameters] = [draw(1, 2, 3, 3), setting()];
    const x = image.reshape([6, 3]).arraySync() as number[][];
    const [QKV, RH, RW] = [
      parameters.WQKV,
      parameters.relativeHeight,
      parameters.relativeWidth,
    ].map((t) => t.arraySync() as number[][]);
    const projected = x.map((row) =>
      QKV[0].map((_, c) => row.reduce((s, v, i) => s + v * QKV[i][c], 0)),
    );
    const expected = [0, 1].map((head) =>
      projected.map((queryRow, i) => {
        const q = queryRow.slice(2 * head, 2 * head + 2);
        const exps = projected.map((keyRow, j) => {
          const k = keyRow.slice(4 + 2 * head, 6 + 2 * head);
          const across = RW[(j % 3) - (i % 3) + 2];
          const down = RH[Math.floor(j / 3) - Math.floor(i / 3) + 1];
          return Math.exp(
            q.reduce((s, v, d) => s + (v * (k[d] + across[d] + down[d])) / Math.SQRT2, 0),
          );
        });
        return exps.map((e) => e / exps.reduce((a, b) => a + b));
      }),
    );
    const { weights } = attentionAugmentedConvolution(image, parameters, 2);
    expect(difference(weights, [expected])).toBeLessThan(1e-6);
  });

  test('is a convolution in its first channels', () => {
    const [image, parameters] = [draw(2, 2, 3, 3), setting()];
    const { context } = attentionAugmentedConvolution(image, parameters, 2);
    expect(context.shape).toEqual([2, 2, 3, 6]);
    const plain = tf.conv2d(image as tf.Tensor4D, parameters.convolution as tf.Tensor4D, 1, 'same');
    expect(difference(tf.slice(context, [0, 0, 0, 0], [2, 2, 3, 4]), plain)).toBe(0);
  });

  test('does not know where a pixel is without relative positions, and does with them', () => {
    const { relativeHeight, relativeWidth, ...without } = setting();
    const image = draw(1, 2, 3, 3);
    const order = [3, 0, 5, 1, 4, 2];
    const global = (x: tf.Tensor, parameters: object) =>
      tf.slice(
        attentionAugmentedConvolution(x, parameters as never, 2).context,
        [0, 0, 0, 4],
        [1, 2, 3, 2],
      );
    const moves = (parameters: object) =>
      difference(
        global(permute(image, order), parameters),
        permute(global(image, parameters), order),
      );
    expect(moves(without)).toBeLessThan(1e-6);
    expect(moves({ ...without, relativeHeight, relativeWidth })).toBeGreaterThan(1e-4);
  });

  test('computes no vector for each pair of pixels, forward or backward', async () => {
    const large = { channels: 2, outputs: 34, height: 4, width: 5, dKey: 64, dValue: 32, heads: 1 };
    const parameters = augmentedConvolutionParameters(large, next);
    const image = draw(1, 4, 5, 2);
    const shapes = await shapesComputed(() =>
      tf.grad((x) => tf.sum(attentionAugmentedConvolution(x, parameters, 1).context))(image),
    );
    const largest = Math.max(...shapes.map((shape) => shape.reduce((a, b) => a * b, 1)));
    expect(largest).toBeLessThanOrEqual(20 * (2 * 64 + 32)); // the projection; 20 · 20 · 64 is ten times that
  });

  test('gives hidden pixels no weight, and a pixel that sees nothing no attention', () => {
    const [image, parameters] = [draw(1, 2, 3, 3), setting()];
    const mask = tf.tensor([0, 0, 0, 0, 0, 0, ...new Array(30).fill(1)], [6, 6]);
    const { context, weights } = attentionAugmentedConvolution(image, parameters, 2, mask);
    expect(tf.sum(tf.slice(weights, [0, 0, 0, 0], [1, 2, 1, 6])).dataSync()[0]).toBe(0);
    expect([...tf.slice(context, [0, 0, 0, 4], [1, 1, 1, 2]).dataSync()]).toEqual([0, 0]);
    expect(
      difference(tf.sum(tf.slice(weights, [0, 0, 1, 0], [1, 2, 5, 6]), 3), tf.ones([1, 2, 5])),
    ).toBeLessThan(1e-6);
  });

  test('survives features of ±1e4 without NaN', () => {
    const { context } = attentionAugmentedConvolution(tf.mul(draw(1, 2, 3, 3), 1e4), setting(), 2);
    expect(tf.all(tf.isFinite(context)).dataSync()[0]).toBe(1);
  });

  test('has the gradient that finite differences measure', () => {
    const [cotangent, parameters] = [draw(1, 2, 3, 6), setting()];
    const names = Object.keys(parameters);
    const f = (...[image, ...values]: tf.Tensor[]) => {
      const given = Object.fromEntries(names.map((name, i) => [name, values[i]]));
      return tf.sum(
        tf.mul(attentionAugmentedConvolution(image, given as never, 2).context, cotangent),
      );
    };
    expectGradient(f, [draw(1, 2, 3, 3), ...Object.values(parameters)]);
  });

  test('keeps no tensor but what it returns', () => {
    const [image, parameters] = [draw(1, 2, 3, 3), setting()];
    expectNoLeak(() => tf.dispose(attentionAugmentedConvolution(image, parameters, 2)));
  });

  test.each([
    [
      { image: [2, 3, 3] },
      2,
      'image: expected shape [batch, height, width, channels], got [2, 3, 3]',
    ],
    [
      { convolution: [3, 3, 2, 4] },
      2,
      'convolution: expected shape [size, size, 3, local], got [3, 3, 2, 4]',
    ],
    [{ convolutionBias: [3] }, 2, 'convolutionBias: expected shape [4], got [3]'],
    [{ WQKV: [2, 10] }, 2, 'WQKV: expected shape [3, 2 · dKey + dValue], got [2, 10]'],
    [{ WO: [2, 3] }, 2, 'WO: expected shape [dValue, dValue], got [2, 3]'],
    [{ relativeHeight: [2, 2] }, 2, 'relativeHeight: expected shape [3, 2], got [2, 2]'],
    [{ relativeWidth: [5, 3] }, 2, 'relativeWidth: expected shape [5, 2], got [5, 3]'],
    [{}, 3, 'heads: expected a divisor of dKey 4 and dValue 2, got 3'],
    [{}, -1, 'heads: expected a divisor of dKey 4 and dValue 2, got -1'],
    [{ WQKV: [3, 9] }, 1, 'WQKV: expected 2 · dKey + 2 columns, got 9'],
    [{ mask: [5, 6] }, 2, 'mask: expected shape'],
  ])(
    'refuses %j with %i heads and says what does not fit',
    (wrong: Record<string, number[]>, heads, message) => {
      const given: Tensors = { image: draw(1, 2, 3, 3), ...setting() };
      for (const [name, shape] of Object.entries(wrong)) given[name] = tf.zeros(shape);
      const { image, mask, ...parameters } = given;
      expectRefusal(
        () => attentionAugmentedConvolution(image, parameters as never, heads, mask),
        message,
      );
    },
  );

  test('refuses relative positions in one direction only', () => {
    const [image, { relativeWidth, ...parameters }] = [draw(1, 2, 3, 3), setting()];
    const message = 'expected relativeHeight and relativeWidth together, got one of them';
    expectRefusal(() => attentionAugmentedConvolution(image, parameters, 2), message);
  });
});
