import { describe, expect, test } from 'vitest';
import { curves, runningMean, type Series } from '../../src/plots/curves';

const options = { title: 'Loss', xTitle: 'step', yTitle: 'loss' };

test('curves(series) draws each line with its own dash and name', () => {
  const { data, layout } = curves(
    [
      { name: 'a', y: [1, 2] },
      { name: 'b', y: [2, 1] },
    ],
    options,
  );
  expect(data.map(({ x, y }) => [x, y])).toEqual([
    [
      [0, 1],
      [1, 2],
    ],
    [
      [0, 1],
      [2, 1],
    ],
  ]);
  expect(data[0].line.dash).not.toBe(data[1].line.dash);
  expect(layout.annotations.map(({ text }: any) => text.replace(/<[^>]*>/g, ''))).toEqual(
    expect.arrayContaining(['● a', '■ b']),
  );
});

test('a smoothed line is drawn over its pale raw values', () => {
  const { data } = curves([{ name: 'a', y: [4, 0], smooth: 0.5 }], options);
  expect(data.map(({ y }) => y)).toEqual([
    [4, 0],
    [4, 1.3333],
  ]);
  expect(data[0].opacity).toBeLessThan(0.5);
});

test('runningMean(values, keep) is the mean so far in which each step back counts keep times', () => {
  // (1·3 + ½·0 + ¼·7) / (1 + ½ + ¼)
  expect(runningMean([7, 0, 3], 0.5)[2]).toBeCloseTo(4.75 / 1.75, 4);
  expect(runningMean([1, null, 3], 0.5)[1]).toBeNull();
});

test('a loss that ran away leaves a gap', () => {
  const { data } = curves([{ name: 'a', y: [1, Number.NaN, Number.POSITIVE_INFINITY] }], options);
  expect(data[0].y).toEqual([1, null, null]);
});

test('names of lines that end together are pushed apart', () => {
  const series = ['a', 'b', 'c'].map((name) => ({ name, y: [0, 1] }));
  const { layout } = curves(series, options);
  const shifts = layout.annotations
    .map(({ yshift }: any) => yshift)
    .sort((a: number, b: number) => a - b);
  expect(shifts[1] - shifts[0]).toBeGreaterThanOrEqual(15);
  expect(shifts[2] - shifts[1]).toBeGreaterThanOrEqual(15);
});

test('the y axis begins at 0 if the values come near it, and has room for error bars', () => {
  const range = (series: Series) => curves([series], options).layout.yaxis.range;
  expect(range({ name: 'a', y: [0.2, 1] })[0]).toBe(0);
  expect(range({ name: 'a', y: [20, 22] })[0]).toBeGreaterThan(19);
  expect(range({ name: 'a', y: [1], error: [0.5] })[1]).toBeGreaterThan(1.5);
});

test('the alternative text follows each line', () => {
  const { layout } = curves([{ name: 'a', x: [10, 20, 30], y: [3, 1, 2] }], options);
  expect(layout.meta.alt).toBe(
    'Line chart: Loss. loss against step. ' +
      'a goes from 3 at 10 to 2 at 30, lowest 1 at 20, highest 3 at 10.',
  );
});

test('numbers that differ in every run can be left out of the alternative text', () => {
  const words = 'measured anew in every run';
  const { layout } = curves([{ name: 'a', y: [3, 1] }], { ...options, words });
  expect(layout.meta.alt).toBe(`Line chart: Loss. loss against step. ${words}.`);
});

test('few measurements on a logarithmic axis have a tick each, many have 1, 2, 5, 10', () => {
  const ticks = (x: number[]) =>
    curves([{ name: 'a', x, y: x }], { ...options, logX: true }).layout.xaxis.tickvals;
  expect(ticks([1, 2, 4, 8, 16, 32])).toEqual([1, 2, 4, 8, 16, 32]);
  expect(ticks([7, 7])).toEqual([7]);
  expect(ticks(Array.from({ length: 60 }, (_, i) => 1 + i))).toEqual([1, 2, 5, 10, 20, 50]);
  expect(ticks([1, 1.1, 100])).toEqual([1, 2, 5, 10, 20, 50, 100]);
});

describe('curves(series) throws if', () => {
  const cases: [string, Series[], object, string][] = [
    ['there is no line', [], {}, 'no line to draw'],
    ['x is too short', [{ name: 'a', x: [1], y: [1, 2] }], {}, '"a" has 2 values of y, but 1 of x'],
    ['an error is missing', [{ name: 'a', y: [1, 2], error: [1] }], {}, 'but 1 of error'],
    [
      'a value is 0 on a logarithmic axis',
      [{ name: 'a', y: [1, 0] }],
      { logY: true },
      '"a" has y = 0 at position 1',
    ],
    [
      'x begins at 0 on a logarithmic axis',
      [{ name: 'a', y: [1, 2] }],
      { logX: true },
      '"a" has x = 0 at position 0',
    ],
    ['smooth is 1', [{ name: 'a', y: [1], smooth: 1 }], {}, '"a" has smooth = 1'],
  ];
  test.each(cases)('%s', (_, series, more, message) => {
    expect(() => curves(series, { ...options, ...more })).toThrow(message);
  });
});

test('points are drawn without a line', () => {
  const { data } = curves([{ name: 'measured', y: [1, 2], points: true }], options);
  expect(data[0].mode).toBe('markers');
});

test('a line that ends outside of the given range has no name, and the figure keeps its size', () => {
  const { layout } = curves([{ name: 'far', y: [1, 900] }], { ...options, yRange: [0, 10] });
  expect(layout.annotations).toEqual([]);
  expect(layout.width).toBeGreaterThan(560);
});
