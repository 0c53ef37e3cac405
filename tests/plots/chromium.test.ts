import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findChromium } from '../../tools/render/chromium';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chromium-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function program(path: string): string {
  const full = join(folder, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, '#!/bin/sh\n');
  chmodSync(full, 0o755);
  return full;
}

// Elsewhere a browser may be installed where no variable leads.
describe.skipIf(process.platform !== 'linux')('findChromium()', () => {
  test('takes CHROME_PATH before all else', () => {
    program('bin/chromium');
    const mine = program('mine');
    expect(findChromium({ CHROME_PATH: mine, PATH: join(folder, 'bin') })).toBe(mine);
  });

  test('says so if CHROME_PATH is not a program', () => {
    expect(() => findChromium({ CHROME_PATH: join(folder, 'none') })).toThrow('no program there');
    expect(() => findChromium({ CHROME_PATH: folder })).toThrow('no program there');
  });

  test('takes Chromium from the PATH, before Chrome', () => {
    program('a/google-chrome');
    const chromium = program('b/chromium');
    const PATH = `${join(folder, 'a')}:${join(folder, 'b')}`;
    expect(findChromium({ PATH, HOME: folder })).toBe(chromium);
  });

  test("takes the newest of Playwright's cache", () => {
    program('.cache/ms-playwright/chromium-999/chrome-linux/chrome');
    const newest = program('.cache/ms-playwright/chromium-1208/chrome-linux64/chrome');
    program('.cache/ms-playwright/firefox-2000/chrome-linux/chrome');
    expect(findChromium({ PATH: '', HOME: folder })).toBe(newest);
  });

  test('says what to install if there is none', () => {
    expect(() => findChromium({ PATH: '', HOME: folder })).toThrow(
      /apt install chromium.*CHROME_PATH/s,
    );
  });
});
