import {
  random,
  spatialAttentionGuidedMask,
  spatialAttentionGuidedMaskParameters,
  spatialAttentionModule,
  tf,
  uniform,
} from 'attention';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden, type Tensors } from '../../golden/golden';
import { difference, expectGradient, expectNoLeak, expectRefusal } from '../../helpers';

const next = random(15);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const setting = (convolutions = 2) =>
  spatialAttentionGuidedMaskParameters({ channels: 3, hidden: 4, classes: 2, convolutions }, next);

describe('spatialAttentionGuidedMask', () => {
  test.each(golden('spatial-attention-guided-mask'))(
    'agrees with timm and PyTorch, case %#',
    (example) => {
      expectGolden(example, ({ regions, attention, W0, b0, W1, b1, upW, upB, masksW, masksB }) =>
        spatialAttentionGuidedMask(regions, {
          convolutions: [
            { W: W0, b: b0 },
            { W: W1, b: b1 },
          ],
          attention: { W: attention },
          upsampling: { W: upW, b: upB },
          masks: { W: masksW, b: masksB },
        }),
      );
    },
  );

  test('has four convolutions, and masks twice as large as the regions', () => {
    const parameters = spatialAttentionGuidedMaskParameters({ channels: 3, classes: 5 }, next);
    expect(parameters.convolutions).toHaveLength(4);
    const { context, weights, logits } = spatialAttentionGuidedMask(draw(2, 7, 5, 3), parameters);
    expect([context.shape, weights.shape, logits.shape]).toEqual([
      [2, 7, 5, 3],
      [2, 7, 5],
      [2, 14, 10, 5],
    ]);
  });

  test("is CBAM's spatial attention where there is no convolution before it", () => {
    const regions = draw(2, 3, 4, 3);
    const parameters = spatialAttentionGuidedMaskParameters(
      { channels: 3, classes: 1, convolutions: 0 },
      next,
    );
    const guided = spatialAttentionGuidedMask(regions, parameters);
    const plain = spatialAttentionModule(regions, parameters.attention);
    expect(difference(guided.context, plain.context)).toBe(0);
    expect(difference(guided.weights, plain.weights)).toBe(0);
  });

  test('draws each region for itself', () => {
    const [regions, parameters] = [draw(3, 3, 4, 3), setting()];
    const alone = spatialAttentionGuidedMask(tf.slice(regions, [1], [1]), parameters).logits;
    const together = spatialAttentionGuidedMask(regions, parameters).logits;
    expect(difference(alone, tf.slice(together, [1], [1]))).toBeLessThan(1e-6);
  });

  test('survives features of ±1e4 without NaN', () => {
    const { logits } = spatialAttentionGuidedMask(tf.mul(draw(1, 3, 3, 3), 1e4), setting());
    expect(tf.all(tf.isFinite(logits)).dataSync()[0]).toBe(1);
  });

  test('has the gradient that finite differences measure', () => {
    const [regions, cotangent, parameters] = [draw(1, 3, 2, 3), draw(1, 6, 4, 2), setting(1)];
    const f = (...[x, W, guide, up, masks]: tf.Tensor[]) => {
      const { logits } = spatialAttentionGuidedMask(x, {
        convolutions: [{ ...parameters.convolutions[0], W }],
        attention: { W: guide },
        upsampling: { ...parameters.upsampling, W: up },
        masks: { ...parameters.masks, W: masks },
      });
      return tf.sum(tf.mul(logits, cotangent));
    };
    const { convolutions, attention, upsampling, masks } = parameters;
    const inputs = [regions, convolutions[0].W, attention.W, upsampling.W, masks.W];
    expectGradient(f, inputs, { step: 2e-3, tolerance: 2e-2 });
  });

  test('keeps no tensor but what it returns', () => {
    const [regions, parameters] = [draw(1, 3, 2, 3), setting()];
    expectNoLeak(() => tf.dispose(spatialAttentionGuidedMask(regions, parameters)));
  });

  test.each([
    [{ regions: [3, 2] }, 'regions: expected shape [boxes, height, width, channels], got [3, 2]'],
    [
      { conv: [3, 3, 5, 4] },
      'convolutions[0].W: expected shape [3, 3, 3, depth], got [3, 3, 5, 4]',
    ],
    [{ convBias: [3] }, 'convolutions[0].b: expected shape [4], got [3]'],
    [{ attention: [3, 3, 3, 1] }, 'W: expected shape [size, size, 2, 1], got [3, 3, 3, 1]'],
    [{ up: [2, 2, 4, 3] }, 'upsampling.W: expected shape [2, 2, outputs, 4], got [2, 2, 4, 3]'],
    [{ upBias: [3] }, 'upsampling.b: expected shape [4], got [3]'],
    [{ masks: [3, 2] }, 'masks.W: expected shape [4, classes], got [3, 2]'],
    [{ masksBias: [3] }, 'masks.b: expected shape [2], got [3]'],
  ])('refuses %j and says what does not fit', (wrong: Record<string, number[]>, message) => {
    const given: Tensors = {
      regions: draw(1, 3, 2, 3),
      conv: draw(3, 3, 3, 4),
      convBias: draw(4),
      attention: draw(3, 3, 2, 1),
      up: draw(2, 2, 4, 4),
      upBias: draw(4),
      masks: draw(4, 2),
      masksBias: draw(2),
    };
    for (const [name, shape] of Object.entries(wrong)) given[name] = tf.zeros(shape);
    const run = () =>
      spatialAttentionGuidedMask(given.regions, {
        convolutions: [{ W: given.conv, b: given.convBias }],
        attention: { W: given.attention },
        upsampling: { W: given.up, b: given.upBias },
        masks: { W: given.masks, b: given.masksBias },
      });
    expectRefusal(run, message);
  });
});
