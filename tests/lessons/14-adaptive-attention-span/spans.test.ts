import {
  adaptiveSpanAttention,
  attentionWork,
  countedWork,
  loadCharacters,
  random,
  reachOf,
  spanMatrix,
  spanModel,
  tf,
  uniform,
} from 'attention';
import { describe, expect, test } from 'vitest';
import { difference } from '../../helpers';

const { train } = loadCharacters();
const ids = tf.tensor2d([...train.subarray(0, 24)], [1, 24], 'int32');
const small = { maxSpan: 24, ramp: 4 };

describe('spanModel', () => {
  test('sees no farther than its spans and ramps reach, and never the future', () => {
    const one = spanModel({ ...small, z: 3 });
    const { weights } = one.forward(ids);
    for (const layer of weights) {
      const matrix = (spanMatrix(layer).arraySync() as number[][][][])[0][0];
      matrix.forEach((row, t) => {
        expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
        row.forEach((weight, r) => {
          if (r > t || t - r >= 7) expect(weight).toBe(0);
        });
      });
    }
    expect(one.keys()).toEqual(Array(3).fill([7, 7, 7, 7]));
    expect(reachOf(one.keys())).toBe(19);
  });

  test('with fixed windows has nothing to learn about them', () => {
    const one = spanModel({ ...small, fixed: [[1, 2, 3, 24], ...Array(2).fill([5, 5, 5, 5])] });
    expect(Object.keys(one.parameters).some((name) => name.endsWith('z'))).toBe(false);
    const [first] = one.forward(ids).weights;
    const lastRows = (spanMatrix(first).arraySync() as number[][][][])[0].map((rows) => rows[23]);
    const seen = lastRows.map((row) => row.filter((weight) => weight > 0).length);
    expect(seen).toEqual([1, 2, 3, 24]);
    expect(one.keys()[0]).toEqual([1, 2, 3, 24]);
  });

  test('learns its spans; a price makes them shorter, and a tensor is not left', async () => {
    const end = async (lambda: number) => {
      const one = spanModel({ ...small, z: 12, seed: 2 });
      const before = tf.memory().numTensors;
      const losses = await one.train(train, { steps: 25, batch: 2, segment: 24, lambda });
      expect(tf.memory().numTensors).toBe(before);
      expect(losses[24]).toBeLessThan(losses[0]);
      return one.spans().flat();
    };
    const [free, dear] = [await end(0), await end(1)];
    expect(free).not.toEqual(Array(12).fill(12));
    for (const [i, span] of dear.entries()) expect(span).toBeLessThan(free[i]);
    expect(Math.min(...free, ...dear)).toBeGreaterThanOrEqual(0);
  });

  test('takes another attention, and tells it the layer', () => {
    const one = spanModel(small);
    const layers: (number | undefined)[] = [];
    const same = one.forward(ids, {
      attention: one.broken((q, k, v, own, ramp, layer) => {
        layers.push(layer);
        return adaptiveSpanAttention<tf.Tensor4D>(q, k, v, own, undefined, { ramp });
      }),
    }).logits;
    expect(layers).toEqual([0, 1, 2]);
    expect(difference(same, one.forward(ids).logits)).toBeLessThan(1e-5);
  });

  test('prices the mean span of each layer', () => {
    const one = spanModel({ ...small, z: 10 });
    expect(one.penalty(0.1).dataSync()[0]).toBeCloseTo(3, 5);
  });
});

test('the work of attention by heads, apart and together', () => {
  expect(attentionWork([[1, 3]], { dHead: 2 })).toBe(16);
  expect(
    attentionWork(
      [
        [1, 3],
        [2, 2],
      ],
      { dHead: 2, together: true },
    ),
  ).toBe(24 + 16);
});

test('counts the multiply-adds of matrix products, whatever is transposed', async () => {
  const next = random(1);
  const [a, b] = [uniform([2, 3, 5], next, 1), uniform([2, 7, 5], next, 1)];
  const one = await countedWork(() => tf.matMul(a, b, false, true));
  expect(one.multiplyAdds).toBe(2 * 3 * 5 * 7);
  expect(one.largest).toBe(2 * 3 * 7);
});
