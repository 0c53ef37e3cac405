/** A lesson's deck in Chromium, opened from the disk with every request failing. */
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import type { Exported } from '../../slides/export';
import {
  code,
  drawn,
  heatmapOutput,
  lesson,
  markdown,
  notebook,
  said,
  shown,
  studio,
  visit,
} from './decks';

const { deck, open, exporter, folder } = studio();

let exported: Exported;
beforeAll(async () => {
  exported = await exporter().lesson(lesson, { folder });
}, 120_000);

const { cells: lessonCells } = JSON.parse(readFileSync(lesson, 'utf8'));
const figureCount =
  JSON.stringify(lessonCells).split('"application/vnd.plotly.v1+json":').length - 1;

const inside = <T>(page: Page, look: () => T) => page.evaluate(look);
const current = (page: Page) => inside(page, () => (window as any).Reveal.getCurrentSlide().id);

test('a lesson makes one file below 5 MB; without figures it is below 3 MB and has no Plotly', async () => {
  expect(statSync(exported.file).size).toBeLessThan(5e6);
  const { html } = await deck(notebook(markdown('# T\n\n$x$')));
  expect(html.length).toBeLessThan(3e6);
  expect(/plotly\.js/.test(html)).toBe(false);
});

test('the same notebook makes the same file', async () => {
  const before = readFileSync(exported.file, 'utf8');
  await exporter().lesson(lesson, { folder });
  expect(readFileSync(exported.file, 'utf8') === before).toBe(true);
});

test('every slide of the lesson: no request, no error, all figures, nothing cut, nothing small', async () => {
  const { page, requests, errors } = await open(exported.file);
  expect(exported.pages.length).toBeGreaterThan(30);
  let figures = 0;
  for (const { id, talk } of exported.pages) {
    await visit(page, id);
    const slide = await inside(page, () => {
      const slide: HTMLElement = (window as any).Reveal.getCurrentSlide();
      const small: string[] = [];
      const cut: string[] = [];
      const walker = document.createTreeWalker(slide, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const element = node.parentElement as HTMLElement;
        if (
          !node.textContent?.trim() ||
          element.closest('.katex, aside, footer, [aria-hidden=true]')
        )
          continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        const box = range.getBoundingClientRect();
        if (box.width === 0 || getComputedStyle(element).visibility === 'hidden') continue;
        const plot = element.closest('.plot > div');
        const zoom = plot ? new DOMMatrix(getComputedStyle(plot).transform).a : 1;
        const size = Number.parseFloat(getComputedStyle(element).fontSize) * zoom;
        if (size < 17.4) small.push(`${size.toFixed(1)}: ${node.textContent}`);
        if (box.right > 1262 || box.bottom > 680 || box.left < 0) cut.push(node.textContent);
      }
      const plots = [...slide.querySelectorAll<HTMLElement>('.plot')].map((plot) => {
        const [svg] = [...plot.querySelectorAll('.main-svg')].map((one) =>
          one.getBoundingClientRect(),
        );
        const { width, height } = plot.getBoundingClientRect();
        return Math.max(Math.abs(svg.width - width), Math.abs(svg.height - height));
      });
      return { id: slide.id, small, cut, plots };
    });
    expect(slide.id).toBe(id);
    expect(slide.small, id).toEqual([]);
    expect(slide.cut, id).toEqual([]);
    for (const off of slide.plots) expect(off, id).toBeLessThan(2);
    if (!talk) figures += slide.plots.length;
  }
  expect(figures).toBe(figureCount);
  expect(requests).toEqual([]);
  expect(errors).toEqual([]);
  await page.close();
}, 240_000);

test('every formula of the lesson is there, in its fonts, and in MathML', async () => {
  const source = lessonCells
    .filter(
      ({ cell_type, metadata }: any) =>
        cell_type === 'markdown' && metadata.slideshow?.slide_type !== 'skip',
    )
    .map(({ source }: any) =>
      [source]
        .flat()
        .join('')
        .replace(/```[\s\S]*?```|`[^`]*`/g, ''),
    )
    .join('\n\n');
  const formulas = source.match(/\$\$[\s\S]+?\$\$|\$[^$\n]+\$/g) ?? [];
  const { page } = await open(exported.file);
  const found = await inside(page, () => ({
    formulas: document.querySelectorAll('.page:not(.talk) .sheet .katex').length,
    spoken: document.querySelectorAll('.page:not(.talk) .sheet .katex math').length,
    fonts: [...document.fonts].map(({ family, status }) => `${family.replace(/"/g, '')} ${status}`),
  }));
  expect(found.formulas).toBe(formulas.length);
  expect(found.spoken).toBe(formulas.length);
  expect(found.fonts.filter((font) => font.startsWith('KaTeX_Math'))).not.toEqual([]);
  const shown = await inside(
    page,
    () => document.querySelector('.page .sheet .mathnormal')?.closest('.page')?.id,
  );
  await visit(page, shown as string);
  const loaded = await inside(page, async () => {
    await document.fonts.ready; // a font is loaded where it is first used
    return [...document.querySelectorAll<HTMLElement>('.present .sheet .mathnormal')].map((one) =>
      document.fonts.check(`20px ${getComputedStyle(one).fontFamily}`),
    );
  });
  expect(new Set(loaded)).toEqual(new Set([true]));
  await page.close();
});

