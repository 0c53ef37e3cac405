import {
  attentionalParameters,
  attentionalState,
  concatParameters,
  concatScore,
  dotProductAttention,
  type Fed,
  generalScore,
  globalAttention,
  inputFeedingStep,
  type LstmState,
  localMonotonicAttention,
  lstmCell,
  lstmParameters,
  random,
  tf,
  uniform,
} from 'attention';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../../golden/golden';
import { expectGradient, expectNoLeak } from '../../helpers';

const next = random(25);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const gap = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];

describe('globalAttention', () => {
  test.each(golden('global-dot'))('agrees with OpenNMT-py on dot, case %#', (example) => {
    expectGolden(example, ({ query, keys, WC }) => globalAttention(query, keys, keys, { W: WC }));
  });

  test.each(golden('global-general'))('agrees with OpenNMT-py on general, case %#', (example) => {
    expectGolden(example, ({ query, keys, W, WC }) =>
      globalAttention(query, keys, keys, { W: WC }, undefined, {
        score: (s, h) => generalScore(s, h, { W }),
      }),
    );
  });

  test('takes any score, a mask, and states and values of other depths', () => {
    const concat = concatParameters({ queryDepth: 4, keyDepth: 6, dAttention: 3 }, next);
    const Wc = attentionalParameters({ dValue: 2, units: 4, dAttentional: 5 }, next);
    const mask = tf.tensor([1, 1, 0, 1, 1], [1, 1, 5]);
    const cotangent = draw(2, 3, 5);
    const f = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, W: tf.Tensor) => {
      const score = (s: tf.Tensor, h: tf.Tensor) => concatScore(s, h, concat);
      return tf.sum(
        tf.mul(globalAttention(q, k, v, { W }, mask, { score }).attentional, cotangent),
      );
    };
    expectGradient(f as never, [draw(2, 3, 4), draw(2, 5, 6), draw(2, 5, 2), Wc.W]);
  });

  test('keeps no tensor but what it returns, and says which depth is wrong', () => {
    const [q, k] = [draw(2, 3, 4), draw(2, 5, 4)];
    const good = { W: draw(8, 4) };
    expectNoLeak(() => tf.dispose(globalAttention(q, k, k, good)));
    const bad = { W: draw(9, 4) };
    const before = tf.memory().numTensors;
    expect(() => globalAttention(q, k, k, bad)).toThrow('input depth 8 ≠ rows of W 9');
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('inputFeedingStep', () => {
  const [inputDepth, units, dAttentional] = [2, 4, 3];
  const lstm = lstmParameters({ inputDepth: inputDepth + dAttentional, units }, next);
  const parameters = attentionalParameters({ dValue: units, units, dAttentional }, next);
  const keys = draw(1, 6, units) as tf.Tensor3D;
  const start = (): Fed<LstmState> => ({
    state: { h: tf.zeros([1, units]), c: tf.zeros([1, units]) },
    attentional: tf.zeros([1, dAttentional]),
  });
  const step = (x: tf.Tensor, previous: Fed<LstmState>, source = keys) =>
    inputFeedingStep(x, previous, {
      cell: (input, state) => lstmCell(input, state, lstm),
      attend: (query) => dotProductAttention(query as tf.Tensor3D, source, source),
      parameters,
    });

  test('is cell, attention and attentional state, one after the other', () => {
    const [x, before] = [draw(1, inputDepth), { ...start(), attentional: draw(1, dAttentional) }];
    const { state, attentional, attention } = step(x, before);
    const expected = lstmCell(tf.concat([x, before.attentional], 1), before.state, lstm);
    expect(gap(state.h, expected.h)).toBe(0);
    const { context, weights } = dotProductAttention(expected.h.expandDims(1), keys, keys);
    expect(gap(attention.weights, weights)).toBe(0);
    const h = attentionalState(tf.squeeze(context, [1]) as tf.Tensor, expected.h, parameters);
    expect(gap(attentional, h)).toBe(0);
  });

  test('carries from step to step where the decoder looked', () => {
    // The source reaches the state of the second step only through what the first step fed it.
    const xs = [draw(1, inputDepth), draw(1, inputDepth)];
    const second = (source: tf.Tensor) => {
      const first = step(xs[0], start(), source as tf.Tensor3D);
      return step(xs[1], first, source as tf.Tensor3D).state.h;
    };
    const first = (source: tf.Tensor) => step(xs[0], start(), source as tf.Tensor3D).state.h;
    const other = draw(1, 6, units);
    expect(gap(first(keys), first(other))).toBe(0);
    expect(gap(second(keys), second(other))).toBeGreaterThan(1e-3);
    expectGradient((source) => tf.sum(second(source)), [keys]);
    // Without the feeding nothing arrives:
    const unfed = (source: tf.Tensor) => {
      const { state } = step(xs[0], start(), source as tf.Tensor3D);
      return step(xs[1], { ...start(), state }, source as tf.Tensor3D).state.h;
    };
    expect(gap(unfed(keys), unfed(other))).toBe(0);
  });

  test('takes local attention as well', () => {
    const fed = inputFeedingStep(draw(1, inputDepth), start(), {
      cell: (input, state) => lstmCell(input, state, lstm),
      attend: (query) => localMonotonicAttention(query, keys, keys, undefined, { D: 1, first: 3 }),
      parameters,
    });
    expect(fed.attention.weights.keys.arraySync()).toEqual([[[2, 3, 4]]]);
    expect(fed.attentional.shape).toEqual([1, dAttentional]);
  });

  test('keeps no tensor but what it returns, and refuses what does not fit', () => {
    const [x, before] = [draw(1, inputDepth), start()];
    expectNoLeak(() => tf.dispose(step(x, before) as never));
    const wrong = { ...start(), attentional: tf.zeros([2, dAttentional]) };
    expect(() => step(draw(1, inputDepth), wrong)).toThrow(
      'attentional: expected shape [1, dAttentional], got [2, 3]',
    );
  });
});
