import {
  contentLayer,
  convolutionAsAttention,
  copyNeighbours,
  drawImages,
  type GreyDigits,
  looker,
  lookingLayer,
  looksOf,
  quadraticOf,
  quadraticSelfAttention,
  random,
  rightOf,
  sizeOf,
  tf,
  toOthers,
  toPixel,
  trainLooker,
  uniform,
} from 'attention';
import { describe, expect, test } from 'vitest';
import { difference } from '../../helpers';

const images = (count: number, seed = 1) =>
  tf.abs(uniform([count, 14, 14, 1], random(seed), 1)) as tf.Tensor4D;
const digits = (count: number): GreyDigits => ({
  images: images(count),
  labels: tf.tensor1d(
    Array.from({ length: count }, (_, i) => i % 10),
    'int32',
  ),
});
const shuffledPixels = (x: tf.Tensor4D) => {
  const at = tf.tensor1d(
    Array.from({ length: 196 }, (_, i) => (i * 45) % 196),
    'int32',
  );
  return tf.gather(x.reshape([-1, 196]), at, 1).reshape(x.shape) as tf.Tensor4D;
};

describe('readers of digits', () => {
  test('have as many parameters as each other, to 4 %', () => {
    const kinds = ['convolution', 'heads', 'content', 'augmented'] as const;
    const sizes = kinds.map((kind) => sizeOf(looker({ kind })));
    expect(sizes).toEqual([2650, 2704, 2704, 2619]);
    expect(Math.max(...sizes) / Math.min(...sizes)).toBeLessThan(1.04);
  });

  test('of heads are a convolution, if their places are sharp and on the grid', () => {
    const heads = looker({ kind: 'heads', places: 'grid', sharpness: 10, seed: 3 });
    const twin = looker({ kind: 'convolution', seed: 3 });
    twin.layers.forEach(({ kernel }, i) => {
      (kernel as tf.Variable).assign(heads.layers[i].W.reshape(kernel.shape));
    });
    (twin.last.W as tf.Variable).assign(heads.last.W);
    const x = images(3);
    expect(difference(heads.forward(x).scores, twin.forward(x).scores)).toBeLessThan(1e-5);
  });

  test('by content do not notice that pixels were shuffled, those of heads do', () => {
    const x = images(2);
    const moved = (kind: 'content' | 'heads') => {
      const model = looker({ kind });
      return difference(model.forward(x).scores, model.forward(shuffledPixels(x)).scores);
    };
    expect(moved('content')).toBeLessThan(1e-5);
    expect(moved('heads')).toBeGreaterThan(1e-4);
  });

  test('learn, watch each step, and leak nothing', async () => {
    for (const kind of ['convolution', 'heads', 'content', 'augmented'] as const) {
      const model = looker({ kind });
      const ten = digits(10);
      const before = tf.memory().numTensors;
      const seen: number[] = [];
      const watch = (step: number) => seen.push(step);
      const losses = await trainLooker(model, ten, { steps: 3, batch: 4, watch });
      rightOf(model, ten);
      expect(tf.memory().numTensors).toBe(before);
      expect(losses.every(Number.isFinite)).toBe(true);
      expect(seen).toEqual([0, 1, 2, 3]);
    }
  });

  test('keep their places if these are frozen, and move them if not', async () => {
    const after = async (moving: boolean) => {
      const model = looker({ kind: 'heads', moving, seed: 5 });
      const before = looksOf(model);
      await trainLooker(model, digits(10), { steps: 2, batch: 4 });
      return JSON.stringify(looksOf(model)) === JSON.stringify(before);
    };
    expect([await after(false), await after(true)]).toEqual([true, false]);
  });

  test('read with spoiled parameters', () => {
    const model = looker({ kind: 'heads' });
    const x = images(2);
    const plain = model.forward(x);
    const spoiled = model.forward(x, (p, layer) =>
      layer === 0 ? { ...p, alpha: tf.zerosLike(p.alpha) } : p,
    );
    expect(difference(spoiled.weights[0], tf.fill([1, 9, 196, 256], 1 / 256))).toBeLessThan(1e-6);
    expect(difference(spoiled.weights[1], plain.weights[1])).toBe(0);
  });
});

test('a layer begins where it was told to', () => {
  const grid = lookingLayer(1, 1, random(1), { places: 'grid', spacing: 3, sharpness: 4 });
  expect((grid.centres.arraySync() as number[][])[0]).toEqual([-3, -3]);
  expect((grid.centres.arraySync() as number[][])[5]).toEqual([0, 3]);
  expect(quadraticOf(grid).alpha.dataSync()[0]).toBe(8);
  const drawn = Array.from({ length: 200 }, (_, seed) =>
    Array.from(lookingLayer(1, 1, random(seed)).centres.dataSync()),
  ).flat();
  const variance = drawn.reduce((sum, x) => sum + x * x, 0) / drawn.length;
  expect(Math.sqrt(variance)).toBeCloseTo(2, 1);
});

