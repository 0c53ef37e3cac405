import {
  type Dv3Parameters,
  dv3Attention,
  dv3Parameters,
  dv3PositionalEncoding,
  dv3Window,
  random,
  tf,
  uniform,
} from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden, type Tensors } from '../../golden/golden';
import { difference, expectGradient, expectNoLeak, expectRefusal } from '../../helpers';

const next = random(23);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const setting = (): Dv3Parameters => dv3Parameters({ depth: 4 }, next);
const joined = (t: Tensors): Dv3Parameters => ({
  query: { W: t.queryW, b: t.queryB },
  keys: { W: t.keysW, b: t.keysB },
  values: { W: t.valuesW, b: t.valuesB },
  output: { W: t.outputW, b: t.outputB },
});
const letterOf = (weights: tf.Tensor) => tf.argMax(weights, -1).flatten().arraySync() as number[];

describe('dv3Attention', () => {
  test.each(golden('dv3'))('agrees with deepvoice3_pytorch, case %#', (example) => {
    expectGolden(example, ({ query, keys, values, mask, queryRate, keyRate, ...rest }, options) => {
      const rates = { queryRate, keyRate, ...options };
      return dv3Attention(query, keys, values, joined(rest), mask, rates);
    });
  });

  test('begins on the diagonal: equal projections, and rates in the ratio of the lengths', () => {
    const parameters = dv3Parameters({ depth: 64 }, random(1));
    expect(difference(parameters.query.W, parameters.keys.W)).toBe(0);
    const [query, keys] = [tf.zeros([1, 12, 64]), tf.zeros([1, 6, 64])];
    const { weights } = dv3Attention(query, keys, keys, parameters, undefined, { keyRate: 2 });
    expect(letterOf(weights)).toHaveLength(12);
    letterOf(weights).forEach((letter, frame) => {
      expect(Math.abs(letter - frame / 2)).toBeLessThan(1);
    });
    const wrong = dv3Attention(query, keys, keys, parameters, undefined, { keyRate: 1 });
    expect(Math.abs(letterOf(wrong.weights)[5] - 2.5)).toBeGreaterThan(1);
  });

  test('gives a frame asked alone what it gets among all', () => {
    const [query, keys, values, parameters] = [
      draw(2, 3, 4),
      draw(2, 5, 4),
      draw(2, 5, 4),
      setting(),
    ];
    const all = dv3Attention(query, keys, values, parameters).context;
    const alone = tf.slice(query, [0, 2, 0], [2, 1, 4]);
    const { context } = dv3Attention(alone, keys, values, parameters, undefined, { queryStart: 2 });
    expect(difference(context, tf.slice(all, [0, 2, 0], [2, 1, 4]))).toBeLessThan(1e-6);
  });

  test('gives frames weights that sum to 1, which a bias of the keys does not change', () => {
    const [query, keys, parameters] = [draw(2, 3, 4), draw(2, 5, 4), setting()];
    const biased = { ...parameters, keys: { W: parameters.keys.W, b: draw(4) } };
    const [a, b] = [parameters, biased].map((p) => dv3Attention(query, keys, keys, p).weights);
    expect(difference(tf.sum(a, 2), tf.ones([2, 3]))).toBeLessThan(1e-6);
    expect(difference(a, b)).toBeLessThan(1e-6);
  });

  test('does not hear padded letters, and says only its biases where none is left', () => {
    const [query, keys, values, parameters] = [
      draw(1, 3, 4),
      draw(1, 5, 4),
      draw(1, 5, 4),
      setting(),
    ];
    const pad = (x: tf.Tensor) => tf.concat([x, tf.fill([1, 2, 4], 1e4)], 1);
    const mask = tf.tensor([1, 1, 1, 1, 1, 0, 0], [1, 1, 7]);
    const padded = dv3Attention(query, pad(keys), pad(values), parameters, mask).context;
    expect(difference(padded, dv3Attention(query, keys, values, parameters).context)).toBeLessThan(
      1e-5,
    );
    const nothing = dv3Attention(query, keys, values, parameters, tf.zeros([1, 1, 5]));
    expect(tf.sum(nothing.weights).dataSync()[0]).toBe(0);
    expect(tf.sum(tf.abs(nothing.context)).dataSync()[0]).toBe(0);
  });

  test('drops weights by its seed, and returns them as they were before', () => {
    const [query, keys, parameters] = [draw(2, 3, 4), draw(2, 5, 4), setting()];
    const drop = (seed: number) =>
      dv3Attention(query, keys, keys, parameters, undefined, { dropout: 0.5, next: random(seed) });
    const plain = dv3Attention(query, keys, keys, parameters);
    expect(difference(drop(1).context, drop(1).context)).toBe(0);
    expect(difference(drop(1).context, drop(2).context)).toBeGreaterThan(1e-3);
    expect(difference(drop(1).weights, plain.weights)).toBe(0);
    const mean = tf.div(tf.addN(Array.from({ length: 200 }, (_, seed) => drop(seed).context)), 200);
    expect(difference(mean, plain.context)).toBeLessThan(0.3);
  });

  test('survives features of ±1e4 without NaN', () => {
    const x = tf.mul(draw(1, 3, 4), 1e4);
    const { context } = dv3Attention(x, x, x, setting());
    expect(tf.all(tf.isFinite(context)).dataSync()[0]).toBe(1);
  });

  test('has the gradient that finite differences measure, the rates among the inputs', () => {
    const [cotangent, p] = [draw(2, 3, 4), setting()];
    const layers = [p.query, p.keys, p.values, p.output].flatMap(({ W, b }) => [W, b]);
    const names = ['query', 'keys', 'values', 'output'].flatMap((n) => [`${n}W`, `${n}B`]);
    const f = (...[query, keys, values, queryRate, keyRate, ...rest]: tf.Tensor[]) => {
      const given = joined(Object.fromEntries(names.map((name, i) => [name, rest[i]])));
      const options = { queryRate, keyRate };
      const { context } = dv3Attention(query, keys, values, given, undefined, options);
      return tf.sum(tf.mul(context, cotangent));
    };
    const rates = [tf.tensor1d([1]), tf.tensor1d([1.3, 0.8])];
    expectGradient(f, [draw(2, 3, 4), draw(2, 5, 4), draw(2, 5, 4), ...rates, ...layers]);
  });

  test('keeps no tensor but what it returns', () => {
    const [x, parameters] = [draw(1, 3, 4), setting()];
    const options = { dropout: 0.1, next };
    expectNoLeak(() => tf.dispose(dv3Attention(x, x, x, parameters, undefined, options)));
    expectNoLeak(() => dv3Window([1, 2], 4).dispose());
  });

  test.each([
    [{ query: [3, 4] }, {}, 'query: expected shape [batch, frames, queryDepth], got [3, 4]'],
    [{ keys: [2, 5, 4] }, {}, 'keys: expected shape [1, letters, keyDepth], got [2, 5, 4]'],
    [{ values: [1, 4, 4] }, {}, 'values: expected shape [1, 5, valueDepth], got [1, 4, 4]'],
    [{ queryW: [3, 4] }, {}, 'query.W: expected shape [4, dAttention], got [3, 4]'],
    [{ queryB: [3] }, {}, 'query.b: expected shape [4], got [3]'],
    [{ keysW: [4, 3] }, {}, 'keys.W: expected shape [4, 4], got [4, 3]'],
    [{ valuesW: [3, 4] }, {}, 'values.W: expected shape [4, 4], got [3, 4]'],
    [{ outputW: [4, 5] }, {}, 'output.W: expected shape [4, 4], got [4, 5]'],
    [{ mask: [1, 1, 4] }, {}, 'mask: expected shape'],
    [{}, { keyRate: tf.ones([2]) }, 'keyRate: expected shape [1], got [2]'],
    [{}, { dropout: 1, next }, 'dropout: expected a number from 0 to less than 1, got 1'],
    [{}, { dropout: 0.1 }, 'dropout: expected a Random in options.next'],
  ])(
    'refuses %j and says what does not fit, case %#',
    (wrong: Record<string, number[]>, options, message) => {
      const { query: q, keys: k, values: v, output: o } = setting();
      const given: Tensors = {
        ...{ query: draw(1, 3, 4), keys: draw(1, 5, 4), values: draw(1, 5, 4) },
        ...{ queryW: q.W, queryB: q.b, keysW: k.W, keysB: k.b },
        ...{ valuesW: v.W, valuesB: v.b, outputW: o.W, outputB: o.b },
      };
      for (const [name, shape] of Object.entries(wrong)) given[name] = tf.zeros(shape);
      const { query, keys, values, mask, ...rest } = given;
      expectRefusal(() => dv3Attention(query, keys, values, joined(rest), mask, options), message);
    },
  );
});

