import { expect, test } from 'vitest';
import { bars } from '../../src/plots/bars';
import { curves } from '../../src/plots/curves';
import { diverging, pageWidth, plain, sequential, textWidth, wrap } from '../../src/plots/figure';
import { heads } from '../../src/plots/heads';
import { heatmap } from '../../src/plots/heatmap';
import { examples } from './examples';

test.each(Object.entries(examples))(
  '%s has a size, white paper and an alternative text',
  (_, figure) => {
    const { width, height, paper_bgcolor, meta } = figure.layout;
    expect(width).toBeLessThanOrEqual(1000); // the width of a cell in the Lab
    expect(height).toBeGreaterThan(0);
    expect(paper_bgcolor).toBe('#ffffff');
    expect(meta.alt.length).toBeGreaterThan(30);
  },
);

test('lines with short names, 13 letters and two heads fit into a window of 800 pixels', () => {
  const weights = Array.from({ length: 13 }, () => new Array(13).fill(1 / 13));
  const options = { title: 'Attention', queries: [...'NEIGHBORHOODS'], keys: [...'NEIGHBORHOODS'] };
  const lines = [{ name: 'without attention', y: [3, 2] }];
  const figures = [
    curves(lines, { title: 'Loss', xTitle: 'step', yTitle: 'loss' }),
    heatmap(weights, options),
    heads([weights, weights], options),
    bars([{ name: 'additive', value: 1 }], { title: 'Cost', xTitle: 'ms' }),
  ];
  for (const { layout } of figures) expect(layout.width).toBeLessThanOrEqual(pageWidth);
});

test.each(Object.entries(examples))('%s is plain JSON', (_, figure) => {
  expect(JSON.parse(JSON.stringify(figure))).toEqual(dropUndefined(figure));
});

test('the colour scale falls steadily from white to dark in equal perceived steps', () => {
  const colors = sequential.map(([, color]) => oklab(color));
  const steps = colors.slice(1).map((color, i) => distance(color, colors[i]));
  expect(colors[0][0]).toBeCloseTo(1, 3);
  expect(Math.max(...steps) / Math.min(...steps)).toBeLessThan(1.1);
  colors.slice(1).forEach((color, i) => {
    expect(color[0]).toBeLessThan(colors[i][0] - 0.03);
  });
});

test('the scale of scores is white in the middle and as dark at either end', () => {
  const lightness = diverging.map(([, color]) => oklab(color)[0]);
  expect(diverging[(diverging.length - 1) / 2]).toEqual([0.5, '#ffffff']);
  expect(Math.abs(lightness[0] - lightness[lightness.length - 1])).toBeLessThan(0.12);
});

test('plain(text) keeps Plotly from reading HTML or mathematics', () => {
  expect(plain('<b>&$')).toBe('&lt;b&gt;&amp;&#36;');
});

test('wrap(text) breaks at spaces', () => {
  const lines = wrap('a title that is too long', 80, 16);
  expect(lines.join(' ')).toBe('a title that is too long');
  expect(lines.length).toBeGreaterThan(1);
  for (const line of lines) expect(textWidth(line, 16)).toBeLessThanOrEqual(80);
});

// Björn Ottosson's OKLab: L, a, b.
function oklab(hex: string): [number, number, number] {
  const [r, g, b] = [1, 3, 5].map((i) => {
    const value = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function distance(a: number[], b: number[]): number {
  return Math.hypot(...a.map((value, i) => value - b[i]));
}

function dropUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropUndefined);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(kept.map(([key, inner]) => [key, dropUndefined(inner)]));
}
