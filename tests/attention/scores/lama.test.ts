import { lamaAttention, lamaParameters, random, shuffled, tf, uniform } from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden, type Tensors } from '../../golden/golden';
import { difference, expectGradient, expectNoLeak, expectRefusal } from '../../helpers';

const next = random(22);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const setting = () => lamaParameters({ depth: 4, heads: 3 }, next);

describe('lamaAttention', () => {
  test.each(golden('lama'))('agrees with PyTorch, case %#', (example) => {
    expectGolden(example, ({ inputs, mask, ...parameters }) =>
      lamaAttention(inputs, parameters as never, mask),
    );
  });

  test('scores each word by a bilinear form of rank one per head, in loops', () => {
    const [inputs, { P, Q }] = [draw(1, 5, 4), setting()];
    const [h, p, q] = [inputs.reshape([5, 4]), P, Q].map((t) => t.arraySync() as number[][]);
    const c = [0, 1, 2, 3].map((d) => h.reduce((sum, row) => sum + row[d], 0) / 5);
    const project = (x: number[], M: number[][], m: number) =>
      x.reduce((sum, value, d) => sum + value * M[d][m], 0);
    const e = h.map((word) =>
      [0, 1, 2].map((m) => Math.tanh(project(c, p, m) * project(word, q, m))),
    );
    const unit = e.map((row) => row.map((value) => value / Math.hypot(...row)));
    const A = [0, 1, 2].map((m) => {
      const exps = unit.map((row) => Math.exp(row[m]));
      return exps.map((value) => value / exps.reduce((a, b) => a + b));
    });
    expect(difference(lamaAttention(inputs, { P, Q }).weights, [A])).toBeLessThan(1e-6);
  });

  test('gives each head weights that sum to 1, and does not know the order of the words', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 8 }), (seed, length) => {
        tf.tidy(() => {
          const [inputs, parameters] = [uniform([2, length, 4], random(seed), 3), setting()];
          const order = tf.tensor1d(shuffled([...Array(length).keys()], random(seed)), 'int32');
          const plain = lamaAttention(inputs, parameters);
          const moved = lamaAttention(tf.gather(inputs, order, 1), parameters);
          expect(difference(tf.sum(plain.weights, 2), tf.ones([2, 3]))).toBeLessThan(1e-5);
          expect(difference(moved.weights, tf.gather(plain.weights, order, 2))).toBeLessThan(1e-5);
          expect(difference(moved.context, plain.context)).toBeLessThan(1e-5);
        });
      }),
      { numRuns: 20 },
    );
  });

  test('takes padding neither into the context vector nor into the weights', () => {
    const [inputs, parameters] = [draw(2, 3, 4), setting()];
    const padded = tf.concat([inputs, tf.fill([2, 2, 4], 1e4)], 1);
    const mask = tf.tensor([1, 1, 1, 0, 0, 1, 1, 1, 0, 0], [2, 1, 5]);
    const { context } = lamaAttention(padded, parameters, mask);
    expect(difference(context, lamaAttention(inputs, parameters).context)).toBeLessThan(1e-5);
  });

  test('attends to nothing where no word is shown, without NaN or gradient', () => {
    const [inputs, parameters] = [draw(1, 3, 4), setting()];
    const attend = (x: tf.Tensor) => lamaAttention(x, parameters, tf.zeros([1, 1, 3]));
    const { context, weights } = attend(inputs);
    expect([...context.dataSync(), ...weights.dataSync()]).toEqual(new Array(21).fill(0));
    const gradient = tf.grad((x) => tf.sum(attend(x).context))(inputs);
    expect(difference(gradient, tf.zerosLike(inputs))).toBe(0);
  });

  test('survives words of 0 and of ±1e4 without NaN, forward and backward', () => {
    const parameters = setting();
    for (const inputs of [tf.zeros([1, 3, 4]), tf.mul(draw(1, 3, 4), 1e4)]) {
      const gradient = tf.grad((x) => tf.sum(lamaAttention(x, parameters).context))(inputs);
      expect(tf.all(tf.isFinite(gradient)).dataSync()[0]).toBe(1);
    }
  });

  test('learns its context vector if asked to', () => {
    expect(setting().c).toBeUndefined();
    const parameters = lamaParameters({ depth: 4, heads: 3, learnedContext: true }, next);
    expect(parameters.c?.shape).toEqual([4]);
  });

  test.each([true, false])(
    'has the gradient that finite differences measure, c learned: %s',
    (learned) => {
      const [cotangent, { P, Q }] = [draw(2, 3, 4), setting()];
      const f = (...[x, p, q, c]: tf.Tensor[]) =>
        tf.sum(tf.mul(lamaAttention(x, { P: p, Q: q, c }).context, cotangent));
      const inputs = [draw(2, 5, 4), P, Q, ...(learned ? [draw(4)] : [])];
      expectGradient(f, inputs, { step: 1e-3, tolerance: 2e-2 });
    },
  );

  test('keeps no tensor but what it returns', () => {
    const [inputs, parameters] = [draw(1, 5, 4), setting()];
    expectNoLeak(() => tf.dispose(lamaAttention(inputs, parameters)));
  });

  test.each([
    [{ inputs: [5, 4] }, 'inputs: expected shape [batch, length, depth], got [5, 4]'],
    [{ P: [5, 3] }, 'P: expected shape [4, heads], got [5, 3]'],
    [{ Q: [4, 2] }, 'Q: expected shape [4, 3], got [4, 2]'],
    [{ c: [3] }, 'c: expected shape [4], got [3]'],
    [{ mask: [1, 5, 5] }, 'mask: expected shape [1, 1, 5], got [1, 5, 5]'],
  ])('refuses %j and says what does not fit', (wrong: Record<string, number[]>, message) => {
    const given: Tensors = { inputs: draw(1, 5, 4), ...(setting() as Tensors) };
    for (const [name, shape] of Object.entries(wrong)) given[name] = tf.zeros(shape);
    const { inputs, mask, ...parameters } = given;
    expectRefusal(() => lamaAttention(inputs, parameters as never, mask), message);
  });
});
