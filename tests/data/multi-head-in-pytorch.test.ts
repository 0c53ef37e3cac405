import { multiHeadAttention, multiHeadInPyTorch, tf } from 'attention';
import { describe, expect, test } from 'vitest';

const { version, heads, x, mask, parameters, slide, library } = multiHeadInPyTorch();
const differs = (a: tf.Tensor, b: tf.Tensor) => {
  expect(a.shape).toEqual(b.shape);
  return tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];
};

describe('the example that PyTorch computed for lesson 08', () => {
  test('is one and the same by the code of the slide and by nn.MultiheadAttention', () => {
    expect(version).toMatch(/^2\./);
    expect(differs(slide.context, library.context)).toBeLessThan(1e-6);
    expect(differs(slide.weights, library.weights)).toBeLessThan(1e-6);
  });

  test('is what multiHeadAttention computes', () => {
    const ours = multiHeadAttention(x, x, x, parameters, { heads, mask });
    expect(differs(ours.context, slide.context)).toBeLessThan(1e-5);
    expect(differs(ours.weights, slide.weights)).toBeLessThan(1e-5);
  });

  test('would tell a transposed matrix and a forgotten bias', () => {
    const { bO, ...withoutBias } = parameters;
    for (const wrong of [{ ...parameters, WQ: tf.transpose(parameters.WQ) }, withoutBias]) {
      const { context } = multiHeadAttention(x, x, x, wrong, { heads, mask });
      expect(differs(context, slide.context)).toBeGreaterThan(0.01);
    }
    expect(bO?.shape).toEqual([4]);
  });
});
