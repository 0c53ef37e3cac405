import {
  Adam,
  adaptiveSpanAttention,
  adaptiveSpanParameters,
  allAttention,
  attentionInHeads,
  causalMask,
  type LanguageModel,
  type LanguageModelOptions,
  languageModel,
  persistentParameters,
  reversibleStack,
  sparseTransformerAttention,
  tf,
  transformerXLSublayer,
} from 'attention';
import { describe, expect, test } from 'vitest';
import { difference, expectNoLeak } from '../helpers';

const tiny = { tokens: 5, dModel: 4, heads: 2, dHidden: 6, layers: 2 };
const ids = (batch: number, length: number) =>
  tf.tensor2d(
    Array.from({ length: batch * length }, (_, i) => (i * i + 3 * i) % 5),
    [batch, length],
    'int32',
  );
const logitsOf = (model: LanguageModel, x: tf.Tensor, how = {}) => model.forward(x, how).logits;

const variants: Record<string, LanguageModelOptions> = {
  rotary: {},
  sinusoidal: { positions: 'sinusoidal' },
  'Transformer-XL': { attention: transformerXLSublayer, positions: 'none' },
  'adaptive span': {
    attention: attentionInHeads(
      ({ dModel, heads }, next) =>
        adaptiveSpanParameters({ heads, z: 1.5, maxSpan: 8, dKey: dModel / heads }, next),
      (own) => (q, k, v) => adaptiveSpanAttention(q, k, v, own, undefined, { ramp: 2, round: 1 }),
    ),
    positions: 'none',
  },
  'all-attention': {
    attention: attentionInHeads(
      ({ dModel, heads }, next) =>
        persistentParameters({ N: 6, dKey: dModel / heads, heads }, next),
      (own) => (q, k, v) => allAttention(q, k, v, own, causalMask(q.shape[2], k.shape[2])),
    ),
    feedForward: 'none',
  },
  sparse: {
    attention: attentionInHeads(
      () => ({}),
      (_, { layer: use }) =>
        (q, k, v) =>
          sparseTransformerAttention(q, k, v, undefined, { pattern: 'fixed', stride: 2, use }),
    ),
  },
  reversible: {
    stack: (x, blocks) => {
      const pairs = blocks.map(({ F, G }) => ({ F, G: G as typeof F }));
      return tf.add(...reversibleStack(x, x, pairs)) as tf.Tensor3D;
    },
  },
};

describe('languageModel', () => {
  test('is what plain arrays make of the formulas', () => {
    const model = languageModel({ ...tiny, positions: 'sinusoidal', seed: 3 });
    // Gains and biases that do something.
    for (const [name, variable] of Object.entries(model.parameters))
      if (/gain|bias|b\d?$/.test(name))
        variable.assign(
          tf.add(variable, tf.randomUniform(variable.shape, -0.3, 0.3, 'float32', 7)),
        );
    const wanted = byArrays(model, [...ids(1, 4).dataSync()]);
    expect(difference(logitsOf(model, ids(1, 4)), [wanted])).toBeLessThan(1e-5);
  });

  test.each(Object.entries(variants))('%s sees the past only, and learns', (_, variant) => {
    const model = languageModel({ ...tiny, ...variant });
    const x = ids(2, 7);
    const { logits } = model.forward(x);
    expect(logits.shape).toEqual([2, 7, 5]);
    const late = tf.concat([x.slice([0, 0], [2, 5]), tf.zeros([2, 2], 'int32')], 1);
    const begin = (y: tf.Tensor) => y.slice([0, 0, 0], [-1, 5, -1]);
    expect(difference(begin(logitsOf(model, late)), begin(logits))).toBeLessThan(1e-6);
    const loss = () =>
      tf.neg(tf.mean(tf.logSoftmax(logitsOf(model, x)).slice([0, 0, 2], [-1, -1, 1])));
    const adam = new Adam(model.parameters, { learningRate: 0.05 });
    const losses = Array.from({ length: 8 }, () => adam.minimize(loss));
    expect(losses[7]).toBeLessThan(losses[0]);
    adam.dispose();
  });

  test.each(Object.entries(variants))(
    '%s has the gradients of finite differences',
    (_, variant) => {
      const model = languageModel({ ...tiny, ...variant, seed: 2 });
      const list = Object.values(model.parameters);
      const loss = () => tf.mean(tf.square(logitsOf(model, ids(2, 6))));
      const { grads } = tf.variableGrads(loss as () => tf.Scalar, list);
      const directions = list.map((v, i) => tf.randomNormal(v.shape, 0, 1, 'float32', 5 + i));
      const start = list.map((v) => tf.clone(v));
      const at = (step: number) => {
        list.forEach((v, i) => v.assign(tf.add(start[i], tf.mul(directions[i], step))));
        return loss().dataSync()[0];
      };
      const numeric = (at(5e-4) - at(-5e-4)) / 1e-3;
      at(0);
      const exact = list.reduce(
        (sum, v, i) => sum + tf.sum(tf.mul(grads[v.name], directions[i])).dataSync()[0],
        0,
      );
      expect(Math.abs(numeric - exact)).toBeLessThan(0.03 * Math.max(1, Math.abs(exact)));
    },
  );

  test.each(['Transformer-XL', 'rotary'])(
    '%s with a memory reads segments as the whole',
    (name) => {
      const model = languageModel({ ...tiny, ...variants[name] });
      const x = ids(2, 9);
      const whole = logitsOf(model, x);
      let memories: tf.Tensor3D[] = [];
      const parts = [0, 3, 6].map((first) => {
        const read = model.forward(x.slice([0, first], [-1, 3]), { memories, memoryLength: 9 });
        memories = read.memories;
        return read.logits;
      });
      expect(memories.map((m) => m.shape)).toEqual([
        [2, 9, 4],
        [2, 9, 4],
      ]);
      expect(difference(tf.concat(parts, 1), whole)).toBeLessThan(1e-5);
    },
  );

  test('with numbered places and a memory does not', () => {
    const model = languageModel({ ...tiny, positions: 'sinusoidal' });
    const x = ids(2, 6);
    const first = model.forward(x.slice([0, 0], [-1, 3]), { memoryLength: 3 });
    const second = model.forward(x.slice([0, 3], [-1, 3]), { memories: first.memories });
    const whole = logitsOf(model, x).slice([0, 3, 0], [-1, 3, -1]);
    expect(difference(second.logits, whole)).toBeGreaterThan(1e-3);
  });

  test('gives the weights of each layer, keeps no other tensor, and can be broken for a call', () => {
    const model = languageModel(tiny);
    const x = ids(2, 5);
    const { weights } = model.forward(x);
    for (const one of weights as tf.Tensor[]) {
      expect(one.shape).toEqual([2, 2, 5, 5]);
      expect(difference(tf.sum(one, -1), tf.ones([2, 2, 5]))).toBeLessThan(1e-5);
    }
    for (const how of [{}, { memoryLength: 3 }])
      expectNoLeak(() => tf.dispose({ ...model.forward(x, how) } as never));
    const blind = (y: tf.Tensor3D) => ({ context: tf.zerosLike(y) });
    expect(difference(logitsOf(model, x, { attention: blind }), logitsOf(model, x))).not.toBe(0);
  });

  test('refuses what does not fit', () => {
    const model = languageModel(tiny);
    expect(() => model.forward(tf.zeros([5], 'int32'))).toThrow(
      'ids: expected shape [batch, length]',
    );
    expect(() => model.forward(tf.zeros([1, 5]))).toThrow('int32');
    expect(() => languageModel({ ...tiny, layers: 0 })).toThrow('layers');
    const memories = model.forward(ids(1, 2), { memoryLength: 2 }).memories.slice(1);
    expect(() => model.forward(ids(1, 2), { memories })).toThrow('expected 2 memories');
    const back = languageModel({ ...tiny, ...variants.reversible });
    expect(() => back.forward(ids(1, 2), { memoryLength: 2 })).toThrow('no memory');
  });
});

