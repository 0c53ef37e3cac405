import { Adam, batch, EncoderDecoder, pad, tf, Vocabulary } from 'attention';
import { describe, expect, test } from 'vitest';
import { expectNoLeak } from '../helpers';

const sizes = { sourceTokens: 9, targetTokens: 8, dEmbedding: 5, units: 6, dAttention: 7 };
const pairs = [
  { source: [3, 4, 5], target: [5, 4] },
  { source: [6, 7, 8], target: [3] },
];

describe.each([true, false])('EncoderDecoder, attention: %s', (attention) => {
  const make = (seed = 1) => new EncoderDecoder({ ...sizes, attention, seed });

  test('learns a few pairs by heart, and decodes them', () => {
    const model = make();
    const adam = new Adam(model.parameters, { learningRate: 0.03 });
    const before = model.loss(batch(pairs)).dataSync()[0];
    expect(before).toBeGreaterThan(1.5); // near ln 8: it knows nothing yet
    for (let i = 0; i < 60; i++) adam.minimize(() => model.loss(batch(pairs)));
    expect(model.loss(batch(pairs)).dataSync()[0]).toBeLessThan(0.1);
    expect(model.decode(pairs.map((pair) => pair.source)).map((d) => d.ids)).toEqual([[5, 4], [3]]);
  });

  test('has, for every parameter, the gradient that finite differences measure', () => {
    const model = make();
    const names = Object.keys(model.parameters);
    const loss = () => model.loss(batch(pairs));
    const { grads } = tf.variableGrads(loss);
    for (const name of names) {
      const variable = model.parameters[name];
      const start = variable.clone();
      const direction = tf.randomNormal(variable.shape, 0, 1, 'float32', 5);
      const at = (t: number) => {
        variable.assign(tf.add(start, tf.mul(direction, t)));
        return loss().dataSync()[0];
      };
      const numeric = (at(1e-3) - at(-1e-3)) / 2e-3; // small: maxout has kinks
      variable.assign(start);
      const exact = tf.sum(tf.mul(grads[variable.name], direction)).dataSync()[0];
      expect(Math.abs(numeric - exact), name).toBeLessThan(2e-3 + 0.02 * Math.abs(exact));
    }
  });

  test('gives a word the same probability alone and beside a longer one', () => {
    const model = make();
    const alone = model.decode([[3, 4]], 5)[0];
    const beside = model.decode(
      [
        [3, 4],
        [3, 4, 5, 6, 7],
      ],
      5,
    )[0];
    expect(beside.ids).toEqual(alone.ids);
    expect(beside.logProbability).toBeCloseTo(alone.logProbability, 4);
    beside.weights.flat().forEach((w, i) => expect(w).toBeCloseTo(alone.weights.flat()[i], 5));
  });

  test('is the same model for the same seed, another for another', () => {
    const loss = (seed: number) => make(seed).loss(batch(pairs)).dataSync()[0];
    expect(loss(1)).toBe(loss(1));
    expect(loss(1)).not.toBe(loss(2));
  });

  test('keeps no tensor: loss, training step, decoding, dispose', () => {
    const model = make();
    const adam = new Adam(model.parameters);
    expectNoLeak(() => model.loss(batch(pairs)).dispose());
    expectNoLeak(() => adam.minimize(() => model.loss(batch(pairs))));
    expectNoLeak(() => model.decode([[3, 4]], 5));
    expectNoLeak(() => make().dispose());
  });

  test('stops after maxSteps, and refuses an empty word', () => {
    const [decoded] = make().decode([[3, 4, 5]], 4);
    expect(decoded.ids.length).toBeLessThanOrEqual(4);
    expect(decoded.weights).toHaveLength(attention ? Math.min(4, decoded.ids.length + 1) : 0);
    expect(() => make().decode([[]])).toThrow('at least one token each');
    expect(() => make().decode([])).toThrow('at least one token each');
  });
});

test('attention weights of a decoded word are one row of sum 1 for each step', () => {
  const model = new EncoderDecoder(sizes);
  const [decoded] = model.decode([[3, 4, 5, 6]], 6);
  expect(decoded.weights.length).toBeGreaterThan(0);
  for (const row of decoded.weights) {
    expect(row).toHaveLength(4);
    expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
  }
});

test('pad fills up to the longest row', () => {
  expect(pad([[3], [4, 5]])).toEqual([
    [3, Vocabulary.PAD],
    [4, 5],
  ]);
});
