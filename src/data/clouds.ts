import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../package-root';
import { type Random, shuffled } from '../tensors/random';

/** A place in space: x, y, and z, which is up. */
export type PointInSpace = [x: number, y: number, z: number];

/** What `cloud` draws points of. */
export const solids = ['cube', 'sphere', 'cylinder', 'cone', 'torus', 'bunny', 'teapot'] as const;
export type Solid = (typeof solids)[number];

/** The parts of the teapot, as `teapotCloud` numbers them. */
export const teapotParts = ['body', 'handle', 'spout', 'lid'] as const;

/** Points of a scanned or modelled surface: half of them to learn from, the others held out. */
export type Share = 'learned' | 'heldOut';

export type CloudOptions = {
  /** How many points. Default 64. */
  count?: number;
  /** Which points of bunny and teapot; the others are made anew each time. Default 'learned'. */
  share?: Share;
  /** How a cloud is turned: about the vertical axis, in any way, or not. Default 'upright'. */
  turned?: 'upright' | 'anyhow' | 'not';
};

/**
 * Points drawn evenly from the surface of a solid, stretched along each axis by up to a seventh,
 * turned, its middle at the origin, its farthest point at distance 1; each moved by up to 0.02.
 *
 * Bunny: Stanford University's, from the npm package `bunny` 1.0.1. Teapot: Martin Newell's, from the
 * npm package `teapot` 1.0.0. Both packages call them public domain; `point-clouds.json` holds 800
 * and 1,600 points of their surfaces (tests/golden/generate_point_clouds.mjs).
 */
export function cloud(solid: Solid, next: Random, options: CloudOptions = {}): PointInSpace[] {
  const { count = 64, share = 'learned' } = options;
  const points =
    solid === 'bunny' || solid === 'teapot'
      ? shuffled(scanned(solid, share), next)
          .slice(0, count)
          .map(({ place }) => place)
      : Array.from({ length: count }, () => surface[solid](next));
  return placed(points, next, options);
}

/**
 * Points of the teapot, more of its small parts than evenly drawn ones would be: of four parts alike.
 *
 * @returns the points and the part of each, a number of `teapotParts`
 */
export function teapotCloud(
  next: Random,
  options: CloudOptions = {},
): { points: PointInSpace[]; parts: number[] } {
  const { count = 64, share = 'learned' } = options;
  const all = shuffled(scanned('teapot', share), next);
  const chosen = shuffled(
    teapotParts.flatMap((_, part) =>
      all.filter((one) => one.part === part).slice(0, Math.floor(count / teapotParts.length)),
    ),
    next,
  );
  return {
    points: placed(
      chosen.map(({ place }) => place),
      next,
      options,
    ),
    parts: chosen.map(({ part }) => part),
  };
}

/** A rotation matrix; without an axis, drawn evenly from all rotations (by a unit quaternion). */
export function rotation(next: Random, axis: 'vertical' | 'any' = 'any'): number[][] {
  if (axis === 'vertical') {
    const angle = 2 * Math.PI * next();
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    return [
      [c, -s, 0],
      [s, c, 0],
      [0, 0, 1],
    ];
  }
  const [u, v, w] = [next(), 2 * Math.PI * next(), 2 * Math.PI * next()];
  const [a, b] = [Math.sqrt(1 - u), Math.sqrt(u)];
  const [x, y, z, r] = [a * Math.sin(v), a * Math.cos(v), b * Math.sin(w), b * Math.cos(w)];
  return [
    [1 - 2 * (y * y + z * z), 2 * (x * y - z * r), 2 * (x * z + y * r)],
    [2 * (x * y + z * r), 1 - 2 * (x * x + z * z), 2 * (y * z - x * r)],
    [2 * (x * z - y * r), 2 * (y * z + x * r), 1 - 2 * (x * x + y * y)],
  ];
}

/** Points turned by a matrix. */
export function turn(points: PointInSpace[], matrix: number[][]): PointInSpace[] {
  return points.map(
    (p) => matrix.map((row) => row.reduce((sum, m, i) => sum + m * p[i], 0)) as PointInSpace,
  );
}

