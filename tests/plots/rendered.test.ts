/** Draws figures in a real browser, and measures what is to be seen there. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Figure } from '../../src/plots/figure';
import { heatmap } from '../../src/plots/heatmap';
import { overlay } from '../../src/plots/overlay';
import { closeBrowser, openPlotlyPage, renderFigure } from '../../tools/render/static-images';
import { examples } from './examples';

let page: Page;
beforeAll(async () => {
  page = await openPlotlyPage();
  await page.setViewportSize({ width: 1100, height: 1100 });
});
afterAll(closeBrowser);

interface Box {
  text: string;
  left: number;
  right: number;
  top: number;
  bottom: number;
  rotated: boolean;
}

/** Draws a figure and gives the box of each text in it. */
async function draw(figure: Figure): Promise<Box[]> {
  const { data, layout, config } = JSON.parse(JSON.stringify(figure));
  return page.evaluate(
    async ([data, layout, config]) => {
      const { Plotly } = globalThis as any;
      const place = document.getElementById('figure') as HTMLElement;
      Plotly.purge(place);
      await Plotly.newPlot(place, data, layout, config);
      return Array.from(place.querySelectorAll('svg text'))
        .filter((text) => text.textContent && (text as SVGTextElement).getBBox().width > 0)
        .map((text) => {
          const { left, right, top, bottom } = text.getBoundingClientRect();
          const rotated = /rotate\((?!0[ ,)])/.test(text.getAttribute('transform') ?? '');
          return { text: text.textContent ?? '', left, right, top, bottom, rotated };
        });
    },
    [data, layout, config],
  );
}

/** The mean position of the pixels that a colour test accepts, in pixels of the figure. */
async function centreOf(
  figure: Figure,
  accepts: (r: number, g: number, b: number) => boolean,
): Promise<{ x: number; y: number; count: number }> {
  const picture = (await renderFigure(figure)).toString('base64');
  const { width, pixels } = await page.evaluate(async (base64) => {
    const image = new Image();
    image.src = `data:image/png;base64,${base64}`;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = image.width;
    canvas.height = image.height;
    const context = canvas.getContext('2d') as CanvasRenderingContext2D;
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    return { width: image.width, pixels: Array.from(data) };
  }, picture);
  let [x, y, count] = [0, 0, 0];
  for (let i = 0; i < pixels.length / 4; i++) {
    if (!accepts(pixels[4 * i], pixels[4 * i + 1], pixels[4 * i + 2])) continue;
    x += i % width;
    y += Math.floor(i / width);
    count += 1;
  }
  return { x: x / count, y: y / count, count };
}

const centre = (box: Box) => ({ x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2 });

describe.each(Object.entries(examples))('%s', (_, figure) => {
  let boxes: Box[];
  beforeAll(async () => {
    boxes = await draw(figure);
  });

  test('is a valid figure for Plotly', async () => {
    const complaints = await page.evaluate(
      ([data, layout]) => (globalThis as any).Plotly.validate(data, layout) ?? [],
      JSON.parse(JSON.stringify([figure.data, figure.layout])),
    );
    // What a slider does is an object, which Plotly copies and then holds to be another one.
    const known = /^sliders\[[01]\]\.steps\[\d+\]\.args\[[01]\]$/;
    const serious = complaints.filter(
      ({ astr, code, trace }: { astr: string; code: string; trace: number | null }) =>
        // Of a trace that a slider hides, Plotly reads nothing.
        !known.test(astr) && !(code === 'unused' && figure.data[trace ?? -1]?.visible === false),
    );
    expect(serious).toEqual([]);
  });

  test('shows every text in full, and none over another', () => {
    const { width, height } = figure.layout;
    const cut = boxes.filter(
      ({ left, right, top, bottom }) =>
        left < 0 || top < 0 || right > width + 0.5 || bottom > height + 0.5,
    );
    expect(cut.map(({ text }) => text)).toEqual([]);

    const level = boxes.filter(({ rotated }) => !rotated);
    const overlaps = level.flatMap((a, i) =>
      level
        .slice(i + 1)
        .filter(
          (b) =>
            Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 &&
            // Boxes are as high as the font; letters are lower.
            Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 5,
        )
        .map((b) => `${a.text} | ${b.text}`),
    );
    expect(overlaps).toEqual([]);
  });

  test('has the margins it was given: nothing pushed its panels aside', async () => {
    const size = await page.evaluate(() => {
      const { l, r, t, b } = (document.getElementById('figure') as any)._fullLayout._size;
      return { l, r, t, b };
    });
    const { margin } = figure.layout;
    for (const side of ['l', 'r', 't', 'b'] as const) {
      expect(Math.abs(size[side] - margin[side]), side).toBeLessThan(1.5);
    }
  });
});

test('the cell of a weight is below its key and beside its query', async () => {
  const weights = Array.from({ length: 4 }, (_, i) =>
    Array.from({ length: 5 }, (_, j) => (i === 1 && j === 3 ? 1 : 0)),
  );
  const figure = heatmap(weights, {
    title: 'T',
    queries: ['q0', 'q1', 'q2', 'q3'],
    keys: ['k0', 'k1', 'k2', 'k3', 'k4'],
    numbers: false,
  });
  // The colour bar is dark too: take it away.
  Object.assign(figure.data.at(-1) ?? {}, { showscale: false });
  const boxes = await draw(figure);
  const label = (text: string) => centre(boxes.find((box) => box.text === text) as Box);
  const dark = await centreOf(figure, (r, g, b) => r < 40 && g < 50 && b > 60 && b < 90);
  expect(dark.count).toBeGreaterThan(1000);
  expect(label('q0').y).toBeLessThan(label('q3').y);
  expect(label('k0').x).toBeLessThan(label('k4').x);
  expect(Math.abs(dark.x - label('k3').x)).toBeLessThan(4);
  expect(Math.abs(dark.y - label('q1').y)).toBeLessThan(4);
});

