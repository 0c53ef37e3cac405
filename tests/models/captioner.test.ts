import {
  type CaptionerParameters,
  captioner,
  captionerParameters,
  flatten,
  looks,
  random,
  tf,
  uniform,
  writeCaptions,
} from 'attention';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden, type Tensors } from '../golden/golden';
import { difference, expectGradient, expectNoLeak } from '../helpers';

const sizes = { words: 7, depth: 4, embedding: 3, units: 5, dAttention: 6 };
const parameters = captionerParameters(sizes, random(1));
const annotations = uniform([2, 9, 4], random(2), 2) as tf.Tensor3D;
const previous = tf.tensor2d(
  [
    [0, 3, 5],
    [0, 6, 2],
  ],
  undefined,
  'int32',
);

type Grid = number[][];
const times = (x: number[], W: Grid) =>
  W[0].map((_, c) => x.reduce((sum, value, r) => sum + value * W[r][c], 0));
const plus = (...lists: number[][]) =>
  lists[0].map((_, i) => lists.reduce((sum, list) => sum + list[i], 0));
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const softmax = (e: number[]) => {
  const powers = e.map(Math.exp);
  const total = powers.reduce((a, b) => a + b);
  return powers.map((p) => p / total);
};

/** Equations (1)–(7) of the paper, one example, in loops over plain arrays. */
function byLoops(a: Grid, words: number[], p: CaptionerParameters) {
  const [E, Lh, Lz, Lo] = [p.words, p.Lh, p.Lz, p.Lo].map((x) => x.arraySync() as Grid);
  const [W, U] = [p.score.W, p.score.U].map((x) => x.arraySync() as Grid);
  const v = p.score.v.arraySync() as number[];
  const [gates, init] = [p.lstm.W, p.initial.W].map((x) => x.arraySync() as Grid);
  const n = Lh.length;
  const mean = a[0].map((_, c) => a.reduce((sum, row) => sum + row[c], 0) / a.length);
  const start = times(mean, init).map(Math.tanh);
  let [h, c] = [start.slice(0, n), start.slice(n)];
  return words.map((word) => {
    const query = times(h, W);
    const alpha = softmax(
      a.map((row) => {
        const key = times(row, U);
        return query.reduce((sum, q, k) => sum + v[k] * Math.tanh(q + key[k]), 0);
      }),
    );
    const z = a[0].map((_, d) => alpha.reduce((sum, w, i) => sum + w * a[i][d], 0));
    const all = times([...E[word], ...z, ...h], gates);
    const part = (k: number) => all.slice(k * n, (k + 1) * n);
    const [i, f, g, o] = [
      part(0).map(sigmoid),
      part(1).map(sigmoid),
      part(2).map(Math.tanh),
      part(3).map(sigmoid),
    ];
    c = c.map((old, k) => f[k] * old + i[k] * g[k]);
    h = c.map((value, k) => o[k] * Math.tanh(value));
    return { alpha, logits: times(plus(E[word], times(h, Lh), times(z, Lz)), Lo) };
  });
}

/** Parameters by the names of the golden values. */
const treeOf = ({ words, lstmW, lstmB, initialW, initialB, W, U, v, Lh, Lz, Lo }: Tensors) => ({
  words,
  lstm: { W: lstmW, b: lstmB },
  initial: { W: initialW, b: initialB },
  score: { W, U, v },
  Lh,
  Lz,
  Lo,
});

describe('captioner', () => {
  test.each(golden('captioner'))('agrees with PyTorch, case %#', (example) => {
    expectGolden(example, ({ annotations, previous, ...given }, { look }) => {
      const ids = tf.cast(previous, 'int32');
      const { logits, weights } = captioner(
        annotations,
        ids,
        treeOf(given),
        looks[look as 'soft' | 'even'](),
      );
      return { logits, weights };
    });
  });

  test('is equations (1) to (7), by loops over plain arrays', () => {
    const { logits, weights } = captioner(annotations, previous, parameters);
    (annotations.arraySync() as Grid[]).forEach((a, i) => {
      const made = byLoops(a, (previous.arraySync() as Grid)[i], parameters);
      expect(
        difference(
          logits.slice([i], [1]).squeeze([0]),
          made.map((one) => one.logits),
        ),
      ).toBeLessThan(1e-5);
      expect(
        difference(
          weights.slice([i], [1]).squeeze([0]),
          made.map((one) => one.alpha),
        ),
      ).toBeLessThan(1e-6);
    });
  });

  test('has the gradient that differences give', () => {
    const names = Object.keys(flatten<tf.Tensor>(parameters));
    const values = Object.values(flatten<tf.Tensor>(parameters));
    const tree = (list: tf.Tensor[]) => {
      const [words, lstmW, lstmB, initialW, initialB, W, U, v, Lh, Lz, Lo] = list;
      return treeOf({ words, lstmW, lstmB, initialW, initialB, W, U, v, Lh, Lz, Lo });
    };
    expect(Object.keys(flatten<tf.Tensor>(tree(values)))).toEqual(names);
    expectGradient(
      (...list) => tf.sum(tf.square(captioner(annotations, previous, tree(list)).logits)),
      values,
    );
  });

  test('looks at one location, if it is hard, and says how likely it was', () => {
    const made = captioner(annotations, previous, parameters, looks.hard(random(4)));
    const [weights, alpha, logs] = [made.weights, made.probabilities, made.logProbability].map(
      (x) => x.arraySync() as Grid[],
    );
    weights.forEach((rows, i) => {
      rows.forEach((row, t) => {
        expect([...row].sort()).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1]);
        expect((logs as unknown as Grid)[i][t]).toBeCloseTo(
          Math.log(alpha[i][t][row.indexOf(1)]),
          5,
        );
      });
    });
  });

  test('takes the likeliest location where nothing is drawn', () => {
    const { weights, probabilities } = captioner(
      annotations,
      previous,
      parameters,
      looks.likeliest(),
    );
    expect(difference(tf.argMax(weights, 2), tf.argMax(probabilities, 2))).toBe(0);
    expect(
      tf
        .max(weights, 2)
        .dataSync()
        .every((one) => one === 1),
    ).toBe(true);
  });

  test('writes what it is told it has written', () => {
    for (const look of [looks.soft(), looks.likeliest()]) {
      const { words, weights } = writeCaptions(annotations, parameters, {
        start: 0,
        steps: 4,
        look,
      });
      const before = words.map((row) => [0, ...row.slice(0, -1)]);
      const forced = captioner(
        annotations,
        tf.tensor2d(before, undefined, 'int32'),
        parameters,
        look,
      );
      expect(tf.argMax(forced.logits, 2).arraySync()).toEqual(words);
      expect(difference(forced.weights, weights)).toBeLessThan(1e-6);
    }
  });

  test('leaves no tensor but what it returns', () => {
    expectNoLeak(() => tf.dispose(captioner(annotations, previous, parameters) as never));
    expectNoLeak(() =>
      writeCaptions(annotations, parameters, { start: 0, steps: 2 }).weights.dispose(),
    );
  });

  test('refuses what does not fit', () => {
    expect(() => captioner(annotations.slice([0, 0, 1]), previous, parameters)).toThrow(
      'annotations',
    );
    expect(() => captioner(annotations, previous.slice([1]), parameters)).toThrow('annotations');
    expect(() => captioner(annotations, previous, { ...parameters, Lh: parameters.Lo })).toThrow(
      'Lh',
    );
    expect(() => writeCaptions(annotations, parameters, { start: 0, steps: 0 })).toThrow('steps');
  });
});
