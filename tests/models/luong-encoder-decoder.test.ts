import {
  Adam,
  batch,
  LuongEncoderDecoder,
  type LuongOptions,
  numberErrors,
  numberPair,
  numberWords,
  Vocabulary,
} from 'attention';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../golden/golden';
import { expectNoLeak } from '../helpers';

const sizes = { sourceTokens: 9, targetTokens: 8, dEmbedding: 5, units: 6, D: 1 };
const pairs = [
  { source: [3, 4, 5, 8], target: [5, 4] },
  { source: [6, 7], target: [3] },
];
const kinds: Partial<LuongOptions>[] = (
  ['global', 'location', 'monotonic', 'predictive'] as const
).flatMap((attention) => [true, false].map((inputFeeding) => ({ attention, inputFeeding })));

test.each(golden('luong-encoder-decoder'))('agrees with PyTorch, case %#', (example) => {
  expectGolden(example, ({ source, previous, ...parameters }, options) => {
    const own = { sourceTokens: 7, targetTokens: 6, dEmbedding: 3, units: 4, positions: 6 };
    const model = new LuongEncoderDecoder({ ...own, ...options });
    expect(Object.keys(model.parameters).sort()).toEqual(Object.keys(parameters).sort());
    Object.assign(model.parameters, parameters);
    const inputs = previous.arraySync() as number[][];
    const target = inputs.map((row) => [...row.slice(1), Vocabulary.END]);
    const rows = source.arraySync() as number[][];
    return { logProbabilities: model.logProbabilities({ source: rows, target }) };
  });
});

describe.each(kinds)('LuongEncoderDecoder, $attention, input feeding: $inputFeeding', (kind) => {
  const make = (seed = 1) => new LuongEncoderDecoder({ ...sizes, ...kind, seed });

  test('learns a few pairs by heart, and decodes them', () => {
    const model = make();
    const adam = new Adam(model.parameters, { learningRate: 0.03 });
    expect(model.loss(batch(pairs)).dataSync()[0]).toBeGreaterThan(1.5); // near ln 8
    for (let i = 0; i < 80; i++) adam.minimize(() => model.loss(batch(pairs)));
    expect(model.loss(batch(pairs)).dataSync()[0]).toBeLessThan(0.1);
    expect(model.decode(pairs.map((pair) => pair.source)).map((d) => d.ids)).toEqual([[5, 4], [3]]);
  });

  test('gives a source the same alone and beside a longer one, step by step and all at once', () => {
    const model = make();
    const [alone] = model.decode([[3, 4]], 5);
    const [beside] = model.decode([[3, 4], pairs[0].source], 5);
    expect(beside.ids).toEqual(alone.ids);
    expect(beside.logProbability).toBeCloseTo(alone.logProbability, 4);
    const pair = { source: [3, 4], target: alone.ids };
    const [{ weights, positions }] = model.align([pair, pairs[0]]);
    const steps = Math.min(weights.length, alone.weights.length);
    expect(steps).toBeGreaterThan(0);
    weights.slice(0, steps).forEach((row, t) => {
      row.forEach((w, s) => {
        expect(w).toBeCloseTo(alone.weights[t][s], 5);
        expect(w).toBeCloseTo(beside.weights[t][s], 5);
      });
    });
    const local = kind.attention === 'monotonic' || kind.attention === 'predictive';
    expect(positions).toHaveLength(local ? weights.length : 0);
    positions.slice(0, steps).forEach((p, t) => {
      expect(p).toBeCloseTo(alone.positions[t], 5);
    });
  });

  test('spreads a weight of 1 over the source, or of less under a Gaussian', () => {
    for (const row of make().align(pairs)[0].weights) {
      const sum = row.reduce((a, b) => a + b, 0);
      if (kind.attention === 'predictive') expect(sum).toBeLessThan(1);
      else expect(sum).toBeCloseTo(1, 5);
    }
  });

  test('keeps no tensor: loss, training step, decoding, aligning, dispose', () => {
    const model = make();
    const adam = new Adam(model.parameters);
    expectNoLeak(() => model.loss(batch(pairs)).dispose());
    expectNoLeak(() => adam.minimize(() => model.loss(batch(pairs))));
    expectNoLeak(() => model.decode([[3, 4]], 5));
    expectNoLeak(() => model.align(pairs));
    expectNoLeak(() => make().dispose());
  });
});

test('a decoder that nothing is handed over to begins the same for every source', () => {
  const model = new LuongEncoderDecoder({
    ...sizes,
    attention: 'predictive',
    handOver: false,
    inputFeeding: false,
  });
  const [one, two] = [
    [3, 4, 5, 8],
    [6, 7, 7, 3],
  ].map((source) => model.align([{ source, target: [3, 3] }])[0].positions);
  expect(one).toEqual(two);
});

test('is the same model for the same seed, another for another', () => {
  const loss = (seed: number) =>
    new LuongEncoderDecoder({ ...sizes, seed }).loss(batch(pairs)).dataSync()[0];
  expect(loss(1)).toBe(loss(1));
  expect(loss(1)).not.toBe(loss(2));
});

test('stops after maxSteps, and refuses an empty source', () => {
  const model = new LuongEncoderDecoder(sizes);
  expect(model.decode([[3, 4, 5]], 4)[0].ids.length).toBeLessThanOrEqual(4);
  expect(() => model.decode([[]])).toThrow('at least one token each');
  expect(() => model.decode([])).toThrow('at least one token each');
});

test('numberErrors counts numbers, words and links that are wrong', () => {
  const sizes = {
    sourceTokens: numberWords.german.size,
    targetTokens: numberWords.english.size,
    D: 1,
    attention: 'monotonic' as const,
    inputFeeding: false,
  };
  const model = new LuongEncoderDecoder(sizes);
  const numbers = [7, 100].map((n) => numberPair(n));
  const untrained = numberErrors(model, numbers);
  expect([untrained.number, untrained.word]).toEqual([1, 1]);
  const adam = new Adam(model.parameters, { learningRate: 0.03 });
  for (let i = 0; i < 60; i++) adam.minimize(() => model.loss(batch(numbers)));
  expect(numberErrors(model, numbers)).toMatchObject({ number: 0, word: 0 });
  expect(numberErrors(model, [numberPair(7)]).alignment).toBe(0); // one word has no choice
  expect(numberErrors(model, [numberPair(8)])).toMatchObject({ number: 1, word: 1 });
});
