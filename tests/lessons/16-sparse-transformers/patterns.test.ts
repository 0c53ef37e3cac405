import {
  bitsPerPixel,
  denseWeights,
  evening,
  eveningTokens,
  keysSeen,
  orders,
  painter,
  patternHeads,
  patternMask,
  patternReader,
  random,
  readBy,
  type SparsePattern,
  type SparseWeights,
  seenBy,
  sparsePatterns,
  sparseTransformerAttention,
  tf,
  trainWaiter,
  uniform,
  waiterBits,
} from 'attention';
import { describe, expect, test } from 'vitest';
import { difference } from '../../helpers';

const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const cases: [string, SparsePattern][] = [
  ['strided', { pattern: 'strided', stride: 5 }],
  ['fixed', { pattern: 'fixed', stride: 5, summary: 2 }],
];

describe('the patterns of lesson 16', () => {
  test.each(cases)('%s is both sets of sparsePatterns, merged', (_, options) => {
    const seen =
      options.pattern === 'strided' ? seenBy.strided(5) : seenBy.fixed(5, options.summary);
    const [first, second] = sparsePatterns(23, options).map(keysSeen);
    const mask = patternMask(seen, 23).arraySync()[0][0];
    for (const i of range(23)) {
      const both = new Set([...first[i], ...second[i]]);
      expect(range(23).filter((j) => mask[i][j] > 0)).toEqual([...both].sort((a, b) => a - b));
    }
  });

  test('subblocks: each head sees its own part of a block, all together everything', () => {
    const mask = patternMask(seenBy.subblocks(6, 2), 24, 3).arraySync()[0];
    for (const i of range(24))
      for (const j of range(24)) {
        const seen = range(3).filter((head) => mask[head][i][j] > 0);
        if (j > i) expect(seen).toEqual([]);
        else if (Math.floor(j / 6) === Math.floor(i / 6)) expect(seen).toEqual([0, 1, 2]);
        else expect(seen).toEqual([Math.floor((j % 6) / 2)]);
      }
  });

  test('slid has no border: whoever stands at the beginning of a block sees as far as others', () => {
    const mask = patternMask(seenBy.slid(4, 1), 16).arraySync()[0][0];
    for (const i of range(16).slice(4))
      expect(mask[i].slice(i - 4, i + 1)).toEqual([1, 1, 1, 1, 1]);
  });

  test.each(cases)(
    'heads under a mask agree with the sparse attention of src, %s',
    (_, options) => {
      const seen = options.pattern === 'strided' ? seenBy.strided(5) : seenBy.fixed(5, 2);
      const next = random(2);
      const [q, k, v] = range(3).map(() => uniform([2, 4, 19, 3], next, 2) as tf.Tensor4D);
      const mine = patternHeads(seen)(q, k, v);
      const theirs = sparseTransformerAttention<tf.Tensor4D>(q, k, v, undefined, {
        ...options,
        use: 'merged',
      });
      expect(difference(mine.context, theirs.context)).toBeLessThan(1e-5);
      expect(difference(mine.weights, denseWeights(theirs.weights as SparseWeights))).toBeLessThan(
        1e-5,
      );
    },
  );

  test('a reader can be read by other heads', () => {
    const model = patternReader(patternHeads(seenBy.fixed(5, 2)));
    const ids = tf.tensor2d([range(20)], [1, 20], 'int32');
    const other = readBy((q, k, v) =>
      sparseTransformerAttention<tf.Tensor4D>(q, k, v, undefined, {
        pattern: 'fixed',
        stride: 5,
        summary: 2,
        use: 'merged',
      }),
    );
    const [mine, theirs] = [{}, { attention: other }].map((how) => model.forward(ids, how).logits);
    expect(difference(mine, theirs)).toBeLessThan(1e-4);
  });

  test('paints by a pattern', () => {
    const attend = patternHeads(seenBy.strided(14));
    const blank = [Array(196).fill(0)];
    expect(bitsPerPixel(painter('full'), blank, { attend })).toBeGreaterThan(0);
  });
});

describe('the evening of a waiter', () => {
  test('has each guest order once, and asks for each drink several times', () => {
    const { guests, drinks, calls } = evening;
    const { ids, drinks: wanted } = orders(3, random(1));
    const [rows, right] = [ids.arraySync(), wanted.arraySync()];
    rows.forEach((row, b) => {
      const ordered = row.slice(0, guests);
      expect(ordered.map((id) => Math.floor(id / drinks)).sort((x, y) => x - y)).toEqual(
        range(guests),
      );
      expect(row).toHaveLength(guests * (1 + calls));
      row.slice(guests).forEach((id, at) => {
        const guest = id - guests * drinks;
        expect(ordered).toContain(guest * drinks + right[b][at]);
      });
    });
    expect(Math.max(...rows.flat())).toBeLessThan(eveningTokens);
  });

  test('is learned, and leaves no tensor', async () => {
    const model = patternReader(patternHeads(seenBy.dense()), { tokens: eveningTokens });
    const guessing = waiterBits(model, 8);
    const before = tf.memory().numTensors;
    const losses = await trainWaiter(model, { steps: 12, batch: 2 });
    expect(tf.memory().numTensors).toBe(before);
    expect(losses[11]).toBeLessThan(losses[0]);
    expect(waiterBits(model, 8)).toBeLessThan(guessing);
  });
});
