/** The browser that measures, checks and prints. No page of it reaches the network. */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { projectFolder } from './assets.ts';

export async function openBrowser(): Promise<Browser> {
  const finder = pathToFileURL(join(projectFolder, 'tools', 'render', 'chromium.mjs')).href;
  const { findChromium } = await import(finder);
  return chromium.launch({ executablePath: findChromium() });
}

export async function openPage(browser: Browser): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  await page.context().setOffline(true);
  return page;
}
