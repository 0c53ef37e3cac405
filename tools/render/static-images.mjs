/**
 * Still pictures of Plotly figures, for every reader that runs no JavaScript: GitHub, nbviewer,
 * print. One headless Chromium draws them with the project's plotly.js; nothing leaves the machine.
 */
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { findChromium } from './chromium.mjs';

const require = createRequire(import.meta.url);

const plotlyMime = 'application/vnd.plotly.v1+json';

/** @typedef {{ data: object[], layout: Record<string, any>, config?: object }} Figure */
/** @typedef {Record<string, any>} Notebook a notebook's JSON, nbformat 4 */

/** @type {Promise<import('playwright-core').Browser> | undefined} */
let browser;
/** One page for each scale. @type {Map<number, Promise<import('playwright-core').Page>>} */
const pages = new Map();
/** The pages draw one figure at a time. @type {Promise<unknown>} */
let queue = Promise.resolve();

/**
 * A page with `Plotly` and an empty `<div id="figure">`, in the browser that all share.
 *
 * @param {number} [scale] pixels of the picture for a pixel of the figure
 * @returns {Promise<import('playwright-core').Page>}
 */
export async function openPlotlyPage(scale = 1) {
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
 * @param {Figure} figure with `layout.width` and `layout.height`
 * @param {{ scale?: number }} [options] 1 pixel for a pixel by default; slides may want 2
 * @returns {Promise<Buffer>}
 * @throws {Error} if Plotly cannot draw the figure, or no browser is found
 */
export function renderFigure(figure, { scale = 1 } = {}) {
  const picture = queue.then(() => draw(figure, scale));
  queue = picture.catch(() => {});
  return picture;
}

/**
 * @param {Figure} figure
 * @param {number} scale
 */
async function draw(figure, scale) {
  const { width, height } = sizeOf(figure);
  const opening = pages.get(scale) ?? openPlotlyPage(scale);
  pages.set(scale, opening);
  const page = await opening;
  await page.setViewportSize({ width, height });
  const drawing = JSON.parse(JSON.stringify({ data: figure.data, layout: figure.layout }));
  await page.evaluate(async (/** @type {Figure} */ { data, layout }) => {
    const { Plotly } = /** @type {any} */ (globalThis);
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
 * @param {Notebook} notebook changed in place
 * @returns {Promise<number>} how many figures there are
 */
export async function addStaticImages(notebook) {
  const outputs = notebook.cells
    .flatMap((/** @type {any} */ cell) => cell.outputs ?? [])
    .filter((/** @type {any} */ output) => output.data?.[plotlyMime]);
  for (const output of outputs) {
    const figure = output.data[plotlyMime];
    output.data['image/png'] = (await renderFigure(figure)).toString('base64');
    output.metadata = { ...output.metadata, 'image/png': sizeOf(figure) };
  }
  return outputs.length;
}

/**
 * Plotly's own defaults where a figure does not say.
 *
 * @param {Figure} figure
 */
function sizeOf({ layout }) {
  return { width: Math.ceil(layout?.width ?? 700), height: Math.ceil(layout?.height ?? 450) };
}
