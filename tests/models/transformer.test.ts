import {
  Adam,
  batch,
  crossEntropy,
  type Decoded,
  Transformer,
  type TransformerOptions,
  tf,
  Vocabulary,
} from 'attention';
import { describe, expect, test } from 'vitest';
import { expectClose, golden } from '../golden/golden';
import { expectNoLeak } from '../helpers';

const small = (options: Partial<TransformerOptions> = {}) =>
  new Transformer({
    sourceTokens: 8,
    targetTokens: 7,
    dModel: 8,
    heads: 2,
    dHidden: 16,
    ...options,
  });
const worst = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];
const pairs = [
  { source: [3, 4, 5], target: [4, 3] },
  { source: [5, 3, 3, 6], target: [3, 6, 6, 4] },
  { source: [7], target: [5] },
];

/** The log probability of ids and end mark, by one pass over the whole target. */
function logProbability(model: Transformer, source: number[], { ids }: Decoded): number {
  const target = [...ids, Vocabulary.END];
  const loss = model.loss({ source: [source], target: [target] }, { training: false });
  return -loss.dataSync()[0] * target.length;
}

describe('Transformer', () => {
  test.each(golden('transformer'))(
    'agrees with nn.Transformer in logits, loss and every gradient, case %#',
    (example) => {
      const { source, target, ...values } = example.inputs;
      const { heads, norm, activation } = example.options;
      const [tokens, dModel] = values.sourceEmbedding.shape;
      const model = new Transformer({
        sourceTokens: tokens,
        targetTokens: values.targetEmbedding.shape[0],
        dModel,
        dHidden: values['encoder/0/feedForward/b1'].shape[0],
        layers: values['encoder/1/feedForward/b1'] ? 2 : 1,
        heads,
        norm,
        activation,
        bias: true,
        tied: !values.output,
        positions: values.sourcePositions ? 'learned' : 'sinusoidal',
        maxLength: 9,
      });
      expect(Object.keys(model.parameters).sort()).toEqual(Object.keys(values).sort());
      for (const [name, { shape, values: numbers }] of Object.entries(values)) {
        model.parameters[name].assign(tf.tensor(numbers, shape));
      }
      const ids = ({ shape, values: flat }: typeof source) =>
        tf.tensor(flat, shape).arraySync() as number[][];
      const pair = { source: ids(source), target: ids(target) };
      expectClose(model.loss(pair), example.outputs.loss, 1e-5, 'loss');

      const { grads } = tf.variableGrads(() => {
        const input = pair.target.map((row) => [Vocabulary.START, ...row.slice(0, -1)]);
        const { logits } = model.forward(pair.source, input);
        expectClose(logits, example.outputs.logits, 1e-5, 'logits');
        const { shape, values: cotangent } = example.cotangents.logits;
        const weighted = tf.sum(tf.mul(logits, tf.tensor(cotangent, shape)));
        return tf.add(weighted, tf.mul(model.loss(pair), example.cotangents.loss.values[0]));
      });
      for (const [name, expected] of Object.entries(example.gradients)) {
        expectClose(grads[model.parameters[name].name], expected, 1e-4, `gradient of ${name}`);
      }
      model.dispose();
    },
  );

  test('learns three pairs by heart', () => {
    const model = small({ dModel: 16, layers: 1, norm: 'pre' });
    const adam = new Adam(model.parameters, { learningRate: 0.01 });
    const all = batch(pairs);
    for (let step = 0; step < 100; step++) adam.minimize(() => model.loss(all));
    const decoded = model.decode(pairs.map((pair) => pair.source));
    expect(decoded.map(({ ids }) => ids)).toEqual(pairs.map((pair) => pair.target));
    // and says so: almost all of the probability
    for (const { logProbability } of decoded) expect(logProbability).toBeGreaterThan(-0.1);
    adam.dispose();
    model.dispose();
  });

  test.each(['post', 'pre'] as const)(
    'decodes with cache what one pass over the output says, %s-norm',
    (norm) => {
      const model = small({ norm, seed: 5 });
      const sources = pairs.map((pair) => pair.source);
      const decoded = model.decode(sources, 6);
      decoded.forEach((output, b) => {
        const input = [Vocabulary.START, ...output.ids].slice(0, 6);
        const { logits } = model.forward([sources[b]], [input]);
        const likeliest = [...tf.argMax(tf.squeeze(logits, [0]), -1).dataSync()];
        expect(likeliest.slice(0, output.ids.length)).toEqual(output.ids);
        const targets = tf.tensor1d(likeliest, 'int32');
        const mean = crossEntropy(tf.squeeze(logits, [0]), targets, tf.ones(targets.shape));
        expect(output.logProbability).toBeCloseTo(-mean.dataSync()[0] * likeliest.length, 4);
      });
      model.dispose();
    },
  );

  test('decodes each source as it would alone', () => {
    const model = small({ seed: 3 });
    const sources = pairs.map((pair) => pair.source);
    const together = model.decode(sources, 5);
    sources.forEach((source, b) => {
      const [alone] = model.decode([source], 5);
      expect(together[b].ids).toEqual(alone.ids);
      expect(together[b].logProbability).toBeCloseTo(alone.logProbability, 4);
      together[b].weights.flat().forEach((weight, i) => {
        expect(weight).toBeCloseTo(alone.weights.flat()[i], 5);
      });
    });
    model.dispose();
  });

  test('returns one row of weights for each id and the end mark, each with sum 1', () => {
    const model = small({ seed: 2 });
    for (const [b, { ids, weights }] of model
      .decode(
        pairs.map((p) => p.source),
        4,
      )
      .entries()) {
      expect(weights.length).toBe(Math.min(ids.length + 1, 4));
      for (const row of weights) {
        expect(row.length).toBe(pairs[b].source.length);
        expect(row.reduce((x, y) => x + y)).toBeCloseTo(1, 5);
      }
    }
    model.dispose();
  });

  test('finds with a wide beam the likeliest output of all, and with width 1 the greedy one', () => {
    // Ids 3 and 4 besides the special ones: 1 + 5 + 25 outputs of up to two ids.
    for (const seed of [1, 2, 3, 4]) {
      const model = small({ targetTokens: 5, layers: 1, seed });
      const source = [3, 4, 5];
      const outputs = [
        [],
        ...[0, 1, 3, 4].flatMap((a) => [[a], ...[0, 1, 3, 4].map((b) => [a, b])]),
      ];
      const best = Math.max(
        ...outputs.map((ids) => logProbability(model, source, { ids } as Decoded)),
      );
      const [wide] = model.decode([source], 3, { width: 25 });
      expect(wide.logProbability).toBeCloseTo(best, 4);
      expect(logProbability(model, source, wide)).toBeCloseTo(best, 4);

      const [greedy] = model.decode([source], 8);
      const [narrow] = model.decode([source], 8, { width: 4 });
      if (greedy.ids.length < 8) {
        expect(narrow.logProbability).toBeGreaterThan(greedy.logProbability - 1e-4);
      }
      model.dispose();
    }
  });

  test('goes on when all but one output of a beam have ended', () => {
    for (let seed = 1; seed <= 12; seed++) {
      const model = small({ targetTokens: 4, layers: 1, seed });
      const [found] = model.decode([[3, 4, 5]], 6, { width: 3 });
      if (found.ids.length < 6) {
        expect(logProbability(model, [3, 4, 5], found)).toBeCloseTo(found.logProbability, 4);
      }
      model.dispose();
    }
  });

  test('gives all weights of all layers and heads, for plots', () => {
    const model = small({ layers: 3 });
    const { weights } = model.forward([[3, 4, 5, 6]], [[1, 3]]);
    const shapes = (list: tf.Tensor[]) => list.map((t) => t.shape);
    expect(shapes(weights.encoder)).toEqual(Array(3).fill([1, 2, 4, 4]));
    expect(shapes(weights.decoder)).toEqual(Array(3).fill([1, 2, 2, 2]));
    expect(shapes(weights.cross)).toEqual(Array(3).fill([1, 2, 2, 4]));
    model.dispose();
  });

  test('does not see the future of its target, nor the padding of its source', () => {
    const model = small();
    const run = (source: number[], input: number[]) => model.forward([source], [input]).logits;
    const past = (logits: tf.Tensor) => logits.slice([0, 0, 0], [1, 2, -1]);
    const plain = run([3, 4], [1, 3, 4]);
    expect(worst(past(plain), past(run([3, 4], [1, 3, 6])))).toBeLessThan(1e-6);
    expect(worst(plain, run([3, 4, 0, 0], [1, 3, 4]))).toBeLessThan(1e-5);
    model.dispose();
  });

  test('drops and smooths in training only, the same for the same seed', () => {
    const loss = (options: Partial<TransformerOptions>, training: boolean) => {
      const model = small(options);
      const value = model.loss(batch(pairs), { training }).dataSync()[0];
      model.dispose();
      return value;
    };
    const plain = loss({}, true);
    expect(loss({ dropout: 0.3 }, false)).toBe(plain);
    expect(loss({ labelSmoothing: 0.1 }, false)).toBe(plain);
    expect(loss({ dropout: 0.3 }, true)).not.toBe(plain);
    expect(loss({ dropout: 0.3 }, true)).toBe(loss({ dropout: 0.3 }, true));
    expect(loss({ labelSmoothing: 0.1 }, true)).not.toBe(plain);
  });

  test('keeps no tensor but what it returns', () => {
    const model = small({ dropout: 0.1, labelSmoothing: 0.1 });
    const all = batch(pairs);
    expectNoLeak(() => tf.dispose(model.loss(all)));
    expectNoLeak(() => tf.dispose(model.forward(all.source, all.target)));
    expectNoLeak(() => model.decode([[3, 4], [5]], 4));
    expectNoLeak(() => model.decode([[3, 4], [5]], 4, { width: 3 }));
    model.dispose();
    expectNoLeak(() => small({ norm: 'pre', positions: 'learned', tied: false }).dispose());
  });

  test('refuses an empty source, a source too long for its positions, and heads that do not fit', () => {
    const model = small({ maxLength: 3 });
    expect(() => model.decode([[3], []])).toThrow('expected sources of at least one token each');
    expect(() => model.decode([[3, 3, 3, 3]])).toThrow(
      'positions 0…3 are not in a table of 3 rows',
    );
    model.dispose();
    expect(() => small({ heads: 3 })).toThrow('dModel 8 is not divisible by 3 heads');
  });
});
