import { expect, test } from 'vitest';
import { bars } from '../../src/plots/bars';

test('bars stand in the order given, from the top down, in one trace for each group', () => {
  const { data, layout } = bars(
    [
      { name: 'a', value: 3, group: 'x' },
      { name: 'b', value: 1, group: 'y' },
      { name: 'c', value: 2, group: 'x' },
    ],
    { title: 'T', xTitle: 'count' },
  );
  expect(data.map(({ name, x, y }) => [name, x, y])).toEqual([
    ['x', [3, 2], [0, 2]],
    ['y', [1], [1]],
  ]);
  expect(layout.yaxis.ticktext).toEqual(['a', 'b', 'c']);
  expect(layout.yaxis.range).toEqual([2.5, -0.5]);
  expect(layout.meta.alt).toContain('count: a 3; b 1; c 2.');
});

test('on a logarithmic axis, where no bar could begin at zero, values are dots', () => {
  const given = [
    { name: 'a', value: 300, group: 'x' },
    { name: 'b', value: 1, group: 'y' },
  ];
  const options = { title: 'T', xTitle: 'count' };
  const dots = bars(given, { ...options, logX: true });
  expect(dots.data.map(({ type, mode }) => [type, mode])).toEqual([
    ['scatter', 'markers+text'],
    ['scatter', 'markers+text'],
  ]);
  expect(dots.data[0].marker.symbol).not.toBe(dots.data[1].marker.symbol);
  expect(dots.layout.meta.alt).toContain('Dot chart: T.');
  // Bars of all groups are equally thick, however far apart they stand.
  expect(bars(given, options).data.map(({ width }) => width)).toEqual([0.72, 0.72]);
});

test('bars() throws for no bar, a value that is no number, and 0 on a logarithmic axis', () => {
  const options = { title: 'T', xTitle: 'count' };
  expect(() => bars([], options)).toThrow('no bar to draw');
  expect(() => bars([{ name: 'a', value: Number.NaN }], options)).toThrow('"a" is NaN');
  expect(() => bars([{ name: 'a', value: -1 }], options)).toThrow('"a" is -1');
  expect(() => bars([{ name: 'a', value: 0 }], { ...options, logX: true })).toThrow('above 0');
  expect(bars([{ name: 'a', value: 0 }], options).data).toHaveLength(1);
});
