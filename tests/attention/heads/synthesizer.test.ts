import {
  causalMask,
  denseSynthesizer,
  denseSynthesizerParameters,
  factorizedDenseSynthesizer,
  factorizedDenseSynthesizerParameters,
  factorizedRandomSynthesizer,
  factorizedRandomSynthesizerParameters,
  random,
  randomSynthesizer,
  randomSynthesizerParameters,
  tf,
  uniform,
} from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../../golden/golden';
import { expectGradient, expectNoLeak } from '../../helpers';

const next = random(2005);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const distance = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];
const size = (max: number, min = 1) => fc.integer({ min, max });

type Inputs = Record<string, tf.Tensor>;
const kinds = {
  dense: ({ x, values, mask, ...p }: Inputs) => denseSynthesizer(x, values, p as never, mask),
  random: ({ values, mask, ...p }: Inputs) => randomSynthesizer(values, p as never, mask),
  factorizedDense: ({ x, values, mask, ...p }: Inputs) =>
    factorizedDenseSynthesizer(x, values, p as never, mask),
  factorizedRandom: ({ values, mask, ...p }: Inputs) =>
    factorizedRandomSynthesizer(values, p as never, mask),
};
type Kind = keyof typeof kinds;
const parameters = (kind: Kind, length: number, heads?: number): Inputs =>
  ({
    dense: () => denseSynthesizerParameters({ depth: 3, length, heads }, next),
    random: () => randomSynthesizerParameters({ length, heads }, next),
    factorizedDense: () =>
      factorizedDenseSynthesizerParameters(
        { depth: 3, a: 2, b: Math.ceil(length / 2), heads },
        next,
      ),
    factorizedRandom: () => factorizedRandomSynthesizerParameters({ length, k: 2, heads }, next),
  })[kind]() as Inputs;
const run = (kind: Kind, inputs: Inputs) => kinds[kind](inputs as never);

test.each(golden('synthesizer'))('agrees with PyTorch, case %# ($options.kind)', (example) => {
  expectGolden(example, (inputs, { kind }) => run(kind, inputs));
});

describe.each(Object.keys(kinds) as Kind[])('the %s Synthesizer', (kind) => {
  const ofInput = kind === 'dense' || kind === 'factorizedDense';

  test('gives rows of sum one, and under a causal mask the future changes nothing', () => {
    fc.assert(
      fc.property(size(2), size(3), size(6, 2), (batch, heads, length) => {
        const shape = [batch, heads, length, 3];
        const [x, values] = [draw(...shape), draw(...shape)];
        const given = { ...parameters(kind, length + 1, heads), mask: causalMask(length) };
        const past = (y: tf.Tensor) => tf.slice(y, [0, 0, 0, 0], [-1, -1, length - 1, -1]);
        const change = (y: tf.Tensor) => tf.concat([past(y), draw(batch, heads, 1, 3)], 2);
        const before = run(kind, { ...given, values, ...(ofInput && { x }) });
        const after = run(kind, {
          ...given,
          values: change(values),
          ...(ofInput && { x: change(x) }),
        });
        expect(distance(tf.sum(before.weights, -1), tf.ones([1]))).toBeLessThan(1e-5);
        expect(distance(past(before.context), past(after.context))).toBe(0);
      }),
      { numRuns: 15 },
    );
  });

  test('compares no positions: the values do not change the weights', () => {
    const given: Inputs = { ...parameters(kind, 4), ...(ofInput && { x: draw(2, 4, 3) }) };
    const [a, b] = [draw(2, 4, 2), draw(2, 4, 2)].map((values) => run(kind, { ...given, values }));
    expect(distance(a.weights, b.weights)).toBe(0);
    const rows = tf.slice(a.weights, 0, 1);
    const same = distance(rows, tf.slice(a.weights, 1, 1)) === 0; // for both examples
    expect(same).toBe(!ofInput);
  });

  test('has the gradient that finite differences measure, for every input', () => {
    const cotangent = draw(2, 2, 4, 2);
    const given: Inputs = { ...parameters(kind, 5, 2), values: draw(2, 2, 4, 2) };
    if (ofInput) given.x = draw(2, 2, 4, 3);
    if ('b1' in given) given.b1 = tf.fill(given.b1.shape, 0.5); // away from the kink of ReLU
    const names = Object.keys(given);
    const f = (...tensors: tf.Tensor[]) => {
      const inputs = Object.fromEntries(tensors.map((t, i) => [names[i], t]));
      return tf.sum(tf.mul(run(kind, inputs).context, cotangent));
    };
    expectGradient(f, Object.values(given), { step: 1e-3 });
  });

  test('attends to nothing, context 0, where every key is hidden', () => {
    const given: Inputs = { ...parameters(kind, 3), values: draw(1, 3, 2) };
    if (ofInput) given.x = draw(1, 3, 3);
    const { context, weights } = run(kind, { ...given, mask: tf.zeros([1, 1, 3]) });
    expect(tf.sum(tf.abs(context)).dataSync()[0]).toBe(0);
    expect(tf.sum(weights).dataSync()[0]).toBe(0);
  });

  test('survives parameters and inputs of ±1e4 without NaN', () => {
    const big = (t: tf.Tensor) => tf.mul(tf.sign(tf.add(t, 1e-9)), 1e4);
    const given = {
      ...parameters(kind, 3),
      values: draw(1, 3, 2),
      ...(ofInput && { x: draw(1, 3, 3) }),
    };
    const inputs = Object.fromEntries(
      Object.entries(given).map(([n, t]) => [n, big(t as tf.Tensor)]),
    );
    expect(Array.from(run(kind, inputs).context.dataSync()).every(Number.isFinite)).toBe(true);
  });

  test('refuses more keys than it has logits for, and keeps no tensor', () => {
    const given: Inputs = { ...parameters(kind, 4, 2), values: draw(1, 2, 5, 2) };
    if (ofInput) given.x = draw(1, 2, 5, 3);
    const before = tf.memory().numTensors;
    expect(() => run(kind, given)).toThrow('5 keys, but the logits are made for at most 4');
    expect(tf.memory().numTensors).toBe(before);
    given.values = draw(1, 2, 4, 2);
    if (ofInput) given.x = draw(1, 2, 4, 3);
    expectNoLeak(() => tf.dispose(run(kind, given)));
  });
});

