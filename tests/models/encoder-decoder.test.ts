import {
  Adam,
  additiveLogits,
  additiveParameters,
  batch,
  dense,
  EncoderDecoder,
  type LearnedScore,
  pad,
  tf,
  uniform,
  Vocabulary,
} from 'attention';
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

describe('EncoderDecoder with a score of its own', () => {
  const additive: LearnedScore = {
    parameters: (sizes, next) => additiveParameters({ ...sizes, dAttention: 7 }, next),
    logits: (s, h, { W, U, v }) => additiveLogits(dense(s, W), dense(h, U), v),
  };
  const dot: LearnedScore = { logits: (s, h) => tf.matMul(s, h, false, true) };
  const location: LearnedScore = {
    parameters: ({ queryDepth }, next) => ({ W: uniform([queryDepth, 5], next) }),
    logits: (s, h, { W }) => tf.slice(dense(s, W), [0, 0, 0], [-1, -1, h.shape[1] as number]),
  };
  const make = (score: LearnedScore) =>
    new EncoderDecoder({ ...sizes, units: 3, decoderUnits: 6, dMaxout: 4, score });

  test('is, with the additive score, the model without one: loss, gradients, weights', () => {
    const [own, built] = [additive, undefined].map(
      (score) => new EncoderDecoder({ ...sizes, score }),
    );
    expect(Object.keys(own.parameters)).toEqual(Object.keys(built.parameters));
    const [a, b] = [own, built].map((model) => tf.variableGrads(() => model.loss(batch(pairs))));
    expect(a.value.dataSync()[0]).toBeCloseTo(b.value.dataSync()[0], 5);
    for (const [name, { name: id }] of Object.entries(own.parameters)) {
      const other = b.grads[built.parameters[name].name];
      const gap = tf.max(tf.abs(tf.sub(a.grads[id], other))).dataSync()[0];
      expect(gap, name).toBeLessThan(1e-5);
    }
    const [one, other] = [own, built].map((model) => model.decode([[3, 4, 5]], 4)[0]);
    expect(one.ids).toEqual(other.ids);
    one.weights.flat().forEach((w, i) => expect(w).toBeCloseTo(other.weights.flat()[i], 5));
  });

  test.each([
    ['dot', dot],
    ['location', location],
  ])('learns a few pairs by heart: %s', (_, score) => {
    const model = make(score);
    const adam = new Adam(model.parameters, { learningRate: 0.03 });
    for (let i = 0; i < 120; i++) adam.minimize(() => model.loss(batch(pairs)));
    expect(model.loss(batch(pairs)).dataSync()[0]).toBeLessThan(0.2);
    expect(model.decode(pairs.map((pair) => pair.source)).map((d) => d.ids)).toEqual([[5, 4], [3]]);
    expectNoLeak(() => adam.minimize(() => model.loss(batch(pairs))));
    expectNoLeak(() => model.decode([[3, 4]], 5));
    expectNoLeak(() => make(score).dispose());
  });

  test('hides padding, and has for every parameter the gradient of finite differences', () => {
    const model = make(dot);
    const [alone, beside] = [
      [[3, 4]],
      [
        [3, 4],
        [3, 4, 5, 6, 7],
      ],
    ].map((x) => model.decode(x, 5)[0]);
    expect(beside.logProbability).toBeCloseTo(alone.logProbability, 4);
    const loss = () => model.loss(batch(pairs));
    const { grads } = tf.variableGrads(loss);
    for (const [name, variable] of Object.entries(model.parameters)) {
      const start = variable.clone();
      const direction = tf.randomNormal(variable.shape, 0, 1, 'float32', 5);
      const at = (t: number) => {
        variable.assign(tf.add(start, tf.mul(direction, t)));
        return loss().dataSync()[0];
      };
      const numeric = (at(1e-3) - at(-1e-3)) / 2e-3;
      variable.assign(start);
      const exact = tf.sum(tf.mul(grads[variable.name], direction)).dataSync()[0];
      expect(Math.abs(numeric - exact), name).toBeLessThan(2e-3 + 0.02 * Math.abs(exact));
    }
  });
});

