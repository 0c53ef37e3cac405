import { execFileSync } from 'node:child_process';
import { attentiveGru, backendName, type GruParameters, gru, random, tf, uniform } from 'attention';
import { describe, expect, test } from 'vitest';
import { hasFused } from '../../../src/tensors/fused/operation';
import { findCompiler } from '../../../tools/setup/compiler.mjs';
import { difference, expectNoLeak } from '../../helpers';

const next = random(7);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const cell = (inputDepth: number, units: number): GruParameters => ({
  gates: draw(inputDepth + units, 2 * units),
  gatesBias: draw(2 * units),
  candidate: draw(inputDepth + units, units),
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
      const aligner = [draw(units, dAttention), draw(dKey, dAttention), draw(dAttention)];
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

  test('keep no tensor', () => {
    const [x, parameters] = [draw(2, 3, 3), cell(3, 4)];
    expectNoLeak(() => tf.dispose(gru(x, parameters)));
    expectNoLeak(() => tf.dispose(tf.grad((y) => tf.sum(gru(y, parameters)))(x)));
  });

  test('repeat their numbers bit by bit, also with two threads, which change nothing', () => {
    const script = `
      const { gru, gruParameters, random, tf, uniform } = require('attention');
      const next = random(1);
      const parameters = gruParameters({ inputDepth: 60, units: 50 }, next);
      const f = (x, gates) => tf.sum(tf.square(gru(x, { ...parameters, gates })));
      const { value, grads } = tf.valueAndGrads(f)([uniform([70, 9, 60], next, 1), parameters.gates]);
      console.log([value, ...grads].map((t) => [...t.dataSync()].join()).join());`;
    const run = (threads: string) =>
      execFileSync(process.execPath, ['--eval', script], {
        env: { ...process.env, TF_NUM_INTRAOP_THREADS: threads },
        encoding: 'utf8',
        maxBuffer: 1e8,
      });
    const once = run('1');
    expect(run('1') === once).toBe(true);
    const two = run('2');
    expect(run('2') === two).toBe(true);
    const numbers = (text: string) => tf.tensor1d(text.split(',').map(Number));
    expect(difference(numbers(two), numbers(once))).toBeLessThan(1e-3);
  });
});
