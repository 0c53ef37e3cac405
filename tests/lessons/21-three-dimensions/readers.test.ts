import {
  cloudReader,
  cloudsRight,
  drawClouds,
  drawNumberSets,
  errorOfLargest,
  heldOutClouds,
  nearestNeighbours,
  numberReader,
  packSets,
  pointAttention,
  pointAttentionParameters,
  poolOver,
  random,
  relate,
  rotation,
  saidOf,
  sizeOfReader,
  tf,
  trainCloudReader,
  trainNumberReader,
  uniform,
} from 'attention';
import { describe, expect, test } from 'vitest';
import { difference } from '../../helpers';

describe('readers of number sets', () => {
  test('have as many parameters as each other, to 2 %', () => {
    const kinds = ['raw', 'mean', 'sum', 'max', 'attention'] as const;
    const sizes = kinds.map((kind) => sizeOfReader(numberReader({ kind })));
    expect(Math.max(...sizes) / Math.min(...sizes)).toBeLessThan(1.02);
  });

  test('do not care for order and padding, and all but the sum not for doubling', () => {
    for (const kind of ['raw', 'mean', 'sum', 'max', 'attention'] as const) {
      const model = numberReader({ kind });
      const [alone] = saidOf(model, [[3, 80, 41]]);
      const [after, doubled] = saidOf(model, [
        [80, 3, 41],
        [3, 80, 41, 3, 80, 41],
      ]);
      expect(after).toBeCloseTo(alone, 3);
      if (kind === 'sum') expect(Math.abs(doubled - alone)).toBeGreaterThan(0.1);
      else expect(doubled).toBeCloseTo(alone, 3);
    }
  });

  test('learn, and leak nothing', async () => {
    for (const kind of ['raw', 'mean', 'sum', 'max', 'attention'] as const) {
      const model = numberReader({ kind });
      const before = tf.memory().numTensors;
      const losses = await trainNumberReader(model, { steps: 4, batch: 8 });
      errorOfLargest(model, 20);
      expect(tf.memory().numTensors).toBe(before);
      expect(losses.every(Number.isFinite)).toBe(true);
    }
  });

  test('are given sets of 1 to 10 numbers from 1 to 99', () => {
    const sets = drawNumberSets(3000, random(1));
    expect([...new Set(sets.map(({ length }) => length))].length).toBe(10);
    expect([Math.min(...sets.flat()), Math.max(...sets.flat())]).toEqual([1, 99]);
    const { x, mask } = packSets([[50], [1, 2]]);
    expect(x.arraySync()).toEqual([
      [[0.5], [0]],
      [[expect.closeTo(0.01)], [expect.closeTo(0.02)]],
    ]);
    expect(mask.arraySync()).toEqual([[[1, 0]], [[1, 1]]]);
  });

  test('pool what is there', () => {
    const x = tf.tensor3d([[[1], [5], [100]]]);
    const mask = tf.tensor3d([[[1, 1, 0]]]);
    const of = (how: 'mean' | 'sum' | 'max') => poolOver(x, mask, how).dataSync()[0];
    expect([of('mean'), of('sum'), of('max')]).toEqual([3, 6, 5]);
  });
});

