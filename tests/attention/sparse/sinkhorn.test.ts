import {
  denseWeights,
  gumbelNoise,
  paddingMask,
  random,
  type SinkhornOptions,
  scaledDotProductAttention,
  sinkhorn,
  sinkhornAttention,
  sortcutSinkhornAttention,
  sortParameters,
  tf,
  uniform,
} from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../../golden/golden';
import { expectGradient, expectNoLeak } from '../../helpers';

const next = random(22);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const parameters = sortParameters({ dKey: 4, maxBlocks: 8 }, random(5));
const setting = (length = 7, ...lead: number[]) => ({
  query: draw(...lead, length, 4),
  keys: draw(...lead, length, 4),
  values: draw(...lead, length, 3),
});
const difference = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];
const number = (x: tf.Tensor) => x.dataSync()[0];

describe('sinkhorn', () => {
  test.each(golden('sinkhorn'))(
    'agrees with the sinkhorn-transformer package, case %#',
    (example) => {
      expectGolden(example, ({ logits }, options) => ({
        sorting: sinkhorn(logits, undefined, options),
      }));
    },
  );

  test('makes rows and columns sum to 1', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 1000 }), (n, seed) => {
        const S = sinkhorn(uniform([2, n, n], random(seed), 2), undefined, { iterations: 50 });
        for (const axis of [1, 2])
          expect(difference(tf.sum(S, axis), tf.ones([2, n]))).toBeLessThan(1e-2);
        expect(difference(tf.sum(S, 1), tf.ones([2, n]))).toBeLessThan(1e-5);
      }),
      { numRuns: 20 },
    );
  });

  test('leaves out masked rows and columns as if they were not there', () => {
    const logits = draw(1, 4, 4);
    const there = tf.tensor([1, 1, 1, 0]);
    const S = sinkhorn(logits, tf.mul(there.reshape([4, 1]), there));
    expect(
      difference(S.slice([0, 0, 0], [1, 3, 3]), sinkhorn(logits.slice([0, 0, 0], [1, 3, 3]))),
    ).toBeLessThan(1e-6);
    expect(number(tf.sum(S.slice([0, 3, 0])))).toBe(0);
    expect(number(tf.sum(S.slice([0, 0, 3])))).toBe(0);
  });

  test('stays finite for logits of ±10000, and comes to a permutation', () => {
    const S = sinkhorn(
      tf.tensor2d([
        [-1e4, 1e4],
        [1e4, -1e4],
      ]),
    );
    expect(S.arraySync()).toEqual([
      [0, 1],
      [1, 0],
    ]);
  });
});

describe('gumbelNoise', () => {
  test('draws the largest of noisy logits as often as softmax says', () => {
    const noise = gumbelNoise([4000, 3], random(3));
    const winners = tf.argMax(tf.add(noise, tf.log([0.2, 0.3, 0.5])), 1);
    const share = tf.mean(tf.oneHot(winners as tf.Tensor1D, 3), 0);
    expect(difference(share, tf.tensor([0.2, 0.3, 0.5]))).toBeLessThan(0.03);
    expect(difference(noise, gumbelNoise([4000, 3], random(3)))).toBe(0);
  });
});

/** From the sorting matrix on, query by query, in plain arrays. */
function byHand(
  { query, keys, values }: { query: tf.Tensor; keys: tf.Tensor; values: tf.Tensor },
  sorting: tf.Tensor,
  block: number,
  { causal = false, real }: { causal?: boolean; real: number },
): number[][][] {
  const [Q, K, V, R] = [query, keys, values, sorting].map((t) => t.arraySync() as number[][][]);
  return Q.map((queries, b) =>
    queries.map((q, t) => {
      const place = Math.floor(t / block);
      const seen: [key: number[], value: number[]][] = [];
      for (let inside = 0; inside < block; inside++) {
        const key = [0, 0, 0, 0];
        const value = [0, 0, 0];
        let any = false;
        R[b][place].forEach((share, j) => {
          const from = j * block + inside;
          if (from >= real || share === 0) return;
          any = true;
          K[b][from].forEach((x, d) => (key[d] += share * x));
          V[b][from].forEach((x, d) => (value[d] += share * x));
        });
        if (any) seen.push([key, value]);
        const own = place * block + inside;
        if (own < real && !(causal && own > t)) seen.push([K[b][own], V[b][own]]);
      }
      const logits = seen.map(([key]) => key.reduce((sum, x, d) => sum + x * q[d], 0) / 2);
      const total = logits.reduce((sum, l) => sum + Math.exp(l), 0);
      return [0, 1, 2].map((d) =>
        seen.reduce((sum, [, value], s) => sum + (Math.exp(logits[s]) / total) * value[d], 0),
      );
    }),
  );
}