test('contentLayer is a loop over heads', () => {
  const next = random(2);
  const x = uniform([2, 2, 3, 4], next, 1) as tf.Tensor4D;
  const [WQ, WK, W, b] = [[4, 6], [4, 6], [3, 4, 5], [5]].map((shape) => uniform(shape, next, 1));
  const rows = x.reshape([2, 6, 4]).arraySync() as number[][][];
  const part = (w: tf.Tensor, h: number) =>
    (w.arraySync() as number[][]).map((row) => row.slice(2 * h, 2 * h + 2));
  const times = (row: number[], w: number[][]) =>
    w[0].map((_, c) => row.reduce((sum, value, r) => sum + value * w[r][c], 0));
  const wanted = rows.map((image) =>
    image.map((query) => {
      const y = Array.from(b.dataSync());
      for (let h = 0; h < 3; h++) {
        const q = times(query, part(WQ, h));
        const powers = image.map((key) => {
          const k = times(key, part(WK, h));
          return Math.exp((q[0] * k[0] + q[1] * k[1]) / Math.SQRT2);
        });
        const sum = powers.reduce((a, p) => a + p);
        const seen = query.map((_, c) =>
          image.reduce((s, key, k) => s + (powers[k] / sum) * key[c], 0),
        );
        const matrix = (W.arraySync() as number[][][])[h];
        times(seen, matrix).forEach((value, o) => {
          y[o] += value;
        });
      }
      return y;
    }),
  );
  const { context } = contentLayer(x, { WQ, WK, W, b });
  expect(difference(context.reshape([2, 6, 5]), tf.tensor3d(wanted))).toBeLessThan(1e-5);
});

describe('copying neighbours', () => {
  test('the loss is what noise would cost on average', async () => {
    const { losses, before } = await copyNeighbours({ count: 4, steps: 1, seed: 2 });
    // The same heads on the noise of many images, W drawn as there.
    const next = random(2);
    uniform([4, 2], next, 1.5);
    const W = uniform([4, 9], next, 0.5);
    const noise = tf.randomNormal([400, 9, 9, 1], 0, 1, 'float32', 7) as tf.Tensor4D;
    const { context } = quadraticSelfAttention(noise, {
      centres: tf.tensor2d(before.centres),
      alpha: tf.tensor1d(before.alpha),
      W: W.reshape([4, 1, 9]),
    });
    const identity = tf.eye(9).reshape([3, 3, 1, 9]);
    const wanted = tf.conv2d(noise, identity as tf.Tensor4D, 1, 'same');
    const middle = (x: tf.Tensor) => tf.slice(x, [0, 4, 4, 0], [400, 1, 1, 9]);
    const error = tf.mean(tf.square(tf.sub(middle(context), middle(wanted)))).dataSync()[0];
    expect(Math.abs(error / losses[0] - 1)).toBeLessThan(0.1);
  });

  test('falls, and stays above the floor of its rank', async () => {
    const { losses } = await copyNeighbours({ count: 6, steps: 60 });
    expect(losses[59]).toBeLessThan(losses[0]);
    expect(Math.min(...losses)).toBeGreaterThan(3 / 9);
  });

  test('sharp heads on the nine pixels copy all of them', () => {
    const layer = convolutionAsAttention(tf.eye(9).reshape([3, 3, 1, 9]));
    const x = images(1);
    const { context } = quadraticSelfAttention(x, layer, { padding: 1 });
    const wanted = tf.conv2d(x, tf.eye(9).reshape([3, 3, 1, 9]) as tf.Tensor4D, 1, 'same');
    expect(difference(context, wanted)).toBeLessThan(1e-6);
  });
});

test('distances to pixels and to others', () => {
  expect(toPixel([2, -1])).toBe(0);
  expect(toPixel([0.5, -3.5])).toBeCloseTo(Math.SQRT1_2, 9);
  const places = [
    [0, 0],
    [0, 3],
    [4, 3],
  ];
  expect(toOthers(places)).toEqual([3, 3, 4]);
  const next = random(9);
  const drawn = Array.from({ length: 4000 }, () => toPixel([5 * next(), 5 * next()]));
  expect(drawn.reduce((a, b) => a + b) / 4000).toBeCloseTo((Math.SQRT2 + Math.asinh(1)) / 6, 2);
});

test('images are drawn alike for the same stream', () => {
  const all = digits(20);
  const one = drawImages(all, 5, random(1));
  expect(one.images.shape).toEqual([5, 14, 14, 1]);
  expect(difference(one.images, drawImages(all, 5, random(1)).images)).toBe(0);
});
