import { expect, test } from 'vitest';
import { pictures } from '../../src/plots/pictures';

const dark = [
  [0, 0.5, 1],
  [1, 0, 0],
];
const options = { title: 'Two scenes', names: ['a seven', 'right: a two\nsaid: a six'] };

test('pictures(…) draws each picture with its caption below, line by line', () => {
  const { data, layout } = pictures([dark, dark], options);
  expect(data).toHaveLength(2);
  expect(data.every(({ source }) => source.startsWith('data:image/png'))).toBe(true);
  const texts = layout.annotations.map(({ text }: { text: string }) => text);
  expect(texts).toEqual(['a seven', 'right: a two<br>said: a six']);
  expect(layout.meta.alt).toContain('right: a two; said: a six');
});

test('pictures(…) shows the whole picture, the first row on top', () => {
  const { layout } = pictures([dark], { ...options, names: ['one'] });
  expect(layout.xaxis.range).toEqual([-0.5, 2.5]);
  expect(layout.yaxis.range).toEqual([1.5, -0.5]);
});

test('pictures(…) refuses what it cannot draw, and says why', () => {
  expect(() => pictures([], { ...options, names: [] })).toThrow('no picture');
  expect(() => pictures([dark], options)).toThrow('1 pictures, but 2 names');
  expect(() => pictures([dark, [[1]]], options)).toThrow('one size');
  expect(() => pictures([dark, [[2, -1, 0]]], options)).toThrow('the value -1');
});

test('pictures(…) draws boxes over a picture, in its pixels', () => {
  const boxes = [[{ box: [0.5, 0.5, 1 / 3, 1], name: 'a <seven>' }], []];
  const { layout } = pictures([dark, dark], { ...options, boxes });
  expect(layout.shapes).toHaveLength(1);
  expect(layout.shapes[0]).toMatchObject({ xref: 'x', yref: 'y', y0: -0.5, y1: 1.5 });
  expect(layout.shapes[0].x0).toBeCloseTo(0.5, 6); // the middle one of three pixels
  expect(layout.shapes[0].x1).toBeCloseTo(1.5, 6);
  expect(layout.annotations[2]).toMatchObject({ text: 'a &lt;seven&gt;', xref: 'x', yref: 'y' });
  expect(() => pictures([dark, dark], { ...options, boxes: [[]] })).toThrow('1 lists of boxes');
  const broken = [[{ box: [0, 0, Number.NaN, 1] }], []];
  expect(() => pictures([dark, dark], { ...options, boxes: broken })).toThrow(
    'a box is [0, 0, NaN, 1], not four numbers',
  );
});
