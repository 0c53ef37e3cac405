import {
  centred,
  cloud,
  type PointInSpace,
  random,
  rotation,
  type Solid,
  seenFromOneSide,
  solids,
  teapotCloud,
  turn,
} from 'attention';
import { describe, expect, test } from 'vitest';

const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
const many = (solid: Solid) => cloud(solid, random(1), { turned: 'not', count: 4000 });

describe('clouds', () => {
  test.each([...solids])('of a %s have their middle at the origin and reach 1', (solid) => {
    const points = cloud(solid, random(3), { count: 50 });
    expect(points.length).toBe(50);
    for (const axis of [0, 1, 2]) expect(mean(points.map((p) => p[axis]))).toBeCloseTo(0, 1);
    expect(Math.max(...points.map((p) => Math.hypot(...p)))).toBeCloseTo(1, 1);
    expect(cloud(solid, random(3), { count: 50 })).toEqual(points);
  });

  test('are evenly spread over their surface', () => {
    // A cylinder of radius 1 and height 2: a third of its surface are the caps.
    const heights = many('cylinder').map((p) => Math.abs(p[2]));
    const top = Math.max(...heights);
    const nearCaps = heights.filter((z) => z > 0.9 * top).length / heights.length;
    expect(nearCaps).toBeGreaterThan(0.36); // 1/3 + 2/3 · 1/10
    expect(nearCaps).toBeLessThan(0.44);
    // A sphere: as much of it in each slice.
    const sphere = many('sphere').map((p) => p[2]);
    const half = Math.max(...sphere) / 2;
    expect(sphere.filter((z) => Math.abs(z) < half).length / sphere.length).toBeCloseTo(0.5, 1);
  });

  test('learned and held out are different points of bunny and teapot', () => {
    const all = (share: 'learned' | 'heldOut') =>
      cloud('bunny', random(1), { share, count: 400, turned: 'not' }).length;
    expect([all('learned'), all('heldOut')]).toEqual([400, 400]);
  });

  test('the teapot has all four parts alike, and its lid on top', () => {
    const { points, parts } = teapotCloud(random(2), { turned: 'not' });
    expect([0, 1, 2, 3].map((part) => parts.filter((one) => one === part).length)).toEqual([
      16, 16, 16, 16,
    ]);
    const height = (part: number) =>
      mean(points.filter((_, i) => parts[i] === part).map((p) => p[2]));
    const across = (part: number) =>
      mean(points.filter((_, i) => parts[i] === part).map((p) => p[0]));
    expect(height(3)).toBeGreaterThan(Math.max(height(0), height(1), height(2)));
    expect(across(1)).toBeLessThan(-0.4);
    expect(across(2)).toBeGreaterThan(0.4);
  });
});

test('a rotation keeps lengths, angles and handedness; a vertical one keeps heights', () => {
  for (const axis of ['any', 'vertical'] as const) {
    const [a, b, c] = rotation(random(6), axis);
    const dot = (x: number[], y: number[]) => x.reduce((sum, v, i) => sum + v * y[i], 0);
    for (const row of [a, b, c]) expect(dot(row, row)).toBeCloseTo(1, 9);
    expect([dot(a, b), dot(a, c), dot(b, c)].every((x) => Math.abs(x) < 1e-9)).toBe(true);
    const cross = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
    expect(dot(cross, c)).toBeCloseTo(1, 9);
  }
  const [[, , z]] = turn([[1, 2, 3]], rotation(random(1), 'vertical'));
  expect(z).toBe(3);
  // Evenly drawn: where the vertical goes, all heights are equally likely.
  const next = random(2);
  const heights = Array.from({ length: 4000 }, () => turn([[0, 0, 1]], rotation(next))[0][2]);
  expect(mean(heights.map((h) => Math.abs(h)))).toBeCloseTo(0.5, 1);
});

test('centred(…) of one point is the origin', () => {
  expect(centred([[3, 4, 5]])).toEqual([[0, 0, 0]]);
});

test('from one side one sees the half that is nearest', () => {
  const points = cloud('sphere', random(1));
  const seen = seenFromOneSide(points, random(5));
  expect(seen.length).toBe(32);
  const middle = [0, 1, 2].map((i) => mean(seen.map((j) => points[j][i]))) as PointInSpace;
  expect(Math.hypot(...middle)).toBeGreaterThan(0.35);
});
