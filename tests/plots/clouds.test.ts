import { expect, test } from 'vitest';
import { clouds } from '../../src/plots/clouds';

const options = { title: 'Clouds' };
const points = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];

test('clouds(…) looks from slightly above, and the slider goes round', () => {
  const { data, layout } = clouds([{ name: 'three', points }], options);
  const dots = data[1];
  // The eye stands 30 degrees aside: to the right, away from it, up.
  expect(dots.x).toEqual([0.87, -0.5, 0]);
  expect(dots.y).toEqual([0.17, 0.3, 0.94]);
  expect(dots.marker.size[1]).toBeLessThan(dots.marker.size[0]); // far is small
  expect(data[0].y[0]).toBe(data[0].y[4]); // the floor is closed
  const { steps } = layout.sliders[0];
  expect(steps.map(({ label }: any) => label)).toEqual([
    '0',
    '45',
    '90',
    '135',
    '180',
    '225',
    '270',
    '315',
  ]);
  const [{ x, y }] = steps[2].args;
  expect(x[1]).toEqual([-0.5, -0.87, 0]); // a quarter later
  expect(y[1]).toEqual([0.3, -0.17, 0.94]);
  expect(x.length).toBe(data.length);
});

test('weights have one scale with a bar, a query has a ring, groups have names', () => {
  const weighted = { name: 'a', points, weights: [0, 0.25, 0.75], query: 2 };
  const { data, layout } = clouds([weighted, { ...weighted, query: undefined }], options);
  expect(data.length).toBe(5);
  expect(data[2].marker.symbol).toBe('circle-open');
  expect([data[2].x, data[2].y]).toEqual([[0], [0.94]]);
  expect(data.filter(({ marker }) => marker?.showscale).length).toBe(1);
  expect([data[1].marker.cmax, data[4].marker.cmax]).toEqual([1, 1]);
  expect(layout.meta.alt).toContain('most weight 0.75 at (0, 0, 1)');
  const grouped = clouds([{ name: 'g', points, groups: [0, 1, 1] }], {
    ...options,
    groupNames: ['lid', 'body'],
  });
  expect(grouped.layout.annotations[1].text).toContain('body');
  expect(grouped.layout.meta.alt).toContain('1 lid, 2 body');
});

test('clouds(…) names the cloud that does not fit', () => {
  const fails = (one: object) => () => clouds([{ name: 'odd', points, ...one }], options);
  expect(() => clouds([], options)).toThrow('no cloud');
  expect(fails({ points: [] })).toThrow('"odd" has no points');
  expect(fails({ points: [[1, 2]] })).toThrow('"odd" has the point [1,2]');
  expect(fails({ weights: [1] })).toThrow('"odd" has 3 points, but 1 weights');
  expect(fails({ weights: [1, -1, 0] })).toThrow('the weight -1');
  expect(fails({ query: 3 })).toThrow('no point 3');
});
