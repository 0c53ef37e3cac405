import { spawnSync } from 'node:child_process';
import {
  additiveAttention,
  additiveParameters,
  attentiveGru,
  type Blocks,
  backendName,
  blockAttention,
  causalMask,
  decoderLayer,
  decoderLayerParameters,
  dense,
  encoderLayer,
  encoderLayerParameters,
  feedForward,
  flatten,
  type GruParameters,
  gru,
  layerNorm,
  lstm,
  lstmCell,
  lstmn,
  lstmnParameters,
  multiHeadAttention,
  multiHeadParameters,
  random,
  rotaryPositions,
  scaledDotProductAttention,
  segmentAttention,
  softAttention,
  tf,
  transformerXLParameters,
  uniform,
  unionAttention,
} from 'attention';
import { describe, expect, test } from 'vitest';
import { hasFused } from '../../../src/tensors/fused/operation';
import { findCompiler } from '../../../tools/setup/cpp';
import { difference, expectNoLeak } from '../../helpers';

const next = random(7);
const draw = (...shape: number[]) => uniform(shape, next, 1);
// Of Glorot's size: with larger weights a recurrence is chaotic, and makes much of the last digit.
const cell = (inputDepth: number, units: number): GruParameters => ({
  gates: uniform([inputDepth + units, 2 * units], next),
  gatesBias: draw(2 * units),
  candidate: uniform([inputDepth + units, units], next),
  candidateBias: draw(units),
});

/** Values and all gradients of Σ f² on the plain path. */
function plainly<T>(run: () => T): T {
  process.env.ATTENTION_FUSED = 'off';
  try {
    return run();
  } finally {
    delete process.env.ATTENTION_FUSED;
  }
}

/** Expects the same value and the same gradients of Σ f² with and without fused operations. */
function expectSame(f: (...inputs: tf.Tensor[]) => tf.Tensor, inputs: tf.Tensor[]) {
  const all = () => {
    const { value, grads } = tf.valueAndGrads((...x) => tf.sum(tf.square(f(...x))))(inputs);
    return [value, ...grads];
  };
  const [fused, plain] = [all(), plainly(all)];
  for (const [i, x] of plain.entries()) {
    const largest = tf.max(tf.abs(x)).dataSync()[0];
    expect(difference(fused[i], x)).toBeLessThan(1e-4 * Math.max(1, largest));
  }
}

const mask = (...shape: number[]) => tf.cast(tf.greater(draw(...shape), -0.3), 'float32');

const expected =
  backendName() === 'tensorflow' &&
  process.env.ATTENTION_FUSED !== 'off' &&
  process.platform === 'linux' &&
  findCompiler();
test.runIf(expected)('fused operations are there, with a compiler', () => {
  expect(hasFused()).toBe(true);
});

