import {
  doublyStochasticPenalty,
  gatedContext,
  random,
  softAttention,
  tf,
  uniform,
} from 'attention';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../../golden/golden';
import { expectGradient, expectNoLeak } from '../../helpers';

const next = random(6);
const draw = (...shape: number[]) => uniform(shape, next, 1);

describe('softAttention, its gate and its penalty', () => {
  test.each(golden('soft'))('agree with PyTorch, case %#', (example) => {
    expectGolden(example, ({ logits, values, W, b, query, mask }) => {
      const { context, weights } = softAttention(logits as tf.Tensor3D, values as tf.Tensor3D);
      return {
        context,
        weights,
        gated: gatedContext(context, query, { W, b }),
        penalty: doublyStochasticPenalty(weights, mask),
      };
    });
  });

  test('the penalty is 0 where every location receives 1 in all', () => {
    const weights = tf.tensor3d([
      [
        [0.25, 0.75],
        [0.75, 0.25],
      ],
    ]);
    expect(doublyStochasticPenalty(weights).dataSync()[0]).toBe(0);
    const lopsided = tf.tensor3d([
      [
        [1, 0],
        [1, 0],
      ],
    ]);
    expect(doublyStochasticPenalty(lopsided).dataSync()[0]).toBe(2);
  });

  test('the penalty does not see steps of padding', () => {
    const weights = tf.softmax(draw(2, 3, 4));
    const padded = tf.concat([weights, tf.fill([2, 2, 4], 7)], 1);
    const mask = tf.tensor2d([1, 1, 1, 0, 0, 1, 1, 1, 0, 0], [2, 5]);
    const expected = doublyStochasticPenalty(weights).dataSync()[0];
    expect(doublyStochasticPenalty(padded, mask).dataSync()[0]).toBeCloseTo(expected, 5);
  });

  test('have the gradients that finite differences measure', () => {
    const [query, cotangent] = [draw(2, 3, 4), draw(2, 3, 5)];
    const f = (e: tf.Tensor, a: tf.Tensor, W: tf.Tensor, b: tf.Tensor) => {
      const { context, weights } = softAttention(e as tf.Tensor3D, a as tf.Tensor3D);
      const gated = tf.sum(tf.mul(gatedContext(context, query, { W, b }), cotangent));
      return tf.add(gated, doublyStochasticPenalty(weights));
    };
    expectGradient(f as never, [draw(2, 3, 6), draw(2, 6, 5), draw(4, 1), draw(1)]);
  });

  test('keep no tensor but what they return', () => {
    const [e, a, W, b] = [draw(2, 3, 6), draw(2, 6, 5), draw(4, 1), draw(1)] as tf.Tensor3D[];
    const [context, query] = [draw(2, 3, 5), draw(2, 3, 4)];
    expectNoLeak(() => tf.dispose(softAttention(e, a)));
    expectNoLeak(() => doublyStochasticPenalty(e).dispose());
    expectNoLeak(() => gatedContext(context, query, { W, b }).dispose());
  });

  test('refuse what does not fit', () => {
    const [e, a] = [draw(2, 3, 6), draw(2, 5, 5)] as tf.Tensor3D[];
    expect(() => softAttention(e, a)).toThrow(
      'values: expected shape [2, 6, dValue], got [2, 5, 5]',
    );
    expect(() => softAttention(draw(3, 6) as never, a)).toThrow(
      'logits: expected shape [batch, queries, keys], got [3, 6]',
    );
    expect(() => doublyStochasticPenalty(e, tf.ones([2, 4]))).toThrow(
      'mask: expected shape [2, 3], got [2, 4]',
    );
    expect(() => gatedContext(e, draw(2, 4, 4), { W: draw(4, 1), b: draw(1) })).toThrow(
      'query: expected shape [2, 3, queryDepth], got [2, 4, 4]',
    );
    expect(() => gatedContext(e, draw(2, 3, 4), { W: draw(4, 2), b: draw(2) })).toThrow(
      'W: expected shape [queryDepth, 1], got [4, 2]',
    );
  });
});
