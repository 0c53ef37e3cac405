import {
  deepModel,
  dropping,
  inChunks,
  keepingStack,
  languageModel,
  longReformer,
  lshSublayer,
  random,
  reversibleModel,
  runStep,
  sharedQueryKey,
  stepMegabytes,
  stepOf,
  tf,
} from 'attention';
import { describe, expect, test } from 'vitest';
import { difference, expectNoLeak } from '../../helpers';

const sizes = { dModel: 16, heads: 2, dHidden: 32, layers: 3, seed: 5 };
const next = random(9);
const ids = (length: number, batch = 2) =>
  tf.tensor2d(
    Array.from({ length: batch * length }, () => Math.floor(27 * next())),
    [batch, length],
    'int32',
  );
const gradients = ({ model }: ReturnType<typeof reversibleModel>) => {
  const list = Object.values(model.parameters);
  const { grads } = tf.variableGrads(
    stepOf(model, { batch: 2, length: 12 }).loss as () => tf.Scalar,
    list,
  );
  return list.map(({ name }) => grads[name]);
};
const worst = (a: tf.Tensor[], b: tf.Tensor[]) => Math.max(...a.map((x, i) => difference(x, b[i])));

describe('reversibleModel', () => {
  test('has the parameters of the plain model, and the gradients of blocks that keep everything', () => {
    const shapes = (parameters: Record<string, tf.Tensor>) =>
      Object.entries(parameters).map(([name, { shape }]) => `${name} ${shape}`);
    const one = reversibleModel(sizes);
    expect(shapes(one.parameters)).toEqual(shapes(languageModel(sizes).parameters));
    const kept = reversibleModel({ ...sizes, stack: keepingStack });
    expect(worst(gradients(one), gradients(kept))).toBeLessThan(1e-5);
  });

  test('replays what is dropped, or not', () => {
    const dropped = (replay: boolean, stack?: typeof keepingStack) =>
      gradients(
        reversibleModel({ ...sizes, dress: dropping(replay, random(3)), ...(stack && { stack }) }),
      );
    const right = dropped(true, keepingStack);
    expect(worst(dropped(true), right)).toBeLessThan(1e-5);
    expect(worst(dropped(false), right)).toBeGreaterThan(1e-3);
  });

  test('keeps no tensor but what it returns', () => {
    const step = stepOf(reversibleModel(sizes).model, { batch: 1, length: 8 });
    expectNoLeak(() => runStep(step));
  });
});

describe('sharedQueryKey', () => {
  test('is what LSH attention computes when all positions meet', () => {
    const text = ids(20);
    const all = { rounds: 1, chunkLength: 64, buckets: 2, acrossBuckets: true };
    const [full, lsh] = [sharedQueryKey, lshSublayer(all)].map(
      (attention) => languageModel({ ...sizes, attention }).forward(text).logits,
    );
    expect(difference(full, lsh)).toBeLessThan(1e-5);
  });

  test('sees the past only', () => {
    const model = languageModel({ ...sizes, attention: sharedQueryKey });
    const text = ids(10);
    const other = tf.concat([text.slice([0, 0], [-1, 6]), ids(4)], 1);
    const start = (x: tf.Tensor) => model.forward(x).logits.slice([0, 0, 0], [-1, 6, -1]);
    expect(difference(start(text), start(other))).toBeLessThan(1e-6);
  });
});

describe('lshSublayer', () => {
  test('finds the same buckets on the way back', () => {
    const options = { ...sizes, attention: lshSublayer({ chunkLength: 4, buckets: 4, seed: 2 }) };
    const again = { ...sizes, attention: lshSublayer({ chunkLength: 4, buckets: 4, seed: 2 }) };
    const [one, kept] = [
      reversibleModel(options),
      reversibleModel({ ...again, stack: keepingStack }),
    ];
    expect(worst(gradients(one), gradients(kept))).toBeLessThan(1e-4);
  });
});

test('inChunks computes what the plain feed-forward network does', () => {
  const text = ids(9);
  const [whole, chunked] = [{}, { feedForward: inChunks(4) }].map(
    (options) => languageModel({ ...sizes, ...options }).forward(text).logits,
  );
  expect(difference(whole, chunked)).toBeLessThan(1e-5);
});

test('a reversible layer more costs the gradients of its parameters, a plain one much more', () => {
  const amount = { batch: 4, length: 64 };
  const slope = (kind: 'plain' | 'kept' | 'reversible') => {
    const [two, six] = [2, 6].map((layers) =>
      stepMegabytes(stepOf(deepModel(kind, layers), amount)),
    );
    return (six - two) / 4;
  };
  const layer = (4 * (4 * 64 ** 2 + 2 * 64 * 256 + 256 + 64 + 4 * 64)) / 2 ** 20;
  expect(slope('reversible')).toBeCloseTo(layer, 2);
  expect(slope('plain')).toBeGreaterThan(10 * layer);
  expect(slope('kept')).toBeGreaterThan(10 * layer);
});

test('longReformer learns from windows of any length', async () => {
  const one = longReformer({ length: 96, blocks: 1, dModel: 16, dFeedForward: 32 });
  const text = Uint8Array.from({ length: 2000 }, (_, i) => i % 5);
  const losses = await one.train(text, { steps: 12, learningRate: 0.02 });
  expect(losses[11]).toBeLessThan(0.8 * losses[0]);
  expect(one.bits(text, 2)).toBeLessThan(losses[0] / Math.LN2);
});
