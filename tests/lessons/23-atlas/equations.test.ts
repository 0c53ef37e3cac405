import { equations, gapOf, methods, piecesOf, tf } from 'attention';
import { describe, expect, test } from 'vitest';

describe('an equation between methods', () => {
  test.each(
    equations.map((one) => ({ ...one, name: `${one.one} (${one.setting}) = ${one.other}` })),
  )('holds: $name', (one) => {
    const before = tf.memory().numTensors;
    for (const seed of [1, 2, 3, 4]) expect(gapOf(one, seed)).toBeLessThan(1e-5);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('names methods of the list, never one with itself, and no pair twice', () => {
    const names = methods.map(({ name }) => name);
    for (const { one, other } of equations) {
      expect(names).toContain(one);
      expect(names).toContain(other);
      expect(one).not.toBe(other);
    }
    const pairs = equations.map(({ one, other }) => [one, other].sort().join());
    expect(new Set(pairs).size).toBe(pairs.length);
  });

  test('says so if its sides differ', () => {
    const [{ sides, ...one }] = equations;
    const wrong = {
      ...one,
      sides: (s: any) => [sides(s)[0].map((y) => tf.add(y, 1)), sides(s)[1]],
    };
    expect(gapOf(wrong as any, 1)).toBeGreaterThan(0.9);
    const short = { ...one, sides: (s: any) => [[sides(s)[0][0].flatten()], sides(s)[1]] };
    expect(() => gapOf(short as any, 1)).toThrow('shapes');
  });
});

describe('pieces', () => {
  test('are all 36 without an equation, and one with all of them', () => {
    expect(piecesOf([])).toHaveLength(36);
    expect(piecesOf(equations)).toHaveLength(1);
  });

  test('join by chains', () => {
    const [a, b, c] = methods.map(({ name }) => name);
    const pieces = piecesOf([
      { one: a, other: b },
      { one: c, other: b },
    ]);
    expect(pieces).toHaveLength(34);
    expect(pieces.find((names) => names.includes(a))).toEqual([a, b, c]);
  });

  test('refuse a name that is none', () => {
    expect(() => piecesOf([{ one: 'Attention', other: methods[0].name }])).toThrow(
      'Attention is none',
    );
  });
});