describe('dv3PositionalEncoding', () => {
  test.each(golden('dv3-encoding'))('agrees with deepvoice3_pytorch, case %#', (example) => {
    expectGolden(example, ({ rate }, { length, depth, start }) => ({
      encoding: dv3PositionalEncoding(length, depth, rate, start),
    }));
  });

  test('runs ω times as fast: at rate 2, position i is what 2 i is at rate 1', () => {
    const [twice, once] = [dv3PositionalEncoding(4, 6, 2), dv3PositionalEncoding(8, 6, 1)];
    const even = tf.gather(once, tf.tensor1d([0, 2, 4, 6], 'int32'), 1);
    expect(difference(twice, even)).toBeLessThan(1e-6);
  });

  test('refuses a rate that is neither a number nor one for each example', () => {
    const rate = tf.zeros([2, 1]);
    const message = 'rate: expected shape [batch], got [2, 1]';
    expectRefusal(() => dv3PositionalEncoding(3, 4, rate), message);
  });
});

describe('dv3Window', () => {
  test('shows the letter attended to last and the two after it', () => {
    expect(dv3Window([0, 2, 3], 4).arraySync()).toEqual([
      [[1, 1, 1, 0]],
      [[0, 0, 1, 1]],
      [[0, 0, 0, 1]],
    ]);
    expect(dv3Window([1], 4, 1).arraySync()).toEqual([[[0, 1, 0, 0]]]);
  });

  test('lets a decoder neither go back nor jump over the window, whatever it hears', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        tf.tidy(() => {
          const draws = random(seed);
          const [query, keys] = [uniform([2, 8, 4], draws, 9), uniform([2, 6, 4], draws, 9)];
          const parameters = dv3Parameters({ depth: 4 }, draws);
          let at = [0, 0];
          for (let frame = 0; frame < 8; frame++) {
            const state = tf.slice(query, [0, frame, 0], [2, 1, 4]);
            const options = { queryStart: frame };
            const mask = dv3Window(at, 6);
            const then = letterOf(
              dv3Attention(state, keys, keys, parameters, mask, options).weights,
            );
            then.forEach((letter, b) => {
              expect(letter - at[b]).toBeGreaterThanOrEqual(0);
              expect(letter - at[b]).toBeLessThanOrEqual(2);
            });
            at = then;
          }
        });
      }),
      { numRuns: 15 },
    );
  });

  test.each([
    [[-1], 4, 3, 'lastAttended: expected whole numbers 0…3, got -1'],
    [[0, 4], 4, 3, 'lastAttended: expected whole numbers 0…3, got 4'],
    [[0.5], 4, 3, 'lastAttended: expected whole numbers 0…3, got 0.5'],
    [[0], 4, 0, 'window: expected at least 1, got 0'],
  ])('refuses last letters %j of %i with a window of %i', (last, letters, window, message) => {
    expectRefusal(() => dv3Window(last, letters, window), message);
  });
});
