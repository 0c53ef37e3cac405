import { expect, test } from 'vitest';
import { gaussians } from '../../src/plots/gaussians';

const options = { title: 'Layer 1' };
const heads = {
  name: 'step 0',
  centres: [
    [0, 1],
    [-2, 0],
  ],
  alpha: [0.5, 2],
};

test('gaussians(…) puts a dot at each centre, right across and down below', () => {
  const { data, layout } = gaussians([heads], options);
  expect([data[0].x, data[0].y]).toEqual([
    [1, 0],
    [0, -2],
  ]);
  expect(layout.yaxis.range[0]).toBeGreaterThan(layout.yaxis.range[1]); // down is down
  expect(layout.yaxis.scaleanchor).toBe('x');
});

test('the radius of a circle is σ = 1/√(2α)', () => {
  const { layout } = gaussians([heads], options);
  const [query, wide, sharp] = layout.shapes;
  expect([query.type, query.x0, query.x1]).toEqual(['rect', -0.5, 0.5]);
  expect([wide.x0, wide.x1, wide.y0, wide.y1]).toEqual([0, 2, -1, 1]); // σ = 1 around (0, 1)
  expect([sharp.x0, sharp.x1]).toEqual([-0.5, 0.5]); // σ = 1/2
});

test('a head that looks everywhere has a centre and no circle', () => {
  const { layout } = gaussians([{ ...heads, alpha: [0, 2] }], options);
  expect(layout.shapes).toHaveLength(2);
});

test('each panel has axes and a name of its own, and the words say what is in it', () => {
  const { layout, data } = gaussians([heads, { ...heads, name: 'step 9' }], options);
  expect(data.map(({ xaxis }) => xaxis)).toEqual(['x', 'x2']);
  expect(layout.annotations.map(({ text }: any) => text)).toEqual(['step 0', 'step 9']);
  expect(layout.meta.alt).toContain('step 9: 2 heads, centres 1.5 pixels from the query');
});

test('gaussians(…) names the panel that does not fit', () => {
  expect(() => gaussians([], options)).toThrow('no heads');
  expect(() => gaussians([{ ...heads, alpha: [1] }], options)).toThrow(
    '"step 0" has 2 centres, but 1 alphas',
  );
  expect(() => gaussians([{ ...heads, alpha: [1, -1] }], options)).toThrow('the alpha -1');
  const flat = { ...heads, centres: [[1], [2]] };
  expect(() => gaussians([flat], options)).toThrow('the centre [1], not [down, right]');
});