test('the random Synthesizer of a product is the factorized one', () => {
  const { R1, R2 } = factorizedRandomSynthesizerParameters({ length: 5, heads: 2 }, next);
  const values = draw(2, 2, 5, 3);
  const R = tf.matMul(R1, R2, false, true);
  const factorized = factorizedRandomSynthesizer(values, { R1, R2 });
  expect(distance(factorized.context, randomSynthesizer(values, { R }).context)).toBe(0);
});

test('the factorized dense Synthesizer multiplies every pair once, in loops', () => {
  const [x, values] = [draw(1, 1, 3), draw(1, 6, 2)];
  const p = factorizedDenseSynthesizerParameters({ depth: 3, a: 2, b: 3 }, next);
  const [A, B] = [p.WA, p.WB].map(
    (W) => (tf.matMul(x.reshape([1, 3]), W).arraySync() as number[][])[0],
  );
  const exp = A.flatMap((a) => B.map((b) => Math.exp(a * b)));
  const total = exp.reduce((s, e) => s + e);
  const { weights } = factorizedDenseSynthesizer(x, values, p);
  expect(distance(weights, tf.tensor([[exp.map((e) => e / total)]]))).toBeLessThan(1e-6);
});

test.each([
  ['dense', { x: [3, 2] }, 'x: expected shape [batch, queries, depth], got [3, 2]'],
  ['dense', { values: [1, 4, 2] }, 'values: expected shape [2, keys, dValue], got [1, 4, 2]'],
  ['dense', { W1: [2, 3] }, 'W1: expected shape [3, columns], got [2, 3]'],
  ['dense', { b1: [2] }, 'b1: expected shape [3], got [2]'],
  ['dense', { W2: [4, 4] }, 'W2: expected shape [3, columns], got [4, 4]'],
  ['dense', { b2: [3] }, 'b2: expected shape [4], got [3]'],
  ['random', { R: [4, 5] }, 'R: expected shape [length, length], got [4, 5]'],
  ['random', { mask: [3, 4] }, 'mask: expected shape [1, 4, 4], got [1, 3, 4]'],
  ['factorizedDense', { WA: [4, 2] }, 'WA: expected shape [3, columns], got [4, 2]'],
  ['factorizedDense', { bA: [3] }, 'bA: expected shape [2], got [3]'],
  ['factorizedDense', { bB: [3] }, 'bB: expected shape [2], got [3]'],
  ['factorizedRandom', { R1: [2, 4, 2] }, 'R1: expected shape [length, k], got [2, 4, 2]'],
  ['factorizedRandom', { R2: [4, 3] }, 'R2: expected shape [4, 2], got [4, 3]'],
] as [Kind, Record<string, number[]>, string][])('%s: refuses %j', (kind, wrong, message) => {
  const given: Inputs = { ...parameters(kind, 4), values: tf.zeros([2, 4, 2]) };
  if (kind === 'dense' || kind === 'factorizedDense') given.x = tf.zeros([2, 4, 3]);
  for (const [name, shape] of Object.entries(wrong)) given[name] = tf.zeros(shape);
  expect(() => run(kind, given)).toThrow(message);
});
