import { type Exercise, lesson15 } from 'attention';
import { describe, expect, test } from 'vitest';
import { marks, stub } from '../marks';

describe('the exercises of lesson 15', () => {
  test('15.1 accepts the right numbers, and tells what was mistaken', () => {
    const right = { weights: [0.1, 0.3, 0.4, 0.2], mass: 0.6, together: 1.4, apart: 10 / 3 };
    expect(marks(lesson15.pencil, right)).toBe('✓✓✓✓');
    const two = [0.25, 0.75, 2 / 3, 1 / 3]; // a softmax for each half
    expect(marks(lesson15.pencil, { ...right, weights: two, mass: 1 })).toBe('✗✓✓✓');
    expect(marks(lesson15.pencil, { ...right, mass: 0.4 })).toBe('✓✗✓✓');
    expect(marks(lesson15.pencil, { ...right, together: 10 / 3 })).toBe('✓✓✗✓');
    expect(marks(lesson15.pencil, { ...right, apart: 1.4 })).toBe('✓✓✓✗');
    expect(marks(lesson15.pencil, { ...right, apart: 5 / 3 })).toBe('✓✓✓✗'); // halved
    expect(marks(lesson15.pencil)).toBe('○○○○');
  });

  test('15.2 accepts a gate, and tells the classic mistakes apart', () => {
    type Gated = typeof lesson15.gated extends Exercise<infer T> ? T : never;
    type Half = Parameters<Gated>[0];
    const logSum = ({ scores }: Half, safe: boolean) => {
      const top = safe ? Math.max(...scores) : 0;
      return top + Math.log(scores.reduce((sum, s) => sum + Math.exp(s - top), 0));
    };
    const average = (half: Half, safe: boolean) => {
      const all = logSum(half, safe);
      return half.scores.reduce((sum, s, i) => sum + Math.exp(s - all) * half.values[i], 0);
    };
    const made =
      (gateOf: (c: number, p: number) => number, safe = true): Gated =>
      (context, persistent) => {
        const gate = gateOf(logSum(context, safe), logSum(persistent, safe));
        const [read, known] = [average(context, safe), average(persistent, safe)];
        return { gate, read, known, y: (1 - gate) * read + gate * known };
      };
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    expect(
      marks(
        lesson15.gated,
        made((c, p) => sigmoid(p - c)),
      ),
    ).toBe('✓✓✓✓');
    expect(
      marks(
        lesson15.gated,
        made((c, p) => sigmoid(p - c), false),
      ),
    ).toBe('✓✓✓✗');
    expect(
      marks(
        lesson15.gated,
        made((c, p) => sigmoid(c - p)),
      ),
    ).toBe('✓✗✗✗');
    expect(
      marks(
        lesson15.gated,
        made(() => 0.5),
      ),
    ).toBe('✓✗✗✗');
    const added: Gated = (context, persistent) => {
      const right = made((c, p) => sigmoid(p - c))(context, persistent);
      return { ...right, y: right.read + right.known };
    };
    expect(marks(lesson15.gated, added)).toBe('✓✓✗✗');
    expect(marks(lesson15.gated, stub)).toBe('○○○○');
  });

  test('15.3 accepts the count, and tells what was not counted', () => {
    type Vectors = typeof lesson15.vectors extends Exercise<infer T> ? T : never;
    const right: Vectors = ({ dModel: d, dHidden, layers }, more) =>
      ((layers * (4 * d * d + 2 * d * dHidden)) / more - 4 * d * d) / (2 * d);
    expect(marks(lesson15.vectors, right)).toBe('✓✓✓✓');
    const freeProjections: Vectors = ({ dHidden, layers }, more) => (layers * dHidden) / more;
    expect(marks(lesson15.vectors, freeProjections)).toBe('✓✗✗✗');
    expect(marks(lesson15.vectors, ({ dHidden }) => dHidden)).toBe('✓✗✗✗');
    const keysOnly: Vectors = (sizes, more) => 2 * right(sizes, more);
    expect(marks(lesson15.vectors, keysOnly)).toBe('✗✗✗✓');
    expect(marks(lesson15.vectors, (sizes, more) => Math.max(right(sizes, more), 0))).toBe('✓✓✓✗');
    expect(marks(lesson15.vectors, stub)).toBe('○○○○');
  });
});