/** The middle of the points at the origin, the farthest of them at distance 1. */
export function centred(points: PointInSpace[]): PointInSpace[] {
  const middle = [0, 1, 2].map((i) => points.reduce((sum, p) => sum + p[i], 0) / points.length);
  const moved = points.map((p) => p.map((x, i) => x - middle[i]) as PointInSpace);
  const farthest = Math.max(...moved.map((p) => Math.hypot(...p))) || 1;
  return moved.map((p) => p.map((x) => x / farthest) as PointInSpace);
}

/** The points that are left if one looks from a side: the half nearest to a direction. */
export function seenFromOneSide(points: PointInSpace[], next: Random): number[] {
  const [[...towards]] = rotation(next);
  const depth = points.map((p) => p.reduce((sum, x, i) => sum + x * towards[i], 0));
  return points
    .map((_, i) => i)
    .sort((i, j) => depth[j] - depth[i])
    .slice(0, points.length >> 1)
    .sort((i, j) => i - j);
}

function placed(
  points: PointInSpace[],
  next: Random,
  { turned = 'upright' }: CloudOptions,
): PointInSpace[] {
  const stretch = [0, 1, 2].map(() => 1 + (2 * next() - 1) / 7);
  const stretched = points.map((p) => p.map((x, i) => x * stretch[i]) as PointInSpace);
  // Both are drawn, so that upright and turned clouds of one seed are the same but for the turn.
  const [upright, anyhow] = [rotation(next, 'vertical'), rotation(next)];
  const matrix = turned === 'not' ? undefined : turned === 'upright' ? upright : anyhow;
  const whole = centred(matrix ? turn(stretched, matrix) : stretched);
  return whole.map((p) => p.map((x) => x + 0.02 * (2 * next() - 1)) as PointInSpace);
}

/** One point of a surface, evenly drawn. */
const surface: Record<Exclude<Solid, 'bunny' | 'teapot'>, (next: Random) => PointInSpace> = {
  cube: (next) => {
    const face = Math.floor(6 * next());
    const p = [2 * next() - 1, 2 * next() - 1];
    p.splice(face >> 1, 0, face % 2 ? 1 : -1);
    return p as PointInSpace;
  },
  sphere: (next) => {
    const z = 2 * next() - 1;
    const [r, angle] = [Math.sqrt(1 - z * z), 2 * Math.PI * next()];
    return [r * Math.cos(angle), r * Math.sin(angle), z];
  },
  // Radius 1, height 2: two caps of area π, a side of 4π.
  cylinder: (next) => {
    const which = 6 * next();
    const angle = 2 * Math.PI * next();
    const r = which < 4 ? 1 : Math.sqrt(next());
    const z = which < 4 ? 2 * next() - 1 : which < 5 ? 1 : -1;
    return [r * Math.cos(angle), r * Math.sin(angle), z];
  },
  // Radius 1, height 2: a base of area π, a side of √5 π.
  cone: (next) => {
    const side = (1 + Math.sqrt(5)) * next() < Math.sqrt(5);
    const [angle, r] = [2 * Math.PI * next(), Math.sqrt(next())];
    return [r * Math.cos(angle), r * Math.sin(angle), side ? 1 - 2 * r : -1];
  },
  // Radii 1 and 0.4: outside there is more surface than inside.
  torus: (next) => {
    const angle = 2 * Math.PI * next();
    let tube = 2 * Math.PI * next();
    while (1.4 * next() > 1 + 0.4 * Math.cos(tube)) tube = 2 * Math.PI * next();
    const r = 1 + 0.4 * Math.cos(tube);
    return [r * Math.cos(angle), r * Math.sin(angle), 0.4 * Math.sin(tube)];
  },
};

type Scanned = { place: PointInSpace; part: number }[];
const kept: Record<string, Scanned> = {};

/** Every second point of a model, of either share. */
function scanned(model: 'bunny' | 'teapot', share: Share): Scanned {
  kept[`${model} ${share}`] ??= read(model).filter(
    (_, i) => (i % 2 === 0) === (share === 'learned'),
  );
  return kept[`${model} ${share}`];
}

function read(model: 'bunny' | 'teapot'): Scanned {
  const file = JSON.parse(readFileSync(join(packageRoot(), 'data', 'point-clouds.json'), 'utf8'));
  const places: number[] = file[model];
  return Array.from({ length: places.length / 3 }, (_, i) => ({
    place: places.slice(3 * i, 3 * i + 3) as PointInSpace,
    part: model === 'teapot' ? Number(file.parts[i]) : 0,
  }));
}
