import {
  causalMask,
  type DecoderLayerParameters,
  decoderLayer,
  decoderLayerParameters,
  dropout,
  encoderLayer,
  encoderLayerParameters,
  feedForward,
  feedForwardParameters,
  flatten,
  gelu,
  type KeyValueCache,
  keyValueCache,
  paddingMask,
  random,
  relu,
  tf,
  uniform,
} from 'attention';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden, type Tensors } from '../golden/golden';
import { expectGradient, expectNoLeak } from '../helpers';

const next = random(29);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const worst = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];

/** { 'attention/WQ': … } → { attention: { WQ: … } } */
function unflatten(flat: Tensors): DecoderLayerParameters {
  const tree: Record<string, Tensors> = {};
  for (const [path, tensor] of Object.entries(flat)) {
    const [group, name] = path.split('/');
    tree[group] = { ...tree[group], [name]: tensor };
  }
  return tree as never;
}

describe('encoderLayer', () => {
  test.each(golden('encoder-layer'))(
    'agrees with nn.TransformerEncoderLayer, case %#',
    (example) => {
      expectGolden(example, ({ x, present, ...p }, options) => {
        const mask = present?.expandDims(1);
        return { output: encoderLayer(x, unflatten(p), { ...options, mask }).output };
      });
    },
  );

  test.each(['post', 'pre'] as const)('with %s-norm ignores what stands in the padding', (norm) => {
    const p = encoderLayerParameters({ dModel: 4 }, next);
    const x = draw(2, 3, 4);
    const padded = tf.concat([x, tf.fill([2, 2, 4], 50)], 1);
    const mask = paddingMask([3, 3], 5);
    const { output } = encoderLayer(padded, p, { heads: 2, norm, mask });
    const plain = encoderLayer(x, p, { heads: 2, norm }).output;
    expect(worst(output.slice([0, 0, 0], [-1, 3, -1]), plain)).toBeLessThan(1e-5);
  });

  test('post-norm leaves every position with mean 0 and variance 1', () => {
    const p = encoderLayerParameters({ dModel: 8 }, next);
    const { output } = encoderLayer(draw(2, 3, 8), p, { heads: 2 });
    const { mean, variance } = tf.moments(output, -1);
    expect(worst(mean, tf.zeros([2, 3]))).toBeLessThan(1e-5);
    expect(worst(variance, tf.ones([2, 3]))).toBeLessThan(1e-3);
  });

  test('drops the same for the same seed, differently for another, and only if asked', () => {
    const p = encoderLayerParameters({ dModel: 4 }, next);
    const x = draw(1, 3, 4);
    const run = (seed: number) => {
      const options = { heads: 2, dropout: { rate: 0.5, next: random(seed) } };
      return encoderLayer(x, p, options).output;
    };
    expect(worst(run(1), run(1))).toBe(0);
    expect(worst(run(1), run(2))).toBeGreaterThan(0.01);
    expect(worst(run(1), encoderLayer(x, p, { heads: 2 }).output)).toBeGreaterThan(0.01);
  });

  test('keeps no tensor but what it returns', () => {
    const p = encoderLayerParameters({ dModel: 4, bias: true }, next);
    const x = draw(1, 3, 4);
    expectNoLeak(() => tf.dispose(encoderLayer(x, p, { heads: 2 })));
    const gradient = tf.grad((y) => tf.sum(tf.square(encoderLayer(y, p, { heads: 2 }).output)));
    expectNoLeak(() => gradient(x).dispose());
  });

  test('refuses an input that is not [batch, length, dModel]', () => {
    const p = encoderLayerParameters({ dModel: 4 }, next);
    expect(() => encoderLayer(draw(3, 4), p, { heads: 2 })).toThrow(
      'x: expected shape [batch, length, dModel], got [3, 4]',
    );
  });
});

describe('decoderLayer', () => {
  test.each(golden('decoder-layer'))(
    'agrees with nn.TransformerDecoderLayer, case %#',
    (example) => {
      expectGolden(example, ({ x, memory, present, ...p }, options) => {
        const memoryMask = present?.expandDims(1);
        return { output: decoderLayer(x, memory, unflatten(p), { ...options, memoryMask }).output };
      });
    },
  );

  test.each(['post', 'pre'] as const)(
    'with %s-norm gives step by step what it gives at once',
    (norm) => {
      const p = decoderLayerParameters({ dModel: 4, bias: true }, next);
      const [x, memory] = [draw(2, 5, 4), draw(2, 3, 4)];
      const options = { heads: 2, norm, memoryMask: paddingMask([2, 3], 3) };
      const whole = decoderLayer(x, memory, p, options);
      const source = keyValueCache(memory, memory, p.crossAttention, options);
      let past: KeyValueCache | undefined;
      // Two positions at the first call, then one at a time.
      const outputs = [
        [0, 2],
        [2, 1],
        [3, 1],
        [4, 1],
      ].map(([start, length]) => {
        const part = x.slice([0, start, 0], [-1, length, -1]);
        const result = decoderLayer(part, source, p, { ...options, past });
        past = result.past;
        return result;
      });
      const output = tf.concat(
        outputs.map((result) => result.output),
        1,
      );
      expect(worst(output, whole.output)).toBeLessThan(1e-5);
      const cross = tf.concat(
        outputs.map((result) => result.weights.cross),
        2,
      );
      expect(worst(cross, whole.weights.cross)).toBeLessThan(1e-5);
      const last = whole.weights.self.slice([0, 0, 4, 0], [-1, -1, 1, -1]);
      expect(worst(outputs[3].weights.self, last)).toBeLessThan(1e-5);
    },
  );

  test('does not see the future, unless another mask says so', () => {
    const p = decoderLayerParameters({ dModel: 4 }, next);
    const [x, memory] = [draw(1, 4, 4), draw(1, 3, 4)];
    const changed = tf.concat([x.slice([0, 0, 0], [-1, 2, -1]), draw(1, 2, 4)], 1);
    const past = (y: tf.Tensor, mask?: tf.Tensor) =>
      decoderLayer(y, memory, p, { heads: 2, mask }).output.slice([0, 0, 0], [-1, 2, -1]);
    expect(worst(past(x), past(changed))).toBeLessThan(1e-6);
    const all = tf.ones([4, 4]);
    expect(worst(past(x, all), past(changed, all))).toBeGreaterThan(1e-3);
    expect(worst(past(x), past(x, causalMask(4)))).toBe(0);
  });

  test('keeps no tensor but what it returns', () => {
    const p = decoderLayerParameters({ dModel: 4 }, next);
    const [x, memory] = [draw(1, 4, 4), draw(1, 3, 4)];
    expectNoLeak(() => tf.dispose(decoderLayer(x, memory, p, { heads: 2 })));
  });
});

