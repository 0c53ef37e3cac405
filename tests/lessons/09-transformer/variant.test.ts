import { Adam, batch, Transformer, tf } from 'attention';
import { describe, expect, test } from 'vitest';
import { type Part, variant } from '../../../src/lessons/09-transformer/variant';

const options = {
  ...{ sourceTokens: 8, targetTokens: 7, dModel: 8, heads: 2, layers: 2 },
  ...{ maxLength: 9, labelSmoothing: 0.1, seed: 4 },
};
const pairs = [
  { source: [3, 4, 5], target: [4, 3] },
  { source: [5, 3, 3, 6], target: [3, 6, 6, 4] },
];

describe('variant', () => {
  test.each([
    { norm: 'post', positions: 'sinusoidal' },
    { norm: 'pre', positions: 'learned' },
  ] as const)('is a Transformer as long as nothing is left out: $norm, $positions', (choice) => {
    const whole = new Transformer({ ...options, ...choice });
    const same = variant({ ...options, ...choice });
    const some = batch(pairs);
    const [theirs, ours] = [whole.loss(some), same.loss(some)].map((x) => x.dataSync()[0]);
    expect(ours).toBeCloseTo(theirs, 5);
    const sources = pairs.map(({ source }) => source);
    const written = same.write(sources, 6).map((ids) => ids.slice(0, 6));
    whole.decode(sources, 6).forEach(({ ids }, b) => {
      expect(written[b].slice(0, ids.length)).toEqual(ids);
    });
    whole.dispose();
    same.dispose();
  });

  const all: Part[] = [
    'positions',
    'residual connections',
    'layer norm',
    'feed-forward',
    'causal mask',
    'encoder self-attention',
    'decoder self-attention',
  ];
  test.each(all)('computes something else without %s, and all that is left is trained', (part) => {
    const [whole, without] = [variant(options), variant(options, part)];
    const some = batch(pairs);
    const [a, b] = [whole.loss(some), without.loss(some)].map((x) => x.dataSync()[0]);
    expect(Math.abs(a - b)).toBeGreaterThan(1e-4);
    const adam = new Adam(without.parameters); // which refuses a parameter without a gradient
    adam.minimize(() => without.loss(some));
    adam.dispose();
    whole.dispose();
    without.dispose();
  });

  test('without positions does not know the order of its source', () => {
    const model = variant(options, 'positions');
    const run = (source: number[]) => model.logits([source], [[1, 3]]);
    const difference = tf.max(tf.abs(tf.sub(run([3, 4, 5]), run([5, 3, 4])))).dataSync()[0];
    expect(difference).toBeLessThan(1e-5);
    model.dispose();
  });
});