describe('readers of clouds', () => {
  const kinds = ['flat', 'mean', 'max', 'attention', 'vector', 'scalar', 'distance'] as const;

  test('have as many parameters as each other, to 8 %', () => {
    const sizes = kinds.map((kind) => sizeOfReader(cloudReader({ kind })));
    expect(Math.max(...sizes) / Math.min(...sizes)).toBeLessThan(1.08);
  });

  test('say the same of shuffled rows, but for the one that reads rows', () => {
    const { places } = heldOutClouds('name', { count: 64 });
    const few = tf.slice(places, 0, 3) as tf.Tensor3D;
    const order = tf.tensor1d(
      Array.from({ length: 64 }, (_, i) => (i * 27) % 64),
      'int32',
    );
    const after = tf.gather(few, order, 1) as tf.Tensor3D;
    for (const kind of kinds) {
      const model = cloudReader({ kind });
      const apart = difference(model.forward(few).scores, model.forward(after).scores);
      if (kind === 'flat') expect(apart).toBeGreaterThan(1e-3);
      else expect(apart).toBeLessThan(1e-4);
    }
  });

  test('by differences do not notice a move, by distances neither a turn nor a mirror', () => {
    const places = uniform([2, 20, 3], random(3), 1) as tf.Tensor3D;
    const turned = tf.matMul(
      places.reshape([40, 3]),
      tf.tensor2d(rotation(random(4))),
      false,
      true,
    );
    const others = {
      moved: tf.add(places, tf.tensor1d([1, -2, 0.5])) as tf.Tensor3D,
      turned: turned.reshape([2, 20, 3]) as tf.Tensor3D,
      mirrored: tf.mul(places, tf.tensor1d([1, -1, 1])) as tf.Tensor3D,
    };
    const apart = (kind: 'vector' | 'distance', of: keyof typeof others) => {
      const model = cloudReader({ kind, seed: 2 });
      return difference(model.forward(places).scores, model.forward(others[of]).scores);
    };
    expect(apart('vector', 'moved')).toBeLessThan(1e-4);
    for (const of of ['moved', 'turned', 'mirrored'] as const)
      expect(apart('distance', of)).toBeLessThan(1e-4);
    for (const of of ['turned', 'mirrored'] as const)
      expect(apart('vector', of)).toBeGreaterThan(1e-4);
  });

  test('of point attention see nothing without their positions', () => {
    const model = cloudReader({ kind: 'vector', task: 'part' });
    const { places } = drawClouds('part', 2, random(1));
    const { scores } = model.forward(places, { blind: true });
    const first = tf.slice(scores, [0, 0, 0], [1, 1, -1]);
    expect(difference(tf.broadcastTo(first, scores.shape), scores)).toBeLessThan(1e-5);
  });

  test('learn, and leak nothing', async () => {
    for (const kind of kinds)
      for (const task of ['name', 'part'] as const) {
        if (task === 'part' && ['flat', 'mean', 'max'].includes(kind)) continue;
        const model = cloudReader({ kind, task });
        const examples = drawClouds(task, 3, random(1));
        const before = tf.memory().numTensors;
        const losses = await trainCloudReader(model, { steps: 2, batch: 2 });
        const right = cloudsRight(model, examples);
        expect(tf.memory().numTensors).toBe(before);
        expect(losses.every(Number.isFinite)).toBe(true);
        expect(right >= 0 && right <= 100).toBe(true);
      }
  });
});

test('relate(…) is pointAttention, and with one channel scalar is vector', () => {
  const next = random(5);
  const x = uniform([2, 9, 4], next, 1);
  const places = uniform([2, 9, 3], next, 1) as tf.Tensor3D;
  const keys = nearestNeighbours(places, 3);
  const six = pointAttentionParameters({ depth: 4, dModel: 6 }, next);
  const { context, weights } = pointAttention(x, places, keys, six);
  const mine = relate(x, places, keys, six);
  expect(difference(mine.context, context)).toBeLessThan(1e-5);
  expect(difference(mine.weights, weights.weights)).toBeLessThan(1e-5);
  const one = pointAttentionParameters({ depth: 4, dModel: 1 }, next);
  const [vector, scalar] = (['vector', 'scalar'] as const).map((score) =>
    relate(x, places, keys, one, { score }),
  );
  expect(difference(scalar.context, vector.context)).toBeLessThan(1e-6);
  const shared = relate(x, places, keys, six, { score: 'scalar' }).weights;
  const first = tf.slice(shared, [0, 0, 0, 0], [-1, 1, -1, -1]);
  expect(difference(tf.broadcastTo(first, shared.shape), shared)).toBeLessThan(1e-6);
});

test('clouds with gaps are centred again, and keep the labels of their points', () => {
  const whole = drawClouds('part', 3, random(7));
  const half = drawClouds('part', 3, random(7), { missing: 'half' });
  const side = drawClouds('part', 3, random(7), { missing: 'side' });
  expect([whole, half, side].map(({ places }) => places.shape)).toEqual([
    [3, 64, 3],
    [3, 32, 3],
    [3, 32, 3],
  ]);
  expect(half.labels.size).toBe(96);
  for (const { places } of [half, side]) {
    expect(difference(tf.mean(places, 1), tf.zeros([3, 3]))).toBeLessThan(1e-5);
    const far = tf.max(tf.sqrt(tf.sum(tf.square(places), 2)), 1);
    expect(difference(far, tf.ones([3]))).toBeLessThan(1e-5);
  }
  expect(heldOutClouds('name').labels.size).toBe(210);
});
