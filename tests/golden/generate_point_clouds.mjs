/**
 * Writes src/data/point-clouds.json: points on the bunny and on the teapot.
 *
 *     npm install --no-save bunny@1.0.1 teapot@1.0.0
 *     node tests/golden/generate_point_clouds.mjs
 */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

let state = 21;
const next = () => {
  state = (state * 48271) % 2147483647; // Park and Miller's
  return state / 2147483647;
};

/** Points drawn evenly from the surface, as [x, y, z, part], y up. */
function sampled({ positions, cells }, count, partOf) {
  const minus = (a, b) => a.map((x, i) => x - b[i]);
  const areas = cells.map((cell) => {
    const [a, b, c] = cell.map((i) => positions[i]);
    const [[ux, uy, uz], [vx, vy, vz]] = [minus(b, a), minus(c, a)];
    return Math.hypot(uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx) / 2;
  });
  const total = areas.reduce((sum, area) => sum + area, 0);
  return Array.from({ length: count }, () => {
    let left = next() * total;
    let t = 0;
    while (t < cells.length - 1 && left >= areas[t]) left -= areas[t++];
    const [a, b, c] = cells[t].map((i) => positions[i]);
    const [s, r] = [Math.sqrt(next()), next()];
    const at = a.map((x, i) => (1 - s) * x + s * (1 - r) * b[i] + s * r * c[i]);
    return [...at, partOf(cells[t])];
  });
}

/** Which part of the teapot a triangle belongs to, by how its patches are numbered. */
const teapot = require('teapot');
const firstSpout = teapot.positions.findIndex(([x], i) => i > 396 && x > 0);
const firstLid = teapot.positions.findIndex(([, y, z], i) => i > firstSpout && y > 7 && z > 0.1);
const partOfTeapot = ([i]) => (i < 396 ? 0 : i < firstSpout ? 1 : i < firstLid ? 2 : 3);

const written = (points, scale) => ({
  // Hundredths; x, y and z of one point after another. Our z is up, theirs is y.
  places: points.flatMap(([x, y, z]) => [x, -z, y].map((c) => Math.round(c * scale))),
  parts: points.map(([, , , part]) => part),
});
const bunny = written(
  sampled(require('bunny'), 800, () => 0),
  100,
).places;
const pot = written(sampled(teapot, 1600, partOfTeapot), 50);
const file = new URL('../../src/data/point-clouds.json', import.meta.url);
writeFileSync(
  file,
  `${JSON.stringify({ bunny, teapot: pot.places, parts: pot.parts.join('') })}\n`,
);
