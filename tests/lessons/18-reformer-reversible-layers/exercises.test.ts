import { checkpointPeak, type Exercise, lesson18 } from 'attention';
import { describe, expect, test } from 'vitest';
import { marks, stub } from '../marks';

type Answer<E> = E extends Exercise<infer T> ? T : never;

describe('the exercises of lesson 18', () => {
  test('18.1 accepts what went in, and tells the classic mistakes apart', () => {
    const right = { x: [-1, -2], dx: [3, -10] };
    expect(marks(lesson18.pencil, right)).toBe('✓✓✓');
    expect(marks(lesson18.pencil, { ...right, x: [2, 1] })).toBe('✗✓✓'); // F was asked about y₂
    expect(marks(lesson18.pencil, { ...right, x: [3, 1] })).toBe('✗✓✓');
    expect(marks(lesson18.pencil, { ...right, dx: [1, -2] })).toBe('✓✗✗'); // G's gradient forgotten
    expect(marks(lesson18.pencil, { ...right, dx: [3, -2] })).toBe('✓✓✗');
    expect(marks(lesson18.pencil)).toBe('○○○');
  });

  test('18.2 accepts the way back through three streams, and tells who was asked what', () => {
    type Back = Answer<typeof lesson18.threeStreams>;
    const right: Back = ([a, b, c], [f1, f2, f3]) => {
      const x3 = c - f3(a, b);
      const x2 = b - f2(a, x3);
      return [a - f1(x2, x3), x2, x3];
    };
    expect(marks(lesson18.threeStreams, right)).toBe('✓✓✓✓');
    const asIfNothingChanged: Back = ([a, b, c], [f1, f2, f3]) => [
      a - f1(b, c),
      b - f2(a, c),
      c - f3(a, b),
    ];
    expect(marks(lesson18.threeStreams, asIfNothingChanged)).toBe('✓✗✗✓');
    const firstFirst: Back = ([a, b, c], [f1, f2, f3]) => {
      const x1 = a - f1(b, c);
      const x2 = b - f2(x1, c);
      return [x1, x2, c - f3(x1, x2)];
    };
    expect(marks(lesson18.threeStreams, firstFirst)).toBe('✓✗✗✓');
    const added: Back = ([a, b, c], [f1, f2, f3]) => {
      const x3 = c + f3(a, b);
      const x2 = b + f2(a, x3);
      return [a + f1(x2, x3), x2, x3];
    };
    expect(marks(lesson18.threeStreams, added)).toBe('✗✗✗✓');
    const twice: Back = (y, f) => {
      right(y, f);
      return right(y, f);
    };
    expect(marks(lesson18.threeStreams, twice)).toBe('✓✓✓✗');
    expect(marks(lesson18.threeStreams, stub)).toBe('○○○○');
  });

  test('18.3 accepts the deepest tower, and knows when only one way was counted', () => {
    type Deepest = Answer<typeof lesson18.deepest>;
    const growth = (L: number) => 1 + L ** 2 / 2 + L * Math.sqrt(1 + L ** 2 / 4);
    const blocks = (L: number, u: number) => -Math.log(u) / Math.log(growth(L));
    const right: Deepest = (L, u) => Math.ceil(blocks(L, u) / 2) - 1;
    expect(marks(lesson18.deepest, right)).toBe('✓✓✓✓');
    const search: Deepest = (L, u) => {
      let N = 0;
      while (u * growth(L) ** (2 * (N + 1)) < 1) N++;
      return N;
    };
    expect(marks(lesson18.deepest, search)).toBe('✓✓✓✓');
    expect(marks(lesson18.deepest, (L, u) => Math.ceil(blocks(L, u)) - 1)).toBe('✗✗✗✗');
    expect(marks(lesson18.deepest, (L, u) => blocks(L, u) / 2)).toBe('✗✓✗✗');
    expect(marks(lesson18.deepest, (L) => right(L, 2 ** -24))).toBe('✓✓✓✗');
    expect(marks(lesson18.deepest, stub)).toBe('○○○○');
  });

  test('18.4 counts what checkpoints hold', () => {
    const every = (n: number) => Array.from({ length: Math.ceil(32 / n) }, (_, i) => i * n);
    expect(checkpointPeak([])).toBe(32);
    expect(checkpointPeak(every(1))).toBe(32);
    expect(checkpointPeak(every(4))).toBe(11);
    expect(marks(lesson18.contest, every(4))).toBe('✓✗✗✗');
    expect(marks(lesson18.contest, every(6))).toBe('✓✓✗✗');
    expect(marks(lesson18.contest, [0, 8, 15, 21, 26, 30])).toBe('✓✓✓✓');
    expect(marks(lesson18.contest, [])).toBe('✗✗✗✗');
  });

  test('18.4: nobody holds fewer than 8', () => {
    // With P held at most, the stretch behind i others has P − i layers at most.
    const layers = (P: number) => (P * (P + 1)) / 2;
    expect(layers(7)).toBeLessThan(32);
    expect(layers(8)).toBeGreaterThanOrEqual(32);
  });
});
