import {
  causalMask,
  type Exercise,
  judge,
  lesson08,
  maskedSoftmax,
  mergeHeads,
  splitHeads,
  tf,
} from 'attention';
import { describe, expect, test } from 'vitest';

const marks = <T>(exercise: Exercise<T>, answer?: T) =>
  judge(exercise, answer)
    .lines.slice(1)
    .map((line) => line.trim()[0])
    .join('');
const stub = () => {
  throw new Error('not implemented');
};

describe('the exercises of lesson 08', () => {
  test('8.1 accepts the right numbers and leads on from wrong ones', () => {
    expect(marks(lesson08.pencil, { head1: 5, head2: 12, output: [5, 29] })).toBe('✓✓✓');
    expect(marks(lesson08.pencil, { head1: 7, head2: 12, output: [7, 31] })).toBe('✗✓✓');
    expect(marks(lesson08.pencil, { head1: 5, head2: 12, output: [17, 24] })).toBe('✓✓✗');
    expect(marks(lesson08.pencil)).toBe('○○○');
  });

  test('8.2 accepts a split by columns, and tells a mere reshape apart', () => {
    type Split = (x: number[][], heads: number) => number[][][];
    const right: Split = (x, heads) => {
      const dHead = x[0].length / heads;
      return Array.from({ length: heads }, (_, h) =>
        x.map((row) => row.slice(h * dHead, (h + 1) * dHead)),
      );
    };
    const reshaped: Split = (x, heads) => {
      const dHead = x[0].length / heads;
      const flat = x.flat();
      return Array.from({ length: heads }, (_, h) =>
        x.map((_, i) => flat.slice((h * x.length + i) * dHead, (h * x.length + i + 1) * dHead)),
      );
    };
    const everyOther: Split = (x, heads) =>
      Array.from({ length: heads }, (_, h) =>
        x.map((row) => row.filter((_, column) => column % heads === h)),
      );
    const notTransposed: Split = (x, heads) =>
      x.map((row) => right([row], heads).map((head) => head[0]));
    expect(marks(lesson08.split, right)).toBe('✓✓✓✓');
    expect(marks(lesson08.split, reshaped)).toBe('✓✓✗✗');
    expect(marks(lesson08.split, everyOther)).toBe('✓✓✓✗');
    expect(marks(lesson08.split, notTransposed)[0]).toBe('✗');
    expect(marks(lesson08.split, stub)).toBe('○○○○');
  });

  type Layer = typeof lesson08.layer extends Exercise<infer T> ? T : never;
  const split = (x: tf.Tensor, heads: number) => splitHeads(x.expandDims(0), heads).squeeze([0]);
  const merge = (x: tf.Tensor) => mergeHeads(x.expandDims(0)).squeeze([0]);
  const mask = () => causalMask(5);
  const softmax = (logits: tf.Tensor) => maskedSoftmax(logits, mask());
  interface Changes {
    weigh?: (logits: tf.Tensor) => tf.Tensor;
    scale?: (dHead: number) => number;
    cut?: typeof split;
    out?: boolean;
  }
  const variant =
    ({ weigh = softmax, scale = Math.sqrt, cut = split, out = true }: Changes): Layer =>
    (x, { WQ, WK, WV, WO }, heads) => {
      const [q, k, v] = [WQ, WK, WV].map((W) => cut(tf.matMul(x, W), heads));
      const logits = tf.div(tf.matMul(q, k, false, true), scale(x.shape[1] / heads));
      const weights = weigh(logits);
      const context = merge(tf.matMul(weights, v)) as tf.Tensor2D;
      return { context: out ? tf.matMul(context, WO) : context, weights };
    };

  test('8.3 accepts the layer, and tells the classic mistakes apart', () => {
    const straight = (x: tf.Tensor, heads: number) => x.reshape([heads, 5, 6 / heads]);
    const maskAfter = (logits: tf.Tensor) => tf.mul(tf.softmax(logits), mask());
    const overQueries = (logits: tf.Tensor) =>
      tf.transpose(maskedSoftmax(tf.transpose(logits, [0, 2, 1]), tf.transpose(mask())), [0, 2, 1]);
    expect(marks(lesson08.layer, variant({}))).toBe('✓✓✓✓✓');
    expect(marks(lesson08.layer, variant({ weigh: maskAfter }))).toBe('✗✗✗✗✗');
    expect(marks(lesson08.layer, variant({ weigh: overQueries }))).toBe('✗✗✗✗✗');
    expect(marks(lesson08.layer, variant({ weigh: (x) => tf.softmax(x) }))).toBe('✓✗✓✗✗');
    expect(marks(lesson08.layer, variant({ scale: () => 1 }))).toBe('✓✓✗✗✗');
    expect(marks(lesson08.layer, variant({ cut: straight })).slice(0, 2)).toBe('✓✗');
    expect(marks(lesson08.layer, variant({ out: false }))).toBe('✓✓✓✗✗');
    expect(marks(lesson08.layer, stub)).toBe('○○○○○');
  });

  test('8.3 leaves no tensor behind', () => {
    judge(lesson08.layer, variant({}));
    const before = tf.memory().numTensors;
    judge(lesson08.layer, variant({}));
    expect(tf.memory().numTensors).toBe(before);
  });

  test('8.4 accepts the share of each head, and neither columns of W^O nor the running output', () => {
    type Shares = (heads: number[][], WO: number[][]) => number[][];
    const product = (x: number[], M: number[][]) =>
      M[0].map((_, d) => x.reduce((sum, value, row) => sum + value * M[row][d], 0));
    const right: Shares = (heads, WO) =>
      heads.map((head, h) => product(head, WO.slice(h * head.length, (h + 1) * head.length)));
    const firstRows: Shares = (heads, WO) => heads.map((head) => product(head, WO));
    const running: Shares = (heads, WO) =>
      right(heads, WO).map((_, h, all) =>
        all[0].map((_, d) => all.slice(0, h + 1).reduce((sum, share) => sum + share[d], 0)),
      );
    const even: Shares = (heads, WO) =>
      heads.map(() => product(heads.flat(), WO).map((x) => x / heads.length));
    expect(marks(lesson08.shares, right)).toBe('✓✓✓✓');
    expect(marks(lesson08.shares, firstRows)).toBe('✓✗✓✗');
    expect(marks(lesson08.shares, running)).toBe('✓✗✓✗');
    expect(marks(lesson08.shares, even)).toBe('✓✓✗✗');
    expect(marks(lesson08.shares, stub)).toBe('○○○○');
  });
});
