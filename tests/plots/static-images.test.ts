import { afterAll, expect, test } from 'vitest';
import { addStaticImages, closeBrowser, renderFigure } from '../../tools/render/static-images';
import { examples } from './examples';

afterAll(closeBrowser);

const figure = examples['a heatmap of 2 × 3'];
const plotly = 'application/vnd.plotly.v1+json';
const size = (png: Buffer) => [png.readUInt32BE(16), png.readUInt32BE(20)];

function notebook() {
  return {
    cells: [
      { cell_type: 'markdown', source: 'text' },
      {
        cell_type: 'code',
        outputs: [
          { output_type: 'stream', name: 'stdout', text: 'a line' },
          {
            output_type: 'display_data',
            data: { [plotly]: figure, 'text/plain': 'a figure' },
            metadata: { kept: 1 },
          },
        ],
      },
    ],
  };
}

test('addStaticImages(notebook) puts a PNG beside each figure and leaves all else', async () => {
  const changed: any = notebook();
  expect(await addStaticImages(changed)).toBe(1);
  const [stream, display] = changed.cells[1].outputs;
  const { width, height } = figure.layout;
  expect(size(Buffer.from(display.data['image/png'], 'base64'))).toEqual([width, height]);
  expect(display.metadata).toEqual({ kept: 1, 'image/png': { width, height } });
  delete display.data['image/png'];
  delete display.metadata['image/png'];
  expect([stream, display]).toEqual(notebook().cells[1].outputs);
});

test('doing it twice, or with an older picture there, changes nothing', async () => {
  const once: any = notebook();
  const stale: any = notebook();
  stale.cells[1].outputs[1].data['image/png'] = 'AAAA';
  await Promise.all([addStaticImages(once), addStaticImages(stale)]);
  expect(stale).toEqual(once);
  const twice = structuredClone(once);
  await addStaticImages(twice);
  expect(twice).toEqual(once);
});

test('the same figure gives the same bytes, in whatever company it is drawn', async () => {
  const alone = await renderFigure(figure);
  const [, again] = await Promise.all([
    renderFigure(examples['maps over an image']),
    renderFigure(figure),
    renderFigure(examples['a training curve']),
  ]);
  expect(again.equals(alone)).toBe(true);
});

test('a scale of 2 has twice the pixels', async () => {
  const { width, height } = figure.layout;
  expect(size(await renderFigure(figure, { scale: 2 }))).toEqual([2 * width, 2 * height]);
});

test('a figure that cannot be drawn rejects, and the next one is drawn', async () => {
  const outcomes = await Promise.allSettled([
    renderFigure({ data: [], layout: { width: Number.NaN } }),
    renderFigure(figure),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
});
