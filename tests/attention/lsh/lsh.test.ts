import {
  angularHash,
  causalMask,
  denseWeights,
  type LshOptions,
  lshAttention,
  maskedSoftmax,
  paddingMask,
  random,
  type SparseWeights,
  tf,
  uniform,
} from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectClose, expectGolden, golden, type Tensors } from '../../golden/golden';
import { expectGradient, expectNoLeak } from '../../helpers';

const next = random(7);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const worst = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];
const randomBuckets = (shape: number[], count: number) =>
  tf.tensor(
    Array.from({ length: shape.reduce((a, b) => a * b) }, () => Math.floor(next() * count)),
    shape,
    'int32',
  );

/** reformer-pytorch's case as a function for `expectGolden`. */
function asReformerPytorch({ queryKey, values, rotations }: Tensors, options: LshOptions) {
  const { context } = lshAttention(
    queryKey,
    values,
    angularHash(queryKey, rotations),
    undefined,
    options,
  );
  return { context };
}

/** HF transformers' case: no mask between buckets, no 1/√d, rotations of all factors side by side. */
function asTransformers(
  { queryKey, values, rotations, mask }: Tensors,
  { buckets, causal, chunkLength }: { buckets: number | number[] } & LshOptions,
) {
  const halves = [buckets].flat().map((b) => b / 2);
  const hashed = angularHash(queryKey, tf.split(rotations, halves, -1));
  const options = { causal, chunkLength, acrossBuckets: true, scale: 1 };
  return { context: lshAttention(queryKey, values, hashed, mask, options).context };
}

/** Shared-QK attention to everybody but oneself, with the whole matrix. */
function fullAttention(queryKey: tf.Tensor, values: tf.Tensor, mask: tf.Tensor) {
  return tf.tidy(() => {
    const [length, depth] = queryKey.shape.slice(-2);
    const keys = tf.div(queryKey, tf.norm(queryKey, 2, -1, true));
    const products = tf.matMul(tf.div(queryKey, Math.sqrt(depth)), keys, false, true);
    const self = tf.eye(length);
    // Eq. (3) and the text: oneself only if nothing else is left.
    const logits = tf.sub(products, tf.mul(tf.add(products, 1e5), self));
    return tf.matMul(maskedSoftmax(logits, mask), values);
  });
}

/** The definition in loops, one pair after another: one row, [length][depth]. */
function byHand(
  q: number[][],
  v: number[][],
  buckets: number[][],
  { chunkLength: m = 64, causal = false, acrossBuckets = false, countOnce = false }: LshOptions,
) {
  const length = q.length;
  const perRound = Math.ceil(length / m);
  const chunks = perRound * buckets.length;
  // chunkOf[r][i]: the chunk of position i in the line of all rounds.
  const chunkOf = buckets.map((bucket, r) => {
    const order = q.map((_, i) => i).sort((a, b) => bucket[a] - bucket[b] || a - b);
    return q.map((_, i) => r * perRound + Math.floor(order.indexOf(i) / m));
  });
  const meetings = (i: number, j: number) => {
    let n = 0;
    chunkOf.forEach((mine, r) =>
      chunkOf.forEach((theirs, s) => {
        const sameBucket = r === s && buckets[r][i] === buckets[s][j];
        const own = mine[i] === theirs[j];
        const before = chunks > 1 && (mine[i] + chunks - 1) % chunks === theirs[j];
        if ((own || before) && (acrossBuckets || sameBucket)) n += 1;
      }),
    );
    return n;
  };
  const norm = (x: number[]) => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));
  return q.map((query, i) => {
    const weights = q.map((key, j) => {
      if (j === i || (causal && j > i)) return 0;
      const n = meetings(i, j);
      if (n === 0) return 0;
      const z = query.reduce((sum, value, d) => sum + value * key[d], 0) / norm(key);
      return (countOnce ? 1 : n) * Math.exp(z / Math.sqrt(query.length));
    });
    const total = weights.reduce((a, b) => a + b);
    if (total === 0) return v[i];
    return v[i].map((_, d) => weights.reduce((sum, w, j) => sum + (w / total) * v[j][d], 0));
  });
}

