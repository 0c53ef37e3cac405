import { loadKarateClub } from 'attention';
import { expect, test } from 'vitest';

const { names, pairs, sides } = loadKarateClub();

test('the karate club has 34 members and 78 pairs, each listed once', () => {
  expect(names).toHaveLength(34);
  expect(pairs).toHaveLength(78);
  expect(new Set(pairs.map(([a, b]) => `${a} ${b}`)).size).toBe(78);
  expect(pairs.every(([a, b]) => a < b && a >= 0 && b < 34)).toBe(true);
});

test('members meet as many others as in the literature, and nobody is alone', () => {
  const friends = names.map((_, i) => pairs.filter((pair) => pair.includes(i)).length);
  expect([friends[0], friends[32], friends[33]]).toEqual([16, 12, 17]);
  expect(friends[11]).toBe(1); // member 12 knows the instructor only
  expect(Math.min(...friends)).toBe(1);
});

test('half went with the instructor, member 9 among them', () => {
  expect(sides.filter((side) => side === 0)).toHaveLength(17);
  expect([sides[0], sides[8], sides[33]]).toEqual([0, 0, 1]);
});
