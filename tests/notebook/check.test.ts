import { type Exercise, judge, lesson00, letter, near, tf } from 'attention';
import { describe, expect, test } from 'vitest';
import { marks, passes, stub } from '../lessons/marks';

describe('judge', () => {
  const exercise: Exercise<() => number> = {
    name: 'x',
    behaviours: [{ does: 'is one', look: (f) => (f() === 1 ? undefined : `it is ${f()}`) }],
  };

  test('says what holds, what does not and why, and what waits', () => {
    expect(judge(exercise, () => 1).lines).toEqual(['Exercise x: 1 of 1, all done.', '  ✓ is one']);
    expect(judge(exercise, () => 2).lines[1]).toBe('  ✗ is one: it is 2');
    expect(judge(exercise, undefined).lines[1]).toBe('  ○ is one');
    expect(judge(exercise, stub).lines[0]).toContain('waiting for your answer');
  });

  test('reports what an answer throws and goes on', () => {
    const thrower = () => {
      throw new TypeError('x is not a function');
    };
    expect(judge(exercise, thrower).lines[1]).toContain('your code threw "x is not a function"');
    expect(judge(exercise, 5 as never).lines[1]).toContain('✗');
  });
});

describe('near', () => {
  test('accepts numbers, lists and tensors within float32, and says where others differ', () => {
    expect(near('it', 0.1 + 0.2, 0.3)).toBeUndefined();
    expect(near('row', Float32Array.of(0.1, 0.2), [0.1, 0.2])).toBeUndefined();
    expect(near('rows', [Float32Array.of(1), [2]], [[1], [2]])).toBeUndefined();
    expect(near('x', tf.tensor2d([[1, 2]]), [[1, 2]])).toBeUndefined();
    expect(near('x', [[1, 2]], tf.tensor2d([[1, 2]]))).toBeUndefined();
    expect(near('rate', [0.5, null], [0.5, null])).toBeUndefined();
    expect(
      near(
        'weights',
        [
          [1, 0],
          [0.5, 0.25],
        ],
        [
          [1, 0],
          [0.5, 0.5],
        ],
      ),
    ).toBe('weights[1][1] is 0.25');
  });

  test('never says what is right', () => {
    expect(near('it', 1, 7)).toBe('it is 1');
    expect(near('it', Number.NaN, 7)).toBe('it is NaN');
    expect(near('it', 'seven', 7)).toBe('it should be a number, but is a string');
    expect(near('row', [1, 2, 3], [7, 7])).toBe('row should have 2 entries, but has 3');
    expect(near('row', undefined, [7])).toBe('row should be a list, but is undefined');
    expect(near('rate', 0, null)).toBe('rate is 0');
    expect(near('rate', null, 7)).toBe('rate should be a number, but is null');
  });

  test('measures small numbers of a list by its largest, and large ones by themselves', () => {
    expect(near('g', [0.001, 0.0101], [0.001, 0.01])).toBeDefined();
    expect(near('g', [1e-6, 0.5], [0, 0.5])).toBeUndefined();
    expect(near('g', [2001, 0.3], [2000, 0.3])).toBeUndefined();
    expect(near('g', [2000, 0.4], [2000, 0.3])).toBe('g[1] is 0.4');
  });
});

test('letter finds the letter that an answer chooses', () => {
  for (const answer of ['b', 'B', 'b)', ' (b) since it is so', 'b.'])
    expect(letter(answer)).toBe('b');
  for (const answer of ['', 'because', 7, undefined]) expect(letter(answer)).toBe('');
});

