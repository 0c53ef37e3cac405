import {
  causalMask,
  keyValueCache,
  type MultiHeadParameters,
  mergeHeads,
  multiHeadAttention,
  multiHeadParameters,
  multiHeadQuery,
  paddingMask,
  random,
  scaledDotProductAttention,
  splitHeads,
  tf,
  uniform,
} from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../../golden/golden';
import { expectGradient, expectNoLeak } from '../../helpers';

const next = random(23);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const worst = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];
const parametersOf = (dModel: number) => multiHeadParameters({ dModel, bias: true }, next);
const sizes = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  length: fc.integer({ min: 1, max: 6 }),
  heads: fc.integer({ min: 1, max: 3 }),
  dHead: fc.integer({ min: 1, max: 4 }),
});

describe('multiHeadAttention', () => {
  test.each(golden('multi-head'))('agrees with nn.MultiheadAttention, case %#', (example) => {
    expectGolden(example, ({ query, keys, values, visible, present, ...p }, { heads }) => {
      const padding = present?.expandDims(1);
      const mask = padding && visible ? tf.mul(padding, visible) : (padding ?? visible);
      const k = keys ?? query;
      const parameters = p as MultiHeadParameters;
      return multiHeadAttention(query, k, values ?? k, parameters, { heads, mask });
    });
  });

  test('is one attention per group of columns, joined and multiplied with WO', () => {
    const p = parametersOf(6);
    const [query, keys] = [draw(2, 3, 6), draw(2, 5, 6)];
    const { context } = multiHeadAttention(query, keys, keys, p, { heads: 2 });
    const project = (x: tf.Tensor, W: tf.Tensor, head: number) =>
      tf
        .stack(tf.unstack(x).map((row) => tf.matMul(row as tf.Tensor2D, W)))
        .slice([0, 0, 3 * head], [-1, -1, 3]);
    const head = (i: number) =>
      scaledDotProductAttention(
        project(query, p.WQ, i),
        project(keys, p.WK, i),
        project(keys, p.WV, i),
      ).context;
    const joined = tf.concat([head(0), head(1)], 2);
    const expected = tf.unstack(joined).map((row) => tf.matMul(row as tf.Tensor2D, p.WO));
    expect(worst(context, tf.stack(expected))).toBeLessThan(1e-5);
  });

  test('has rows that sum to one, and sees no future through a causal mask', () => {
    fc.assert(
      fc.property(sizes, ({ batch, length, heads, dHead }) => {
        const p = parametersOf(heads * dHead);
        const x = draw(batch, length, heads * dHead);
        const mask = causalMask(length);
        const { context, weights } = multiHeadAttention(x, x, x, p, { heads, mask });
        expect(weights.shape).toEqual([batch, heads, length, length]);
        expect(worst(tf.sum(weights, -1), tf.onesLike(tf.sum(weights, -1)))).toBeLessThan(1e-5);
        const past = Math.floor(length / 2);
        const changed = tf.concat(
          [x.slice([0, 0, 0], [-1, past, -1]), draw(batch, length - past, heads * dHead)],
          1,
        );
        const other = multiHeadAttention(changed, changed, changed, p, { heads, mask }).context;
        if (past === 0) return;
        const before = (y: tf.Tensor) => y.slice([0, 0, 0], [-1, past, -1]);
        expect(worst(before(context), before(other))).toBeLessThan(1e-6);
      }),
      { numRuns: 20, seed: 1 },
    );
  });

  test('permutes its output as its input is permuted, without a mask', () => {
    const [p, x] = [parametersOf(4), draw(2, 5, 4)];
    const order = tf.tensor1d([3, 0, 4, 1, 2], 'int32');
    const attend = (y: tf.Tensor) => multiHeadAttention(y, y, y, p, { heads: 2 }).context;
    expect(worst(attend(tf.gather(x, order, 1)), tf.gather(attend(x), order, 1))).toBeLessThan(
      1e-5,
    );
  });

  test('gives padded keys weight 0, and the others what they get without the padding', () => {
    const [p, x] = [parametersOf(4), draw(2, 5, 4)];
    const padded = tf.concat([x, tf.fill([2, 2, 4], 1e4)], 1);
    const mask = paddingMask([5, 5], 7);
    const plain = multiHeadAttention(x, x, x, p, { heads: 2 });
    const hidden = multiHeadAttention(x, padded, padded, p, { heads: 2, mask });
    expect(worst(plain.context, hidden.context)).toBeLessThan(1e-5);
    expect(tf.max(hidden.weights.slice([0, 0, 0, 5])).dataSync()[0]).toBe(0);
  });

  test('gives the bias of WO alone where every key is hidden, and no gradient', () => {
    const p = { ...parametersOf(4), bO: draw(4) };
    const x = draw(1, 3, 4);
    const run = (y: tf.Tensor) =>
      multiHeadAttention(y, y, y, p, { heads: 2, mask: tf.zeros([1, 1, 3]) });
    expect(worst(run(x).context, p.bO)).toBe(0);
    expect(tf.max(run(x).weights).dataSync()[0]).toBe(0);
    const gradient = tf.grad((y) => tf.sum(tf.square(run(y).context)))(x);
    expect(worst(gradient, tf.zerosLike(x))).toBe(0);
  });

  test('lets a mask with an axis of heads differ from head to head', () => {
    const [p, x] = [parametersOf(4), draw(1, 2, 4)];
    const mask = tf.tensor([1, 0, 0, 1], [1, 2, 1, 2]);
    const { weights } = multiHeadAttention(x, x, x, p, { heads: 2, mask });
    expect(weights.arraySync()[0]).toEqual([
      [
        [1, 0],
        [1, 0],
      ],
      [
        [0, 1],
        [0, 1],
      ],
    ]);
  });

  test('takes another attention for its heads, with the mask and whatever weights it returns', () => {
    const [p, x] = [parametersOf(4), draw(1, 3, 4)];
    const { context, weights } = multiHeadAttention(x, x, x, p, {
      heads: 2,
      mask: paddingMask([2], 3),
      attend: (query, _keys, values, mask) => ({
        context: values,
        weights: { shape: tf.tensor1d(query.shape), mask: mask?.clone() as tf.Tensor },
      }),
    });
    expect([...weights.shape.dataSync()]).toEqual([1, 2, 3, 2]);
    expect(weights.mask.shape).toEqual([1, 1, 1, 3]);
    expect(context.shape).toEqual([1, 3, 4]);
  });

  test('has the gradient that finite differences measure, for inputs and parameters', () => {
    const p = { ...parametersOf(4), bQ: draw(4), bK: draw(4), bV: draw(4), bO: draw(4) };
    const cotangent = draw(2, 3, 4);
    const f = (q: tf.Tensor, k: tf.Tensor, ...values: tf.Tensor[]) => {
      const names = Object.keys(p);
      const given = Object.fromEntries(names.map((name, i) => [name, values[i]]));
      const { context } = multiHeadAttention(q, k, k, given as never, { heads: 2 });
      return tf.sum(tf.mul(context, cotangent));
    };
    expectGradient(f, [draw(2, 3, 4), draw(2, 5, 4), ...Object.values(p)]);
  });

  test('stays finite for inputs of ±1e4', () => {
    const x = tf.mul(tf.sign(draw(1, 4, 4)), 1e4);
    const { context } = multiHeadAttention(x, x, x, parametersOf(4), { heads: 2 });
    expect(Number.isFinite(tf.sum(context).dataSync()[0])).toBe(true);
  });

  test('keeps no tensor but what it returns', () => {
    const [p, x] = [parametersOf(4), draw(1, 3, 4)];
    expectNoLeak(() => tf.dispose(multiHeadAttention(x, x, x, p, { heads: 2 })));
    expectNoLeak(() => tf.dispose(keyValueCache(x, x, p, { heads: 2 })));
  });

  test.each([
    [{}, 3, 'dModel 4 is not divisible by 3 heads'],
    [{}, 0, 'dModel 4 is not divisible by 0 heads'],
    [{ query: [2, 3, 5] }, 2, 'input depth 5 ≠ rows of W 4'],
    [{ query: [1, 3, 4] }, 2, 'query: expected shape [2, queries, queryDepth], got [1, 3, 4]'],
    [{ keys: [2, 5] }, 2, 'keys: expected shape [batch, keys, keyDepth], got [2, 5]'],
    [{ values: [2, 4, 4] }, 2, 'values: expected shape [2, 5, valueDepth], got [2, 4, 4]'],
    [{ WK: [4, 6], bK: [6] }, 2, 'query depth 2 ≠ key depth 3'],
    [{ bO: [3] }, 2, 'b: expected shape [4], got [3]'],
    [{ WO: [6, 4] }, 2, 'input depth 4 ≠ rows of W 6'],
    [{ mask: [2, 3, 4] }, 2, 'mask: expected shape [2, 1, 3, 5], got [2, 1, 3, 4]'],
    [{ mask: [2, 3, 3, 5] }, 2, 'mask: expected shape [2, 2, 3, 5], got [2, 3, 3, 5]'],
  ])('refuses %j with %i heads', (wrong: Record<string, number[]>, heads, message) => {
    const given: Record<string, tf.Tensor> = {
      query: draw(2, 3, 4),
      keys: draw(2, 5, 4),
      values: draw(2, 5, 4),
      ...parametersOf(4),
    };
    for (const [name, shape] of Object.entries(wrong)) given[name] = tf.zeros(shape);
    const { query, keys, values, mask, ...p } = given;
    const before = tf.memory().numTensors;
    const run = () => multiHeadAttention(query, keys, values, p as never, { heads, mask });
    expect(run).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('keyValueCache', () => {
  test('decodes step by step what the causal pass gives at once', () => {
    fc.assert(
      fc.property(sizes, ({ batch, length, heads, dHead }) => {
        const p = parametersOf(heads * dHead);
        const x = draw(batch, length, heads * dHead);
        const whole = multiHeadAttention(x, x, x, p, { heads, mask: causalMask(length) });
        let past: ReturnType<typeof keyValueCache> | undefined;
        const contexts = Array.from({ length }, (_, t) => {
          const token = x.slice([0, t, 0], [-1, 1, -1]);
          past = keyValueCache(token, token, p, { heads, past });
          return multiHeadQuery(token, past, p, { heads }).context;
        });
        expect(worst(tf.concat(contexts, 1), whole.context)).toBeLessThan(1e-5);
      }),
      { numRuns: 10, seed: 2 },
    );
  });
});

describe('splitHeads', () => {
  test('gives head i the i-th group of columns, and mergeHeads puts them back', () => {
    const x = tf.tensor([1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 4]);
    const split = splitHeads(x, 2);
    expect(split.arraySync()).toEqual([
      [
        [
          [1, 2],
          [5, 6],
        ],
        [
          [3, 4],
          [7, 8],
        ],
      ],
    ]);
    expect(mergeHeads(split).arraySync()).toEqual(x.arraySync());
  });
});
