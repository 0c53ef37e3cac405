import { bidirectionalGru, type GruParameters, gru, gruCell, random, tf, uniform } from 'attention';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../golden/golden';
import { expectGradient, expectNoLeak } from '../helpers';

const next = random(3);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const weights = (depth = 3, units = 4) => ({
  gates: draw(depth + units, 2 * units),
  gatesBias: draw(2 * units),
  candidate: draw(depth + units, units),
  candidateBias: draw(units),
});
const largest = (x: tf.Tensor) => tf.max(tf.abs(x)).dataSync()[0];

describe('gru', () => {
  test.each(golden('gru'))('agrees with PyTorch, case %#', (example) => {
    expectGolden(example, ({ x, mask, initial, ...parameters }, { reverse }) => ({
      states: gru(x, parameters as unknown as GruParameters, mask, { reverse, initial }),
    }));
  });

  test('takes the steps of gruCell, from state 0', () => {
    const w = weights();
    const x = draw(2, 3, 3);
    let h: tf.Tensor = tf.zeros([2, 4]);
    for (const [t, input] of tf.unstack(x, 1).entries()) {
      h = gruCell(input, h, w);
      const state = tf.squeeze(tf.slice(gru(x, w), [0, t, 0], [-1, 1, -1]), [1]);
      expect(largest(tf.sub(h, state))).toBeLessThan(1e-6);
    }
  });

  test('follows its formula, number by number', () => {
    const w = weights(1, 1);
    const [x, h] = [0.5, -0.25];
    const sigmoid = (a: number) => 1 / (1 + Math.exp(-a));
    const gates = w.gates.arraySync() as number[][];
    const [br, bu] = w.gatesBias.arraySync() as number[];
    const candidate = w.candidate.arraySync() as number[][];
    const r = sigmoid(x * gates[0][0] + h * gates[1][0] + br);
    const u = sigmoid(x * gates[0][1] + h * gates[1][1] + bu);
    const c = Math.tanh(
      x * candidate[0][0] + r * h * candidate[1][0] + w.candidateBias.dataSync()[0],
    );
    const result = gruCell(tf.tensor2d([[x]]), tf.tensor2d([[h]]), w).dataSync()[0];
    expect(result).toBeCloseTo(u * h + (1 - u) * c, 6);
  });

  test('has the gradient that finite differences measure', () => {
    const w = weights();
    const cotangent = draw(2, 5, 4);
    const mask = tf.tensor2d([
      [1, 1, 1, 1, 1],
      [1, 1, 1, 0, 0],
    ]);
    const f = (
      x: tf.Tensor,
      gates: tf.Tensor,
      gatesBias: tf.Tensor,
      candidate: tf.Tensor,
      candidateBias: tf.Tensor,
    ) => tf.sum(tf.mul(gru(x, { gates, gatesBias, candidate, candidateBias }, mask), cotangent));
    expectGradient(f as never, [draw(2, 5, 3), w.gates, w.gatesBias, w.candidate, w.candidateBias]);
  });

  test('has its gradient also where its parameters were computed, and let go, before', () => {
    const w = weights();
    const x = draw(2, 5, 3);
    const scaled = (gates: tf.Tensor) =>
      tf.tidy(() => tf.sum(tf.square(gru(x, { ...w, gates: tf.mul(gates, 2) }))));
    expectGradient(scaled, [w.gates]);
  });

  test('reads backwards what a reversed sequence reads forwards', () => {
    const w = weights();
    const x = draw(2, 5, 3);
    const there = gru(x, w, undefined, { reverse: true });
    const back = tf.reverse(gru(tf.reverse(x, 1), w), 1);
    expect(largest(tf.sub(there, back))).toBeLessThan(1e-6);
  });

  test('gives real tokens the same annotations with and without padding behind them', () => {
    const [forward, backward] = [weights(), weights()];
    const x = draw(2, 4, 3);
    const padded = tf.concat([x, tf.fill([2, 3, 3], 100)], 1);
    const mask = tf.tensor2d([
      [1, 1, 1, 1, 0, 0, 0],
      [1, 1, 1, 1, 0, 0, 0],
    ]);
    const annotations = tf.slice(
      bidirectionalGru(padded, forward, backward, mask),
      [0, 0, 0],
      [-1, 4, -1],
    );
    expect(largest(tf.sub(annotations, bidirectionalGru(x, forward, backward)))).toBeLessThan(1e-6);
  });

  test('keeps no tensor but what it returns', () => {
    const w = weights();
    const x = draw(2, 5, 3);
    expectNoLeak(() => gru(x, w).dispose());
    expectNoLeak(() =>
      tf.dispose(tf.grads((a, b) => tf.sum(gru(a, { ...w, gates: b })))([x, w.gates])),
    );
  });

  test('refuses what does not fit, and an empty sequence', () => {
    const w = weights();
    expect(() => gru(draw(2, 5, 2), w)).toThrow(
      'input: expected shape [batch, time, 3], got [2, 5, 2]',
    );
    expect(() => gru(tf.zeros([2, 0, 3]), w)).toThrow('input: an axis is empty in [2, 0, 3]');
    expect(() => gru(draw(2, 5, 3), w, tf.ones([2, 4]))).toThrow(
      'mask: expected shape [2, 5], got [2, 4]',
    );
    expect(() => gru(draw(2, 5, 3), { ...w, gatesBias: draw(4) })).toThrow(
      'gatesBias: expected shape [8], got [4]',
    );
  });
});
