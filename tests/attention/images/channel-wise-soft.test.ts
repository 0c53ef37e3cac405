import {
  channelWiseSoftAttention,
  channelWiseSoftParameters,
  random,
  splitAttention,
  tf,
  uniform,
} from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden, type Tensors } from '../../golden/golden';
import { difference, expectGradient, expectNoLeak, expectRefusal } from '../../helpers';

const next = random(16);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const small = fc.integer({ min: 1, max: 4 });

describe('channelWiseSoftAttention', () => {
  const setting = () => ({ WQ: draw(3, 5), WC: draw(5), bC: draw(5), v: draw(5) });

  test.each(golden('channel-wise-soft'))('agrees with PyTorch, case %#', (example) => {
    expectGolden(example, ({ query, image, ...parameters }) =>
      channelWiseSoftAttention(query, image, parameters as never),
    );
  });

  test('agrees with the formula written out in loops', () => {
    const [query, image, parameters] = [draw(1, 3), draw(1, 2, 2, 4), setting()];
    const [h] = query.arraySync() as number[][];
    const x = image.reshape([4, 4]).arraySync() as number[][];
    const { WQ, WC, bC, v } = Object.fromEntries(
      Object.entries(parameters).map(([name, t]) => [name, t.arraySync()]),
    ) as { WQ: number[][]; WC: number[]; bC: number[]; v: number[] };
    const e = [0, 1, 2, 3].map((c) => {
      const mean = x.reduce((sum, row) => sum + row[c], 0) / 4;
      return v.reduce((sum, va, a) => {
        const asked = h.reduce((s, value, i) => s + value * WQ[i][a], 0);
        return sum + va * Math.tanh(WC[a] * mean + bC[a] + asked);
      }, 0);
    });
    const total = e.reduce((sum, logit) => sum + Math.exp(logit), 0);
    const beta = e.map((logit) => Math.exp(logit) / total);
    const { context, weights } = channelWiseSoftAttention(query, image, parameters);
    expect(difference(weights, [beta])).toBeLessThan(1e-6);
    const gated = x.map((row) => row.map((value, c) => value * beta[c]));
    expect(difference(context.reshape([4, 4]), gated)).toBeLessThan(1e-6);
  });

  test('gives weights that sum to 1 and move with the channels', () => {
    fc.assert(
      fc.property(fc.nat(), small, small, small, (seed, height, width, channels) => {
        tf.tidy(() => {
          const draws = random(seed);
          const [query, image] = [
            uniform([2, 3], draws, 2),
            uniform([2, height, width, channels], draws, 9),
          ];
          const parameters = channelWiseSoftParameters({ queryDepth: 3, dAttention: 4 }, draws);
          const { weights } = channelWiseSoftAttention(query, image, parameters);
          expect(difference(tf.sum(weights, 1), tf.ones([2]))).toBeLessThan(1e-5);
          const reversed = channelWiseSoftAttention(
            query,
            tf.reverse(image, 3),
            parameters,
          ).weights;
          expect(difference(reversed, tf.reverse(weights, 1))).toBeLessThan(1e-6);
        });
      }),
      { numRuns: 20 },
    );
  });

  test('survives features of ±1e4 without NaN', () => {
    const image = tf.mul(draw(1, 2, 2, 4), 1e4);
    const { context } = channelWiseSoftAttention(draw(1, 3), image, setting());
    expect(tf.all(tf.isFinite(context)).dataSync()[0]).toBe(1);
  });

  test('has the gradient that finite differences measure', () => {
    const cotangent = draw(2, 2, 3, 4);
    const f = (...[query, image, WQ, WC, bC, v]: tf.Tensor[]) =>
      tf.sum(tf.mul(channelWiseSoftAttention(query, image, { WQ, WC, bC, v }).context, cotangent));
    expectGradient(f, [draw(2, 3), draw(2, 2, 3, 4), ...Object.values(setting())]);
  });

  test('keeps no tensor but what it returns', () => {
    const [query, image, parameters] = [draw(1, 3), draw(1, 2, 2, 4), setting()];
    expectNoLeak(() => tf.dispose(channelWiseSoftAttention(query, image, parameters)));
  });

  test.each([
    [{ image: [2, 4] }, 'image: expected shape [batch, height, width, channels], got [2, 4]'],
    [{ query: [2, 3] }, 'query: expected shape [1, queryDepth], got [2, 3]'],
    [{ query: [1, 4] }, 'WQ: expected shape [4, dAttention], got [3, 5]'],
    [{ WC: [4] }, 'WC: expected shape [5], got [4]'],
    [{ bC: [1] }, 'bC: expected shape [5], got [1]'],
    [{ v: [6] }, 'v: expected shape [5], got [6]'],
  ])('refuses %j and says what does not fit', (wrong: Record<string, number[]>, message) => {
    const given: Tensors = { query: draw(1, 3), image: draw(1, 2, 2, 4), ...setting() };
    for (const [name, shape] of Object.entries(wrong)) given[name] = tf.zeros(shape);
    const { query, image, ...parameters } = given;
    expectRefusal(() => channelWiseSoftAttention(query, image, parameters as never), message);
  });
});