test('a heatmap answers the mouse, in a window of any size', async () => {
  const { page } = await open(exported.file, '#/02-heatmaps');
  await drawn(page);
  for (const [width, height] of [
    [1280, 720],
    [800, 700],
    [1920, 1080],
  ]) {
    await page.setViewportSize({ width, height });
    await page.waitForTimeout(200);
    await page.mouse.move(5, 5);
    const plot = page.locator('section.present .plot .nsewdrag').first();
    const box = await plot.boundingBox();
    if (!box) throw new Error('no plot');
    expect(box.x + box.width).toBeLessThan(width);
    await page.mouse.move(box.x + (box.width * 3.5) / 7, box.y + (box.height * 2.5) / 4);
    await page.waitForSelector('section.present .hoverlayer text');
    const label = await page.locator('section.present .hoverlayer text').first().textContent();
    expect(label).toMatch(/^query "AW" → key "O"/);
  }
  await page.close();
});

test('keys: next step by step, overview, search, dark, help; the address names the slide', async () => {
  const { file } = await deck(
    notebook(
      markdown('# T'),
      markdown('## First\n\nalways'),
      markdown('later', { type: 'fragment' }),
      code('a();\n\nb();', [said('done')], { type: 'fragment', tags: ['steps'] }),
      markdown('## Second\n\n<details><summary>Why?</summary>\n\nBecause.\n</details>'),
    ),
  );
  const { page, errors } = await open(file);
  const visible = () =>
    inside(page, () =>
      [...(window as any).Reveal.getCurrentSlide().querySelectorAll('.block, .answer, .line.lit')]
        .filter((one: Element) => getComputedStyle(one).visibility !== 'hidden')
        .map((one: Element) => one.textContent?.trim()),
    );
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction(() => location.hash === '#/07-first');
  expect(await visible()).toEqual(['always']);
  await page.keyboard.press('Space');
  expect(await visible()).toEqual(['always', 'later']);
  await page.keyboard.press('Space');
  expect(await visible()).toEqual(['always', 'later', 'a(); b();']);
  await page.keyboard.press('Space');
  expect(await visible()).toEqual(['always', 'later', 'a(); b();', 'a();']);
  await page.keyboard.press('Space');
  expect(await visible()).toEqual(['always', 'later', 'a(); b();', 'b();']);
  await page.keyboard.press('Space');
  expect(await visible()).toEqual(['always', 'later', 'a(); b();', 'done']);
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  expect(await visible()).toEqual(['always', 'later', 'a(); b();', 'a();']);
  await page.goto(page.url().replace(/#.*/, '#/07-second'));
  expect(await current(page)).toBe('07-second');
  await page.keyboard.press('Space');
  expect(await visible()).toContain('Because.');

  await page.keyboard.press('d');
  expect(await inside(page, () => document.documentElement.className)).toContain('dark');
  await page.keyboard.press('Shift+Slash');
  await page.waitForSelector('text=Speaker view');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+Shift+F');
  await page.keyboard.type('always');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => (window as any).Reveal.getCurrentSlide().id === '07-first');
  expect(errors).toEqual([]);
  await page.close();
});

test("the speaker's window shows notes, this slide and the next, a timer, and turns pages", async () => {
  const { file } = await deck(
    notebook(
      markdown('# T'),
      markdown('Say **this**, $x$.', { type: 'notes' }),
      markdown('## Figure'),
      code('x', [heatmapOutput()], { tags: ['hide-input'] }),
    ),
  );
  const { page, errors } = await open(file);
  const [speaker] = await Promise.all([
    page.context().waitForEvent('page'),
    page.keyboard.press('s'),
  ]);
  await speaker.waitForSelector('.now h1');
  expect(await speaker.textContent('.words strong')).toBe('this');
  expect(await speaker.locator('.next h2').textContent()).toBe('Figure');
  await speaker.waitForFunction(() => document.querySelector('.timer')?.textContent === '0:01');
  await speaker.keyboard.press('ArrowRight');
  await speaker.waitForSelector('.now .plot .main-svg');
  expect(await current(page)).toBe('07-figure');
  expect(await speaker.textContent('.words')).toBe('');
  expect(errors).toEqual([]);
  await speaker.close();
  await page.close();
});

test('a screen reader finds a document: language, headings in order, figures in words', async () => {
  const { page } = await open(exported.file);
  const found = await inside(page, () => ({
    language: document.documentElement.lang,
    application: document.querySelectorAll('[role=application]').length,
    main: document.querySelectorAll('main').length,
    headings: [...document.querySelectorAll('section.page')].map((slide) =>
      [...slide.querySelectorAll('h1, h2, h3')].map(({ localName }) => localName).join(' '),
    ),
    figures: [...document.querySelectorAll('.page:not(.talk) .plot')].map((one) => [
      one.getAttribute('role'),
      one.getAttribute('aria-label'),
    ]),
    images: [...document.querySelectorAll('.slides img')].filter((one) => !one.getAttribute('alt'))
      .length,
  }));
  expect(found).toMatchObject({ language: 'en', application: 0, main: 1, images: 0 });
  expect(found.headings[0]).toBe('h1');
  for (const headings of found.headings.slice(1)) expect(headings).toMatch(/^(h1|h2( h3)*)$/);
  expect(found.figures).toHaveLength(figureCount);
  for (const [role, label] of found.figures) {
    expect(role).toMatch(/^(img|group)$/); // a group if it has a slider
    expect(label).toMatch(
      /^(Heatmap|\d heatmaps|Line chart|Attention step by step): .*(Most weight|Highest value|goes from|softmax)/s,
    );
  }
  await page.close();
});

test('every colour of text stands out from its ground, light and dark (AA: 4.5)', () => {
  const theme = readFileSync(join(import.meta.dirname, '../../slides/theme.css'), 'utf8');
  const luminance = (hex: string) => {
    const [r, g, b] = [1, 3, 5]
      .map((i) => Number.parseInt(hex.slice(i, i + 2), 16) / 255)
      .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  for (const block of [/:root \{([^}]*)\}/, /:root\.dark \{([^}]*)\}/]) {
    const colors = Object.fromEntries(
      [...(block.exec(theme)?.[1] ?? '').matchAll(/--(\w+): (#\w{6})/g)].map(([, name, hex]) => [
        name,
        hex,
      ]),
    );
    const { paper, shade, faint, ...inks } = colors;
    expect(Object.keys(inks)).toContain('comment');
    for (const [name, ink] of Object.entries(inks)) {
      for (const ground of [paper, shade]) {
        const [high, low] = [luminance(ink), luminance(ground)].sort((a, b) => b - a);
        expect((high + 0.05) / (low + 0.05), `${name} on ${ground}`).toBeGreaterThan(4.5);
      }
    }
  }
});

test('a figure whose letters would be small is refused, with its cell', async () => {
  const rows = Array.from({ length: 40 }, (_, i) => i);
  const crowded = {
    data: [{ type: 'heatmap', z: rows.map((i) => [i]) }],
    layout: {
      width: 500,
      height: 900,
      title: { text: 'Panels' },
      yaxis: { tickvals: rows, domain: [0, 0.45] },
      yaxis2: { tickvals: rows, domain: [0.55, 1] },
    },
  };
  const output = shown({ 'application/vnd.plotly.v1+json': crowded, 'text/plain': 'Panels' });
  const cells = [markdown('# T'), markdown('## Crowd'), code('x', [output])];
  await expect(deck(notebook(...cells))).rejects.toThrow(
    /07-test\.ipynb: a figure \(cell 3\) on "Crowd" has letters of \d+ px, and 18 are wanted/,
  );
});

test('a figure in three dimensions is drawn, too, in the file and in the PDF', async () => {
  const cube = {
    data: [
      {
        type: 'scatter3d',
        mode: 'markers',
        x: [0, 1, 0, 1],
        y: [0, 0, 1, 1],
        z: [0, 1, 1, 0],
        marker: { size: 20, color: '#00429d' },
      },
    ],
    layout: { width: 500, height: 400, title: { text: 'Attention of one point over the others' } },
  };
  const output = shown({ 'application/vnd.plotly.v1+json': cube, 'text/plain': 'Attention' });
  const { file, pdf } = await deck(
    notebook(markdown('# T'), markdown('## Points'), code('x', [output], { tags: ['hide-input'] })),
    { pdf: true },
  );
  expect(statSync(file).size).toBeLessThan(5e6);
  const { page, requests, errors } = await open(file, '#/07-points');
  await drawn(page);
  const blue = async (png: Buffer) =>
    page.evaluate(async (source) => {
      const image = new Image();
      image.src = `data:image/png;base64,${source}`;
      await image.decode();
      const canvas = new OffscreenCanvas(image.width, image.height);
      const context = canvas.getContext('2d');
      if (!context) throw new Error('no canvas');
      context.drawImage(image, 0, 0);
      const { data } = context.getImageData(0, 0, image.width, image.height);
      let count = 0;
      for (let k = 0; k < data.length; k += 4)
        if (data[k] < 60 && data[k + 2] - data[k] > 80) count++;
      return count / (image.width * image.height);
    }, png.toString('base64'));
  const onSlide = await blue(await page.screenshot());
  expect(onSlide).toBeGreaterThan(0.0005);
  execFileSync('pdftoppm', [
    '-r',
    '96',
    '-png',
    '-f',
    '2',
    '-l',
    '2',
    pdf ?? '',
    join(folder, 'cube'),
  ]);
  const onPaper = await blue(readFileSync(join(folder, 'cube-2.png')));
  expect(onPaper / onSlide).toBeGreaterThan(0.5);
  expect(onPaper / onSlide).toBeLessThan(2);
  expect(requests).toEqual([]);
  expect(errors).toEqual([]);
  await page.close();
});