describe('the exercises of lesson 00', () => {
  const softmax = (e: number[]) => {
    const exp = e.map((x) => Math.exp(x - Math.max(...e)));
    return exp.map((x) => x / exp.reduce((a, b) => a + b));
  };
  const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i], 0);

  test('0.1 accepts the right numbers and leads on from wrong ones', () => {
    const warm = { weights: [1 / 4, 3 / 4], context: 5 };
    const cold = { weights: [1 / 10, 9 / 10], context: 4.4 };
    expect(passes(lesson00.pencil, { warm, cold })).toBe(true);
    expect(marks(lesson00.pencil, { warm, cold: warm })).toBe('✓✓✗✗');
    expect(marks(lesson00.pencil, { warm: { ...warm, weights: [1, 3] }, cold })).toBe('✗✓✓✓');
    expect(marks(lesson00.pencil)).toBe('○○○○');
    // What it prints while it waits, and about wrong numbers, holds no right one.
    const wrong = { weights: [1 / 3, 2 / 3], context: 6 };
    const said = [undefined, { warm: wrong, cold: wrong }].flatMap(
      (answer) => judge(lesson00.pencil, answer).lines,
    );
    expect(said.join()).not.toMatch(/three|square|0\.75|4\.4\b/);
  });

  test('0.2 accepts a safe soft look-up, and tells the classic mistakes apart', () => {
    type Lookup = (q: number[], k: number[][], v: number[][], t: number) => number[];
    const mean = (weights: number[], values: number[][]) =>
      values[0].map((_, d) => weights.reduce((sum, w, j) => sum + w * values[j][d], 0));
    const right: Lookup = (q, k, v, t) => mean(softmax(k.map((key) => dot(q, key) / t)), v);
    const noTemperature: Lookup = (q, k, v) => mean(softmax(k.map((key) => dot(q, key))), v);
    const multiplied: Lookup = (q, k, v, t) => mean(softmax(k.map((key) => dot(q, key) * t)), v);
    const unsafe: Lookup = (q, k, v, t) => {
      const exp = k.map((key) => Math.exp(dot(q, key) / t));
      return mean(
        exp.map((x) => x / exp.reduce((a, b) => a + b)),
        v,
      );
    };
    expect(passes(lesson00.softLookup, right)).toBe(true);
    expect(marks(lesson00.softLookup, noTemperature)).toBe('✓✗✓✓');
    expect(marks(lesson00.softLookup, multiplied)).toBe('✓✗✓✓');
    expect(marks(lesson00.softLookup, unsafe)).toBe('✓✓✓✗');
    expect(marks(lesson00.softLookup, stub)).toBe('○○○○');
  });

  test('0.3 counts marks only if the drawing is an 8 to the memory', () => {
    expect(passes(lesson00.leanestEight, { marks: 11, share: 0.55 })).toBe(true);
    expect(marks(lesson00.leanestEight, { marks: 34, share: 0.92 })).toBe('✓✗✗✗');
    expect(marks(lesson00.leanestEight, { marks: 20, share: 0.9 })).toBe('✓✓✓✗');
    expect(marks(lesson00.leanestEight, { marks: 0, share: 0.01 })).toBe('✗✗✗✗');
    expect(marks(lesson00.leanestEight, { marks: 0, share: Number.NaN })).toBe('✗✗✗✗');
    expect(marks(lesson00.leanestEight)).toBe('○○○○');
  });

  test('0.4 accepts leave-one-out, and not an error measured with the point itself', () => {
    const squaredError = (x: number[], y: number[], sigma: number, leave: boolean) => {
      const errors = x.map((xi, i) => {
        const others = x.map((_, j) => j).filter((j) => !leave || j !== i);
        const weights = softmax(others.map((j) => -((xi - x[j]) ** 2) / (2 * sigma ** 2)));
        return (y[i] - others.reduce((sum, j, n) => sum + weights[n] * y[j], 0)) ** 2;
      });
      return errors.reduce((a, b) => a + b) / errors.length;
    };
    expect(passes(lesson00.leaveOneOut, (x, y, s) => squaredError(x, y, s, true))).toBe(true);
    expect(marks(lesson00.leaveOneOut, (x, y, s) => squaredError(x, y, s, false))).toBe('✗✓✗✗');
    expect(marks(lesson00.leaveOneOut, stub)).toBe('○○○○');
  });
});