test('pad fills up to the longest row', () => {
  expect(pad([[3], [4, 5]])).toEqual([
    [3, Vocabulary.PAD],
    [4, 5],
  ]);
});

describe.each([true, false])('EncoderDecoder.beam, attention: %s', (attention) => {
  const make = (seed: number) => new EncoderDecoder({ ...sizes, attention, seed });
  const source = [3, 4, 5, 6];

  /** log p of an output with its end mark, step by step from teacher forcing. */
  const logProbability = (model: EncoderDecoder, ids: number[]) => {
    const rows = tf.tidy(
      () => model.logProbabilities(batch([{ source, target: ids }])).arraySync()[0],
    );
    return [...ids, Vocabulary.END].reduce((sum, token, i) => sum + rows[i][token], 0);
  };

  test('of width 1 is greedy decoding', () => {
    for (const seed of [1, 2, 3, 4]) {
      const model = make(seed);
      const [{ ids, weights, logProbability }] = model.beam(source, 1, { maxSteps: 6 });
      const [greedy] = model.decode([source], 6);
      expect(ids).toEqual(greedy.ids);
      expect(logProbability).toBeCloseTo(greedy.logProbability, 4);
      expect(weights).toHaveLength(greedy.weights.length);
      weights.flat().forEach((w, i) => expect(w).toBeCloseTo(greedy.weights.flat()[i], 5));
    }
  });

  test('finds the best of all outputs when it is wide enough to keep them all', () => {
    // 5 tokens besides padding and start; up to 2 of them before the end mark.
    const tokens = [3, 4, 5, 6, 7];
    const outputs = [
      [],
      ...tokens.map((a) => [a]),
      ...tokens.flatMap((a) => tokens.map((b) => [a, b])),
    ];
    for (const seed of [1, 2, 3]) {
      const model = make(seed);
      const all = outputs
        .map((ids) => ({ ids, log: logProbability(model, ids) }))
        .sort((a, b) => b.log - a.log);
      const found = model
        .beam(source, 80, { maxSteps: 3 })
        .filter(({ ids }) => ids.every((id) => id > Vocabulary.END));
      found.slice(0, 10).forEach(({ ids, logProbability, score, ended }, i) => {
        expect(ids).toEqual(all[i].ids);
        expect(logProbability).toBeCloseTo(all[i].log, 4);
        expect(score).toBe(logProbability);
        expect(ended).toBe(true);
      });
    }
  });

  test('of a trained model scores as high as greedy decoding or higher', () => {
    const model = make(1);
    const adam = new Adam(model.parameters, { learningRate: 0.03 });
    for (let i = 0; i < 30; i++) adam.minimize(() => model.loss(batch(pairs)));
    for (const { source } of pairs) {
      const [greedy] = model.decode([source]);
      const [best, second] = model.beam(source, 4);
      expect(best.score).toBeGreaterThanOrEqual(greedy.logProbability - 1e-4);
      expect(second.score).toBeLessThanOrEqual(best.score);
    }
  });

  test('gives the weights of each output, one row for each id and one for the end mark', () => {
    const model = make(2);
    const found = model.beam(source, 60, { maxSteps: 3, lengthPenalty: 3 });
    expect(found.length).toBeGreaterThan(2);
    for (const { ids, ended, weights } of found) {
      expect(weights).toHaveLength(attention ? ids.length + (ended ? 1 : 0) : 0);
      for (const row of weights) expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
    }
    // What an output attends to depends on its beginning only: the same ids, the same rows.
    for (const a of found) {
      for (const b of found) {
        const parts = a.ids.findIndex((id, i) => id !== b.ids[i]);
        const shared = Math.min(a.weights.length, parts < 0 ? a.ids.length : parts + 1);
        a.weights.slice(0, shared).forEach((row, i) => {
          row.forEach((w, j) => expect(w).toBeCloseTo(b.weights[i][j], 5));
        });
      }
    }
  });

  test('prefers longer outputs under a length penalty', () => {
    const model = make(1);
    const length = (lengthPenalty: number) =>
      model.beam(source, 80, { maxSteps: 3, lengthPenalty })[0].ids.length;
    expect(length(4)).toBeGreaterThan(length(0));
  });

  test('keeps no tensor, and refuses an empty source or a width that is none', () => {
    const model = make(1);
    expectNoLeak(() => model.beam(source, 3, { maxSteps: 4 }));
    expect(() => model.beam([], 2)).toThrow('beam: expected a source of at least one token');
    expect(() => model.beam(source, 0)).toThrow('width 0');
    expect(() => model.beam(source, 1.5)).toThrow('width 1.5');
    expectNoLeak(() => expect(() => model.beam(source, 2, { maxSteps: 0 })).toThrow('maxSteps'));
  });
});