describe('splitAttention', () => {
  const setting = (branches = 3) => ({
    W0: draw(4, 5),
    b0: draw(5),
    W1: draw(5, branches * 4),
    b1: draw(branches * 4),
  });

  test.each(golden('split-attention'))('agrees with timm, case %#', (example) => {
    expectGolden(example, ({ branches, ...parameters }) =>
      splitAttention(branches, parameters as never),
    );
  });

  test('shares each channel among the branches', () => {
    const { weights, context } = splitAttention(draw(2, 3, 2, 5, 4), setting());
    expect(weights.shape).toEqual([2, 3, 4]);
    expect(context.shape).toEqual([2, 2, 5, 4]);
    expect(difference(tf.sum(weights, 1), tf.ones([2, 4]))).toBeLessThan(1e-6);
  });

  test('returns the branch where all are alike', () => {
    const branch = draw(1, 1, 3, 2, 4);
    const { context } = splitAttention(tf.tile(branch, [1, 3, 1, 1, 1]), setting());
    expect(difference(context, branch.squeeze([1]))).toBeLessThan(1e-6);
  });

  test('gives a single branch a gate, which need not be open', () => {
    const branch = draw(1, 1, 3, 2, 4);
    const { context, weights } = splitAttention(branch, setting(1));
    expect(tf.max(weights).dataSync()[0]).toBeLessThan(1);
    expect(difference(context, tf.mul(branch.squeeze([1]), weights.reshape([1, 1, 1, 4])))).toBe(0);
  });

  test('has the gradient that finite differences measure', () => {
    const cotangent = draw(1, 2, 2, 4);
    const f = (...[branches, W0, b0, W1, b1]: tf.Tensor[]) =>
      tf.sum(tf.mul(splitAttention(branches, { W0, b0, W1, b1 }).context, cotangent));
    const inputs = [draw(1, 3, 2, 2, 4), ...Object.values(setting())];
    expectGradient(f, inputs, { step: 2e-3, tolerance: 2e-2 });
  });

  test('keeps no tensor but what it returns', () => {
    const [branches, parameters] = [draw(1, 3, 2, 2, 4), setting()];
    expectNoLeak(() => tf.dispose(splitAttention(branches, parameters)));
  });

  test.each([
    [
      { branches: [2, 3, 4] },
      'branches: expected shape [batch, branches, height, width, channels], got [2, 3, 4]',
    ],
    [{ W0: [3, 5] }, 'W0: expected shape [4, hidden], got [3, 5]'],
    [{ W1: [5, 8] }, 'W1: expected shape [5, 12], got [5, 8]'],
    [{ b0: [4] }, 'b0: expected shape [5], got [4]'],
    [{ b1: [4] }, 'b1: expected shape [12], got [4]'],
  ])('refuses %j and says what does not fit', (wrong: Record<string, number[]>, message) => {
    const given: Tensors = { branches: draw(1, 3, 2, 2, 4), ...setting() };
    for (const [name, shape] of Object.entries(wrong)) given[name] = tf.zeros(shape);
    const { branches, ...parameters } = given;
    expectRefusal(() => splitAttention(branches, parameters as never), message);
  });
});
