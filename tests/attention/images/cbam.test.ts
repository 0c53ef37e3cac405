import {
  cbam,
  cbamParameters,
  channelAttentionModule,
  channelAttentionParameters,
  random,
  shuffled,
  spatialAttentionModule,
  spatialAttentionParameters,
  tf,
  uniform,
} from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../../golden/golden';
import { difference, expectGradient, expectNoLeak, expectRefusal, permute } from '../../helpers';

const next = random(14);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const size = fc.integer({ min: 1, max: 5 });

describe('channelAttentionModule', () => {
  test.each(golden('channel-attention-module'))('agrees with timm, case %#', (example) => {
    expectGolden(example, ({ image, ...parameters }) =>
      channelAttentionModule(image, parameters as never),
    );
  });

  test('agrees with the formula written out in loops', () => {
    const [image, W0, W1] = [draw(1, 2, 2, 3), draw(3, 2), draw(2, 3)];
    const x = image.reshape([4, 3]).arraySync() as number[][];
    const [A, B] = [W0, W1].map((W) => W.arraySync() as number[][]);
    const network = (pooled: number[]) => {
      const hidden = [0, 1].map((h) =>
        Math.max(
          0,
          pooled.reduce((s, v, c) => s + v * A[c][h], 0),
        ),
      );
      return [0, 1, 2].map((c) => hidden.reduce((s, v, h) => s + v * B[h][c], 0));
    };
    const column = (c: number) => x.map((row) => row[c]);
    const mean = network([0, 1, 2].map((c) => column(c).reduce((a, b) => a + b) / 4));
    const max = network([0, 1, 2].map((c) => Math.max(...column(c))));
    const gate = mean.map((value, c) => sigmoid(value + max[c]));
    const { context, weights } = channelAttentionModule(image, { W0, W1 });
    expect(difference(weights, [gate])).toBeLessThan(1e-6);
    const gated = x.map((row) => row.map((value, c) => value * gate[c]));
    expect(difference(context.reshape([4, 3]), gated)).toBeLessThan(1e-6);
  });

  test('asks what, not where: moving the pixels moves the result and keeps the gate', () => {
    fc.assert(
      fc.property(fc.nat(), size, size, (seed, height, width) => {
        tf.tidy(() => {
          const image = uniform([2, height, width, 3], random(seed), 3);
          const parameters = channelAttentionParameters(
            { channels: 3, reduction: 2 },
            random(seed),
          );
          const order = shuffled([...Array(height * width).keys()], random(seed));
          const plain = channelAttentionModule(image, parameters);
          const moved = channelAttentionModule(permute(image, order), parameters);
          expect(difference(moved.weights, plain.weights)).toBeLessThan(1e-6);
          expect(difference(moved.context, permute(plain.context, order))).toBeLessThan(1e-5);
        });
      }),
      { numRuns: 20 },
    );
  });

  test('makes the hidden layer r times narrower, never empty', () => {
    expect(channelAttentionParameters({ channels: 64 }, next).W0.shape).toEqual([64, 4]);
    expect(channelAttentionParameters({ channels: 3 }, next).W1.shape).toEqual([1, 3]);
  });

  test('survives features of ±1e4, with gates from 0 to 1', () => {
    const image = tf.mul(draw(2, 3, 3, 4), 1e4);
    const { weights } = channelAttentionModule(image, { W0: draw(4, 2), W1: draw(2, 4) });
    for (const gate of weights.dataSync()) expect(gate >= 0 && gate <= 1).toBe(true);
  });

  test('has the gradient that finite differences measure', () => {
    const cotangent = draw(2, 2, 3, 4);
    const f = (...[x, W0, b0, W1, b1]: tf.Tensor[]) =>
      tf.sum(tf.mul(channelAttentionModule(x, { W0, b0, W1, b1 }).context, cotangent));
    const inputs = [draw(2, 2, 3, 4), draw(4, 3), draw(3), draw(3, 4), draw(4)];
    expectGradient(f, inputs, { step: 2e-3, tolerance: 2e-2 });
  });

  test('keeps no tensor but what it returns', () => {
    const [image, parameters] = [draw(1, 2, 3, 4), { W0: draw(4, 2), W1: draw(2, 4) }];
    expectNoLeak(() => tf.dispose(channelAttentionModule(image, parameters)));
  });

  test.each([
    [{ image: [2, 3, 4] }, 'image: expected shape [batch, height, width, channels], got [2, 3, 4]'],
    [{ W0: [3, 2] }, 'W0: expected shape [4, hidden], got [3, 2]'],
    [{ W1: [3, 4] }, 'W1: expected shape [2, 4], got [3, 4]'],
    [{ b0: [4] }, 'b0: expected shape [2], got [4]'],
    [{ b1: [2] }, 'b1: expected shape [4], got [2]'],
  ])('refuses %j and says what does not fit', (wrong: Record<string, number[]>, message) => {
    const given: Record<string, tf.Tensor> = {
      image: draw(1, 2, 3, 4),
      W0: draw(4, 2),
      b0: draw(2),
      W1: draw(2, 4),
      b1: draw(4),
    };
    for (const [name, shape] of Object.entries(wrong)) given[name] = tf.zeros(shape);
    const { image, ...parameters } = given;
    expectRefusal(() => channelAttentionModule(image, parameters as never), message);
  });
});

