/** Finds a Chromium or Chrome on this machine; nothing is downloaded. */
import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/**
 * The path of a browser that can run headless: `CHROME_PATH` if it is set, else Chromium or Chrome
 * from the PATH, the usual places of macOS and Windows, or Playwright's cache.
 *
 * @throws {Error} that says what to install, if there is none; or if CHROME_PATH is not a program.
 */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string {
  if (env.CHROME_PATH) {
    if (isProgram(env.CHROME_PATH)) return env.CHROME_PATH;
    throw new Error(`CHROME_PATH is ${env.CHROME_PATH}, but there is no program there.`);
  }
  const found = [...onPath(env), ...installed(env), ...playwrightCache(env)].find(isProgram);
  if (found) return found;
  throw new Error(
    'No Chromium or Chrome was found, and figures are drawn by one. Install it (Debian, Ubuntu: ' +
      '`apt install chromium`; macOS: `brew install --cask chromium`; anywhere: ' +
      '`npx playwright-core install chromium`), or set CHROME_PATH to the program you have.',
  );
}

function onPath(env: NodeJS.ProcessEnv) {
  const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];
  const folders = (env.PATH ?? '').split(delimiter).filter(Boolean);
  return names.flatMap((name) => folders.map((folder) => join(folder, name)));
}

function installed(env: NodeJS.ProcessEnv) {
  const mac = ['Chromium', 'Google Chrome', 'Microsoft Edge'].flatMap((app) =>
    ['/Applications', join(home(env), 'Applications')].map((folder) =>
      join(folder, `${app}.app/Contents/MacOS/${app}`),
    ),
  );
  const windows = [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA].flatMap(
    (folder) =>
      folder
        ? ['Google/Chrome', 'Chromium']
            .map((app) => join(folder, app, 'Application/chrome.exe'))
            .concat(join(folder, 'Microsoft/Edge/Application/msedge.exe'))
        : [],
  );
  return [...mac, ...windows];
}

/** Browsers that `playwright install` has put into its cache, the newest first. */
function playwrightCache(env: NodeJS.ProcessEnv) {
  const caches = [
    env.PLAYWRIGHT_BROWSERS_PATH,
    join(home(env), '.cache/ms-playwright'),
    join(home(env), 'Library/Caches/ms-playwright'),
    env.LOCALAPPDATA && join(env.LOCALAPPDATA, 'ms-playwright'),
  ];
  const programs = [
    'chrome-linux/chrome',
    'chrome-linux64/chrome',
    'chrome-linux/headless_shell',
    'chrome-headless-shell-linux64/chrome-headless-shell',
    'chrome-mac/Chromium.app/Contents/MacOS/Chromium',
    'chrome-mac-arm64/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing',
    'chrome-mac-x64/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing',
    'chrome-win/chrome.exe',
    'chrome-win64/chrome.exe',
  ];
  return caches.flatMap((cache) =>
    list(cache || '')
      .filter((name) => /^chromium(_headless_shell)?-\d+$/.test(name))
      .sort((a, b) => Number(b.split('-')[1]) - Number(a.split('-')[1]))
      .flatMap((name) => programs.map((program) => join(cache ?? '', name, program))),
  );
}

function home(env: NodeJS.ProcessEnv) {
  return env.HOME || homedir();
}

function list(folder: string) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isProgram(path: string) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