describe('sinkhornAttention', () => {
  test.each(golden('sinkhorn-attention'))('agrees with the package, case %#', (example) => {
    expectGolden(
      example,
      ({ query, keys, values, W, b, noise }, options) =>
        sinkhornAttention(query, keys, values, { W, b }, undefined, { ...options, noise }) as never,
    );
  });

  test.each(golden('sinkhorn-causal'))('agrees with the formula, causal, case %#', (example) => {
    expectGolden(
      example,
      ({ query, keys, values, W, b, noise }, options) =>
        sinkhornAttention(query, keys, values, { W, b }, undefined, {
          ...options,
          noise,
          causal: true,
        }) as never,
    );
  });

  test('agrees with plain loops for any length, block and padding', () => {
    const shapes = fc.record({
      length: fc.integer({ min: 1, max: 12 }),
      block: fc.integer({ min: 2, max: 5 }),
      hidden: fc.integer({ min: 0, max: 3 }),
      causal: fc.boolean(),
    });
    fc.assert(
      fc.property(shapes, ({ length, block, hidden, causal }) => {
        const all = setting(length, 2);
        const real = Math.max(1, length - hidden);
        const mask = paddingMask([real, real], length);
        const { context, sorting } = sinkhornAttention(
          all.query,
          all.keys,
          all.values,
          parameters,
          mask,
          { block, causal },
        );
        const expected = tf.tensor3d(byHand(all, sorting, block, { causal, real }));
        const shown = tf.reshape(tf.cast(mask, 'float32'), [2, length, 1]);
        expect(number(tf.max(tf.abs(tf.mul(tf.sub(context, expected), shown))))).toBeLessThan(1e-5);
      }),
      { numRuns: 40 },
    );
  });

  test('with one block is full attention twice over: its own sorted copy and itself', () => {
    const { query, keys, values } = setting(6, 2);
    const { context } = sinkhornAttention(query, keys, values, parameters, undefined, { block: 6 });
    const full = scaledDotProductAttention(
      query as tf.Tensor3D,
      keys as tf.Tensor3D,
      values as tf.Tensor3D,
    );
    expect(difference(context, full.context)).toBeLessThan(1e-5);
  });

  test('does not look ahead when causal: the future moves, the past does not', () => {
    for (const length of [7, 12]) {
      const all = setting(length, 1, 2);
      const noise = draw(1, 2, Math.ceil(length / 3), Math.ceil(length / 3));
      const attend = (x: typeof all) =>
        sinkhornAttention(x.query, x.keys, x.values, parameters, undefined, {
          block: 3,
          causal: true,
          noise,
        }).context;
      const before = attend(all);
      for (let t = 1; t < length; t++) {
        const change = (x: tf.Tensor) =>
          tf.concat([x.slice([0, 0, 0, 0], [-1, -1, t, -1]), tf.add(x.slice([0, 0, t, 0]), 3)], 2);
        const after = attend({
          query: change(all.query),
          keys: change(all.keys),
          values: change(all.values),
        });
        const past = (x: tf.Tensor) => x.slice([0, 0, 0, 0], [-1, -1, t, -1]);
        expect(difference(past(after), past(before))).toBeLessThan(1e-6);
        expect(difference(after, before)).toBeGreaterThan(1e-3);
      }
    }
  });

  test('gives padded keys no say, within a block and in blocks of padding alone', () => {
    const { query, keys, values } = setting(8, 2);
    const options: SinkhornOptions = { block: 3 };
    const pad = (x: tf.Tensor) => tf.concat([x, tf.fill([2, 5, x.shape[2] as number], 1e4)], 1);
    const padded = sinkhornAttention(
      pad(query),
      pad(keys),
      pad(values),
      parameters,
      paddingMask([8, 8], 13),
      options,
    );
    const alone = sinkhornAttention(query, keys, values, parameters, undefined, options);
    expect(difference(padded.context.slice([0, 0, 0], [2, 8, 3]), alone.context)).toBeLessThan(
      1e-5,
    );
  });

  test('gives weights that sum to 1, over two blocks, and a sorting of blocks', () => {
    const { query, keys, values } = setting(7, 2, 3);
    const { weights, sorting } = sinkhornAttention(query, keys, values, parameters, undefined, {
      block: 2,
    });
    expect(weights.weights.shape).toEqual([2, 3, 7, 4]);
    expect(sorting.shape).toEqual([2, 3, 4, 4]);
    expect(difference(tf.sum(weights.weights, -1), tf.ones([2, 3, 7]))).toBeLessThan(1e-5);
  });

  test('names the keys exactly once the sorting is a permutation', () => {
    const { query, keys, values } = setting(6, 1);
    const noise = tf.tensor3d([
      [
        [0, 90, 0],
        [0, 0, 90],
        [90, 0, 0],
      ],
    ]);
    const { context, weights } = sinkhornAttention(query, keys, values, parameters, undefined, {
      block: 2,
      noise,
    });
    expect(difference(tf.matMul(denseWeights(weights), values), context)).toBeLessThan(1e-5);
  });

  test('attends to nothing where the mask hides every key, and sends it no gradient', () => {
    const { query, keys, values } = setting(5, 2);
    const attend = (k: tf.Tensor) =>
      sinkhornAttention(query, k, values, parameters, tf.zeros([2, 1, 5]), { block: 2 });
    expect(number(tf.sum(tf.abs(attend(keys).context)))).toBe(0);
    expect(number(tf.sum(attend(keys).weights.weights))).toBe(0);
    expect(number(tf.sum(tf.abs(tf.grad((k) => tf.sum(attend(k).context))(keys))))).toBe(0);
  });

  test.each([false, true])(
    'has the gradient that finite differences measure, causal %s',
    (causal) => {
      const { query, keys, values } = setting(7, 2);
      const cotangent = draw(2, 7, 3);
      expectGradient(
        (q, k, v, W, b) =>
          tf.sum(
            tf.mul(
              sinkhornAttention(q, k, v, { W, b }, paddingMask([7, 5], 7), { block: 3, causal })
                .context,
              cotangent,
            ),
          ),
        [query, keys, values, parameters.W, parameters.b],
      );
    },
  );

  test('stays finite for inputs of ±10000, and its gradient too', () => {
    const { query, keys, values } = setting(7, 2);
    const [q, k] = [tf.mul(tf.sign(query), 1e4), tf.mul(tf.sign(keys), 1e4)];
    for (const causal of [false, true]) {
      const f = (x: tf.Tensor) =>
        sinkhornAttention(q, x, values, parameters, undefined, { block: 2, causal })
          .context as tf.Tensor;
      expect(f(k).dataSync().every(Number.isFinite)).toBe(true);
      expect(
        tf
          .grad((x) => tf.sum(f(x)))(k)
          .dataSync()
          .every(Number.isFinite),
      ).toBe(true);
    }
  });

  test('keeps no tensor but what it returns', () => {
    const { query, keys, values } = setting(7, 2);
    expectNoLeak(() => {
      const { context, weights, sorting } = sinkhornAttention(
        query,
        keys,
        values,
        parameters,
        undefined,
        { block: 2 },
      );
      tf.dispose([context, weights.weights, weights.keys, sorting]);
    });
  });

  test('builds nothing of length × length, forward or backward', () => {
    const length = 512;
    const { query, keys, values } = setting(length, 1);
    const wide = sortParameters({ dKey: 4, maxBlocks: 32 }, next);
    const largest = (run: () => void) =>
      tf.engine().profile(() => {
        run();
        return undefined as never;
      });
    return largest(() => {
      tf.tidy(() => {
        tf.grad((k) =>
          tf.sum(sinkhornAttention(query, k, values, wide, undefined, { block: 16 }).context),
        )(keys);
      });
    }).then(({ kernels }) => {
      const sizes = kernels.flatMap(({ outputShapes }) =>
        outputShapes.map((s) => s.reduce((a, b) => a * b, 1)),
      );
      expect(Math.max(...sizes)).toBeLessThanOrEqual(length * 32);
    });
  });

  test.each([
    [{ keys: [2, 6, 4] }, {}, 'keys: expected shape [2, 7, 4], got [2, 6, 4]'],
    [{ values: [2, 6, 3] }, {}, 'values: expected shape [2, 7, dValue], got [2, 6, 3]'],
    [{ mask: [2, 7] }, {}, 'mask: expected shape [2, 1, 7], got [2, 7]'],
    [{ W: [3, 8] }, {}, 'W: expected shape [4, maxBlocks], got [3, 8]'],
    [{ b: [7] }, {}, 'b: expected shape [8], got [7]'],
    [{ noise: [2, 3, 3] }, {}, 'noise: expected shape [2, 4, 4], got [2, 3, 3]'],
    [{ W: [4, 3], b: [3] }, {}, '4 blocks > 3 columns of W'],
    [{}, { block: 0 }, 'expected block ≥ 1, got 0'],
    [{}, { temperature: 0 }, 'expected temperature > 0, got 0'],
  ])('refuses %j %j', (wrong: Record<string, number[]>, options, message) => {
    const given: Record<string, tf.Tensor> = { ...setting(7, 2), ...parameters };
    for (const [name, shape] of Object.entries(wrong)) given[name] = tf.zeros(shape);
    const { query, keys, values, W, b, mask, noise } = given;
    const before = tf.memory().numTensors;
    expect(() =>
      sinkhornAttention(query, keys, values, { W, b }, mask, { block: 2, noise, ...options }),
    ).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('sortcutSinkhornAttention', () => {
  test.each(golden('sortcut-sinkhorn'))('agrees with the package, case %#', (example) => {
    expectGolden(
      example,
      ({ query, keys, values, W, b, noise }, options) =>
        sortcutSinkhornAttention(query, keys, values, { W, b }, undefined, {
          ...options,
          noise,
        }) as never,
    );
  });

  test('with the whole budget and a permutation for sorting is full attention', () => {
    const { query, keys, values } = setting(6, 1);
    const noise = tf.tensor3d([
      [
        [0, 90, 0],
        [0, 0, 90],
        [90, 0, 0],
      ],
    ]);
    const cut = sortcutSinkhornAttention(query, keys, values, parameters, undefined, {
      block: 2,
      budget: 3,
      noise,
    });
    const full = scaledDotProductAttention(
      query as tf.Tensor3D,
      keys as tf.Tensor3D,
      values as tf.Tensor3D,
    );
    expect(difference(cut.context, full.context)).toBeLessThan(1e-5);
    expect(difference(denseWeights(cut.weights), full.weights)).toBeLessThan(1e-5);
  });

  test('gives padded keys no say', () => {
    const { query, keys, values } = setting(7, 2);
    const pad = (x: tf.Tensor) => tf.concat([x, tf.fill([2, 4, x.shape[2] as number], 1e4)], 1);
    const options = { block: 3, budget: 2 };
    const padded = sortcutSinkhornAttention(
      query,
      pad(keys),
      pad(values),
      parameters,
      paddingMask([7, 7], 11),
      options,
    );
    const alone = sortcutSinkhornAttention(query, keys, values, parameters, undefined, options);
    expect(difference(padded.context, alone.context)).toBeLessThan(1e-5);
  });

  test('has one list of keys for all queries, weights that sum to 1, the gradient measured, no leak', () => {
    const { query, keys, values } = setting(7, 2);
    const options = { block: 2, budget: 2 };
    const { weights } = sortcutSinkhornAttention(
      query,
      keys,
      values,
      parameters,
      undefined,
      options,
    );
    expect([weights.weights.shape, weights.keys.shape]).toEqual([
      [2, 7, 4],
      [2, 1, 4],
    ]);
    expect(difference(tf.sum(weights.weights, -1), tf.ones([2, 7]))).toBeLessThan(1e-5);
    const cotangent = draw(2, 7, 3);
    expectGradient(
      (q, k, v, W) =>
        tf.sum(
          tf.mul(
            sortcutSinkhornAttention(q, k, v, { W, b: parameters.b }, undefined, options).context,
            cotangent,
          ),
        ),
      [query, keys, values, parameters.W],
    );
    expectNoLeak(() => {
      const out = sortcutSinkhornAttention(query, keys, values, parameters, undefined, options);
      tf.dispose([out.context, out.weights.weights, out.weights.keys, out.sorting]);
    });
  });

  test('attends to nothing where the mask hides every key', () => {
    const { query, keys, values } = setting(5, 2);
    const { context } = sortcutSinkhornAttention(
      query,
      keys,
      values,
      parameters,
      tf.zeros([2, 1, 5]),
      { block: 2, budget: 1 },
    );
    expect(number(tf.sum(tf.abs(context)))).toBe(0);
  });

  test.each([0, 5, 1.5])('refuses a budget of %d of 4 blocks', (budget) => {
    const { query, keys, values } = setting(7, 2);
    const before = tf.memory().numTensors;
    expect(() =>
      sortcutSinkhornAttention(query, keys, values, parameters, undefined, { block: 2, budget }),
    ).toThrow(`expected a budget of 1…4 blocks, got ${budget}`);
    expect(tf.memory().numTensors).toBe(before);
  });
});
