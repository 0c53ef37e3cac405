/** Fingers, keys and the pen on a slide, on screens of four sizes; the speaker's window. */
import type { BrowserContextOptions, Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { code, drawn, heatmapOutput, markdown, notebook, shown, studio } from './decks';

const { deck, open } = studio();

const curve = (y: number[], visible = true) => ({ type: 'scatter', mode: 'lines', y, visible });
const withSlider = shown({
  'application/vnd.plotly.v1+json': {
    data: [curve([1, 2, 3]), curve([3, 2, 1], false)],
    layout: {
      width: 500,
      height: 400,
      title: { text: 'A family' },
      margin: { t: 60, r: 20, b: 120, l: 60 },
      sliders: [
        {
          active: 0,
          currentvalue: { prefix: 'bandwidth: ' },
          steps: ['small', 'large'].map((label, i) => ({
            label,
            method: 'update',
            args: [{ visible: [i === 0, i === 1] }, {}],
          })),
        },
      ],
    },
  },
  'text/plain': 'A family',
});
const hidden = { tags: ['hide-input'] };

let file: string;
beforeAll(async () => {
  const exported = await deck(
    notebook(
      markdown('# T'),
      markdown('## Map'),
      code('x', [heatmapOutput()], hidden),
      markdown('## Family'),
      code('x', [withSlider], hidden),
      markdown('## End\n\nsaid'),
    ),
  );
  file = exported.file;
}, 120_000);

const current = (page: Page) =>
  page.evaluate(() => (window as any).Reveal.getCurrentSlide().id as string);
const middle = async (page: Page, selector: string) => {
  const box = await page.locator(`.present ${selector}`).first().boundingBox();
  if (!box) throw new Error(`no ${selector}`);
  return { x: box.x + box.width / 2, y: box.y + box.height / 2, box };
};

const sizes: [string, BrowserContextOptions][] = [
  ['1920 × 1080', { viewport: { width: 1920, height: 1080 }, hasTouch: true, isMobile: true }],
  ['1280 × 720', { viewport: { width: 1280, height: 720 }, hasTouch: true, isMobile: true }],
  ['1024 × 768', { viewport: { width: 1024, height: 768 }, hasTouch: true, isMobile: true }],
  ['390 × 844', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }],
];

async function swipe(page: Page, from: { x: number; y: number }, by: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const send = (type: 'touchStart' | 'touchMove' | 'touchEnd', x?: number) =>
    session.send('Input.dispatchTouchEvent', {
      type,
      touchPoints: x === undefined ? [] : [{ x, y: from.y }],
    });
  await send('touchStart', from.x);
  for (let k = 1; k <= 8; k++) await send('touchMove', from.x + (by * k) / 8);
  await send('touchEnd');
  await page.waitForTimeout(150);
}

test.each(sizes)(
  '%s, by finger: the address leads to its slide, which fills the width; only beside a figure a swipe turns',
  async (_, device) => {
    const { page, errors } = await open(file, '#/07-map', device);
    await drawn(page);
    expect(await current(page)).toBe('07-map');
    const { width = 0, height = 0 } = device.viewport ?? {};
    const sheet = await page.locator('.present').first().boundingBox();
    const fits = Math.min(width, (height * 1280) / 720);
    expect(Math.abs((sheet?.width ?? 0) - fits)).toBeLessThan(8); // reveal.js rounds its scale

    const plot = await middle(page, '.plot .nsewdrag');
    const range = () =>
      page.evaluate(
        () => (document.querySelector('.present .plot > div') as any).layout.xaxis.range,
      );
    const before = await range();
    await swipe(page, plot, -Math.min(150, plot.box.width / 3));
    expect(await current(page)).toBe('07-map');
    expect(await range()).toEqual(before);
    expect(await page.isVisible('.present .reset')).toBe(false);
    await page.waitForTimeout(600); // a touch soon after a swipe is no tap
    await page.touchscreen.tap(plot.x + plot.box.width / 4, plot.y);
    await page.waitForSelector('.present .hoverlayer text');

    const title = await middle(page, 'h2');
    await swipe(page, { x: width * 0.7, y: title.y }, -width * 0.4);
    expect(await current(page)).toBe('07-family');
    await page.click('.tools summary');
    await page.click('.tools >> text=Overview');
    expect(await page.isVisible('.overview')).toBe(true);
    expect(errors).toEqual([]);
    await page.context().close();
  },
  60_000,
);

test('what the mouse has zoomed is set back by a button', async () => {
  const { page, errors } = await open(file, '#/07-map');
  await drawn(page);
  const { x, y } = await middle(page, '.plot .nsewdrag');
  const range = () =>
    page.evaluate(() => (document.querySelector('.present .plot > div') as any).layout.xaxis.range);
  const before = await range();
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + 90, y + 60, { steps: 5 });
  await page.mouse.up();
  await page.waitForSelector('.present .reset:visible');
  expect(await range()).not.toEqual(before);
  await page.click('.present .reset');
  await drawn(page);
  expect(await range()).toEqual(before);
  expect(await page.isVisible('.present .reset')).toBe(false);
  expect(errors).toEqual([]);
  await page.close();
});

