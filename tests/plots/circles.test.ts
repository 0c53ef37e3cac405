import { expect, test } from 'vitest';
import { circles } from '../../src/plots/circles';

const options = { title: 'Buckets' };
const circle = { name: 'round 1', angles: [0, 90, 180], groups: [0, 1, 0] };

test('circles(…) puts angles on a circle and gives one group one colour', () => {
  const { data } = circles([circle], options);
  expect(data[0].x).toEqual([1, 0, -1]);
  expect(data[0].y).toEqual([0, 1, 0]);
  const [first, second, third] = data[0].marker.color;
  expect(first).toBe(third);
  expect(first).not.toBe(second);
});

test('each circle has axes and a name of its own, and named points their labels', () => {
  const named = [{ label: 'x', angle: 0 }];
  const { data, layout } = circles([circle, { ...circle, name: 'round 2', named }], options);
  expect(data.map(({ xaxis }) => xaxis)).toEqual(['x', 'x2', 'x2']);
  expect(data[2].text).toContain('x');
  expect(layout.annotations.map(({ text }: any) => text)).toEqual(['round 1', 'round 2']);
  expect(layout.meta.alt).toContain('round 2 has 2 groups');
});

test('a figure that is stretched still has circles', () => {
  const { layout } = circles([circle, circle], options);
  expect([layout.yaxis.scaleanchor, layout.yaxis2.scaleanchor]).toEqual(['x', 'x2']);
});

test('circles(…) names the circle that does not fit', () => {
  expect(() => circles([], options)).toThrow('no circle');
  expect(() => circles([{ ...circle, groups: [0] }], options)).toThrow(
    '"round 1" has 3 angles, but 1 groups',
  );
  expect(() => circles([{ ...circle, groups: [0, 0.5, 1] }], options)).toThrow('the group 0.5');
});
