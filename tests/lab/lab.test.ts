import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findChromium } from '../../tools/render/chromium.mjs';
import { notebooks, root, venv } from '../../tools/setup/paths.mjs';

const lesson = '02-additive-attention.ipynb';
const minutes = 60_000;
let lab: ChildProcess;
let browser: Browser;
let page: Page;
let folder: string;

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lab-'));
  copyFileSync(join(notebooks, lesson), join(folder, lesson));
  const port = await freePort();
  lab = spawn(
    join(venv, 'bin', 'jupyter'),
    [
      'lab',
      '--no-browser',
      `--port=${port}`,
      '--ServerApp.ip=127.0.0.1',
      '--IdentityProvider.token=test',
      `--ServerApp.root_dir=${folder}`,
      ...(process.getuid?.() === 0 ? ['--allow-root'] : []),
    ],
    { env: { ...process.env, JUPYTER_PREFER_ENV_PATH: '1' }, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let log = '';
  await new Promise<void>((resolve, reject) => {
    lab.stderr?.on('data', (text) => {
      log += text;
      if (log.includes(`127.0.0.1:${port}/lab`)) resolve();
    });
    lab.on('exit', () => reject(new Error(`JupyterLab did not start:\n${log}`)));
  });
  browser = await chromium.launch({ executablePath: findChromium() });
  page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  await page.goto(`http://127.0.0.1:${port}/lab/tree/${lesson}?token=test&reset`);
}, minutes);

afterAll(async () => {
  await browser?.close();
  lab?.kill('SIGTERM');
});

const saved = () => JSON.parse(readFileSync(join(folder, lesson), 'utf8')).cells;

test(
  'lesson 02 runs in JupyterLab: every cell, without an error',
  async () => {
    await page.locator('.jp-Notebook .jp-CodeCell').first().waitFor();
    await page.getByText('TypeScript (tslab) | Idle').waitFor({ timeout: minutes });
    await page.locator('.lm-MenuBar-item', { hasText: 'Edit' }).click();
    await page.locator('.lm-Menu-item', { hasText: 'Clear Outputs of All Cells' }).click();
    await page.locator('.lm-MenuBar-item', { hasText: 'Run' }).click();
    await page.locator('.lm-Menu-item', { hasText: /^Run All Cells/ }).click();
    await page.getByText('TypeScript (tslab) | Busy').waitFor({ timeout: minutes });
    await page.getByText('TypeScript (tslab) | Idle').waitFor({ timeout: 9 * minutes });
    await page.keyboard.press('Control+s');
    await expect
      .poll(
        () =>
          saved().filter((cell: any) => cell.cell_type === 'code' && cell.outputs.length === 0)
            .length,
      )
      .toBeLessThan(2); // only a cell that defines and shows nothing has no output
    const outputs = saved().flatMap((cell: any) => cell.outputs ?? []);
    expect(outputs.filter((output: any) => output.output_type === 'error')).toEqual([]);
    expect(outputs.filter((output: any) => output.name === 'stderr')).toEqual([]);
  },
  12 * minutes,
);

test('its heatmaps are drawn: cells of colour, letters across, phonemes down', async () => {
  const figures = saved()
    .flatMap((cell: any) => cell.outputs ?? [])
    .filter((output: any) => output.data?.['application/vnd.plotly.v1+json']);
  expect(figures.length).toBeGreaterThanOrEqual(8);
  const cell = page.locator('.jp-CodeCell', { hasText: "alignment(search, 'THROUGH')" }).last();
  await cell.scrollIntoViewIfNeeded();
  const plot = cell.locator('.js-plotly-plot');
  await plot.waitFor();
  expect(await plot.locator('.heatmaplayer image').count()).toBe(1);
  expect(await plot.locator('.xtick').allTextContents()).toEqual([...'THROUGH']);
  const phonemes = await plot.locator('.ytick').allTextContents();
  expect(phonemes.at(-1)).toBe('⟨end⟩');
  mkdirSync(join(root, 'coverage'), { recursive: true });
  await cell.screenshot({ path: join(root, 'coverage', 'lab-heatmap.png') });
});
