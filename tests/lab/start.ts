/** JupyterLab, started as a learner starts it, and a notebook open in Chromium. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { findChromium } from '../../tools/render/chromium';
import { root } from '../../tools/setup/paths.mjs';

/** Opens a notebook in a folder of its own. */
export async function openInLab(name: string, notebook: object) {
  mkdirSync(join(root, 'coverage'), { recursive: true });
  const folder = mkdtempSync(join(root, 'coverage', 'lab-'));
  writeFileSync(join(folder, name), JSON.stringify(notebook));
  const lab = spawn(
    process.execPath,
    [
      join(root, 'tools', 'run.cjs'),
      'start',
      '--no-browser',
      '--LabApp.expose_app_in_browser=True',
      `--ServerApp.root_dir=${folder}`,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let log = '';
  const address = await new Promise<URL>((resolve, reject) => {
    const listen = (text: Buffer) => {
      log += text;
      const [url] = /http:\/\/127\.0\.0\.1:\S+/.exec(log) ?? [];
      if (url && log.endsWith('\n')) resolve(new URL(url));
    };
    lab.stdout?.on('data', listen);
    lab.stderr?.on('data', listen);
    lab.on('exit', () => reject(new Error(`JupyterLab did not start:\n${log}`)));
  });
  const browser = await chromium.launch({ executablePath: findChromium() });
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  address.pathname = `/lab/tree/${name}`;
  await page.goto(address.href);
  const close = async () => {
    await browser.close();
    lab.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  };
  return { page, close };
}
