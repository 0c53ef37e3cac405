import { type Exercise, judge, lesson02 } from 'attention';
import { expect, test } from 'vitest';
import { marks, passes, stub } from '../marks';

const said = <T>(exercise: Exercise<T>, answer: T) => judge(exercise, answer).lines.join('\n');

test('2.1 accepts the right numbers and leads on from wrong ones, without the answer', () => {
  const right = { largest: 0.787, needed: 2.197 };
  expect(passes(lesson02.pencil, right)).toBe(true);
  const fromZero = { largest: Math.E / (Math.E + 2), needed: Math.log(81) };
  expect(marks(lesson02.pencil, fromZero)).toBe('✓✗✗');
  expect(said(lesson02.pencil, fromZero)).toContain('how low can a score get?');
  expect(said(lesson02.pencil, fromZero)).toContain('twice Σ|v| apart');
  expect(marks(lesson02.pencil, { largest: 1 / 3, needed: 1 })).toBe('✗✗✗');
  for (const wrong of [fromZero, { largest: 0.5, needed: 9 }]) {
    expect(said(lesson02.pencil, wrong)).not.toMatch(/0\.78|2\.19|ln 9/);
  }
  expect(marks(lesson02.pencil)).toBe('○○○');
});

const project = (x: number[], M: number[][]) =>
  M[0].map((_, a) => x.reduce((sum, value, row) => sum + value * M[row][a], 0));

test('2.2 accepts the formula, and neither two tanh nor a transposed matrix', () => {
  type Score = (s: number[], h: number[], W: number[][], U: number[][], v: number[]) => number;
  const right: Score = (s, h, W, U, v) => {
    const [q, k] = [project(s, W), project(h, U)];
    return v.reduce((sum, va, a) => sum + va * Math.tanh(q[a] + k[a]), 0);
  };
  const twoTanh: Score = (s, h, W, U, v) => {
    const [q, k] = [project(s, W), project(h, U)];
    return v.reduce((sum, va, a) => sum + va * (Math.tanh(q[a]) + Math.tanh(k[a])), 0);
  };
  const byColumns: Score = (s, h, W, U, v) => {
    const across = (x: number[], M: number[][]) =>
      M.map((row) => row.reduce((sum, w, a) => sum + w * (x[a] ?? 0), 0));
    const [q, k] = [across(s, W), across(h, U)];
    return v.reduce((sum, va, a) => sum + va * Math.tanh((q[a] ?? 0) + (k[a] ?? 0)), 0);
  };
  const noV: Score = (s, h, W, U, v) =>
    right(
      s,
      h,
      W,
      U,
      v.map(() => 1),
    );
  expect(passes(lesson02.alignmentScore, right)).toBe(true);
  expect(marks(lesson02.alignmentScore, twoTanh)[1]).toBe('✗');
  expect(marks(lesson02.alignmentScore, byColumns)).toBe('✓✓✗✗');
  expect(marks(lesson02.alignmentScore, noV)).toBe('✓✓✓✗');
  expect(marks(lesson02.alignmentScore, stub)).toBe('○○○○');
});

test('2.3 accepts the gradient of the scores, and tells the classic mistakes apart', () => {
  type Pull = (alpha: number[], h: number[][], g: number[]) => number[];
  const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  const right: Pull = (alpha, h, g) => {
    const c = g.map((_, d) => alpha.reduce((sum, a, j) => sum + a * h[j][d], 0));
    return alpha.map((a, j) => a * (dot(h[j], g) - dot(c, g)));
  };
  const noContext: Pull = (alpha, h, g) => alpha.map((a, j) => a * dot(h[j], g));
  const otherSign: Pull = (alpha, h, g) => right(alpha, h, g).map((x) => -x);
  const noWeight: Pull = (alpha, h, g) => right(alpha, h, g).map((x, j) => x / (alpha[j] || 1));
  expect(passes(lesson02.pull, right)).toBe(true);
  expect(marks(lesson02.pull, noContext)).toBe('✗✓✗✗');
  expect(marks(lesson02.pull, otherSign)).toBe('✓✓✗✗');
  expect(marks(lesson02.pull, noWeight)).toBe('✗✓✓✗');
  expect(marks(lesson02.pull, stub)).toBe('○○○○');
});

test('2.4 counts sounds against the nearest pronunciation, for both sides', () => {
  const truth = [
    [['W', 'AH', 'N', 'S']],
    [
      ['K', 'AA', 'M'],
      ['K', 'AA', 'L', 'M'],
    ],
    [['HH', 'AE', 'F']],
  ];
  const model = [
    ['AA', 'N', 'S'],
    ['K', 'AA', 'L', 'M'],
    ['HH', 'AE', 'F'],
  ];
  const yours = [
    ['W', 'AH', 'N', 'S'],
    ['K', 'AA', 'M'],
    ['HH', 'AE', 'L', 'F'],
  ];
  expect(passes(lesson02.contest, { yours, model, truth })).toBe(true);
  expect(marks(lesson02.contest, { yours: model, model, truth })).toBe('✓✓✗');
  expect(marks(lesson02.contest, { yours: [['WUNS'], ...yours.slice(1)], model, truth })).toBe(
    '✗✗✗',
  );
  expect(marks(lesson02.contest, { yours: yours.slice(0, 2), model, truth })[0]).toBe('✗');
  expect(marks(lesson02.contest)).toBe('○○○');
});
