import {
  deepFusion,
  deepFusionParameters,
  flatten,
  lstm,
  lstmCell,
  lstmn,
  lstmnCell,
  lstmnParameters,
  random,
  shallowFusion,
  shallowFusionParameters,
  tf,
  uniform,
} from 'attention';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden, type Tensors } from '../golden/golden';
import { expectGradient, expectNoLeak } from '../helpers';

const next = random(41);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const largest = (x: tf.Tensor) => tf.max(tf.abs(x)).dataSync()[0];
const gap = (a: tf.Tensor, b: tf.Tensor) => largest(tf.sub(a, b));
const [inputDepth, units] = [3, 4];
const sizes = { inputDepth, units, dAttention: 5 };
const parameters = lstmnParameters(sizes, next);

/** The generator keeps each matrix of the paper apart; ours stand one above the other. */
const asLstmn = ({ Wx, Ws, Wh, v, lstm: W, b }: Tensors) => ({
  intra: { W: tf.concat([Wx, Ws]), U: Wh, v },
  lstm: { W, b },
});
const memories = (tape: tf.Tensor) => tf.split(tape, 2, 2)[1];

describe('lstmn', () => {
  test.each(golden('lstmn'))('agrees with PyTorch, case %#', (example) => {
    expectGolden(example, ({ x, mask, ...rest }) => {
      const { states, tape, weights } = lstmn(x, asLstmn(rest), mask);
      return { states, memories: memories(tape), weights };
    });
  });

  test('takes the steps of lstmnCell, and the first of them is one of an LSTM from state 0', () => {
    const x = draw(2, 3, inputDepth);
    const { states } = lstmn(x, parameters);
    const zero = tf.zeros([2, units]);
    const at = (t: number) => tf.squeeze(x.slice([0, t], [-1, 1]), [1]) as tf.Tensor;
    const state = (t: number) => tf.squeeze(states.slice([0, t], [-1, 1]), [1]);
    const first = lstmnCell(at(0), { summary: zero }, parameters);
    expect(first.weights).toBeUndefined();
    expect(gap(first.h, lstmCell(at(0), { h: zero, c: zero }, parameters.lstm).h)).toBe(0);
    expect(gap(first.h, state(0))).toBeLessThan(1e-6);
    const slots = tf.concat([first.h, first.c], 1).expandDims(1);
    const second = lstmnCell(at(1), { slots, summary: first.summary }, parameters);
    expect(gap(second.h, state(1))).toBeLessThan(1e-6);
  });

  test('is an LSTM for two steps, when the tape holds one slot at most', () => {
    const x = draw(2, 2, inputDepth);
    expect(gap(lstmn(x, parameters).states, lstm(x, parameters.lstm).states)).toBeLessThan(1e-6);
  });

  test('attends to the steps before each: rows add up to 1, the first and the future are 0', () => {
    const { weights } = lstmn(draw(2, 5, inputDepth), parameters);
    const before = tf.linalg.bandPart(tf.ones([2, 5, 5]), -1, 0).sub(tf.eye(5));
    expect(gap(weights, tf.mul(weights, before))).toBe(0);
    expect(gap(tf.sum(weights, -1), tf.tensor([[0, 1, 1, 1, 1]]))).toBeLessThan(1e-6);
  });

  test('runs all at once as it does step by step, forward and backward, weights included', () => {
    const x = draw(2, 5, inputDepth);
    const [onTape, onWeights] = [draw(2, 5, 2 * units), draw(2, 5, 5)];
    const { intra, lstm: gates } = parameters;
    const inputs = [x, intra.W, intra.U, intra.v, gates.W, gates.b];
    const run = (mask?: tf.Tensor) => {
      const f = (...given: tf.Tensor[]) => {
        const [y, W, U, v, G, b] = given;
        const { tape, weights } = lstmn(y, { intra: { W, U, v }, lstm: { W: G, b } }, mask);
        return tf.add(tf.sum(tf.mul(tape, onTape)), tf.sum(tf.mul(weights, onWeights)));
      };
      return [lstmn(x, parameters, mask).tape, ...tf.grads(f)(inputs)];
    };
    const [atOnce, byStep] = [run(), run(tf.ones([2, 5]))]; // with a mask, step by step
    atOnce.forEach((one, i) => {
      expect(one.shape).toEqual(byStep[i].shape);
      expect(gap(one, byStep[i])).toBeLessThan(1e-5);
    });
  });

  test('does not look ahead', () => {
    const x = draw(1, 5, inputDepth);
    const changed = tf.concat([x.slice([0, 0], [-1, 3]), draw(1, 2, inputDepth)], 1);
    const past = (input: tf.Tensor) => lstmn(input, parameters).tape.slice([0, 0], [-1, 3]);
    expect(gap(past(x), past(changed))).toBe(0);
  });

  test('reads past padding as if it were not there', () => {
    const x = draw(1, 4, inputDepth);
    const junk = tf.fill([1, 1, inputDepth], 100);
    const [a, b] = [x.slice([0, 0], [-1, 2]), x.slice([0, 2], [-1, 2])];
    const mask = tf.tensor2d([[0, 1, 1, 0, 1, 1, 0]]);
    const padded = lstmn(tf.concat([junk, a, junk, b, junk], 1), parameters, mask);
    const real = tf.tensor1d([1, 2, 4, 5], 'int32');
    const plain = lstmn(x, parameters);
    expect(gap(tf.gather(padded.states, real, 1), plain.states)).toBeLessThan(1e-6);
    const shown = tf.gather(tf.gather(padded.weights, real, 1), real, 2);
    expect(gap(shown, plain.weights)).toBeLessThan(1e-6);
    const hidden = tf.tensor1d([0, 3, 6], 'int32');
    expect(largest(tf.gather(padded.tape, hidden, 1))).toBe(0);
    expect(largest(tf.gather(padded.weights, hidden, 1))).toBe(0);
    expect(largest(tf.gather(padded.weights, hidden, 2))).toBe(0);
  });

  test('has the gradient that finite differences measure', () => {
    const cotangent = draw(2, 4, units);
    const mask = tf.tensor2d([1, 1, 1, 1, 1, 1, 1, 0], [2, 4]);
    const f = (
      x: tf.Tensor,
      W: tf.Tensor,
      U: tf.Tensor,
      v: tf.Tensor,
      G: tf.Tensor,
      b: tf.Tensor,
    ) =>
      tf.sum(tf.mul(lstmn(x, { intra: { W, U, v }, lstm: { W: G, b } }, mask).states, cotangent));
    const { intra, lstm: gates } = parameters;
    const inputs = [draw(2, 4, inputDepth), intra.W, intra.U, intra.v, gates.W, gates.b];
    expectGradient(f as never, inputs);
  });

  test('survives inputs of ±1e4, forward and backward, and a sequence of one', () => {
    const x = tf.mul(tf.sign(draw(1, 4, inputDepth)), 1e4);
    const f = (input: tf.Tensor) => tf.sum(lstmn(input, parameters).states);
    expect([...f(x).dataSync(), ...tf.grad(f)(x).dataSync()].every(Number.isFinite)).toBe(true);
    const one = draw(2, 1, inputDepth);
    expect(largest(lstmn(one, parameters).weights)).toBe(0);
    expect(tf.grad(f)(one).shape).toEqual([2, 1, inputDepth]);
  });

  test('keeps no tensor but what it returns', () => {
    const x = draw(2, 4, inputDepth);
    const step = { slots: draw(2, 3, 2 * units), summary: draw(2, units) };
    const input = draw(2, inputDepth);
    expectNoLeak(() => tf.dispose(lstmn(x, parameters)));
    expectNoLeak(() => tf.dispose(lstmnCell(input, step, parameters) as never));
    expectNoLeak(() =>
      tf.dispose(lstmnCell(input, { summary: step.summary }, parameters) as never),
    );
  });

  test('refuses what does not fit, and an empty sequence, and keeps no tensor', () => {
    const [shallow, empty, x] = [draw(2, 4, 2), tf.zeros([2, 0, 3]), draw(2, 4, 3)];
    const [mask, U] = [tf.ones([2, 3]), draw(3, 5)];
    const wrong = { ...parameters, intra: { ...parameters.intra, U } };
    const before = tf.memory().numTensors;
    expect(() => lstmn(shallow, parameters)).toThrow('W: expected shape [6, 16], got [7, 16]');
    expect(() => lstmn(empty, parameters)).toThrow('input: an axis is empty in [2, 0, 3]');
    expect(() => lstmn(x, parameters, mask)).toThrow('mask: expected shape [2, 4], got [2, 3]');
    expect(() => lstmn(x, wrong)).toThrow('key depth 4 ≠ rows of U 3');
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('attention fusion', () => {
  test.each(golden('shallow-fusion'))('shallow agrees with PyTorch, case %#', (example) => {
    expectGolden(example, ({ x, gamma, alpha, mask, Wq, Wgamma, u, ...rest }) => {
      const inter = { W: Wq, U: Wgamma, v: u };
      const source = { tape: tf.concat([gamma, alpha], 2), mask };
      const { tape, ...result } = shallowFusion(x, source, { ...asLstmn(rest), inter });
      return { ...result, memories: memories(tape) };
    });
  });

  test.each(golden('deep-fusion'))('deep agrees with PyTorch, case %#', (example) => {
    expectGolden(example, ({ x, gamma, alpha, mask, Wix, Wis, Wgamma, u, Wr, br, ...rest }) => {
      const inter = { W: tf.concat([Wix, Wis]), U: Wgamma, v: u };
      const source = { tape: tf.concat([gamma, alpha], 2), mask };
      const all = { ...asLstmn(rest), inter, gate: { W: Wr, b: br } };
      const { tape, ...result } = deepFusion(x, source, all);
      return { ...result, memories: memories(tape) };
    });
  });

  const shallow = shallowFusionParameters({ ...sizes, sourceUnits: 2 }, next);
  const deep = deepFusionParameters(sizes, next);
  const both = [
    [
      'shallow',
      2,
      (x: tf.Tensor, tape: tf.Tensor, sourceMask?: tf.Tensor, mask?: tf.Tensor) =>
        shallowFusion(x, { tape, mask: sourceMask }, shallow, mask),
    ],
    [
      'deep',
      units,
      (x: tf.Tensor, tape: tf.Tensor, sourceMask?: tf.Tensor, mask?: tf.Tensor) =>
        deepFusion(x, { tape, mask: sourceMask }, deep, mask),
    ],
  ] as const;

  test.each(both)(
    '%s: looks at the source, not at its padding, nor ahead in the target',
    (_, n, fuse) => {
      const [x, tape] = [draw(2, 4, inputDepth), draw(2, 5, 2 * n)];
      const plain = fuse(x, tape);
      expect(gap(tf.sum(plain.sourceWeights, -1), tf.ones([2, 4]))).toBeLessThan(1e-6);
      const long = tf.concat([tape, tf.fill([2, 2, 2 * n], 100)], 1);
      const sourceMask = tf.tensor2d([1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 0, 0], [2, 7]);
      expect(gap(fuse(x, long, sourceMask).tape, plain.tape)).toBeLessThan(1e-6);
      const changed = tf.concat([x.slice([0, 0], [-1, 2]), draw(2, 2, inputDepth)], 1);
      const past = (y: tf.Tensor) => y.slice([0, 0], [-1, 2]);
      expect(gap(past(fuse(changed, tape).tape), past(plain.tape))).toBe(0);
      expect(gap(fuse(x, draw(2, 5, 2 * n)).tape, plain.tape)).toBeGreaterThan(1e-3);
    },
  );

  test.each(both)('%s: padding in the target changes no real token', (_, n, fuse) => {
    const [x, tape] = [draw(1, 3, inputDepth), draw(1, 5, 2 * n)];
    const junk = tf.fill([1, 1, inputDepth], 100);
    const padded = tf.concat([x.slice([0, 0], [-1, 2]), junk, x.slice([0, 2], [-1, 1])], 1);
    const result = fuse(padded, tape, undefined, tf.tensor2d([[1, 1, 0, 1]]));
    const real = tf.tensor1d([0, 1, 3], 'int32');
    expect(gap(tf.gather(result.states, real, 1), fuse(x, tape).states)).toBeLessThan(1e-6);
    expect(largest(result.sourceWeights.slice([0, 2], [-1, 1]))).toBe(0);
  });

  test('deep is an LSTMN while its gate to the source is shut', () => {
    const shut = { ...deep, gate: { W: tf.zerosLike(deep.gate.W), b: tf.fill([units], -100) } };
    const x = draw(2, 4, inputDepth);
    const { states } = deepFusion(x, { tape: draw(2, 5, 2 * units) }, shut);
    expect(gap(states, lstmn(x, deep).states)).toBeLessThan(1e-6);
  });

  test('has the gradient that finite differences measure, through the source too', () => {
    const cotangent = draw(2, 3, units);
    const reader = lstmnParameters(sizes, next);
    const x = draw(2, 3, inputDepth);
    const f = (source: tf.Tensor, gate: tf.Tensor) => {
      const { tape } = lstmn(source, reader);
      const all = { ...deep, gate: { ...deep.gate, W: gate } };
      return tf.sum(tf.mul(deepFusion(x, { tape }, all).states, cotangent));
    };
    expectGradient(f as never, [draw(2, 4, inputDepth), deep.gate.W]);
    const small = lstmnParameters({ inputDepth, units: 2 }, next);
    const g = (source: tf.Tensor, W: tf.Tensor) => {
      const { tape } = lstmn(source, small);
      const all = { ...shallow, inter: { ...shallow.inter, W } };
      return tf.sum(tf.mul(shallowFusion(x, { tape }, all).states, cotangent));
    };
    expectGradient(g as never, [draw(2, 4, inputDepth), shallow.inter.W]);
  });

  test('names its parameters, keeps no tensor, and refuses what does not fit', () => {
    expect(Object.keys(flatten(deep))).toEqual([
      ...['intra/W', 'intra/U', 'intra/v', 'lstm/W', 'lstm/b'],
      ...['inter/W', 'inter/U', 'inter/v', 'gate/W', 'gate/b'],
    ]);
    const [x, tape, wrong, mask] = [draw(2, 3, 3), draw(2, 5, 8), draw(2, 5, 6), tf.ones([2, 4])];
    expectNoLeak(() => tf.dispose(deepFusion(x, { tape }, deep)));
    const before = tf.memory().numTensors;
    expect(() => deepFusion(x, { tape: wrong }, deep)).toThrow(
      'b of the LSTM: expected shape [12], got [16]',
    );
    expect(() => deepFusion(x, { tape, mask }, deep)).toThrow(
      'source mask: expected shape [2, 5], got [2, 4]',
    );
    expect(() => shallowFusion(x, { tape }, shallow)).toThrow('key depth 4 ≠ rows of U 2');
    expect(tf.memory().numTensors).toBe(before);
  });
});