describe('spatialAttentionModule', () => {
  test.each(golden('spatial-attention-module'))('agrees with timm, case %#', (example) => {
    expectGolden(example, ({ image, ...parameters }) =>
      spatialAttentionModule(image, parameters as never),
    );
  });

  test('agrees with the formula written out in loops', () => {
    const [image, W] = [draw(1, 3, 4, 2), draw(3, 3, 2, 1)];
    const x = (image.arraySync() as number[][][][])[0];
    const k = W.arraySync() as number[][][][];
    const gate = x.map((row, y) =>
      row.map((_, column) => {
        let logit = 0;
        for (let dy = -1; dy <= 1; dy++) {
          for (let dx = -1; dx <= 1; dx++) {
            const pixel = x[y + dy]?.[column + dx];
            if (!pixel) continue; // zeros around the image
            const [mean, max] = k[dy + 1][dx + 1];
            logit += ((pixel[0] + pixel[1]) / 2) * mean[0] + Math.max(...pixel) * max[0];
          }
        }
        return sigmoid(logit);
      }),
    );
    expect(difference(spatialAttentionModule(image, { W }).weights, [gate])).toBeLessThan(1e-6);
  });

  test('asks where, not what: the order of the channels does not matter', () => {
    const [image, parameters] = [draw(2, 4, 3, 3), spatialAttentionParameters({}, next)];
    const swapped = tf.gather(image, tf.tensor1d([2, 0, 1], 'int32'), 3);
    const [a, b] = [image, swapped].map((x) => spatialAttentionModule(x, parameters).weights);
    expect(difference(a, b)).toBeLessThan(1e-6);
  });

  test('looks as far as its kernel reaches, and no further', () => {
    const [image, W] = [draw(1, 1, 9, 2), draw(5, 5, 2, 1)];
    const changed = tf.add(image, tf.oneHot(tf.tensor1d([4], 'int32'), 9).reshape([1, 1, 9, 1]));
    const [a, b] = [image, changed].map((x) => spatialAttentionModule(x, { W }).weights);
    const moved = [...tf.abs(tf.sub(a, b)).dataSync()].map((d) => d > 1e-6);
    expect(moved).toEqual([false, false, true, true, true, true, true, false, false]);
  });

  test('survives features of ±1e4, with gates from 0 to 1', () => {
    const { weights } = spatialAttentionModule(tf.mul(draw(2, 3, 3, 4), 1e4), {
      W: draw(3, 3, 2, 1),
    });
    for (const gate of weights.dataSync()) expect(gate >= 0 && gate <= 1).toBe(true);
  });

  test('has the gradient that finite differences measure', () => {
    const cotangent = draw(1, 3, 4, 2);
    const f = (...[x, W, b]: tf.Tensor[]) =>
      tf.sum(tf.mul(spatialAttentionModule(x, { W, b }).context, cotangent));
    const inputs = [draw(1, 3, 4, 2), draw(3, 3, 2, 1), draw(1)];
    expectGradient(f, inputs, { step: 2e-3, tolerance: 2e-2 });
  });

  test('keeps no tensor but what it returns', () => {
    const [image, W] = [draw(1, 2, 3, 4), draw(3, 3, 2, 1)];
    expectNoLeak(() => tf.dispose(spatialAttentionModule(image, { W })));
  });

  test.each([
    [{ image: [3, 4] }, 'image: expected shape [batch, height, width, channels], got [3, 4]'],
    [{ W: [3, 5, 2, 1] }, 'W: expected shape [size, size, 2, 1], got [3, 5, 2, 1]'],
    [{ W: [3, 3, 4, 1] }, 'W: expected shape [size, size, 2, 1], got [3, 3, 4, 1]'],
    [{ b: [2] }, 'b: expected shape [1], got [2]'],
  ])('refuses %j and says what does not fit', (wrong: Record<string, number[]>, message) => {
    const given: Record<string, tf.Tensor> = {
      image: draw(1, 2, 3, 4),
      W: draw(3, 3, 2, 1),
      b: draw(1),
    };
    for (const [name, shape] of Object.entries(wrong)) given[name] = tf.zeros(shape);
    expectRefusal(() => spatialAttentionModule(given.image, { W: given.W, b: given.b }), message);
  });
});

describe('cbam', () => {
  test.each(golden('cbam'))('agrees with timm, case %#', (example) => {
    expectGolden(example, ({ image, W0, W1, W }) =>
      cbam(image, { channel: { W0, W1 }, spatial: { W } }),
    );
  });

  test('is its two modules, one after the other', () => {
    const [image, parameters] = [draw(2, 3, 4, 6), cbamParameters({ channels: 6, size: 3 }, next)];
    const { context, weights, channelWeights } = cbam(image, parameters);
    const product = tf.mul(
      tf.mul(image, channelWeights.reshape([2, 1, 1, 6])),
      weights.reshape([2, 3, 4, 1]),
    );
    expect(difference(context, product)).toBeLessThan(1e-6);
    expect(parameters.spatial.W.shape).toEqual([3, 3, 2, 1]);
  });

  test('keeps no tensor but what it returns, also when it refuses', () => {
    const [image, parameters] = [draw(1, 2, 3, 4), cbamParameters({ channels: 4 }, next)];
    expectNoLeak(() => tf.dispose(cbam(image, parameters)));
    const spatial = { W: draw(3, 3, 1, 1) };
    const message = 'W: expected shape [size, size, 2, 1], got [3, 3, 1, 1]';
    expectRefusal(() => cbam(image, { ...parameters, spatial }), message);
  });
});