describe.each([true, false])('EncoderDecoder under teacher forcing, attention: %s', (attention) => {
  const model = new EncoderDecoder({ ...sizes, attention });

  test('has the loss that its log probabilities say, padding left out', () => {
    const both = batch(pairs);
    const rows = tf.tidy(() => model.logProbabilities(both).arraySync());
    const logs = both.target.flatMap((row, b) =>
      row.flatMap((token, i) => (token === Vocabulary.PAD ? [] : [rows[b][i][token]])),
    );
    expect(logs).toHaveLength(5);
    const mean = -logs.reduce((a, b) => a + b) / logs.length;
    expect(tf.tidy(() => model.loss(both).dataSync()[0])).toBeCloseTo(mean, 5);
  });

  test('gives probabilities that sum to 1, and those that decoding sees', () => {
    const [{ ids, logProbability }] = model.decode([[3, 4]], 5);
    const target = ids.length < 5 ? ids : ids.slice(0, -1);
    const rows = tf.tidy(
      () => model.logProbabilities(batch([{ source: [3, 4], target }])).arraySync()[0],
    );
    for (const row of rows)
      expect(row.reduce((sum, log) => sum + Math.exp(log), 0)).toBeCloseTo(1, 5);
    const chosen = ids.length < 5 ? [...ids, Vocabulary.END] : ids;
    const total = chosen.reduce((sum, token, i) => sum + rows[i][token], 0);
    expect(total).toBeCloseTo(logProbability, 4);
  });

  test('has the saliency that finite differences measure', () => {
    const pair = { source: [3, 4, 5], target: [5, 4] }; // every letter once
    const saliency = model.saliency(pair);
    expect(saliency.map((row) => row.length)).toEqual([3, 3, 3]);
    const table = model.parameters.sourceEmbedding;
    const start = table.clone();
    const logs = () => {
      const rows = tf.tidy(() => model.logProbabilities(batch([pair])).arraySync()[0]);
      return [...pair.target, Vocabulary.END].map((token, i) => rows[i][token]);
    };
    pair.source.forEach((letter, j) => {
      const slopes = Array.from({ length: sizes.dEmbedding }, (_, d) => {
        const at = (t: number) => {
          const shift = tf.buffer(table.shape as [number, number]);
          shift.set(t, letter, d);
          table.assign(tf.add(start, shift.toTensor()));
          return logs();
        };
        const [plus, minus] = [at(3e-3), at(-3e-3)];
        return plus.map((log, i) => (log - minus[i]) / 6e-3);
      });
      pair.target.concat(Vocabulary.END).forEach((_, i) => {
        const length = Math.hypot(...slopes.map((slope) => slope[i]));
        expect(Math.abs(saliency[i][j] - length)).toBeLessThan(1e-3 + 0.02 * length);
      });
    });
    table.assign(start);
  });

  test('keeps no tensor', () => {
    expectNoLeak(() => model.logProbabilities(batch(pairs)).dispose());
    expectNoLeak(() => model.saliency(pairs[0]));
  });
});
