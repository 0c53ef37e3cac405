/**
 * Still pictures of Plotly figures, for every reader that runs no JavaScript: GitHub, nbviewer,
 * print. One headless Chromium draws them with the project's plotly.js; nothing leaves the machine.
 */
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';
import { type MimeBundle, type Notebook, plotlyMime } from '../notebooks/nbformat.ts';
import { findChromium } from './chromium.ts';

const require = createRequire(import.meta.url);

export type Figure = {
  data: object[];
  layout: { width?: number; height?: number };
  config?: object;
};

/** What is called of plotly.js in the page. */
interface Plotly {
  purge(place: HTMLElement | null): void;
  newPlot(place: HTMLElement | null, data: object[], layout: object, config: object): Promise<void>;
}

let browser: Promise<Browser> | undefined;
/** One page for each scale. */
const pages = new Map<number, Promise<Page>>();
/** The pages draw one figure at a time. */
let queue: Promise<unknown> = Promise.resolve();

/**
 * A page with `Plotly` and an empty `<div id="figure">`, in the browser that all share.
 * @param scale pixels of the picture for a pixel of the figure
 */
export async function openPlotlyPage(scale = 1): Promise<Page> {
  browser ??= chromium.launch({
    executablePath: findChromium(),
    args: ['--force-color-profile=srgb', '--disable-lcd-text'],
  });
  const page = await (await browser).newPage({ deviceScaleFactor: scale });
  await page.setContent('<!doctype html><body style="margin:0"><div id="figure"></div></body>');
  await page.addScriptTag({ path: require.resolve('plotly.js/dist/plotly.min.js') });
  return page;
}

/**
 * A figure as PNG. The same figure gives the same bytes on the same machine.
 * The browser stays open for the next figure: call `closeBrowser` in the end.
 *
 * @param figure with `layout.width` and `layout.height`
 * @param options 1 pixel for a pixel by default; slides may want 2
 * @throws {Error} if Plotly cannot draw the figure, or no browser is found
 */
export function renderFigure(
  figure: Figure,
  { scale = 1 }: { scale?: number } = {},
): Promise<Buffer> {
  const picture = queue.then(() => draw(figure, scale));
  queue = picture.catch(() => {});
  return picture;
}

async function draw(figure: Figure, scale: number) {
  const { width, height } = sizeOf(figure);
  const opening = pages.get(scale) ?? openPlotlyPage(scale);
  pages.set(scale, opening);
  const page = await opening;
  await page.setViewportSize({ width, height });
  const drawing = JSON.parse(JSON.stringify({ data: figure.data, layout: figure.layout }));
  await page.evaluate(async ({ data, layout }: Figure) => {
    const { Plotly } = globalThis as unknown as { Plotly: Plotly };
    const place = document.getElementById('figure');
    Plotly.purge(place);
    await Plotly.newPlot(place, data, layout, { staticPlot: true, displayModeBar: false });
    // Heatmaps and images are pictures within the picture, decoded later than they are placed.
    const images = Array.from(document.querySelectorAll('image'));
    await Promise.all(
      images.map((image) => {
        const loading = new Image();
        loading.src = image.getAttribute('href') ?? image.getAttribute('xlink:href') ?? '';
        return loading.decode().catch(() => {});
      }),
    );
    await document.fonts.ready;
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  }, drawing);
  return page.screenshot({ clip: { x: 0, y: 0, width, height } });
}

/** Closes the browser, if there is one; the next figure opens another. */
export async function closeBrowser() {
  await queue;
  const open = browser;
  browser = undefined;
  pages.clear();
  await (await open)?.close();
}

/**
 * Puts a PNG beside each Plotly figure among a notebook's outputs, in the same bundle, with its
 * size in the output's metadata. Older PNGs there are replaced, so doing it twice changes nothing.
 *
 * @param notebook changed in place
 * @returns how many figures there are
 */
export async function addStaticImages(notebook: Notebook): Promise<number> {
  const outputs = notebook.cells
    .flatMap((cell) => cell.outputs ?? [])
    .filter((output) => output.data?.[plotlyMime]);
  for (const output of outputs) {
    const data = output.data as MimeBundle;
    const figure = data[plotlyMime] as Figure;
    data['image/png'] = (await renderFigure(figure)).toString('base64');
    output.metadata = { ...output.metadata, 'image/png': sizeOf(figure) };
  }
  return outputs.length;
}

/** Plotly's own defaults where a figure does not say. */
function sizeOf({ layout }: Figure) {
  return { width: Math.ceil(layout?.width ?? 700), height: Math.ceil(layout?.height ?? 450) };
}