describe.runIf(hasFused())('fused operations', () => {
  // Depths that fill no register, one and many rows, more threads' worth than one.
  const sizes = [
    [1, 1, 1, 1, 1, 1, 1],
    [2, 3, 5, 7, 4, 9, 3],
    [3, 1, 17, 33, 1, 5, 19],
    [33, 6, 40, 65, 11, 37, 31],
  ];
  test.each(sizes)('gru is the plain one for sizes %i, %i, %i, %i', (batch, time, depth, units) => {
    const [x, h] = [draw(batch, time, depth), draw(batch, units)];
    const { gates, gatesBias, candidate, candidateBias } = cell(depth, units);
    const visible = mask(batch, time);
    for (const reverse of [false, true])
      for (const hidden of [undefined, visible])
        expectSame(
          (...[input, initial, G, bG, C, bC]) =>
            gru(input, { gates: G, gatesBias: bG, candidate: C, candidateBias: bC }, hidden, {
              reverse,
              initial,
            }),
          [x, h, gates, gatesBias, candidate, candidateBias],
        );
  });

  test.each(sizes)(
    'attentiveGru is the plain one for sizes %i, %i, %i, %i, %i, %i, %i',
    (batch, time, depth, units, keys, dKey, dAttention) => {
      const { gates, gatesBias, candidate, candidateBias } = cell(depth + dKey, units);
      const aligner = Object.values(
        additiveParameters({ queryDepth: units, keyDepth: dKey, dAttention }, next),
      );
      const inputs = [draw(batch, time, depth), draw(batch, units), draw(batch, keys, dKey)];
      // The first example sees nothing at all.
      const visible = tf
        .concat([tf.zeros([1, keys]), mask(batch, keys)])
        .slice([0, 0], [batch, -1]);
      for (const hidden of [undefined, visible])
        expectSame(
          (...[x, initial, annotations, W, U, v, G, bG, C, bC]) => {
            const parameters = {
              cell: { gates: G, gatesBias: bG, candidate: C, candidateBias: bC },
              aligner: { W, U, v },
            };
            const { states, contexts } = attentiveGru(x, initial, annotations, parameters, hidden);
            return tf.concat([states, contexts], 2);
          },
          [...inputs, ...aligner, gates, gatesBias, candidate, candidateBias],
        );
    },
  );

  test.each(sizes)(
    'lstm is the plain one for sizes %i, %i, %i, %i',
    (batch, time, depth, units) => {
      const states = [draw(batch, units), draw(batch, units)];
      const inputs = [draw(batch, time, depth), ...states];
      inputs.push(uniform([depth + units, 4 * units], next));
      const visible = mask(batch, time);
      for (const reverse of [false, true])
        for (const hidden of [undefined, visible])
          expectSame(
            (...[x, h, c, W, b]) => {
              const run = lstm(x, { W, b }, hidden, { reverse, initial: { h, c } });
              return tf.concat(
                [run.states, run.final.h.expandDims(1), run.final.c.expandDims(1)],
                1,
              );
            },
            [...inputs, draw(4 * units)],
          );
      const [x] = [draw(batch, depth)];
      expectSame(
        (...[y, h, c, W, b]) => {
          const step = lstmCell(y, { h, c }, { W, b });
          return tf.concat([step.h, step.c], 1);
        },
        [x, ...inputs.slice(1), draw(4 * units)],
      );
    },
  );

  // Of a single step the weights are 0, and have no gradient.
  test.each(sizes.filter(([, time]) => time > 1))(
    'lstmn is the plain one for sizes %i, %i, %i, %i, weights included',
    (batch, time, inputDepth, units, dAttention) => {
      const { intra, lstm: cell } = lstmnParameters({ inputDepth, units, dAttention }, next);
      const parameters = [intra.W, intra.U, intra.v, cell.W, draw(4 * units)];
      expectSame(
        (...[x, W, U, v, gates, b]) => {
          const run = lstmn(x, { intra: { W, U, v }, lstm: { W: gates, b } });
          return tf.concat([run.tape, run.states, tf.mul(run.weights, 3)], 2);
        },
        [draw(batch, time, inputDepth), ...parameters],
      );
    },
  );

  test('blockAttention and unionAttention are the plain ones, also where blocks have gaps', () => {
    const [even, odd] = [0, 1].map((from) => [from, from + 2, from + 4]);
    const patterns: Blocks[] = [
      // Position 3 sees nothing; a block has no fourth key, and no fourth query.
      {
        queries: [[...even, -1], odd],
        keys: [[1, -1, 5, 3], even],
        sees: (i) => i !== 3,
      },
      { queries: [[0, 1, 2, 3, 4, 5]], keys: [even], sees: (i, j) => i % 2 === j % 2 },
    ];
    for (const lead of [[2], [2, 3]]) {
      const inputs = [draw(...lead, 6, 5), draw(...lead, 6, 5), draw(...lead, 6, 7)];
      for (const visible of [undefined, mask(...lead, 1, 6), tf.zeros([2, ...lead.slice(1), 1, 6])])
        for (const attend of [
          (...x: tf.Tensor3D[]) => blockAttention(x[0], x[1], x[2], patterns[0], visible),
          (...x: tf.Tensor3D[]) => unionAttention(x[0], x[1], x[2], patterns, visible),
        ])
          expectSame((...x) => {
            const { context, weights } = attend(...(x as tf.Tensor3D[]));
            return tf.concat([context.flatten(), tf.mul(weights.weights, 3).flatten()]);
          }, inputs);
    }
  });

  // batch, queries, keys, heads, depth of a head
  const lengths = [
    [1, 1, 1, 1, 1],
    [2, 5, 3, 3, 2],
    [3, 70, 9, 2, 17],
    [2, 33, 130, 4, 8],
  ];
  /** Masks of every shape that is allowed; in the last one a query sees nothing. */
  const masks = (batch: number, heads: number, queries: number, keys: number) => [
    undefined,
    mask(batch, 1, keys),
    mask(batch, heads, queries, keys),
    mask(1, 1, queries, 1),
  ];
  test.each(lengths)(
    'multiHeadAttention is the plain one for sizes %i, %i, %i, %i, %i, weights and context',
    (batch, queries, keys, heads, depth) => {
      const dModel = heads * depth;
      const [x, y] = [draw(batch, queries, dModel), draw(batch, keys, dModel)];
      const W = [1, 2, 3, 4].map(() => uniform([dModel, dModel], next));
      const b = [1, 2, 3, 4].map(() => uniform([dModel], next, 0.1));
      const read = (query: tf.Tensor, memory: tf.Tensor, all: tf.Tensor[], visible?: tf.Tensor) => {
        const [WQ, WK, WV, WO, bQ, bK, bV, bO] = all;
        const parameters = { WQ, WK, WV, WO, bQ, bK, bV, bO };
        const options = { heads, mask: visible };
        const { context, weights } = multiHeadAttention(query, memory, memory, parameters, options);
        // Half of the loss looks at the weights.
        return tf.concat([context.flatten(), tf.mul(weights, 3).flatten()]);
      };
      for (const visible of masks(batch, heads, queries, keys))
        expectSame((q, m, ...all) => read(q, m, all, visible), [x, y, ...W, ...b]);
      for (const visible of masks(batch, heads, queries, queries))
        expectSame((q, ...all) => read(q, q, all, visible), [x, ...W, ...b]);
    },
  );

  test.each(lengths)(
    'multiHeadAttention with an attention of one’s own is the plain one for sizes %i, %i, %i, %i, %i',
    (batch, queries, _, heads, depth) => {
      const dModel = heads * depth;
      const Ws = [1, 2, 3, 4].map(() => uniform([dModel, dModel], next));
      // Each of queries, keys and values in its own way, and keys not at all.
      for (const attend of [
        (q: tf.Tensor4D, k: tf.Tensor4D, v: tf.Tensor4D) => ({
          context: tf.add(tf.mul(q, k), v) as tf.Tensor4D,
          weights: tf.sin(v) as tf.Tensor4D,
        }),
        (q: tf.Tensor4D, _: tf.Tensor4D, v: tf.Tensor4D) => ({
          context: tf.mul(q, v) as tf.Tensor4D,
          weights: q,
        }),
      ])
        expectSame(
          (x, WQ, WK, WV, WO) => {
            const parameters = { WQ, WK, WV, WO };
            const found = multiHeadAttention(x, x, x, parameters, { heads, attend });
            const unused = tf.mul(0, tf.sum(WK));
            return tf.add(tf.concat([found.context.flatten(), found.weights.flatten()]), unused);
          },
          [draw(batch, queries, dModel), ...Ws],
        );
    },
  );

  test.each(lengths)(
    'scaledDotProductAttention is the plain one for sizes %i, %i, %i, %i, %i',
    (batch, queries, keys, heads, depth) => {
      for (const lead of [[batch], [batch, heads]]) {
        const visible = mask(...lead, queries, keys);
        const inputs = [
          draw(...lead, queries, depth),
          draw(...lead, keys, depth),
          draw(...lead, keys, depth + 3),
        ];
        for (const hidden of [undefined, visible])
          for (const part of ['context', 'weights'] as const)
            expectSame(
              (...[q, k, v]) =>
                tf.add(
                  scaledDotProductAttention(q, k, v, hidden, { scale: -0.7 })[part],
                  tf.mul(0, tf.sum(v)),
                ),
              inputs,
            );
      }
    },
  );

  test.each(lengths)(
    'softAttention is the plain one for sizes %i, %i, %i, %i, %i',
    (batch, queries, keys, heads, depth) => {
      for (const lead of [[batch], [batch, heads]])
        for (const visible of [
          undefined,
          mask(...lead, queries, keys),
          mask(batch, ...lead.slice(1).map(() => 1), 1, keys),
          mask(...lead.map(() => 1), queries, 1),
        ])
          expectSame(
            (...[logits, values]) => {
              const { context, weights } = softAttention(logits, values, visible);
              return tf.concat([context.flatten(), tf.mul(weights, 3).flatten()]);
            },
            [draw(...lead, queries, keys), draw(...lead, keys, depth)],
          );
    },
  );

  test.each(lengths)(
    'additiveAttention is the plain one for sizes %i, %i, %i, %i, %i',
    (batch, queries, keys, depth, dAttention) => {
      const sizes = { queryDepth: depth, keyDepth: depth + 1, dAttention };
      const inputs = [draw(batch, queries, depth), draw(batch, keys, depth + 1)];
      const parameters = Object.values(additiveParameters(sizes, next));
      for (const visible of [undefined, mask(batch, 1, keys), mask(1, queries, 1)])
        expectSame(
          (...[q, k, values, W, U, v]) => {
            const found = additiveAttention(q, k, values, { W, U, v }, visible);
            return tf.concat([found.context.flatten(), tf.mul(found.weights, 3).flatten()]);
          },
          [...inputs, draw(batch, keys, 5), ...parameters],
        );
    },
  );

  test.each(lengths)(
    'segmentAttention is the plain one for sizes %i, %i, %i, %i, %i, with and without memory',
    (batch, queries, remembered, heads, dHead) => {
      const dModel = 2 * heads * dHead;
      const { u, v, ...matrices } = transformerXLParameters({ dModel, heads, dHead }, next);
      const names = [...Object.keys(matrices), 'u', 'v'];
      const inputs = [draw(batch, queries, dModel), ...Object.values(matrices), u, v];
      for (const memory of [undefined, draw(batch, remembered, dModel)])
        for (const visible of masks(batch, heads, queries, (memory ? remembered : 0) + queries))
          expectSame((x, ...values) => {
            const all = Object.fromEntries(names.map((name, i) => [name, values[i]])) as never;
            const { context, weights } = segmentAttention(x, memory, all, {
              mask: visible?.rank === 3 ? visible.expandDims(1) : visible,
            });
            return tf.concat([context.flatten(), tf.mul(weights, 3).flatten()]);
          }, inputs);
    },
  );

  test('queries and keys are turned by their positions as on the plain path', () => {
    for (const [queries, keys, heads, d] of [
      [1, 1, 1, 2],
      [5, 9, 3, 6],
      [40, 40, 2, 10],
    ]) {
      const dModel = heads * d;
      const inputs = [draw(2, queries, dModel), draw(2, keys, dModel)];
      const W = multiHeadParameters({ dModel }, next);
      const options = { heads, rotary: true, mask: causalMask(queries, keys) };
      expectSame((x) => rotaryPositions(x, -3), [draw(2, queries, d)]);
      expectSame((x, y) => multiHeadAttention(x, y, y, W, options).context, inputs);
      const itself = { ...options, mask: causalMask(queries, queries) };
      expectSame((x) => multiHeadAttention(x, x, x, W, itself).context, inputs.slice(0, 1));
    }
  });

  test('dense layers and norms are the plain ones for any size', () => {
    for (const [rows, depth, columns] of [
      [1, 1, 1],
      [3, 17, 5],
      [150, 65, 130],
    ]) {
      const inputs = [draw(2, rows, depth), draw(depth, columns), draw(columns), draw(columns, 3)];
      expectSame((x, W) => dense(x, W), inputs.slice(0, 2));
      expectSame((x, W, b) => dense(x, W, b), inputs.slice(0, 3));
      expectSame((x, W1, b1, W2) => feedForward(x, { W1, b1, W2, b2: tf.ones([3]) }), inputs);
      const [gain, bias] = [draw(depth), draw(depth)];
      expectSame((x, g, b) => layerNorm(x, { gain: g, bias: b }), [inputs[0], gain, bias]);
    }
    const nan = tf.tensor2d([[Number.NaN]]);
    expect(
      feedForward(nan, { W1: nan, b1: nan.flatten(), W2: nan, b2: nan.flatten() }).dataSync()[0],
    ).toBeNaN();
  });

  test.each(['post', 'pre'] as const)('layers of a Transformer, norm %s', (norm) => {
    const [x, memory] = [draw(2, 6, 12), draw(2, 9, 12)];
    const parameters = decoderLayerParameters({ dModel: 12, bias: true }, next);
    const flat = flatten<tf.Tensor>(parameters);
    const options = { heads: 3, norm, memoryMask: mask(2, 1, 9) };
    const tree = (values: tf.Tensor[]) => {
      const left = [...values];
      const filled = (node: object): object =>
        Object.fromEntries(
          Object.entries(node).map(([name, child]) => [
            name,
            child instanceof tf.Tensor ? left.shift() : filled(child),
          ]),
        );
      return filled(parameters) as typeof parameters;
    };
    expectSame(
      (y, m, ...values) => decoderLayer(y, m, tree(values), options).output,
      [x, memory, ...Object.values(flat)],
    );
  });

  test('keep no tensor', () => {
    const [x, parameters] = [draw(2, 3, 3), cell(3, 4)];
    expectNoLeak(() => tf.dispose(gru(x, parameters)));
    expectNoLeak(() => tf.dispose(tf.grad((y) => tf.sum(gru(y, parameters)))(x)));
    const layer = encoderLayerParameters({ dModel: 3, bias: true }, next);
    const visible = mask(2, 1, 3);
    const run = (y: tf.Tensor) => encoderLayer(y, layer, { heads: 3, mask: visible });
    expectNoLeak(() => tf.dispose(run(x)));
    expectNoLeak(() => tf.dispose(tf.grad((y) => tf.sum(run(y).output))(x)));
    expectNoLeak(() => tf.dispose(tf.grad((y) => tf.sum(tf.square(run(y).weights)))(x)));
  });

  test('repeat their numbers bit by bit, also with two threads, which change nothing', () => {
    const script = `
      const { gru, gruParameters, random, tf, uniform } = require('attention');
      const { encoderLayer, encoderLayerParameters } = require('attention');
      const next = random(1);
      const parameters = gruParameters({ inputDepth: 60, units: 50 }, next);
      const f = (x, gates) => tf.sum(tf.square(gru(x, { ...parameters, gates })));
      const { value, grads } = tf.valueAndGrads(f)([uniform([70, 9, 60], next, 1), parameters.gates]);
      const layer = encoderLayerParameters({ dModel: 60 }, next);
      const read = (x) => tf.sum(tf.square(encoderLayer(x, layer, { heads: 5 }).output));
      const slope = tf.grad(read)(uniform([20, 40, 60], next, 1));
      console.log([value, ...grads, slope].map((t) => [...t.dataSync()].join()).join());
      console.error(process.env.TF_NUM_INTRAOP_THREADS);`;
    const run = (threads?: string) => {
      const { TF_NUM_INTRAOP_THREADS: _, ...rest } = process.env;
      const env = threads ? { ...rest, TF_NUM_INTRAOP_THREADS: threads } : rest;
      const options = { env, encoding: 'utf8', maxBuffer: 1e8 } as const;
      const { stdout, stderr } = spawnSync(process.execPath, ['--eval', script], options);
      expect(stderr.trim()).toBe(String(threads)); // what programs that are started from here get
      return stdout;
    };
    const once = run('1');
    expect(run('1') === once).toBe(true);
    const two = run('2');
    expect(run('2') === two).toBe(true);
    const numbers = (text: string) => tf.tensor1d(text.split(',').map(Number));
    const unsaid = run();
    expect(run() === unsaid).toBe(true);
    for (const other of [two, unsaid])
      expect(difference(numbers(other), numbers(once))).toBeLessThan(1e-3);
  });
});
