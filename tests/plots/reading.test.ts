import { expect, test } from 'vitest';
import { sequentialColor } from '../../src/plots/figure';
import { reading } from '../../src/plots/reading';

const tokens = ['a', 'b', 'c'];
const weights = [
  [0, 0, 0],
  [1, 0, 0],
  [0.25, 0.75, 0],
];
const options = { title: 'Intra-attention', tokens };

test('reading(…) writes a line for each word, up to that word, which is red', () => {
  const { layout } = reading(weights, options);
  const words = layout.annotations.slice(0, -1);
  expect(words.map(({ text }: any) => text).join('')).toBe('aababc');
  const colors = words.map(({ font }: any) => font.color);
  expect(new Set([colors[0], colors[2], colors[5]]).size).toBe(1);
  expect(colors[1]).not.toBe(colors[0]);
});

test('the ground of a word is as dark as its weight, and red words have none', () => {
  const { layout } = reading(weights, options);
  expect(layout.shapes.map(({ fillcolor }: any) => fillcolor)).toEqual(
    [1, 0.25, 0.75].map((weight) => sequentialColor(0.85 * weight)),
  );
});

test('its alternative text and its hovers name the weights', () => {
  const { data, layout } = reading(weights, options);
  expect(layout.meta.alt).toContain('"b" → "a" 1; "c" → "b" 0.75');
  expect(data[0].hovertext).toContain('"c" → "a" 0.25');
  expect(data[0].hovertext).toContain('"a" is read');
});

test('reading(…) refuses a look ahead, a line that is too wide, and tokens that do not fit', () => {
  const ahead = [
    [0, 0, 0],
    [0, 1, 0],
    [0, 0, 0],
  ];
  expect(() => reading(ahead, options)).toThrow('word 1 looks at word 1, which is not yet read');
  const wide = tokens.map((token) => token.repeat(60));
  expect(() => reading(weights, { ...options, tokens: wide })).toThrow('too wide');
  expect(() => reading(weights, { ...options, tokens: ['a'] })).toThrow('1 query tokens');
});
