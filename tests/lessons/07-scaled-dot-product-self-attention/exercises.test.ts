import { type Exercise, lesson07 } from 'attention';
import { describe, expect, test } from 'vitest';
import { marks, stub } from '../marks';

describe('the exercises of lesson 07', () => {
  test('7.1 accepts the right numbers, and tells what was forgotten', () => {
    const right = { scores: [1, 1, 1], weights: [0.5, 0.5, 0], context: 15 };
    const third = 1 / 3;
    const unmasked = { ...right, weights: [third, third, third], context: 40 };
    const hiddenAfter = { ...right, weights: [third, third, 0], context: 10 };
    expect(marks(lesson07.pencil, right)).toBe('✓✓✓');
    expect(marks(lesson07.pencil, { ...right, scores: [2, 2, 2] })).toBe('✗✓✓');
    expect(marks(lesson07.pencil, { ...right, scores: [0.5, 0.5, 0.5] })).toBe('✗✓✓');
    expect(marks(lesson07.pencil, unmasked)).toBe('✓✗✗');
    expect(marks(lesson07.pencil, hiddenAfter)).toBe('✓✗✗');
    expect(marks(lesson07.pencil, { ...right, context: 30 })).toBe('✓✓✗');
    expect(marks(lesson07.pencil, { ...right, weights: [0.5, 0.5] })).toBe('✓✗✗');
    expect(marks(lesson07.pencil)).toBe('○○○');
  });

  type Attend = typeof lesson07.attend extends Exercise<infer T> ? T : never;
  const sum = (list: number[]) => list.reduce((total, x) => total + x, 0);
  const shares = (powers: number[]) => powers.map((p) => (sum(powers) > 0 ? p / sum(powers) : 0));
  /** The softmax over what may be seen. */
  const softmax = (scores: number[], mask: number[]) => {
    const top = Math.max(...scores.filter((_, j) => mask[j]));
    return shares(scores.map((s, j) => (mask[j] ? Math.exp(s - top) : 0)));
  };
  interface Changes {
    weigh?: typeof softmax;
    scale?: (depth: number) => number;
    over?: 'keys' | 'queries';
    average?: (weights: number[], column: number[]) => number;
  }
  const dot = (a: number[], b: number[]) => sum(a.map((x, i) => x * b[i]));
  const turned = (rows: number[][]) => rows[0].map((_, j) => rows.map((row) => row[j]));
  const variant =
    ({ weigh = softmax, scale = Math.sqrt, over = 'keys', average = dot }: Changes): Attend =>
    (q, k, v, mask) => {
      const scores = q.map((query) => k.map((key) => dot(query, key) / scale(query.length)));
      const weights =
        over === 'keys'
          ? scores.map((row, i) => weigh(row, mask[i]))
          : turned(turned(scores).map((column, j) => weigh(column, turned(mask)[j])));
      return { weights, context: weights.map((row) => turned(v).map((c) => average(row, c))) };
    };

  test('7.2 accepts attention in plain arrays, and tells the classic mistakes apart', () => {
    const everything = (scores: number[]) =>
      softmax(
        scores,
        scores.map(() => 1),
      );
    const maskAfter = (scores: number[], mask: number[]) =>
      everything(scores).map((w, j) => w * mask[j]);
    const zeroForHidden = (scores: number[], mask: number[]) =>
      everything(scores.map((s, j) => s * mask[j]));
    const large = (scores: number[], mask: number[]) =>
      everything(scores.map((s, j) => (mask[j] ? s : -1e9)));
    const divided = (scores: number[], mask: number[]) => {
      const powers = scores.map((s, j) => (mask[j] ? Math.exp(s) : 0));
      return powers.map((p) => p / sum(powers));
    };
    const overflowing = (scores: number[], mask: number[]) =>
      shares(scores.map((s, j) => (mask[j] ? Math.exp(s) : 0)));
    const total = (weights: number[], column: number[]) => sum(weights) * sum(column);
    expect(marks(lesson07.attend, variant({}))).toBe('✓✓✓✓✓');
    expect(marks(lesson07.attend, variant({ scale: () => 1 }))).toBe('✗✗✗✗✓');
    expect(marks(lesson07.attend, variant({ scale: (depth) => depth }))).toBe('✗✗✗✗✓');
    expect(marks(lesson07.attend, variant({ weigh: everything }))).toBe('✓✓✗✗✓');
    expect(marks(lesson07.attend, variant({ weigh: maskAfter }))).toBe('✓✓✗✗✓');
    expect(marks(lesson07.attend, variant({ weigh: zeroForHidden }))).toBe('✓✓✗✗✓');
    expect(marks(lesson07.attend, variant({ weigh: large }))).toBe('✓✓✓✗✓');
    expect(marks(lesson07.attend, variant({ weigh: divided }))).toBe('✓✓✓✗✗');
    expect(marks(lesson07.attend, variant({ weigh: overflowing }))).toBe('✓✓✓✓✗');
    expect(marks(lesson07.attend, variant({ over: 'queries' }))[0]).toBe('✗');
    expect(marks(lesson07.attend, variant({ average: total }))).toBe('✓✗✓✓✓');
    expect(marks(lesson07.attend, stub)).toBe('○○○○○');
  });

  test('7.3 accepts the counts, and tells what was left out', () => {
    const attention = (n: number, d: number) => 3 * n * d * d + 2 * n * n * d;
    const recurrent = (n: number, d: number) => 6 * n * d * d;
    const upTo = (d: number) => Math.floor(1.5 * d);
    type Counts = typeof lesson07.multiplications extends Exercise<infer T> ? T : never;
    const counts =
      (
        changes: { [Name in keyof ReturnType<Counts>]?: (n: number, d: number) => number },
      ): Counts =>
      (n, d) => ({
        attention: (changes.attention ?? attention)(n, d),
        recurrent: (changes.recurrent ?? recurrent)(n, d),
        upTo: (changes.upTo ?? ((_, depth) => upTo(depth)))(n, d),
      });
    const marked = (changes: Parameters<typeof counts>[0]) =>
      marks(lesson07.multiplications, counts(changes));
    expect(marked({})).toBe('✓✓✓');
    expect(marked({ attention: (n, d) => 2 * n * n * d })).toBe('✗✓✓');
    expect(marked({ attention: (n, d) => 3 * n * d * d + n * n * d })).toBe('✗✓✓');
    expect(marked({ recurrent: (n, d) => 3 * n * d * d })).toBe('✓✗✓');
    expect(marked({ recurrent: (_, d) => 6 * d * d })).toBe('✓✗✓');
    expect(marked({ upTo: (_, d) => d })).toBe('✓✓✗');
    expect(marked({ upTo: (_, d) => 1.5 * d })).toBe('✓✓✗');
    expect(marked({ upTo: (_, d) => upTo(d) - 1 })).toBe('✓✓✗');
    expect(marked({ upTo: (_, d) => Math.ceil(1.5 * d) })).toBe('✓✓✗');
    expect(marks(lesson07.multiplications, stub)).toBe('○○○');
  });
});
