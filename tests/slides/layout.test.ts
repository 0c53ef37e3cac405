import { expect, test } from 'vitest';
import type { Block, Slide } from '../../slides/blocks';
import { byRows, drawing, fit, readable, readFigure, smallestLetter } from '../../slides/figure';
import { type Extent, layOut, type Measured, room, sizes } from '../../slides/layout';

const prose = (text = 'text'): Block => ({ kind: 'prose', cell: 0, html: text, text });
const heading = (text: string, level = 2): Block => ({
  kind: 'heading',
  cell: 0,
  level,
  html: text,
  text,
});
const code = (lines: string[]): Block => ({ kind: 'code', cell: 0, lines, text: lines });
const figure = (width = 500, height = 400): Block => ({
  kind: 'figure',
  cell: 0,
  figure: readFigure({
    data: [{ type: 'heatmap', z: [[1]] }],
    layout: { width, height, title: { text: 'T' }, margin: { t: 60, r: 40, b: 40, l: 60 } },
  }),
});

/** Every block has the height given; code has 25 pixels a line. */
function laidOut(blocks: Block[], heights: number[]) {
  const slide: Slide = { blocks, notes: '' };
  const extents = blocks.map((block, i): Extent => {
    const parts = block.kind === 'code' ? block.lines.map(() => 25) : [];
    return {
      height: block.kind === 'code' ? 25 * parts.length + 20 : heights[i],
      parts,
      excess: 1,
    };
  });
  const bySize = Object.fromEntries(sizes.map((size) => [size, extents]));
  const measured: Measured = { full: bySize, narrow: bySize, head: () => 120 };
  return layOut(slide, measured);
}

test('what fits is one page, in the largest letters', () => {
  const pages = laidOut([heading('A'), prose(), prose()], [0, 100, 100]);
  expect(pages).toHaveLength(1);
  expect(pages[0]).toMatchObject({ size: 26, part: 1, of: 1, beside: false });
  expect(pages[0].title).toMatchObject({ text: 'A' });
  expect(pages[0].pieces).toHaveLength(2);
});

test('what does not fit is continued, and no block is lost or repeated', () => {
  const blocks = [heading('A'), ...Array.from({ length: 9 }, (_, i) => prose(`${i}`))];
  const pages = laidOut(blocks, [0, ...Array(9).fill(150)]);
  expect(pages.map(({ part, of }) => `${part}/${of}`)).toEqual(['1/3', '2/3', '3/3']);
  expect(pages.flatMap(({ pieces }) => pieces.map(({ block }) => block))).toEqual(blocks.slice(1));
});

test('a heading stays with what follows, and one of the same rank begins a page', () => {
  const pages = laidOut([heading('A'), prose(), heading('B'), prose()], [0, 60, 40, 60]);
  expect(pages.map(({ title }) => title?.text)).toEqual(['A', 'B']);
  const inner = laidOut([heading('A'), prose(), heading('a', 3), prose()], [0, 60, 40, 60]);
  expect(inner).toHaveLength(1);
});

test('a paragraph that ends with a colon goes to the page of what it announces', () => {
  const blocks = [heading('A'), prose('x'), prose('x'), prose('Look:'), prose('y')];
  const pages = laidOut(blocks, [0, 200, 200, 40, 250]);
  expect(pages[1].pieces.map(({ block }) => block)).toEqual(blocks.slice(3));
});

test('long code is cut at an empty line, which disappears, and all other lines stay', () => {
  const lines = Array.from({ length: 34 }, (_, i) => (i === 17 ? '' : `line ${i};`));
  const pages = laidOut([heading('A'), code(lines)], [0, 0]);
  expect(pages.map(({ pieces }) => pieces[0].parts)).toEqual([
    [0, 17],
    [18, 34],
  ]);
});

test('a squarish figure stands beside the text, a wide one below it', () => {
  expect(laidOut([heading('A'), prose(), figure()], [0, 250, 50])[0].beside).toBe(true);
  expect(laidOut([heading('A'), prose(), figure(1100, 300)], [0, 60, 50])[0].beside).toBe(false);
});

test('the tag sets a figure beside the text even where it would be smaller', () => {
  const wide = { ...figure(1100, 300), beside: true } as Block;
  expect(laidOut([heading('A'), prose(), wide], [0, 60, 50])[0].beside).toBe(true);
});

test('three figures do not share a page', () => {
  const pages = laidOut([heading('A'), figure(), figure(), figure()], [0, 50, 50, 50]);
  expect(pages.length).toBeGreaterThan(1);
  expect(pages.flatMap(({ pieces }) => pieces)).toHaveLength(3);
});

test('two figures whose letters would be too small side by side have a page each', () => {
  const wide = (): Block => ({
    kind: 'figure',
    cell: 0,
    figure: readFigure({
      data: [{ type: 'bar' }],
      layout: { width: 620, height: 400, title: 'T', margin: { t: 60, r: 30, b: 40, l: 290 } },
    }),
  });
  const pages = laidOut([heading('A'), wide(), wide()], [0, 50, 50]);
  expect(pages).toHaveLength(2);
  for (const { pieces } of pages) {
    expect((pieces[0].sized?.zoom ?? 0) * smallestLetter).toBeCloseTo(readable);
  }
});

