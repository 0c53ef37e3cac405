import {
  causalMask,
  denseWeights,
  paddingMask,
  random,
  routingAttention,
  routingCentroids,
  scaledDotProductAttention,
  tf,
  uniform,
  updateCentroids,
} from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../../golden/golden';
import { expectGradient, expectNoLeak } from '../../helpers';

const next = random(23);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const setting = (length = 7, ...lead: number[]) => ({
  query: draw(...lead, length, 4) as tf.Tensor3D,
  keys: draw(...lead, length, 4) as tf.Tensor3D,
  values: draw(...lead, length, 3) as tf.Tensor3D,
});
const centroids = routingCentroids({ clusters: 3, dKey: 4 }, random(6));
const difference = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];
const number = (x: tf.Tensor) => x.dataSync()[0];

type Rows = number[][];
const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i], 0);
const unit = (x: number[]) => x.map((v) => v / Math.sqrt(dot(x, x)));

/** One example, cluster by cluster, query by query, in plain arrays: context and dense weights. */
function byHand(
  Q: Rows,
  K: Rows | undefined,
  V: Rows,
  M: Rows,
  w: number,
  real: number,
  causal: boolean,
) {
  const keys = K ?? Q.map(unit);
  const members = (x: Rows, mu: number[]) =>
    [...x.keys()]
      .filter((t) => t < real)
      .sort((s, t) => dot(unit(x[t]), mu) - dot(unit(x[s]), mu))
      .slice(0, w);
  const lists: number[][][] = Q.map(() => []);
  for (const mu of M) {
    const own = members(keys, mu);
    for (const i of members(Q, mu)) {
      const visible = own.filter((j) => !(causal && j > i));
      if (visible.length === 0) continue;
      const alone = visible.every((j) => j === i);
      const e = visible.map((j) =>
        !K && j === i && !alone ? 0 : Math.exp(dot(Q[i], keys[j]) / 2),
      );
      const total = e.reduce((a, b) => a + b);
      const row = new Array(Q.length).fill(0);
      visible.forEach((j, s) => (row[j] += e[s] / total));
      lists[i].push(row);
    }
  }
  const weights = lists.map((list) =>
    Q.map((_, j) => list.reduce((sum, row) => sum + row[j], 0) / Math.max(1, list.length)),
  );
  return {
    weights,
    context: weights.map((row) =>
      [0, 1, 2].map((d) =>
        dot(
          row,
          V.map((v) => v[d]),
        ),
      ),
    ),
  };
}

