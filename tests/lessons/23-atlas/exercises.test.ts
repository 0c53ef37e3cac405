import { lesson23, methods, quizAnswers, random, shuffled } from 'attention';
import { describe, expect, test } from 'vitest';
import { rightTalking } from '../../../src/lessons/23-atlas/exercises';
import { marks, stub } from '../marks';

describe('the exercises of lesson 23', () => {
  test('23.1 accepts the right counts, and tells what was forgotten', () => {
    const right = { causal: 2080, linformer: 512, sortcut: 1024, context: 64, tenth: 100 };
    expect(marks(lesson23.bills, right)).toBe('✓✓✓✓✓');
    expect(marks(lesson23.bills, { ...right, causal: 4096 })).toBe('✗✓✓✓✓'); // the future too
    expect(marks(lesson23.bills, { ...right, causal: 2016 })).toBe('✗✓✓✓✓'); // not itself
    expect(marks(lesson23.bills, { ...right, linformer: 1024, sortcut: 128 })).toBe('✓✗✗✓✓');
    expect(marks(lesson23.bills, { ...right, context: 4096, tenth: 10 })).toBe('✓✓✓✗✗');
    expect(marks(lesson23.bills)).toBe('○○○○○');
  });

  test('23.2 accepts talking heads, and tells the classic mistakes apart', () => {
    type Talking = typeof rightTalking;
    const marked = (f: Talking) => marks(lesson23.talking, f);
    expect(marked(rightTalking)).toBe('✓✓✓✓');
    const identity = [
      [1, 0],
      [0, 1],
    ];
    const turned = (m: number[][]) => m[0].map((_, j) => m.map((row) => row[j]));
    expect(marked((s) => rightTalking(s, identity, identity))).toBe('✓✗✗✗');
    expect(marked((s, L) => rightTalking(s, L, identity))).toBe('✓✓✗✗');
    expect(marked((s, L, M) => rightTalking(s, turned(L), turned(M)))).toBe('✓✗✗✗');
    expect(marked((s, L, M) => rightTalking(s, M, L))).toBe('✓✗✗✗');
    const overflows: Talking = (scores, L, M) => {
      const mix = (maps: number[][][], by: number[][]) =>
        by[0].map((_, g) =>
          maps[0].map((row, i) =>
            row.map((__, j) => maps.reduce((sum, map, h) => sum + by[h][g] * map[i][j], 0)),
          ),
        );
      const soft = mix(scores, L).map((map) =>
        map.map((row) => {
          const powers = row.map(Math.exp);
          const sum = powers.reduce((a, b) => a + b);
          return powers.map((p) => p / sum);
        }),
      );
      return mix(soft, M);
    };
    expect(marked(overflows)).toBe('✓✓✓✗');
    expect(marks(lesson23.talking, stub)).toBe('○○○○');
  });

  test('23.3 counts how many names are right', () => {
    const right = quizAnswers();
    const wrongFrom = (i: number) =>
      right.map((name, at) => (at < i ? name : right[(at + 1) % right.length]));
    expect(marks(lesson23.quiz, right)).toBe('✓✓✓✓');
    expect(marks(lesson23.quiz, wrongFrom(10))).toBe('✓✓✓✗');
    expect(marks(lesson23.quiz, wrongFrom(7))).toBe('✓✓✗✗');
    expect(marks(lesson23.quiz, wrongFrom(2))).toBe('✓✗✗✗');
    expect(marks(lesson23.quiz, right.slice(1))).toBe('✗✗✗✗');
    expect(marks(lesson23.quiz, [...right.slice(1), 'Attention'])[0]).toBe('✗');
    expect(marks(lesson23.quiz)).toBe('○○○○');
  });

  test('23.3 is not passed by a list of names in any order', () => {
    const names = methods.map(({ name }) => name);
    for (const seed of [1, 2, 3, 4, 5]) {
      const guessed = shuffled(names, random(seed)).slice(0, 12);
      expect(marks(lesson23.quiz, guessed)).toBe('✓✗✗✗');
    }
  });

  test('23.4 accepts narrow windows that lose little', () => {
    const marked = (windows: number[], lost: number) => marks(lesson23.windows, { windows, lost });
    expect(marked([3, 3, 3], 0.018)).toBe('✓✓✓✓');
    expect(marked([4, 4, 4], 0.006)).toBe('✓✓✓✗');
    expect(marked([8, 8, 8], 0.002)).toBe('✓✓✗✗');
    expect(marked([2, 2, 2], 0.1)).toBe('✓✗✓✓');
    expect(marked([2, 2, 2], Number.NaN)).toBe('✓✗✓✓');
    expect(marked([64, 2, 2], 0.01)[0]).toBe('✗');
    expect(marked([2, 2], 0.01)[0]).toBe('✗');
    expect(marks(lesson23.windows)).toBe('○○○○');
  });
});
