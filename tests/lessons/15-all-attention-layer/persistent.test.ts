import {
  type AllAttention,
  allAttention,
  allAttentionModel,
  continued,
  languageModel,
  loadCharacters,
  shifted,
  softmaxFeedForward,
  tf,
  twoSoftmaxes,
} from 'attention';
import { describe, expect, test } from 'vitest';
import { difference } from '../../helpers';

const { train } = loadCharacters();
const ids = tf.tensor2d([...train.subarray(0, 20)], [1, 20], 'int32');
const count = ({ parameters }: { parameters: Record<string, tf.Tensor> }) =>
  Object.values(parameters).reduce((sum, { size }) => sum + size, 0);

describe('allAttentionModel', () => {
  test('has as many parameters as the plain model, less biases and a normalisation', () => {
    const [plain, all] = [languageModel(), allAttentionModel()];
    expect(count(plain) - count(all)).toBe(3 * (256 + 64 + 2 * 64));
    expect(count(allAttentionModel({ layers: 6, N: 64 })) - count(all)).toBe(3 * 128);
    expect(count(allAttentionModel({ layers: 9, N: 0 })) - count(all)).toBe(6 * 128);
  });

  test('with N = 0 is the plain model without its networks', () => {
    const [here, there] = [allAttentionModel({ N: 0 }), languageModel({ feedForward: 'none' })];
    expect(Object.keys(here.parameters)).toEqual(Object.keys(there.parameters));
    expect(difference(here.forward(ids).logits, there.forward(ids).logits)).toBeLessThan(1e-5);
  });

  test('uses the same vectors at first, whether they are stored small or not', () => {
    const [small, large] = [true, false].map((factors) => allAttentionModel({ N: 9, factors }));
    expect(difference(small.persistent(1).values, large.persistent(1).values)).toBeLessThan(1e-5);
    expect(difference(small.forward(ids).logits, large.forward(ids).logits)).toBeLessThan(1e-4);
    const stored = small.tree.layers[0].attention.own;
    expect(difference(tf.mul(stored.values, 3), small.persistent(0).values)).toBeLessThan(1e-5);
    expect(difference(tf.mul(stored.keys, 4), small.persistent(0).keys)).toBeLessThan(1e-5);
  });

  test('gives a persistent vector no position: equal characters ask it equally, wherever they stand', () => {
    const one = allAttentionModel({ N: 5, layers: 1 });
    const same = tf.fill([1, 6], 3, 'int32');
    const [weights] = one.forward(same).weights as tf.Tensor[];
    const [head] = (weights.arraySync() as number[][][][])[0];
    // Within a row, persistent vectors stand to one another as in every other row.
    for (const row of head) {
      expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
      for (let i = 7; i < 11; i++) expect(row[i] / row[6]).toBeCloseTo(head[0][i] / head[0][6], 3);
    }
  });

  test('sees no future, learns, leaves no tensor, and takes another mechanism', async () => {
    const one = allAttentionModel({ N: 8, seed: 2 });
    const before = tf.memory().numTensors;
    const losses = await one.train(train, { steps: 20, batch: 2, segment: 24 });
    expect(tf.memory().numTensors).toBe(before);
    expect(losses[19]).toBeLessThan(losses[0]);
    const cut = tf.slice(ids, [0, 0], [1, 12]);
    const past = tf.slice(one.forward(ids).logits, [0, 0, 0], [1, 12, -1]);
    expect(difference(past, one.forward(cut).logits)).toBeLessThan(1e-5);
    const layers: number[] = [];
    const again: AllAttention = (q, k, v, own, mask, place) => {
      layers.push(place.layer);
      return allAttention(q, k, v, own, mask, place);
    };
    const { logits } = one.forward(ids, { attention: one.broken(again) });
    expect(layers).toEqual([0, 1, 2]);
    expect(difference(logits, one.forward(ids).logits)).toBeLessThan(1e-6);
  });
});

test('two softmaxes differ from one by a gate', () => {
  const one = allAttentionModel({ N: 7, layers: 1, seed: 5 });
  let [gated, joint] = [tf.scalar(0) as tf.Tensor, tf.scalar(0) as tf.Tensor];
  const look: AllAttention = (q, k, v, own, mask, place) => {
    const both = allAttention(q, k, v, own, mask, place);
    const two = twoSoftmaxes(q, k, v, own, mask, place);
    const [a, b] = tf.split(both.weights, [k.shape[2], 7], -1);
    const [read, known] = tf.split(two.weights, [k.shape[2], 7], -1);
    const gate = tf.sum(b, -1, true);
    gated = tf.keep(tf.concat([tf.mul(read, tf.sub(1, gate)), tf.mul(known, gate)], -1));
    joint = tf.keep(tf.concat([a, b], -1));
    return both;
  };
  one.forward(ids, { attention: one.broken(look) });
  expect(difference(gated, joint)).toBeLessThan(1e-6);
});

test('a shift of −ln N makes all persistent vectors count as one character', () => {
  const one = allAttentionModel({ N: 7, layers: 1, seed: 5 });
  const massOf = (attend: AllAttention) => {
    const { weights } = one.forward(ids, { attention: one.broken(attend) });
    const known = tf.slice(weights[0] as tf.Tensor, [0, 0, 0, 20], [-1, -1, -1, 7]);
    return (tf.sum(known, -1).arraySync() as number[][][])[0][2];
  };
  const usual = massOf(allAttention);
  const unshifted = massOf(shifted(() => 0));
  const quiet = massOf(shifted((N) => -Math.log(N)));
  for (const [t, mass] of usual.entries()) {
    expect(unshifted[t]).toBeCloseTo(mass, 5);
    expect(quiet[t] / (1 - quiet[t])).toBeCloseTo(mass / (1 - mass) / 7, 4); // odds
  }
});

test('a softmax network is a weighted average of its values', () => {
  const model = languageModel({ feedForward: softmaxFeedForward, layers: 1, dHidden: 5 });
  const own = model.tree.layers[0].feedForward;
  const x = tf.randomNormal([2, 3, 64], 0, 3, 'float32', 4) as tf.Tensor3D;
  const { context } = softmaxFeedForward.apply(x, own, {} as never);
  const values = tf.mul(own.W2, Math.sqrt(5));
  const most = tf.add(tf.max(values, 0), own.b2);
  const least = tf.add(tf.min(values, 0), own.b2);
  expect(tf.min(tf.sub(most, context)).dataSync()[0]).toBeGreaterThan(-1e-5);
  expect(tf.min(tf.sub(context, least)).dataSync()[0]).toBeGreaterThan(-1e-5);
});

test('goes on with a text, the same for the same seed', () => {
  const one = allAttentionModel({ N: 4, layers: 1 });
  const text = continued(one, 'the ', { length: 12 });
  expect(text).toMatch(/^the [a-z ]{12}$/);
  expect(continued(one, 'the ', { length: 12 })).toBe(text);
  expect(continued(one, 'the ', { length: 12, seed: 2 })).not.toBe(text);
});