describe('routingAttention', () => {
  test.each(golden('routing'))(
    'agrees with KmeansAttention, and so do the centroids, case %#',
    (example) => {
      expectGolden(example, ({ query, keys, values, centroids: mu }, { decay, ...options }) => ({
        context: routingAttention(query, keys, values, mu, undefined, options).context as tf.Tensor,
        moved: updateCentroids(mu, query, keys, undefined, { decay }),
      }));
    },
  );

  test('agrees with plain loops, weights and context, for any length, window and padding', () => {
    const shapes = fc.record({
      length: fc.integer({ min: 1, max: 11 }),
      window: fc.integer({ min: 1, max: 12 }),
      hidden: fc.integer({ min: 0, max: 3 }),
      causal: fc.boolean(),
      shared: fc.boolean(),
    });
    fc.assert(
      fc.property(shapes, ({ length, window, hidden, causal, shared }) => {
        const { query, keys, values } = setting(length, 2);
        const real = Math.max(1, length - hidden);
        const mask = paddingMask([real, real], length);
        const { context, weights } = routingAttention(
          query,
          shared ? undefined : keys,
          values,
          centroids,
          mask,
          { window, causal },
        );
        const dense = denseWeights(weights).arraySync() as number[][][];
        const got = context.arraySync() as number[][][];
        const [Q, K, V] = [query, keys, values].map((t) => t.arraySync() as number[][][]);
        for (const b of [0, 1]) {
          const expected = byHand(
            Q[b],
            shared ? undefined : K[b],
            V[b],
            centroids.arraySync() as Rows,
            window,
            real,
            causal,
          );
          expect(difference(tf.tensor(dense[b]), tf.tensor(expected.weights))).toBeLessThan(1e-5);
          expect(difference(tf.tensor(got[b]), tf.tensor(expected.context))).toBeLessThan(1e-5);
        }
      }),
      { numRuns: 40 },
    );
  });

  test.each([false, true])(
    'with the whole length for a window is full attention, causal %s',
    (causal) => {
      const { query, keys, values } = setting(7, 2);
      const routed = routingAttention(query, keys, values, centroids, undefined, {
        window: 7,
        causal,
      });
      const full = scaledDotProductAttention(
        query,
        keys,
        values,
        causal ? causalMask(7) : undefined,
      );
      expect(difference(routed.context, full.context)).toBeLessThan(1e-5);
      expect(difference(denseWeights(routed.weights), full.weights)).toBeLessThan(1e-5);
    },
  );

  test('has heads with centroids of their own', () => {
    const { query, keys, values } = setting(6, 2, 3);
    const perHead = routingCentroids({ heads: 3, clusters: 2, dKey: 4 }, next);
    const all = routingAttention(query as tf.Tensor, keys, values, perHead, undefined, {
      window: 3,
    });
    for (const head of [0, 1, 2]) {
      const of = (x: tf.Tensor) => tf.gather(x, head, 1) as tf.Tensor3D;
      const one = routingAttention(
        of(query),
        of(keys),
        of(values),
        tf.gather(perHead, head),
        undefined,
        { window: 3 },
      );
      expect(difference(of(all.context), one.context)).toBeLessThan(1e-6);
    }
  });

  test('sees no later key when causal: later values move nothing earlier', () => {
    const { query, keys, values } = setting(9, 1);
    const attend = (v: tf.Tensor3D) =>
      routingAttention(query, keys, v, centroids, undefined, { window: 4, causal: true });
    const before = attend(values);
    for (let t = 1; t < 9; t++) {
      const changed = tf.concat(
        [values.slice([0, 0, 0], [-1, t, -1]), tf.add(values.slice([0, t, 0]), 5)],
        1,
      );
      const past = (x: tf.Tensor) => x.slice([0, 0, 0], [-1, t, -1]);
      expect(difference(past(attend(changed as tf.Tensor3D).context), past(before.context))).toBe(
        0,
      );
    }
    const later = tf.sub(1, tf.cast(causalMask(9), 'float32'));
    expect(number(tf.sum(tf.mul(denseWeights(before.weights), later)))).toBe(0);
  });

  test('gives padding no place in a cluster', () => {
    const { query, keys, values } = setting(7, 2);
    const pad = (x: tf.Tensor) =>
      tf.concat([x, tf.fill([2, 4, x.shape[2] as number], 1e4)], 1) as tf.Tensor3D;
    const padded = routingAttention(
      pad(query),
      pad(keys),
      pad(values),
      centroids,
      paddingMask([7, 7], 11),
      { window: 3 },
    );
    const alone = routingAttention(query, keys, values, centroids, undefined, { window: 3 });
    expect(difference(padded.context.slice([0, 0, 0], [2, 7, 3]), alone.context)).toBeLessThan(
      1e-6,
    );
  });

  test('attends to nothing where the mask hides everything, and sends it no gradient', () => {
    const { query, keys, values } = setting(5, 2);
    const f = (k: tf.Tensor) =>
      routingAttention(query, k as tf.Tensor3D, values, centroids, tf.zeros([2, 1, 5]), {
        window: 3,
      });
    expect(number(tf.sum(tf.abs(f(keys).context)))).toBe(0);
    expect(number(tf.sum(f(keys).weights.weights))).toBe(0);
    expect(number(tf.sum(tf.abs(tf.grad((k) => tf.sum(f(k).context))(keys as tf.Tensor))))).toBe(0);
  });

  test.each([false, true])(
    'has the gradient that finite differences measure, shared %s',
    (shared) => {
      const { query, keys, values } = setting(7, 2);
      const cotangent = draw(2, 7, 3);
      const f = (q: tf.Tensor, v: tf.Tensor, k?: tf.Tensor) =>
        tf.sum(
          tf.mul(
            routingAttention(q, k, v, centroids, undefined, { window: 3, causal: true }).context,
            cotangent,
          ),
        );
      expectGradient(f, shared ? [query, values] : [query, values, keys], {
        step: 1e-3,
        tolerance: 2e-2,
      });
    },
  );

  test('stays finite for inputs of ±10000', () => {
    const { query, keys, values } = setting(7, 2);
    const huge = (x: tf.Tensor) => tf.mul(tf.sign(x), 1e4) as tf.Tensor3D;
    for (const k of [huge(keys), undefined]) {
      const { context } = routingAttention(huge(query), k, values, centroids, undefined, {
        window: 3,
        causal: true,
      });
      expect(context.dataSync().every(Number.isFinite)).toBe(true);
    }
  });

  test('keeps no tensor but what it returns', () => {
    const { query, keys, values } = setting(7, 2);
    expectNoLeak(() => {
      const { context, weights } = routingAttention(query, keys, values, centroids, undefined, {
        window: 3,
      });
      tf.dispose([context, weights.weights, weights.keys]);
    });
  });

  test('builds nothing of length × length, forward or backward', async () => {
    const length = 576; // 24 clusters of 24
    const { query, keys, values } = setting(length, 1);
    const mu = routingCentroids({ clusters: 24, dKey: 4 }, next);
    const { kernels } = await tf.engine().profile(() => {
      tf.tidy(() => {
        tf.grad((k) =>
          tf.sum(
            routingAttention(query, k as tf.Tensor3D, values, mu, undefined, { window: 24 })
              .context,
          ),
        )(keys as tf.Tensor);
      });
      return undefined as never;
    });
    const sizes = kernels.flatMap(({ outputShapes }) =>
      outputShapes.map((s) => s.reduce((a, b) => a * b, 1)),
    );
    // The lists of weights are the largest: w keys from each cluster of the query that most took.
    const { weights } = routingAttention(query, keys, values, mu, undefined, { window: 24 });
    expect(Math.max(...sizes)).toBe(weights.weights.size);
    expect(weights.weights.size).toBeLessThan((length * length) / 2);
  });

  test.each([
    [{ keys: [2, 6, 4] }, 3, 'keys: expected shape [2, 7, 4], got [2, 6, 4]'],
    [{ values: [2, 6, 3] }, 3, 'values: expected shape [2, 7, dValue], got [2, 6, 3]'],
    [{ mu: [3, 5] }, 3, 'centroids: expected shape [clusters, 4], got [3, 5]'],
    [{ mu: [1, 3, 4] }, 3, 'centroids: expected shape [clusters, 4], got [1, 3, 4]'],
    [{ mask: [2, 7] }, 3, 'mask: expected shape [2, 1, 7], got [2, 7]'],
    [{}, 0, 'expected window ≥ 1, got 0'],
  ])('refuses %j, window %d', (wrong: Record<string, number[]>, window, message) => {
    const given: any = { ...setting(7, 2), mu: centroids };
    for (const [name, shape] of Object.entries(wrong)) given[name] = tf.zeros(shape);
    const before = tf.memory().numTensors;
    expect(() =>
      routingAttention(given.query, given.keys, given.values, given.mu, given.mask, { window }),
    ).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('updateCentroids', () => {
  test('moves each centroid to the mean direction of its tokens, and leaves one without tokens', () => {
    const mu = tf.tensor2d([
      [1, 0],
      [0, 1],
      [-1, 0],
    ]);
    const query = tf.tensor3d([
      [
        [3, 4],
        [4, 3],
        [0, 2],
      ],
    ]); // unit: (.6, .8), (.8, .6), (0, 1)
    const moved = updateCentroids(mu, query, undefined, undefined, { decay: 0 });
    const length = Math.hypot(0.6, 1.8);
    const expected = [
      [0.8, 0.6],
      [0.6 / length, 1.8 / length],
      [-1, 0],
    ];
    expect(difference(moved, tf.tensor2d(expected))).toBeLessThan(1e-6);
    expect(difference(updateCentroids(mu, query, undefined, undefined, { decay: 1 }), mu)).toBe(0);
  });

  test('lets no gradient through the choice, not even to centroids', () => {
    const { query, keys, values } = setting(7, 2);
    const f = (q: tf.Tensor, mu: tf.Tensor) =>
      tf.add(
        tf.sum(routingAttention(q, keys, values, mu, undefined, { window: 3 }).context),
        tf.sum(updateCentroids(mu, q, keys, undefined, { decay: 0.5 })),
      );
    const [, byCentroid] = tf.grads(f)([query, centroids]);
    expect(difference(byCentroid, tf.fill([3, 4], 0.5))).toBe(0); // only what decay keeps
  });

  test('takes in no padding, and keeps no tensor', () => {
    const { query, keys } = setting(7, 2);
    const pad = (x: tf.Tensor) => tf.concat([x, tf.fill([2, 3, 4], 9)], 1);
    const padded = updateCentroids(centroids, pad(query), pad(keys), paddingMask([7, 7], 10), {
      decay: 0.5,
    });
    const alone = updateCentroids(centroids, query, keys, undefined, { decay: 0.5 });
    expect(difference(padded, alone)).toBeLessThan(1e-6);
    expectNoLeak(() => updateCentroids(centroids, query, keys).dispose());
    expect(() => updateCentroids(centroids, query, keys, undefined, { decay: 2 })).toThrow(
      'expected decay 0…1, got 2',
    );
  });

  test('finds the directions of three bunches of tokens', () => {
    const tokens = tf.concat(
      [
        [1, 0],
        [0, 1],
        [-1, 0],
      ].map((d) => tf.add(tf.mul(draw(1, 20, 2), 0.1), d)),
      1,
    );
    let mu: tf.Tensor = tf.tensor2d([
      [0.8, 0.6],
      [-0.1, 1],
      [-0.7, 0.7],
    ]);
    for (let i = 0; i < 50; i++)
      mu = updateCentroids(mu, tokens, undefined, undefined, { decay: 0.8 });
    expect(
      difference(
        mu,
        tf.tensor2d([
          [1, 0],
          [0, 1],
          [-1, 0],
        ]),
      ),
    ).toBeLessThan(0.1);
  });
});