test('equal tokens have a column each', async () => {
  const figure = heatmap([[0, 0.5, 1]], {
    title: 'T',
    keys: ['the', 'cat', 'the'],
    numbers: false,
  });
  Object.assign(figure.data.at(-1) ?? {}, { showscale: false });
  const boxes = (await draw(figure)).filter(({ text }) => text === 'the');
  expect(boxes).toHaveLength(2);
  const dark = await centreOf(figure, (r, g, b) => r < 40 && g < 50 && b > 60 && b < 90);
  expect(Math.abs(dark.x - centre(boxes[1]).x)).toBeLessThan(4);
});

test('cells are square', async () => {
  for (const name of ['a heatmap of 8 × 9', 'a heatmap of 200 × 120', 'eight heads']) {
    await draw(examples[name]);
    const ratio = await page.evaluate(() => {
      const { xaxis, yaxis } = (document.getElementById('figure') as any)._fullLayout;
      const cell = (axis: any) => axis._length / Math.abs(axis.range[1] - axis.range[0]);
      return cell(xaxis) / cell(yaxis);
    });
    expect(ratio, name).toBeCloseTo(1, 1);
  }
});

test('hovering over a cell names its query, its key and its weight', async () => {
  const figure = heatmap(
    [
      [0.17, 0.83],
      [1, 0],
    ],
    {
      title: 'T',
      queries: ['<s>', 'TH'],
      keys: ['T', 'T'],
      numbers: false,
    },
  );
  expect(await hoverAt(figure, 0.75, 0.25)).toBe('query "<s>" → key "T": 0.83');
  expect(await hoverAt(examples['eight heads'], 0.06, 0.06)).toMatch(/^head 1: query "The" → key/);
});

test('hovering works where no label fits', async () => {
  const hover = await hoverAt(examples['sixteen heads of 30 × 30'], 0.5, 0.5);
  expect(hover).toMatch(/^head 1: query "[a-z]+" → key "[a-z]+": 0/i);
});

/** What the box says at a place of the first panel, in shares of it. */
async function hoverAt(figure: Figure, x: number, y: number): Promise<string | null> {
  await draw(figure);
  const panel = await page.locator('.nsewdrag').first().boundingBox();
  if (!panel) throw new Error('the figure has no panel');
  await page.mouse.move(panel.x + panel.width * x, panel.y + panel.height * y);
  await page.mouse.move(panel.x + panel.width * x + 1, panel.y + panel.height * y + 1);
  return page.locator('.hoverlayer text').first().textContent();
}

describe('the stepper', () => {
  const name = 'a stepper through 13 letters that may not look ahead';
  const figure = examples[name];

  const texts = () => page.locator('svg text').allTextContents();
  const hidden = async () => (await texts()).filter((text) => text === '−∞').length;

  async function click(slider: number, place: number): Promise<void> {
    const rail = await page.locator('.slider-rail-touch-rect').nth(slider).boundingBox();
    if (!rail) throw new Error('there is no slider');
    const last = figure.layout.sliders[slider].steps.length - 1;
    const x = rail.x + 10 + ((rail.width - 20) * place) / last;
    await page.mouse.click(x, rail.y + rail.height / 2);
  }

  test('shows the stages up to the one that is clicked, then the query that is clicked', async () => {
    await draw(figure);
    await click(0, 0);
    await expect.poll(texts).not.toContain('sum 1.00');
    await click(0, 2);
    await expect.poll(hidden).toBe(6);
    await click(1, 11);
    await expect.poll(hidden).toBe(1);
    expect(await texts()).not.toContain('sum 1.00');
    await click(0, 4);
    await expect.poll(texts).toContain('sum 1.00');
    expect(await hidden()).toBe(1);
  });

  test('has a grip under the column of its query, where queries are keys', async () => {
    await draw(figure);
    const grip = await page.locator('.slider-grip-rect').nth(1).boundingBox();
    const label = await page.locator('.xtick text').nth(6).boundingBox();
    if (!grip || !label) throw new Error('there is no slider, or no label');
    const middle = (box: { x: number; width: number }) => box.x + box.width / 2;
    expect(Math.abs(middle(grip) - middle(label))).toBeLessThan(2);
  });

  test.each(Object.keys(examples).filter((name) => name.startsWith('a stepper')))(
    'of %s has letters of 12 pixels or more',
    async (name) => {
      await draw(examples[name]);
      const sizes = await page.evaluate(() =>
        Array.from(document.querySelectorAll('svg text'), (text) =>
          Number.parseFloat(getComputedStyle(text).fontSize),
        ),
      );
      expect(Math.min(...sizes)).toBeGreaterThanOrEqual(12);
    },
  );
});

test('a weight lies over its part of the image', async () => {
  const image = Array.from({ length: 8 }, () => Array(8).fill(0));
  const map = [
    [0, 0],
    [1, 0],
  ];
  const figure = overlay(image, map, { title: 'T', smooth: false, bare: false });
  Object.assign(figure.data.at(-1) ?? {}, { showscale: false });
  await draw(figure);
  const panel = await page.locator('.nsewdrag').first().boundingBox();
  if (!panel) throw new Error('the figure has no panel');
  const orange = await centreOf(figure, (r, g, b) => r > 150 && g < 120 && b < 60);
  expect((orange.x - panel.x) / panel.width).toBeCloseTo(0.25, 1);
  expect((orange.y - panel.y) / panel.height).toBeCloseTo(0.75, 1);
});
