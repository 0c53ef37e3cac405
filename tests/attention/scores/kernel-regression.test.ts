import { kernelRegression, random, tf, uniform } from 'attention';
import { describe, expect, test } from 'vitest';
import { expectClose, expectGolden, golden } from '../../golden/golden';
import { expectGradient, expectNoLeak } from '../../helpers';

const next = random(13);
const draw = (...shape: number[]) => uniform(shape, next, 1);

describe('kernelRegression', () => {
  test.each(golden('kernel-regression'))('agrees with PyTorch, case %#', (example) => {
    expectGolden(example, ({ query, keys, values }, { bandwidth }) =>
      kernelRegression(query, keys, values, bandwidth),
    );
  });

  test.each(golden('kernel-regression-statsmodels'))(
    'agrees with statsmodels, case %#',
    (given) => {
      const [query, keys, values] = ['query', 'keys', 'values'].map((name) =>
        tf.tensor(given.inputs[name].values, given.inputs[name].shape),
      );
      const { context } = kernelRegression(query, keys, values, given.options.bandwidth);
      expectClose(context, given.outputs.context, 1e-5);
    },
  );

  test('with a small bandwidth takes the nearest key, with a large one the mean', () => {
    const keys = tf.tensor([0, 1, 3], [1, 3, 1]);
    const values = tf.tensor([10, 20, 60], [1, 3, 1]);
    const at = (bandwidth: number) =>
      kernelRegression(tf.tensor([1.4], [1, 1, 1]), keys, values, bandwidth).context.dataSync()[0];
    expect(at(1e-2)).toBeCloseTo(20, 4);
    expect(at(1e4)).toBeCloseTo(30, 2);
  });

  test('does not change when queries and keys move together', () => {
    const [query, keys, values] = [draw(2, 3, 4), draw(2, 5, 4), draw(2, 5, 1)];
    const moved = kernelRegression(tf.add(query, 3), tf.add(keys, 3), values, 0.5).weights;
    const { weights } = kernelRegression(query, keys, values, 0.5);
    expect(tf.max(tf.abs(tf.sub(moved, weights))).dataSync()[0]).toBeLessThan(1e-4);
  });

  test('has the gradient that finite differences measure, and hides what the mask hides', () => {
    const mask = tf.tensor([1, 1, 0, 1, 1], [1, 1, 5]);
    const f = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) =>
      tf.sum(tf.square(kernelRegression(q, k, v, 0.8, mask).context));
    expectGradient(f as never, [draw(2, 3, 4), draw(2, 5, 4), draw(2, 5, 2)]);
    const { weights } = kernelRegression(draw(2, 3, 4), draw(2, 5, 4), draw(2, 5, 1), 1, mask);
    expect(tf.sum(tf.slice(weights, [0, 0, 2], [-1, -1, 1])).dataSync()[0]).toBe(0);
  });

  test('keeps no tensor but what it returns', () => {
    const x = draw(1, 3, 2);
    expectNoLeak(() => tf.dispose(kernelRegression(x, x, x, 1)));
  });

  test('refuses what does not fit', () => {
    const x = draw(1, 3, 2);
    expect(() => kernelRegression(draw(1, 3, 4), x, x, 1)).toThrow('query depth 4 ≠ key depth 2');
    expect(() => kernelRegression(x, x, draw(1, 2, 2), 1)).toThrow('values: expected shape [1, 3');
    expect(() => kernelRegression(x, x, x, 0)).toThrow('expected a number above 0, got 0');
    expect(() => kernelRegression(x, x, x, Number.NaN)).toThrow('above 0, got NaN');
  });
});
