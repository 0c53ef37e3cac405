/** Small notebooks, their decks, and the browser that looks at them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { Browser } from '../../slides/chromium';
import { Exporter } from '../../slides/export';
import { findChromium } from '../../tools/render/chromium';

export const lesson = join(import.meta.dirname, '../../notebooks/02-additive-attention.ipynb');

type Extra = { type?: string; tags?: string[] };

const metadata = ({ type, tags }: Extra) => ({
  ...(type ? { slideshow: { slide_type: type } } : {}),
  ...(tags ? { tags } : {}),
});

let count = 0;
const id = () => `cell${count++}`;

export function markdown(source: string, extra: Extra = { type: 'slide' }) {
  return { cell_type: 'markdown', id: id(), source, metadata: metadata(extra) };
}

export function code(source: string, outputs: object[] = [], extra: Extra = {}) {
  const common = { cell_type: 'code', id: id(), source, metadata: metadata(extra) };
  return { ...common, execution_count: 1, outputs };
}

export const shown = (data: object) => ({ output_type: 'display_data', data, metadata: {} });
export const said = (text: string) => ({ output_type: 'stream', name: 'stdout', text });

export const heatmapOutput = (title = 'Cross-attention, layer 1') =>
  shown({
    'application/vnd.plotly.v1+json': {
      data: [
        {
          type: 'heatmap',
          z: [
            [1, 2],
            [3, 4],
          ],
        },
      ],
      layout: { width: 420, height: 360, title: { text: title } },
    },
    'text/plain': title,
  });

export const notebook = (...cells: object[]) => ({
  cells,
  metadata: {
    kernelspec: { name: 'tslab', display_name: 'TypeScript' },
    language_info: { name: 'typescript' },
  },
  nbformat: 4,
  nbformat_minor: 5,
});

/** Folder, exporter and browser for the tests of one file; all are cleaned up. */
export function studio() {
  const folder = mkdtempSync(join(tmpdir(), 'slides-'));
  let exporter: Exporter;
  let context: BrowserContext;
  beforeAll(async () => {
    exporter = new Exporter(Browser.start());
    context = await (await chromium.launch({ executablePath: findChromium() })).newContext({
      viewport: { width: 1280, height: 720 },
    });
  }, 120_000);
  afterAll(async () => {
    await exporter?.close();
    await context?.browser()?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const write = (content: object | string, name = '07-test') => {
    const file = join(folder, `${name}.ipynb`);
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    return file;
  };
  return {
    folder,
    write,
    exporter: () => exporter,
    async deck(content: object | string, { pdf = false, draft = false, lenient = false } = {}) {
      const exported = await exporter.lesson(write(content), { folder, pdf, draft, lenient });
      return { ...exported, html: readFileSync(exported.file, 'utf8') };
    },
    /** Opens a deck as a lecturer would, from the disk. Every request but that for the file fails. */
    async open(
      file: string,
      suffix = '',
      device?: BrowserContextOptions,
    ): Promise<{ page: Page; requests: string[]; errors: string[] }> {
      const own = device && (await context.browser()?.newContext(device));
      const page = await (own ?? context).newPage();
      const requests: string[] = [];
      const errors: string[] = [];
      await page.route('**/*', (route) => {
        const url = route.request().url();
        if (url.split(/[?#]/)[0] === pathToFileURL(file).href) return route.continue();
        requests.push(url);
        return route.abort();
      });
      page.on('pageerror', (error) => errors.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error') errors.push(message.text());
      });
      await page.goto(pathToFileURL(file).href + suffix);
      await page.waitForSelector('html[data-ready]', { state: 'attached' });
      return { page, requests, errors };
    },
  };
}

/** Goes to a slide, all its fragments shown, and waits for its figures. */
export async function visit(page: Page, id: string): Promise<void> {
  await page.evaluate((id) => {
    const { Reveal } = window as any;
    location.hash = `#/${id}`; // as a link does
    const { h, v } = Reveal.getIndices(document.getElementById(id));
    Reveal.slide(h, v, 99);
  }, id);
  await drawn(page);
}

export async function drawn(page: Page): Promise<void> {
  await page.waitForFunction(() =>
    [...(window as any).Reveal.getCurrentSlide().querySelectorAll('.plot')].every(
      (plot: any) => plot.dataset.drawn === 'done',
    ),
  );
}