/** The plain model, position by position, in plain arrays. */
function byArrays(model: LanguageModel, text: number[]): number[][] {
  const { dModel, heads } = model.sizes;
  const p = (name: string) => model.parameters[name].arraySync() as any;
  const plus = (a: number[], b: number[]) => a.map((x, c) => x + b[c]);
  const times = (x: number[], W: number[][]) =>
    W[0].map((_, c) => x.reduce((sum, xi, r) => sum + xi * W[r][c], 0));
  const norm = (x: number[], name: string) => {
    const mean = x.reduce((a, b) => a + b) / x.length;
    const variance = x.reduce((sum, y) => sum + (y - mean) ** 2, 0) / x.length;
    const y = x.map((one) => (one - mean) / Math.sqrt(variance + 1e-5));
    return y.map((one, c) => one * p(`${name}/gain`)[c] + p(`${name}/bias`)[c]);
  };
  let rows = text.map((id, place) =>
    (p('embedding')[id] as number[]).map((x, c) => {
      const angle = place / 10000 ** ((c - (c % 2)) / dModel);
      return x * Math.sqrt(dModel) + (c % 2 ? Math.cos(angle) : Math.sin(angle));
    }),
  );
  for (let n = 0; n < model.sizes.layers; n++) {
    const at = `layers/${n}`;
    const normed = rows.map((x) => norm(x, `${at}/attentionNorm`));
    const [q, k, v] = ['WQ', 'WK', 'WV'].map((W) =>
      normed.map((x) => times(x, p(`${at}/attention/${W}`))),
    );
    const depth = dModel / heads;
    rows = rows.map((x, i) => {
      const joined = Array.from({ length: heads }, (_, h) => {
        const own = (y: number[]) => y.slice(h * depth, (h + 1) * depth);
        const scores = k
          .slice(0, i + 1)
          .map((key) => own(q[i]).reduce((sum, y, c) => sum + y * own(key)[c], 0));
        const powers = scores.map((s) => Math.exp(s / Math.sqrt(depth)));
        const total = powers.reduce((a, b) => a + b);
        return own(v[0]).map((_, c) =>
          powers.reduce((sum, e, j) => sum + (e / total) * own(v[j])[c], 0),
        );
      }).flat();
      return plus(x, times(joined, p(`${at}/attention/WO`)));
    });
    rows = rows.map((x) => {
      const y = norm(x, `${at}/feedForwardNorm`);
      const name = `${at}/feedForward`;
      const hidden = plus(times(y, p(`${name}/W1`)), p(`${name}/b1`)).map((h) => Math.max(0, h));
      return plus(x, plus(times(hidden, p(`${name}/W2`)), p(`${name}/b2`)));
    });
  }
  return rows.map((x) => plus(times(norm(x, 'norm'), p('output/W')), p('output/b')));
}
