import { type Exercise, lesson05 } from 'attention';
import { describe, expect, test } from 'vitest';
import { marks, stub } from '../marks';

type Answer<E> = E extends Exercise<infer T> ? T : never;

describe('the exercises of lesson 05', () => {
  test('5.1 accepts the right numbers, and tells the mistakes apart', () => {
    const right = { bound: -2.5, marginal: 7 / 32, gradient: 0.375, looks: [1.125, 0.125] };
    const marked = (change: Partial<typeof right>) =>
      marks(lesson05.pencil, { ...right, ...change });
    expect(marked({})).toBe('✓✓✓✓');
    expect(marked({ bound: -2.5 * Math.log(2) })).toBe('✗✓✓✓'); // in nats
    expect(marked({ marginal: Math.log2(7 / 32) })).toBe('✓✗✓✓');
    expect(marked({ gradient: 1.5 })).toBe('✓✓✗✓'); // α forgotten
    expect(marked({ looks: [-0.75, 0.75] })).toBe('✓✓✓✗'); // b = 0
    expect(marked({ looks: [0.28125, 0.09375] })).toBe('✓✓✓✗'); // times α
    expect(marks(lesson05.pencil)).toBe('○○○○');
  });

  test('5.2 accepts the estimate, and tells the classic mistakes apart', () => {
    type F = Answer<typeof lesson05.estimate>;
    const made =
      (one: (a: number, hit: number, gain: number, t: number) => number): F =>
      (alpha, looked, logs, b) =>
        alpha.map((row, t) => row.map((a, k) => one(a, Number(looked[t] === k), logs - b, t)));
    const marked = (one: Parameters<typeof made>[0]) => marks(lesson05.estimate, made(one));
    expect(marked((a, hit, gain) => gain * (hit - a))).toBe('✓✓✓✓');
    expect(marked((a, hit, gain) => -gain * (hit - a))).toBe('✓✓✗✗'); // the loss, not the gain
    expect(marked((a, hit, gain) => gain * hit * (1 - a))).toBe('✓✓✗✗'); // only where it looked
    expect(marked((a, hit, gain) => (gain * hit) / a)).toBe('✓✓✗✗'); // by α, not by the score
    expect(marked((a, hit, gain) => a * gain * (hit - a))).toBe('✓✓✗✗');
    expect(marked((a, hit, gain) => (gain / 2) * (hit - a))).toBe('✓✓✗✗');
    expect(marked((a, hit, gain, t) => (t === 0 ? gain * (hit - a) : 0))).toBe('✓✓✓✗');
    const unbased: F = (alpha, looked, logs) =>
      made((a, hit, gain) => gain * (hit - a))(alpha, looked, logs, 0);
    expect(marks(lesson05.estimate, unbased)).toBe('✓✗✗✗');
    expect(marks(lesson05.estimate, stub)).toBe('○○○○');
  });

  test('5.3 accepts the best baseline, and not the mean reward', () => {
    type F = Answer<typeof lesson05.baseline>;
    const weighted =
      (weight: (a: number, norm: number) => number): F =>
      (alpha, logs) => {
        const norm = alpha.reduce((sum, a) => sum + a * a, 0);
        const w = alpha.map((a) => weight(a, norm));
        return logs.reduce((sum, r, i) => sum + w[i] * r, 0) / w.reduce((a, b) => a + b);
      };
    const marked = (weight: (a: number, norm: number) => number) =>
      marks(lesson05.baseline, weighted(weight));
    expect(marked((a, norm) => a * (1 - 2 * a + norm))).toBe('✓✓✓✓');
    expect(marked((a) => a)).toBe('✓✓✗✗'); // the mean
    expect(marked(() => 1)).toBe('✓✓✗✗');
    expect(marked((a) => a * (1 - a) ** 2)).toBe('✓✓✗✗'); // its own score only
    expect(marks(lesson05.baseline, () => 0)).toBe('✗✗✗✗');
    expect(marks(lesson05.baseline, stub)).toBe('○○○○');
  });
});