test('what cannot be cut is said', () => {
  expect(() => laidOut([heading('A'), prose('Endless')], [0, 900])).toThrow(
    /a paragraph "Endless…" \(cell 1\) does not fit/,
  );
});

test('a figure fits its room with letters that can be read', () => {
  for (const [width, height] of [
    [626, 500],
    [1136, 300],
    [548, 400],
  ]) {
    const block = figure(485, 302);
    if (block.kind !== 'figure') throw new Error();
    const sized = fit(block.figure, width, height);
    expect(sized.width).toBeLessThanOrEqual(width);
    expect(sized.height).toBeLessThanOrEqual(height);
    expect(sized.zoom * smallestLetter).toBeCloseTo(readable);
    const { layout } = drawing(block.figure, sized);
    expect(layout.width * sized.zoom).toBeCloseTo(sized.width);
  }
});

test('letters below the smallest grow, others stay, and the title leaves the figure', () => {
  const { layout, title, subtitle, margin } = readFigure({
    data: [{ type: 'bar', textfont: { size: 9 } }],
    layout: {
      title: { text: 'A &lt;b&gt;<br>long', subtitle: { text: 'under' } },
      xaxis: { tickfont: { size: 11 }, title: { font: { size: 15 } } },
      margin: { t: 100, r: 1, b: 1, l: 1 },
    },
  });
  expect(title).toBe('A <b> long');
  expect(subtitle).toBe('under');
  expect(layout.xaxis.tickfont.size).toBe(smallestLetter);
  expect(layout.xaxis.title.font.size).toBe(15);
  expect(layout.title).toBeUndefined();
  expect(margin.t).toBe(100 - (20 + 40) - (6 + 17));
});

test('a figure of too many rows becomes several, which show each row once', () => {
  const rows = Array.from({ length: 50 }, (_, i) => i);
  const all = readFigure({
    data: [{ type: 'bar' }],
    layout: {
      height: 900,
      title: 'T',
      yaxis: { tickvals: rows, ticktext: rows.map(String), range: [49.5, -0.5] },
    },
  });
  const parts = byRows(all, room.bottom - 180);
  expect(parts.length).toBeGreaterThan(1);
  expect(parts.flatMap(({ layout }) => layout.yaxis.tickvals)).toEqual(rows);
  expect(parts[0].layout.yaxis.range[1]).toBe(-0.5);
  expect(parts.at(-1)?.layout.yaxis.range[0]).toBe(49.5);
  expect(parts[0].title).toBe(`T (1 of ${parts.length})`);
});

test('a heatmap of very many rows stays whole, with fewer labels down and across', () => {
  const at = Array.from({ length: 63 }, (_, i) => i);
  const axis = { tickvals: at, ticktext: at.map((i) => `t${i}`), range: [62.5, -0.5] };
  const all = readFigure({
    data: [{ type: 'heatmap' }],
    layout: { width: 900, height: 900, title: 'T', xaxis: { ...axis }, yaxis: { ...axis } },
  });
  const [whole, ...others] = byRows(all, room.bottom - 180);
  expect(others).toEqual([]);
  const { xaxis, yaxis } = whole.layout;
  expect(yaxis.range).toEqual(axis.range);
  expect(yaxis.tickvals.length).toBeLessThan(25);
  expect(xaxis.tickvals).toEqual(yaxis.tickvals);
  expect(xaxis.ticktext.map((text: string) => Number(text.slice(1)))).toEqual(xaxis.tickvals);
  const { zoom } = fit(whole, 1100, room.bottom - 180);
  expect(Math.round(zoom * smallestLetter)).toBeGreaterThanOrEqual(readable);
});

test('a heatmap whose cells become too narrow for their numbers leaves them out', () => {
  const figure = readFigure({
    data: [{ type: 'heatmap', z: [[0.5, 0.5, 1]], texttemplate: '%{z:.2f}' }],
    layout: { title: 'T', width: 240, height: 700, margin: { t: 100, b: 20, l: 60, r: 60 } },
  });
  const numbers = (height: number) =>
    drawing(figure, fit(figure, 1100, height)).data[0].texttemplate !== undefined;
  expect(numbers(1200)).toBe(true);
  expect(numbers(420)).toBe(false);
});

test('panels keep the space between them, and their notes move along', () => {
  const figure = readFigure({
    data: [{ type: 'heatmap' }],
    layout: {
      title: 'T',
      height: 600,
      margin: { t: 100, b: 100, l: 50, r: 50 },
      yaxis: { domain: [0, 0.4] },
      yaxis2: { domain: [0.6, 1] },
      annotations: [
        { yref: 'paper', y: 0.6 },
        { yref: 'y', y: 0.6 },
      ],
    },
  });
  const drawn = drawing(figure, fit(figure, 1000, 400));
  const layout: Record<string, any> = drawn.layout;
  const [low, high] = [layout.yaxis.domain, layout.yaxis2.domain];
  expect(drawn.zoom).toBeGreaterThan(1);
  expect(high[0] - low[1]).toBeGreaterThan(0.25); // it was a fifth of a higher plot
  expect(high[1]).toBeCloseTo(1);
  expect(layout.annotations[0].y).toBeCloseTo(high[0]);
  expect(layout.annotations[1].y).toBe(0.6);
});
