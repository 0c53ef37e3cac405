import { expect, test } from 'vitest';
import { arcs } from '../../src/plots/arcs';

const title = 'Intra-attention';
const widths = (figure: { layout: Record<string, any> }) =>
  figure.layout.shapes.map(({ line }: any) => line.width);

test('arcs(weights) draws a line for each weight of at least the threshold', () => {
  const weights = [
    [0.9, 0.08, 0.02],
    [0.5, 0.5, 0],
  ];
  const tokens = { queries: ['a', 'b'], keys: ['x', 'y', 'z'] };
  expect(arcs(weights, { title, ...tokens }).layout.shapes).toHaveLength(3);
  expect(arcs(weights, { title, ...tokens, threshold: 0.05 }).layout.shapes).toHaveLength(4);
  expect(arcs(weights, { title, ...tokens, threshold: 0 }).layout.shapes).toHaveLength(5);
});

test('the more weight, the thicker and darker the line, the heaviest on top', () => {
  const figure = arcs([[0.2, 0.5, 0.3]], { title, queries: ['a'], keys: ['x', 'y', 'z'] });
  const sorted = [...widths(figure)].sort((a, b) => a - b);
  expect(widths(figure)).toEqual(sorted);
  expect(new Set(sorted).size).toBe(3);
  expect(figure.layout.shapes[2].opacity).toBe(1);
});

test('arcs above look back, arcs below look ahead', () => {
  const tokens = ['a', 'b'];
  const ends = (weights: number[][]) => {
    const { layout, data } = arcs(weights, { title, tokens });
    const numbers = layout.shapes[0].path.match(/[\d.]+/g).map(Number);
    const line = data[0].y[0];
    return numbers[3] < line ? 'above' : 'below';
  };
  expect(
    ends([
      [0, 0],
      [1, 0],
    ]),
  ).toBe('above');
  expect(
    ends([
      [0, 1],
      [0, 0],
    ]),
  ).toBe('below');
});

test('hovering over a token lists its weights, the largest first', () => {
  const { data } = arcs([[0.3, 0.7]], { title, queries: ['<q>'], keys: ['x', 'y'] });
  expect(data[0].hovertext).toEqual([
    'query "&lt;q&gt;" → "y" 0.7, "x" 0.3',
    'key "x" ← "&lt;q&gt;" 0.3',
    'key "y" ← "&lt;q&gt;" 0.7',
  ]);
});

test('arcs() throws if tokens are missing or do not fit', () => {
  expect(() => arcs([[1]], { title })).toThrow('needs the tokens of one sequence');
  expect(() => arcs([[1]], { title, queries: ['a'] })).toThrow('needs the tokens');
  expect(() => arcs([[1, 0]], { title, tokens: ['a'] })).toThrow(
    'weights have 2 keys, but 1 key tokens were given',
  );
});