describe('lshAttention', () => {
  test.each(golden('lsh-reformer-pytorch'))('agrees with reformer-pytorch, case %#', (example) => {
    expectGolden(example, asReformerPytorch);
  });

  test.each(golden('lsh-transformers'))('agrees with HF transformers, case %#', (example) => {
    expectGolden(example, asTransformers);
  });

  test.each(golden<any>('lsh-reformer-pytorch'))(
    'gives each key the weight that reformer-pytorch gives it, case %#',
    (example) => {
      const { queryKey, rotations, values } = example.inputs;
      const [q, v] = [queryKey, values].map((x) => tf.tensor(x.values, x.shape));
      const hashed = angularHash(q, tf.tensor(rotations.values, rotations.shape));
      const options = { ...example.options, withWeights: true };
      const { weights } = lshAttention(q, v, hashed, undefined, options);
      expectClose(denseWeights(weights as SparseWeights), example.weights, 1e-5, 'weights');
    },
  );

  const shapes = fc.record({
    length: fc.integer({ min: 1, max: 13 }),
    rounds: fc.integer({ min: 1, max: 3 }),
    chunkLength: fc.integer({ min: 1, max: 6 }),
    count: fc.integer({ min: 1, max: 4 }),
    causal: fc.boolean(),
    acrossBuckets: fc.boolean(),
    countOnce: fc.boolean(),
  });

  test('agrees with the definition written out in loops, for any shape and option', () => {
    fc.assert(
      fc.property(shapes, ({ length, rounds, count, ...options }) =>
        tf.tidy(() => {
          const [q, v] = [draw(1, length, 3), draw(1, length, 2)];
          const buckets = randomBuckets([1, rounds, length], count);
          const [[rows], [values], [hashed]] = [q, v, buckets].map(
            (x) => x.arraySync() as number[][][],
          );
          const { context } = lshAttention(q, v, buckets, undefined, options);
          const chunkLength = Math.min(options.chunkLength, length);
          const expected = byHand(rows, values, hashed, { ...options, chunkLength });
          expect(worst(context, tf.tensor([expected]))).toBeLessThan(1e-5);
        }),
      ),
      { numRuns: 150 },
    );
  });

  test('returns weights that sum to one and make the context', () => {
    fc.assert(
      fc.property(shapes, ({ length, rounds, count, ...options }) =>
        tf.tidy(() => {
          const [q, v] = [draw(2, 2, length, 3), draw(2, 2, length, 2)];
          const buckets = randomBuckets([2, 2, rounds, length], count);
          const { context, weights } = lshAttention(q, v, buckets, undefined, {
            ...options,
            withWeights: true,
          });
          const dense = denseWeights(weights as SparseWeights);
          expect(worst(tf.sum(dense, -1), tf.ones([2, 2, length]))).toBeLessThan(1e-5);
          expect(worst(tf.matMul(dense, v), context)).toBeLessThan(1e-5);
          expect(tf.min(dense).dataSync()[0]).toBeGreaterThanOrEqual(0);
        }),
      ),
      { numRuns: 40 },
    );
  });

  test.each([
    { chunkLength: 99 },
    { chunkLength: 4 }, // of 8: each chunk and the one before are everything
    { chunkLength: 99, causal: true },
    { chunkLength: 99, buckets: 3, rounds: 2, acrossBuckets: true },
  ])(
    'is full attention when everything is in reach: %j',
    ({ buckets = 1, rounds = 1, ...options }) => {
      const [q, v] = [draw(2, 8, 4), draw(2, 8, 3)];
      const hashed = randomBuckets([2, rounds, 8], buckets);
      const mask = options.causal ? causalMask(8) : tf.ones([8, 8]);
      const cotangent = draw(2, 8, 3);
      const lsh = (x: tf.Tensor, y: tf.Tensor) =>
        tf.sum(tf.mul(lshAttention(x, y, hashed, undefined, options).context, cotangent));
      const full = (x: tf.Tensor, y: tf.Tensor) =>
        tf.sum(tf.mul(fullAttention(x, y, mask), cotangent));
      const [ours, theirs] = [lsh, full].map((f) => tf.valueAndGrads(f as never)([q, v]));
      expect(worst(ours.value, theirs.value)).toBeLessThan(1e-5);
      expect(worst(ours.grads[0], theirs.grads[0])).toBeLessThan(1e-4);
      expect(worst(ours.grads[1], theirs.grads[1])).toBeLessThan(1e-4);
    },
  );

  test('has the gradient that finite differences measure', () => {
    const buckets = randomBuckets([2, 2, 11], 3);
    const cotangent = draw(2, 11, 3);
    for (const options of [{ causal: true }, { acrossBuckets: true, countOnce: true }]) {
      const f = (q: tf.Tensor, v: tf.Tensor) => {
        const { context } = lshAttention(q, v, buckets, undefined, { chunkLength: 3, ...options });
        return tf.sum(tf.mul(context, cotangent));
      };
      expectGradient(f as never, [draw(2, 11, 4), draw(2, 11, 3)]);
    }
  });

  test('shows nothing of the future, as long as it stays in its buckets', () => {
    const [q, v] = [draw(1, 16, 4), draw(1, 16, 4)];
    const buckets = randomBuckets([1, 2, 16], 3);
    const late = tf.concat([tf.zeros([1, 9, 4]), tf.fill([1, 7, 4], 3)], 1);
    for (const acrossBuckets of [false, true]) {
      const of = (x: tf.Tensor, y: tf.Tensor) =>
        lshAttention(x, y, buckets, undefined, { chunkLength: 4, causal: true, acrossBuckets })
          .context;
      const [before, after] = [of(q, v), of(tf.add(q, late), tf.sub(v, late))];
      expect(worst(before.slice([0, 0, 0], [1, 9, 4]), after.slice([0, 0, 0], [1, 9, 4]))).toBe(0);
      expect(worst(before, after)).toBeGreaterThan(0.1);
    }
  });

  test('gives the same whatever is padded on, of any length', () => {
    const sizes = fc.record({
      length: fc.integer({ min: 1, max: 12 }),
      padding: fc.integer({ min: 1, max: 9 }),
      chunkLength: fc.integer({ min: 1, max: 4 }),
      causal: fc.boolean(),
      countOnce: fc.boolean(),
    });
    fc.assert(
      fc.property(sizes, ({ length, padding, ...options }) =>
        tf.tidy(() => {
          options.chunkLength = Math.min(options.chunkLength, length);
          const total = length + padding;
          const [q, v] = [draw(1, 2, total, 3), draw(1, 2, total, 3)];
          const buckets = randomBuckets([1, 2, 2, total], 3);
          const mask = paddingMask([length], total).expandDims(1);
          const padded = lshAttention(q, v, buckets, mask, options).context;
          const real = (x: tf.Tensor) => x.slice([0, 0, 0, 0], [-1, -1, length, -1]);
          const own = buckets.slice([0, 0, 0, 0], [-1, -1, -1, length]);
          const { context } = lshAttention(real(q), real(v), own, undefined, options);
          expect(worst(real(padded), context)).toBeLessThan(1e-5);
          const rest = padded.slice([0, 0, length, 0], [-1, -1, -1, -1]);
          expect(tf.max(tf.abs(rest)).dataSync()[0]).toBe(0);
        }),
      ),
      { numRuns: 60 },
    );
  });

  test('treats heads as examples', () => {
    const [q, v] = [draw(2, 3, 10, 4), draw(2, 3, 10, 2)];
    const buckets = randomBuckets([2, 3, 2, 10], 3);
    const options = { chunkLength: 4, causal: true };
    const { context } = lshAttention(q, v, buckets, undefined, options);
    const flat = lshAttention(
      q.reshape([6, 10, 4]) as tf.Tensor3D,
      v.reshape([6, 10, 2]) as tf.Tensor3D,
      buckets.reshape([6, 2, 10]),
      undefined,
      options,
    );
    expect(worst(context, flat.context.reshape([2, 3, 10, 2]))).toBe(0);
  });

  test('gives the same computed in one group of rows and in several', () => {
    const length = 4096; // with 3 rounds, two rows are a group
    const [q, v] = [draw(3, length, 2), draw(3, length, 2)];
    const buckets = randomBuckets([3, 3, length], 64);
    const gradient = (x: tf.Tensor, y: tf.Tensor, hashed: tf.Tensor) =>
      tf.grads((a, b) => tf.sum(tf.square(lshAttention(a, b, hashed).context)))([x, y]);
    const together = gradient(q, v, buckets);
    for (const row of [0, 2]) {
      const own = (x: tf.Tensor) => x.slice([row, 0, 0], [1, -1, -1]);
      gradient(own(q), own(v), own(buckets)).forEach((alone, i) => {
        expect(worst(own(together[i]), alone)).toBeLessThan(1e-6);
      });
    }
  });

  test('attends to itself, weight 1, where nothing else is possible, and nowhere else', () => {
    const [q, v] = [draw(1, 5, 3), draw(1, 5, 3)];
    const buckets = tf.tensor([[[0, 1, 0, 2, 1]]], [1, 1, 5], 'int32');
    const { context, weights } = lshAttention(q, v, buckets, undefined, {
      causal: true,
      withWeights: true,
    });
    const [dense] = denseWeights(weights as SparseWeights).arraySync() as number[][][];
    expect(dense.map((row, i) => row[i])).toEqual([1, 1, 0, 1, 0]);
    expect(dense[2][0]).toBeCloseTo(1);
    expect(dense[4][1]).toBeCloseTo(1);
    expect(worst(context.slice([0, 3, 0], [1, 1, 3]), v.slice([0, 3, 0], [1, 1, 3]))).toBe(0);
  });

  test('attends to nothing, context and gradient 0, where the mask hides every position', () => {
    const [q, v] = [draw(2, 6, 3), draw(2, 6, 3)];
    const buckets = randomBuckets([2, 2, 6], 2);
    const mask = paddingMask([6, 0], 6);
    const of = (x: tf.Tensor, y: tf.Tensor) =>
      lshAttention(x, y, buckets, mask, { chunkLength: 2, withWeights: true });
    const hidden = (x: tf.Tensor) => tf.max(tf.abs(x.slice([1, 0, 0], [1, -1, -1]))).dataSync()[0];
    const { context, weights } = of(q, v);
    expect(hidden(context)).toBe(0);
    expect(hidden(denseWeights(weights as SparseWeights))).toBe(0);
    const gradients = tf.grads((x, y) => tf.sum(of(x, y).context))([q, v]);
    gradients.forEach((gradient) => expect(hidden(gradient)).toBe(0));
  });

  test.each([1e4, 1e-4, 0])('stays finite for inputs of ±%d, forward and backward', (size) => {
    const [q, v] = [draw(1, 9, 4), draw(1, 9, 4)].map((x) => tf.mul(tf.sign(x), size));
    const buckets = randomBuckets([1, 2, 9], 2);
    for (const acrossBuckets of [false, true]) {
      const { value, grads } = tf.valueAndGrads((x, y) => {
        const options = { chunkLength: 2, causal: true, acrossBuckets };
        return tf.sum(lshAttention(x, y, buckets, undefined, options).context);
      })([q, v]);
      for (const x of [value, ...grads]) {
        expect(Array.from(x.dataSync()).every(Number.isFinite)).toBe(true);
      }
    }
  });

  test('keeps no tensor but what it returns, with and without gradient', () => {
    const [q, v] = [draw(2, 7, 3), draw(2, 7, 3)];
    const buckets = randomBuckets([2, 2, 7], 2);
    const options = { chunkLength: 3, withWeights: true, countOnce: true };
    expectNoLeak(() => tf.dispose(lshAttention(q, v, buckets, undefined, options) as never));
    const gradient = tf.grads((x, y) =>
      tf.sum(lshAttention(x, y, buckets, undefined, { chunkLength: 3 }).context),
    );
    expectNoLeak(() => tf.dispose(gradient([q, v])));
  });

  test.each([
    [{ values: [2, 6, 3] }, 'values: expected shape [2, 7, dValue], got [2, 6, 3]'],
    [{ buckets: [2, 2, 6] }, 'buckets: expected shape [2, rounds, 7], got [2, 2, 6]'],
    [{ queryKey: [7, 3] }, 'queryKey: expected shape [batch, length, depth], got [7, 3]'],
    [{ mask: [2, 7] }, 'mask: expected shape [2, 1, 7], got [2, 7]'],
    [{ mask: [2, 7, 7] }, 'mask: expected shape [2, 1, 7], got [2, 7, 7]'],
    [{ chunkLength: 0 }, 'chunkLength: expected a whole number from 1, got 0'],
    [{ chunkLength: 2.5 }, 'chunkLength: expected a whole number from 1, got 2.5'],
    [{ dtype: 'float32' }, 'buckets: expected int32, got float32'],
    [{ fill: -1 }, 'buckets: expected numbers from 0, got -1'],
  ])('refuses %j and says what does not fit', (wrong: any, message) => {
    const given = { queryKey: [2, 7, 3], values: [2, 7, 3], buckets: [2, 2, 7], ...wrong };
    const [q, v] = [tf.ones(given.queryKey), tf.ones(given.values)];
    const buckets = tf.fill(given.buckets, given.fill ?? 0, given.dtype ?? 'int32');
    const mask = given.mask && tf.ones(given.mask);
    const before = tf.memory().numTensors;
    const { chunkLength } = given;
    expect(() => lshAttention(q, v, buckets, mask, { chunkLength })).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });
});
