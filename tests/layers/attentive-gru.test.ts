import { additiveAligner, attentiveGru, gruCell, random, tf, uniform } from 'attention';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../golden/golden';
import { expectGradient, expectNoLeak } from '../helpers';

const next = random(5);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const setting = (batch = 2, steps = 3, keys = 4) => ({
  x: draw(batch, steps, 2),
  initial: draw(batch, 3),
  annotations: draw(batch, keys, 5),
  cell: {
    gates: draw(2 + 5 + 3, 6),
    gatesBias: draw(6),
    candidate: draw(2 + 5 + 3, 3),
    candidateBias: draw(3),
  },
  aligner: { W: draw(3, 6), U: draw(5, 6), v: draw(6) },
});
const largest = (x: tf.Tensor) => tf.max(tf.abs(x)).dataSync()[0];

describe('attentiveGru', () => {
  test.each(golden('attentive-gru'))('agrees with PyTorch, case %#', (example) => {
    expectGolden(example, ({ x, initial, annotations, W, U, v, mask, ...rest }) => {
      const cell = rest as unknown as ReturnType<typeof setting>['cell'];
      return attentiveGru(x, initial, annotations, { cell, aligner: { W, U, v } }, mask);
    });
  });

  test('goes the steps that a decoder takes one by one', () => {
    const { x, initial, annotations, cell, aligner } = setting();
    const mask = tf.tensor2d([
      [1, 1, 1, 0],
      [1, 1, 1, 1],
    ]);
    const { states, contexts } = attentiveGru(x, initial, annotations, { cell, aligner }, mask);
    const align = additiveAligner(annotations, annotations, aligner, mask.expandDims(1));
    let state = initial;
    for (const [i, input] of tf.unstack(x, 1).entries()) {
      const context = tf.squeeze(align(state.expandDims(1)).context, [1]);
      state = gruCell(tf.concat([input, context], 1), state, cell);
      const at = (all: tf.Tensor) => tf.squeeze(tf.slice(all, [0, i, 0], [-1, 1, -1]), [1]);
      expect(largest(tf.sub(at(contexts), context))).toBeLessThan(1e-6);
      expect(largest(tf.sub(at(states), state))).toBeLessThan(1e-6);
    }
  });

  test('has the gradient that finite differences measure, for every input', () => {
    const { x, initial, annotations, cell, aligner } = setting();
    const [a, b] = [draw(2, 3, 3), draw(2, 3, 5)];
    const f = (...[input, start, h, W, U, v, gates, candidate]: tf.Tensor[]) => {
      const parameters = { cell: { ...cell, gates, candidate }, aligner: { W, U, v } };
      const { states, contexts } = attentiveGru(input, start, h, parameters);
      return tf.add(tf.sum(tf.mul(states, a)), tf.sum(tf.mul(contexts, b)));
    };
    const { W, U, v } = aligner;
    expectGradient(f, [x, initial, annotations, W, U, v, cell.gates, cell.candidate]);
  });

  test('gets context 0 where every annotation is hidden, and a finite gradient', () => {
    const { x, initial, annotations, cell, aligner } = setting();
    const mask = tf.zeros([2, 4]);
    const contexts = (h: tf.Tensor) =>
      attentiveGru(x, initial, h, { cell, aligner }, mask).contexts;
    expect(largest(contexts(annotations))).toBe(0);
    expect(largest(tf.grad((h) => tf.sum(contexts(h)))(annotations))).toBe(0);
  });

  test('keeps no tensor but what it returns', () => {
    const { x, initial, annotations, cell, aligner } = setting();
    const run = (h: tf.Tensor) => attentiveGru(x, initial, h, { cell, aligner });
    expectNoLeak(() => tf.dispose(run(annotations)));
    expectNoLeak(() =>
      tf
        .grad((h) => tf.sum(run(h).states))(annotations)
        .dispose(),
    );
  });

  test('refuses what does not fit', () => {
    const { x, initial, annotations, cell, aligner } = setting();
    const run = (input: tf.Tensor, start: tf.Tensor, h: tf.Tensor, mask?: tf.Tensor) =>
      attentiveGru(input, start, h, { cell, aligner }, mask);
    expect(() => run(draw(2, 3, 1), initial, annotations)).toThrow(
      'input: expected shape [2, steps, 2], got [2, 3, 1]',
    );
    expect(() => run(x, draw(2, 4), annotations)).toThrow('initial: expected shape [2, 3]');
    expect(() => run(x, initial, draw(2, 4, 6))).toThrow('key depth 6 ≠ rows of U 5');
    expect(() => run(x, initial, annotations, tf.ones([2, 3]))).toThrow(
      'mask: expected shape [2, 4], got [2, 3]',
    );
  });
});