describe('feedForward', () => {
  test('has the gradient that finite differences measure, for input and parameters', () => {
    const p = feedForwardParameters({ dModel: 3, dHidden: 5 }, next);
    const cotangent = draw(2, 3);
    for (const activation of ['relu', 'gelu'] as const) {
      const f = (x: tf.Tensor, W1: tf.Tensor, b1: tf.Tensor, W2: tf.Tensor, b2: tf.Tensor) =>
        tf.sum(tf.mul(feedForward(x, { W1, b1, W2, b2 }, activation), cotangent));
      // A small step: finite differences across the kink of relu mean nothing.
      const inputs = [draw(2, 3), p.W1, draw(5), p.W2, p.b2];
      expectGradient(f as never, inputs, { step: 1e-3 });
    }
  });

  test('treats every position alike', () => {
    const p = feedForwardParameters({ dModel: 3 }, next);
    expect(Object.values(p).map((t) => t.shape)).toEqual([[3, 12], [12], [12, 3], [3]]);
    const x = draw(2, 4, 3);
    const one = feedForward(x.slice([1, 2, 0], [1, 1, 3]), p);
    expect(worst(feedForward(x, p).slice([1, 2, 0], [1, 1, 3]), one)).toBeLessThan(1e-6);
  });
});

describe('activations', () => {
  test.each(golden('gelu'))('gelu agrees with PyTorch', (example) => {
    expectGolden(example, ({ x }) => ({ x, y: gelu(x) }));
  });

  test('gelu is 0 or x far from 0, without NaN', () => {
    expect([...gelu(tf.tensor1d([-1e4, 0, 1e4])).dataSync()]).toEqual([-0, 0, 1e4]);
  });

  test('relu is max(x, 0) with gradient 0 or 1', () => {
    const x = tf.tensor1d([-2, 3]);
    expect([...relu(x).dataSync()]).toEqual([0, 3]);
    expect([
      ...tf
        .grad((y) => tf.sum(relu(y)))(x)
        .dataSync(),
    ]).toEqual([0, 1]);
  });
});

describe('dropout', () => {
  test('drops the share it is told, keeps the mean, and drops the gradient at the same places', () => {
    const x = tf.ones([100, 100]);
    const drop = (y: tf.Tensor) => dropout(y, { rate: 0.25, next: random(3) });
    const dropped = tf.sum(tf.cast(tf.equal(drop(x), 0), 'float32')).dataSync()[0] / 1e4;
    expect(dropped).toBeCloseTo(0.25, 1);
    expect(tf.mean(drop(x)).dataSync()[0]).toBeCloseTo(1, 1);
    expect(worst(tf.grad((y) => tf.sum(drop(y)))(x), drop(x))).toBe(0);
  });

  test('draws anew each time from the same stream', () => {
    const stream = { rate: 0.5, next: random(3) };
    const x = tf.ones([20]);
    expect(worst(dropout(x, stream), dropout(x, stream))).toBeGreaterThan(0);
  });

  test('refuses a rate outside 0 … 1', () => {
    expect(() => dropout(tf.ones([2]), { rate: 1, next })).toThrow('expected 0 ≤ rate < 1, got 1');
  });
});

test('the parameters of a layer have the sizes of the paper', () => {
  const shapes = Object.entries(flatten(decoderLayerParameters({ dModel: 4 }, next)));
  expect(shapes.map(([name, t]) => `${name} ${(t as tf.Tensor).shape}`)).toEqual([
    ...['WQ', 'WK', 'WV', 'WO'].map((name) => `attention/${name} 4,4`),
    'attentionNorm/gain 4',
    'attentionNorm/bias 4',
    'feedForward/W1 4,16',
    'feedForward/b1 16',
    'feedForward/W2 16,4',
    'feedForward/b2 4',
    'feedForwardNorm/gain 4',
    'feedForwardNorm/bias 4',
    ...['WQ', 'WK', 'WV', 'WO'].map((name) => `crossAttention/${name} 4,4`),
    'crossNorm/gain 4',
    'crossNorm/bias 4',
  ]);
});
