import { lstm, lstmCell, lstmParameters, random, tf, uniform } from 'attention';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../golden/golden';
import { expectGradient, expectNoLeak } from '../helpers';

const next = random(31);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const gap = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];
const weights = (inputDepth = 3, units = 4) => ({
  ...lstmParameters({ inputDepth, units }, next),
  b: draw(4 * units),
});

describe('lstm', () => {
  test.each(golden('lstm'))('agrees with nn.LSTM, case %#', (example) => {
    expectGolden(example, ({ x, W, b, h, c, mask }) => {
      const { states, final } = lstm(x, { W, b }, mask, { initial: { h, c } });
      // PyTorch puts zeros at padding, we carry the state over: compare the real tokens.
      return { states: tf.mul(states, mask.expandDims(2)), h: final.h, c: final.c };
    });
  });

  test('takes the steps of lstmCell, from state 0', () => {
    const w = weights();
    const x = draw(2, 3, 3);
    let state = { h: tf.zeros([2, 4]) as tf.Tensor, c: tf.zeros([2, 4]) as tf.Tensor };
    const { states, final } = lstm(x, w);
    for (const [t, input] of tf.unstack(x, 1).entries()) {
      state = lstmCell(input, state, w);
      expect(gap(state.h, tf.squeeze(states.slice([0, t], [-1, 1]), [1]))).toBeLessThan(1e-6);
    }
    expect(gap(state.c, final.c)).toBeLessThan(1e-6);
  });

  test('follows its formula, number by number', () => {
    const w = weights(1, 1);
    const [x, h, c] = [0.5, -0.25, 0.75];
    const W = w.W.arraySync() as number[][];
    const b = w.b.arraySync() as number[];
    const sigmoid = (a: number) => 1 / (1 + Math.exp(-a));
    const [i, f, candidate, o] = b.map((bias, gate) => x * W[0][gate] + h * W[1][gate] + bias);
    const memory = sigmoid(f) * c + sigmoid(i) * Math.tanh(candidate);
    const state = { h: tf.tensor2d([[h]]), c: tf.tensor2d([[c]]) };
    const result = lstmCell(tf.tensor2d([[x]]), state, w);
    expect(result.c.dataSync()[0]).toBeCloseTo(memory, 6);
    expect(result.h.dataSync()[0]).toBeCloseTo(sigmoid(o) * Math.tanh(memory), 6);
  });

  test('keeps its memory as it is while the forget gate is open and the input gate shut', () => {
    const w = {
      W: tf.zeros([7, 16]),
      b: tf.tensor1d([-50, 50, 0, 0].flatMap((v) => [v, v, v, v])),
    };
    const initial = { h: tf.zeros([1, 4]), c: draw(1, 4) };
    const { final } = lstm(draw(1, 20, 3), w, undefined, { initial });
    expect(gap(final.c, initial.c)).toBe(0);
  });

  const masks = {
    end: tf.tensor2d([1, 1, 1, 1, 1, 1, 1, 1, 0, 0], [2, 5]),
    anywhere: tf.tensor2d([1, 1, 1, 1, 1, 0, 1, 0, 1, 1], [2, 5]),
  };

  test.each([
    ['end', false],
    ['end', true],
    ['anywhere', false],
    ['anywhere', true],
  ] as const)('has its gradient with padding %s, reverse %s', (where, reverse) => {
    const w = weights();
    const [c1, c2, c3] = [draw(2, 5, 4), draw(2, 4), draw(2, 4)];
    const f = (x: tf.Tensor, W: tf.Tensor, b: tf.Tensor, h: tf.Tensor, c: tf.Tensor) => {
      const options = { reverse, initial: { h, c } };
      const { states, final } = lstm(x, { W, b }, masks[where], options);
      const parts = [tf.mul(states, c1), tf.mul(final.h, c2), tf.mul(final.c, c3)];
      return tf.addN(parts.map((part) => tf.sum(part)));
    };
    expectGradient(f as never, [draw(2, 5, 3), w.W, w.b, draw(2, 4), draw(2, 4)]);
  });

  test.each([false, true])(
    'takes the same steps wherever another example has padding, reverse %s',
    (reverse) => {
      const w = weights();
      const x = draw(2, 5, 3);
      const initial = { h: draw(2, 4), c: draw(2, 4) };
      const first = (y: tf.Tensor) => y.slice(0, 1); // the example without padding
      const one = lstm(x, w, masks.end, { reverse, initial });
      const other = lstm(x, w, masks.anywhere, { reverse, initial });
      expect(gap(first(one.states), first(other.states))).toBeLessThan(1e-6);
      expect(gap(first(one.final.c), first(other.final.c))).toBeLessThan(1e-6);
      const gradient = (mask: tf.Tensor) =>
        tf.grad((y) => tf.sum(first(lstm(y, w, mask, { reverse, initial }).states)))(x);
      expect(gap(gradient(masks.end), gradient(masks.anywhere))).toBeLessThan(1e-5);
    },
  );

  test('carries the state over padding, wherever it stands', () => {
    const w = weights();
    const x = draw(2, 5, 3);
    for (const reverse of [false, true]) {
      for (const mask of [masks.end, masks.anywhere, tf.zeros([2, 5])]) {
        const initial = { h: draw(2, 4), c: draw(2, 4) };
        const { states, final } = lstm(x, w, mask, { reverse, initial });
        const shown = states.arraySync();
        (mask.arraySync() as number[][]).forEach((row, b) => {
          let state = { h: initial.h.slice(b, 1), c: initial.c.slice(b, 1) };
          const order = [0, 1, 2, 3, 4];
          for (const t of reverse ? order.reverse() : order) {
            if (row[t]) state = lstmCell(x.slice([b, t], [1, 1]).reshape([1, 3]), state, w);
            expect(gap(tf.tensor(shown[b][t]), state.h)).toBeLessThan(1e-6);
          }
          expect(gap(final.c.slice(b, 1), state.c)).toBeLessThan(1e-6);
        });
      }
    }
  });

  test('reads backwards what a reversed sequence reads forwards', () => {
    const w = weights();
    const x = draw(2, 5, 3);
    const there = lstm(x, w, undefined, { reverse: true });
    const back = lstm(tf.reverse(x, 1), w);
    expect(gap(there.states, tf.reverse(back.states, 1))).toBeLessThan(1e-6);
    expect(gap(there.final.c, back.final.c)).toBeLessThan(1e-6);
  });

  test.each([false, true])('does not care about padding behind, reverse %s', (reverse) => {
    const w = weights();
    const x = draw(2, 4, 3);
    const padded = tf.concat([x, tf.fill([2, 3, 3], 100)], 1);
    const mask = tf.tensor2d([1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0], [2, 7]);
    const long = lstm(padded, w, mask, { reverse });
    const short = lstm(x, w, undefined, { reverse });
    expect(gap(long.states.slice([0, 0], [-1, 4]), short.states)).toBeLessThan(1e-6);
    expect(gap(long.final.h, short.final.h)).toBeLessThan(1e-6);
  });

  test('does not look ahead', () => {
    const w = weights();
    const x = draw(1, 5, 3);
    const changed = tf.concat([x.slice([0, 0], [-1, 3]), draw(1, 2, 3)], 1);
    const past = (input: tf.Tensor) => lstm(input, w).states.slice([0, 0], [-1, 3]);
    expect(gap(past(x), past(changed))).toBe(0);
  });

  test('survives inputs of ±1e4, forward and backward', () => {
    const w = weights();
    const x = tf.mul(tf.sign(draw(1, 4, 3)), 1e4);
    const f = (input: tf.Tensor) => tf.sum(lstm(input, w).states);
    expect([...f(x).dataSync(), ...tf.grad(f)(x).dataSync()].every(Number.isFinite)).toBe(true);
  });

  test('keeps no tensor but what it returns, nor disposes of the state it was given', () => {
    const w = weights();
    const x = draw(2, 5, 3);
    const initial = { h: draw(2, 4), c: draw(2, 4) };
    const none = tf.zeros([2, 5]);
    expectNoLeak(() => tf.dispose(lstm(x, w)));
    expectNoLeak(() => tf.dispose(lstm(x, w, none, { initial })));
    expect(initial.h.isDisposed).toBe(false);
    expectNoLeak(() =>
      tf.dispose(tf.grads((a, b) => tf.sum(lstm(a, { ...w, W: b }).states))([x, w.W])),
    );
  });

  test('refuses what does not fit, and an empty sequence, and keeps no tensor', () => {
    const w = weights();
    const [shallow, empty, x, b] = [draw(2, 5, 2), tf.zeros([2, 0, 3]), draw(2, 5, 3), draw(12)];
    const [mask, h, c] = [tf.ones([2, 4]), draw(2, 4), draw(2, 3)];
    const before = tf.memory().numTensors;
    expect(() => lstm(shallow, w)).toThrow('W: expected shape [6, 16], got [7, 16]');
    expect(() => lstm(empty, w)).toThrow('input: an axis is empty in [2, 0, 3]');
    expect(() => lstm(x, w, mask)).toThrow('mask: expected shape [2, 5], got [2, 4]');
    expect(() => lstm(x, { ...w, b })).toThrow('W: expected shape [6, 12], got [7, 16]');
    expect(() => lstm(x, w, undefined, { initial: { h, c } })).toThrow(
      'state c: expected shape [2, 4], got [2, 3]',
    );
    expect(tf.memory().numTensors).toBe(before);
  });
});
