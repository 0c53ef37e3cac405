/** The poster: a page of A1, on which everything is whole, apart, and large enough. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atlasNames, family, shortName } from 'attention';
import { type Browser as Chromium, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser } from '../../slides/chromium';
import { paper, posterHtml, printPoster } from '../../slides/poster';
import { parsed } from '../../tools/commands/slides';
import { findChromium } from '../../tools/render/chromium';

const folder = mkdtempSync(join(tmpdir(), 'poster-'));
const requests: string[] = [];
let browser: Chromium;
let page: Page;

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: findChromium() });
  const [width, height] = [paper.width, paper.height].map((mm) => Math.round((mm * 96) / 25.4));
  page = await browser.newPage({ viewport: { width, height } });
  page.on('request', (request) => {
    if (!/^(data|about|file):/.test(request.url())) requests.push(request.url());
  });
  writeFileSync(join(folder, 'poster.html'), posterHtml());
  await page.goto(`file://${folder}/poster.html`);
  await page.evaluate(() => document.fonts.ready);
});

afterAll(async () => {
  await browser.close();
  rmSync(folder, { recursive: true });
});

test('prints one page of A1 with all 36 names, as letters', async () => {
  const own = await Browser.start();
  const { pdf, png } = await printPoster(await own.open());
  await own.close();
  const file = join(folder, 'poster.pdf');
  writeFileSync(file, pdf);
  const about = execFileSync('pdfinfo', [file], { encoding: 'utf8' });
  expect(about).toMatch(/Pages: +1\n/);
  const [, width, height] = /Page size: +([\d.]+) x ([\d.]+) pts/.exec(about) ?? [];
  expect(Math.abs(Number(width) - (paper.width * 72) / 25.4)).toBeLessThan(1);
  expect(Math.abs(Number(height) - (paper.height * 72) / 25.4)).toBeLessThan(1);
  const text = execFileSync('pdftotext', [file, '-'], { encoding: 'utf8' });
  for (const name of atlasNames) expect(text).toContain(shortName(name));
  for (const { change } of family) expect(text.replace(/\s+/g, ' ')).toContain(change);
  expect(execFileSync('pdffonts', [file], { encoding: 'utf8' })).toMatch(/SourceSansPro/);
  expect(pdf.length).toBeLessThan(1e6);
  expect(png.length).toBeLessThan(400e3);
});

test('asks nothing of a network, and has no address to ask', () => {
  expect(requests).toEqual([]);
  expect(posterHtml().replace(/http:\/\/www\.w3\.org\/\S+/g, '')).not.toMatch(
    /https?:|src=|@import/,
  );
});

test('each method has one card, with a map, a name, a formula and its year', async () => {
  const cards = await page.$$eval('article', (all) =>
    all.map((card) => ({
      name: card.querySelector('h3')?.textContent,
      shapes: card.querySelectorAll('svg rect, svg path').length,
      formula: card.querySelectorAll('.formula .katex').length,
      errors: card.querySelectorAll('.katex-error').length,
      year: Number.parseInt(card.querySelector('p b')?.textContent ?? '', 10),
    })),
  );
  expect(cards.map(({ name }) => name).sort()).toEqual(atlasNames.map(shortName).sort());
  for (const { name, shapes, formula, errors, year } of cards) {
    expect(shapes, name ?? '').toBeGreaterThan(8);
    expect([formula, errors], name ?? '').toEqual([1, 0]);
    expect(year).toBe(family.find((one) => shortName(one.name) === name)?.year);
  }
});

test('nothing sticks out, and no text lies over another', async () => {
  const found = await page.evaluate(() => {
    const sheet = document.body.getBoundingClientRect();
    /** Where there is ink: Source Sans Pro leaves room above its letters, and a little below. */
    const box = (element: Element) => {
      const range = document.createRange();
      range.selectNodeContents(element);
      const drawn = element instanceof SVGElement;
      const around = drawn ? element.getBoundingClientRect() : range.getBoundingClientRect();
      const svg = element.closest('svg');
      const scale = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
      const em = element.matches('svg')
        ? 0
        : scale * Number.parseFloat(getComputedStyle(element).fontSize);
      const { left, right } = around;
      const [top, bottom] = [around.top + 0.27 * em, around.bottom - 0.06 * em];
      return { left, right, top, bottom, text: (element.textContent ?? '').slice(0, 30) };
    };
    const texts = [
      ...document.querySelectorAll(
        'h1, header p, h2, h3, article .katex-html, article p, .tree text',
      ),
    ].map(box);
    const wide = [...document.querySelectorAll('article')].flatMap((card) => {
      const { right, bottom } = card.getBoundingClientRect();
      return [...card.querySelectorAll('h3, .katex-html, p, svg')]
        .map(box)
        .filter((one) => one.right > right + 0.5 || one.bottom > bottom + 0.5)
        .map(({ text }) => text);
    });
    const edge = 10 * (96 / 25.4); // a printer's margin
    const out = texts.filter(
      ({ left, right, top, bottom }) =>
        left < edge || top < edge || right > sheet.right - edge || bottom > sheet.bottom - edge,
    );
    const over = texts.flatMap((a, i) =>
      texts
        .slice(0, i)
        .filter((b) => {
          const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
          const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
          return across > 1 && down > 1;
        })
        .map((b) => `${a.text} / ${b.text}`),
    );
    return { count: texts.length, wide, out: out.map(({ text }) => text), over };
  });
  expect(found.count).toBeGreaterThan(150);
  expect(found).toMatchObject({ wide: [], out: [], over: [] });
});

test('no letter is smaller than 14 points, but indices of formulas', async () => {
  const sizes = await page.$$eval('h1, header p, h2, h3, .formula, article p, .tree text', (all) =>
    all.map((one) => {
      const size = Number.parseFloat(getComputedStyle(one).fontSize);
      const svg = one.closest('svg');
      // In the tree a unit is a millimetre.
      const scale = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
      return (size * scale * 72) / 96;
    }),
  );
  expect(Math.min(...sizes)).toBeGreaterThanOrEqual(13.99);
});

test('the picture of it is stored, and the command is known', () => {
  const file = join(import.meta.dirname, '../../notebooks/images/atlas.png');
  expect(statSync(file).size).toBeLessThan(400e3);
  expect(readFileSync(file).subarray(1, 4).toString()).toBe('PNG');
  expect(parsed(['--poster'])).toMatchObject({ poster: true, numbers: [] });
});
