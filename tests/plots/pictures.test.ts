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
