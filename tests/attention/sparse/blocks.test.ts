import { type Blocks, blockAttention, denseWeights, tf, unionAttention } from 'attention';
import { describe, expect, test } from 'vitest';
import { distance, draw, expectMaskedFull } from './patterns';

/** Even positions look at odd ones and odd at even ones, in no order; position 3 sees nothing. */
const crossed: Blocks = {
  queries: [
    [4, 0, 2],
    [5, 1, 3],
  ],
  keys: [
    [1, -1, 5, 3],
    [2, 0, 4],
  ],
  sees: (i) => i !== 3,
};
const even: Blocks = {
  queries: [[0, 1, 2, 3, 4, 5]],
  keys: [[0, 2, 4]],
  sees: (i, j) => i % 2 === j % 2,
};

describe('blockAttention', () => {
  test('is full attention under the mask of any pattern, in whatever order', () => {
    for (const hiddenKeys of [false, true]) {
      expectMaskedFull(
        (q, k, v, mask) => blockAttention(q, k, v, crossed, mask),
        (i, j) => i !== 3 && i % 2 !== j % 2,
        6,
        { hiddenKeys },
      );
    }
  });

  test('lists −1 where a query does not see a key of its block', () => {
    const [q, k, v] = draw([1, 6]);
    const { weights } = blockAttention(q, k, v, crossed);
    const lists = weights.keys.arraySync() as number[][];
    expect(lists).toEqual([
      [1, -1, 5, 3],
      [2, 0, 4, -1],
      [1, -1, 5, 3],
      [-1, -1, -1, -1],
      [1, -1, 5, 3],
      [2, 0, 4, -1],
    ]);
  });

  test.each([
    [[[0, 1], [1]], 'query 1 stands in two blocks'],
    [[[0], [2]], 'query 1 stands in no block'],
  ])('refuses the queries %j', (queries, message) => {
    const [q, k, v] = draw([1, 3]);
    const blocks = { queries, keys: queries, sees: () => true };
    expect(() => blockAttention(q, k, v, blocks)).toThrow(message);
  });

  test('refuses a pattern for another length, also if it has met its own', () => {
    const [q, k, v] = draw([1, 6]);
    blockAttention(q, k, v, crossed);
    const [Q, K, V] = draw([1, 7]);
    expect(() => blockAttention(Q, K, V, crossed)).toThrow('query 6 stands in no block');
  });
});

describe('unionAttention', () => {
  test('is full attention under the mask of what any of the patterns shows', () => {
    for (const hiddenKeys of [false, true]) {
      expectMaskedFull(
        (q, k, v, mask) => unionAttention(q, k, v, [crossed, even], mask),
        (i, j) => (i !== 3 && i % 2 !== j % 2) || (i % 2 === 0 && j % 2 === 0),
        6,
        { hiddenKeys },
      );
    }
  });

  test('gives a query that sees nothing in any pattern weights 0 and context 0', () => {
    const [q, k, v] = draw([1, 6]);
    const { context, weights } = unionAttention(q, k, v, [crossed, even]);
    const row = (x: tf.Tensor) => tf.sum(tf.abs(tf.slice(x, [0, 3, 0], [1, 1, -1]))).dataSync()[0];
    expect(row(context)).toBe(0);
    expect(row(denseWeights(weights))).toBe(0);
    expect(
      distance(tf.sum(denseWeights(weights), -1), tf.tensor([[1, 1, 1, 0, 1, 1]])),
    ).toBeLessThan(1e-6);
  });
});
