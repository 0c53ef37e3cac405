import { lesson09, sinusoidalPositions } from 'attention';
import { expect, test } from 'vitest';
import { marks, stub } from '../marks';

test('9.1 accepts the right numbers, and tells what was forgotten', () => {
  const root = Math.sqrt(3);
  const right = {
    sum: [2, 2, 2, -2],
    mean: 1,
    variance: 3,
    output: [1 / root, 1 / root, 1 / root, -root],
  };
  expect(marks(lesson09.pencil)).toBe('○○○');
  expect(marks(lesson09.pencil, right)).toBe('✓✓✓');
  expect(marks(lesson09.pencil, { ...right, output: [0.58, 0.58, 0.58, -1.73] })).toBe('✓✓✓');
  expect(marks(lesson09.pencil, { ...right, sum: [0, 2, 1, -3] })).toBe('✗✓✓');
  expect(marks(lesson09.pencil, { ...right, variance: 4 })).toBe('✓✗✓');
  expect(marks(lesson09.pencil, { ...right, output: [1 / 3, 1 / 3, 1 / 3, -1] })).toBe('✓✓✗');
});

test('9.2 accepts a rotation, and tells the classic mistakes apart', () => {
  type Turn = (sine: number, cosine: number, angle: number) => [number, number];
  const turn: Turn = (s, c, a) => [
    s * Math.cos(a) + c * Math.sin(a),
    c * Math.cos(a) - s * Math.sin(a),
  ];
  const later =
    (how: Turn, speed = (i: number, d: number) => 10000 ** (-(2 * i) / d)) =>
    (now: number[], k: number) =>
      Array.from({ length: now.length / 2 }, (_, i) =>
        how(now[2 * i], now[2 * i + 1], k * speed(i, now.length)),
      ).flat();
  expect(marks(lesson09.later, stub)).toBe('○○○○');
  expect(marks(lesson09.later, later(turn))).toBe('✓✓✓✓');
  const sameSpeed = later(turn, () => 1);
  expect(marks(lesson09.later, sameSpeed)).toBe('✓✗✗✓');
  const backwards = later((s, c, a) => turn(s, c, -a));
  expect(marks(lesson09.later, backwards)).toBe('✗✗✗✓');
  const fromTheStart = (now: number[], k: number) => [
    ...sinusoidalPositions(k + 1, now.length).arraySync()[k],
  ];
  expect(marks(lesson09.later, fromTheStart)).toBe('✗✗✗✗');
});

test('9.3 accepts who tries every pair, and tells who tries too little', () => {
  type Logits = (input: number[]) => number[][];
  const differs = (a: number[], b: number[]) => a.some((x, c) => Math.abs(x - b[c]) > 1e-9);
  const search =
    (changes: (length: number) => number[], before: (changed: number) => number[]) =>
    (logits: Logits, length: number) => {
      const input = Array.from({ length }, (_, i) => 3 + (i % 7));
      const plain = logits(input);
      const found = changes(length).flatMap((at) => {
        const other = logits(input.map((id, i) => (i === at ? 3 + ((id - 2) % 7) : id)));
        return before(at).filter((i) => differs(plain[i], other[i]));
      });
      return found.length ? Math.min(...found) : null;
    };
  const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);
  expect(marks(lesson09.leak, stub)).toBe('○○○○');
  expect(marks(lesson09.leak, search(upTo, upTo))).toBe('✓✓✓✓');
  expect(
    marks(
      lesson09.leak,
      search((n) => [n - 1], upTo),
    ),
  ).toBe('✓✓✗✓');
  expect(
    marks(
      lesson09.leak,
      search(upTo, (at) => (at ? [at - 1] : [])),
    ),
  ).toBe('✓✓✓✗');
  expect(
    marks(
      lesson09.leak,
      search(upTo, (at) => upTo(at + 1)),
    ),
  ).toBe('✗✓✗✗');
  expect(marks(lesson09.leak, () => null)).toBe('✓✗✗✗');
});
