import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { notebooks, root } from '../../tools/setup/paths.mjs';
import { openInLab } from './start';

const lesson = '07-scaled-dot-product-self-attention.ipynb';
const minutes = 60_000;
let page: Page;
let close: () => Promise<void>;

beforeAll(async () => {
  const fresh = JSON.parse(readFileSync(join(notebooks, lesson), 'utf8'));
  for (const cell of fresh.cells) {
    if (cell.cell_type === 'code') Object.assign(cell, { outputs: [], execution_count: null });
  }
  ({ page, close } = await openInLab(lesson, fresh));
}, minutes);

afterAll(() => close?.());

/** The notebook's cells as the Lab has them. */
const cellsInLab = (): Promise<any[]> =>
  page.evaluate(() => (window as any).jupyterapp.shell.currentWidget.context.model.toJSON().cells);

test(
  'lesson 07 runs in JupyterLab: every cell, without an error',
  async () => {
    await page.locator('.jp-Notebook .jp-CodeCell').first().waitFor();
    await page.getByText('TypeScript (tslab) | Idle').waitFor({ timeout: minutes });
    await page.locator('.lm-MenuBar-item', { hasText: 'Run' }).click();
    await page.locator('.lm-Menu-item', { hasText: /^Run All Cells/ }).click();
    const ended = async () => {
      const code = (await cellsInLab()).filter((cell) => cell.cell_type === 'code');
      const failed = code.some((cell) => cell.outputs.some((o: any) => o.output_type === 'error'));
      return failed || code.at(-1).execution_count !== null;
    };
    await expect.poll(ended, { timeout: 9 * minutes, interval: 2000 }).toBe(true);
    const outputs = (await cellsInLab()).flatMap((cell) => cell.outputs ?? []);
    expect(outputs.filter((output: any) => output.output_type === 'error')).toEqual([]);
    expect(outputs.filter((output: any) => output.name === 'stderr')).toEqual([]);
  },
  12 * minutes,
);

test('what is printed breaks between words, and code that only draws is folded', async () => {
  const printed = page.locator('.jp-OutputArea-output pre').first();
  expect(await printed.evaluate((pre) => getComputedStyle(pre).wordBreak)).toBe('normal');
  const folded = (await cellsInLab()).filter((cell) => cell.metadata.jupyter?.source_hidden);
  expect(await page.locator('.jp-InputPlaceholder').count()).toBe(folded.length);
});

test(
  'its heatmaps are drawn: cells of colour, keys across, queries down',
  async () => {
    const figures = (await cellsInLab())
      .flatMap((cell) => cell.outputs ?? [])
      .filter((output: any) => output.data?.['application/vnd.plotly.v1+json']);
    expect(figures.length).toBeGreaterThanOrEqual(8);
    const cell = page.locator('.jp-CodeCell', { hasText: 'Influence of input j' }).last();
    await cell.scrollIntoViewIfNeeded();
    const plot = cell.locator('.js-plotly-plot').last();
    await plot.waitFor();
    expect(await plot.locator('.heatmaplayer image').count()).toBe(1);
    expect(await plot.locator('.xtick').allTextContents()).toEqual([...'123456']);
    expect(await plot.locator('.ytick').allTextContents()).toEqual([...'123456']);
    mkdirSync(join(root, 'coverage'), { recursive: true });
    await cell.screenshot({ path: join(root, 'coverage', 'lab-heatmap.png') });
  },
  minutes,
);