test('a slider is worked by keys and read out, in a group, as an image has no controls', async () => {
  const { page, errors } = await open(file, '#/07-family');
  await drawn(page);
  const visible = () =>
    page.evaluate(() =>
      (document.querySelector('.present .plot > div') as any).data.map((one: any) => one.visible),
    );
  expect(await page.getAttribute('.present .plot', 'role')).toBe('group');
  const slider = page.getByRole('slider', { name: 'bandwidth' });
  await slider.focus();
  expect(await slider.getAttribute('aria-valuetext')).toBe('small');
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction(
    () => (document.querySelector('.present .plot > div') as any).layout.sliders[0].active === 1,
  );
  expect(await slider.getAttribute('aria-valuetext')).toBe('large');
  expect(await visible()).toEqual([false, true]);
  expect(await current(page)).toBe('07-family');
  // It lies where the figure draws its slider, and the mouse goes through it.
  const own = await slider.boundingBox();
  const theirs = await page.locator('.present .slider-group').boundingBox();
  expect(Math.abs((own?.x ?? 0) - (theirs?.x ?? 99))).toBeLessThan(3);
  expect(Math.abs((own?.width ?? 0) - (theirs?.width ?? 99))).toBeLessThan(3);
  await page.mouse.click((own?.x ?? 0) + 20, (own?.y ?? 0) + (own?.height ?? 0) / 2);
  await page.waitForFunction(
    () => document.querySelector('.present .range')?.getAttribute('aria-valuetext') === 'small',
  );
  await slider.focus();
  await page.keyboard.press('Escape');
  await page.keyboard.press('ArrowRight');
  expect(await current(page)).toBe('07-end');
  expect(errors).toEqual([]);
  await page.close();
});

test('the pen draws on its slide, over a figure, too, and Delete clears it', async () => {
  const { page, errors } = await open(file, '#/07-map');
  await drawn(page);
  const { x, y } = await middle(page, '.plot .nsewdrag');
  const stroke = async () => {
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + 60, y + 40, { steps: 4 });
    await page.mouse.up();
  };
  await page.keyboard.press('c');
  await stroke();
  await stroke();
  expect(await page.locator('.present .pen polyline').count()).toBe(2);
  const box = await page.locator('.present .pen polyline').first().boundingBox();
  expect(Math.abs((box?.x ?? 0) - x)).toBeLessThan(6);
  expect(await page.isVisible('.present .reset')).toBe(false);
  await page.keyboard.press('ArrowRight');
  expect(await page.locator('.present .pen polyline').count()).toBe(0);
  await page.keyboard.press('ArrowLeft');
  expect(await page.locator('.present .pen polyline').count()).toBe(2);
  await page.keyboard.press('Delete');
  expect(await page.locator('.pen polyline').count()).toBe(0);
  await page.keyboard.press('c');
  await stroke();
  expect(await page.locator('.pen polyline').count()).toBe(0);
  expect(errors).toEqual([]);
  await page.close();
});

test("the speaker's window: pause, pace against a target, black, overview", async () => {
  const { page, errors } = await open(file, '#/07-map');
  const [speaker] = await Promise.all([
    page.context().waitForEvent('page'),
    page.keyboard.press('s'),
  ]);
  await speaker.waitForSelector('.now h2');
  // Four slides in eight minutes: the second has from 2:00 to 4:00.
  await speaker.fill('.target', '8');
  expect(await speaker.textContent('.pace')).toMatch(/^(2:00|1:5\d) ahead; this slide until 4:00$/);
  await speaker.click('.pause');
  expect(await speaker.textContent('.pause')).toBe('Go on');
  const stopped = await speaker.textContent('.timer');
  await speaker.waitForTimeout(1200);
  expect(await speaker.textContent('.timer')).toBe(stopped);
  await speaker.locator('.words').focus();
  await speaker.keyboard.press('b');
  expect(await page.evaluate(() => (window as any).Reveal.isPaused())).toBe(true);
  await speaker.keyboard.press('b');
  await speaker.keyboard.press('o');
  expect(await page.isVisible('.overview')).toBe(true);
  await speaker.keyboard.press('ArrowRight');
  await speaker.keyboard.press('Enter');
  await page.waitForFunction(() => location.hash === '#/07-family');
  await speaker.waitForFunction(() => document.querySelector('.now h2')?.textContent === 'Family');
  expect(errors).toEqual([]);
  await speaker.close();
  await page.close();
});
