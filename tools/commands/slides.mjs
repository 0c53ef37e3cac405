import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { chosenLessons } from '../lessons.mjs';
import { SetupError } from '../setup/errors.mjs';
import { notebooks, root } from '../setup/paths.mjs';
import { buildSlides } from '../setup/slides-build.mjs';

/**
 * `npm run slides [-- 02 17] [--pdf] [--draft]`: talks out of lessons, into `slides/dist`; without
 * numbers all of them, and one deck of the whole lecture. A lesson that fails keeps its old deck.
 *
 * @param {string[]} args
 */
export default async function slides(args) {
  const [pdf, draft] = ['--pdf', '--draft'].map((option) => args.includes(option));
  const numbers = args.filter((arg) => !['--pdf', '--draft'].includes(arg));
  const files = chosenLessons(numbers).map(({ notebook }) => notebook);
  await buildSlides();
  /** @param {string} name */
  const load = (name) => import(new URL(`../../slides/.build/${name}`, import.meta.url).href);
  const browser = (await load('chromium.js')).Browser.start(); // starts while the rest is being loaded
  const { Exporter } = await load('export.js');
  const folder = join(root, 'slides', 'dist');
  const options = { folder, pdf, draft };
  const exporter = new Exporter(browser);
  let failed = 0;
  /** @param {string} name @param {() => Promise<any>} work */
  const report = async (name, work) => {
    const start = performance.now();
    process.stdout.write(`${name} … `);
    try {
      const { file, pdf, pages, notes } = await work();
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      const written = [file, pdf ?? []].flat().map((path) => relative(root, path));
      const talk = pages.filter((/** @type {any} */ page) => page.talk).length;
      const behind = pages.length - talk;
      const count = [talk ? `${talk} slides` : [], behind ? `${behind} behind` : []].flat();
      console.log(`${count.join(', ')}, ${seconds} s: ${written.join(', ')}`);
      for (const note of notes) console.log(`  ${note}`);
    } catch (error) {
      if (/** @type {Error} */ (error).name !== 'DeckError') throw error;
      failed++;
      console.log(`failed\n\n${/** @type {Error} */ (error).message}\n`);
    }
  };
  try {
    for (const file of files) {
      await report(relative(notebooks, file), () => exporter.lesson(file, options));
    }
    if (numbers.length === 0 && failed === 0) {
      const [, title] = /^# (.*)/.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? [];
      await report('lecture', () => exporter.lecture(files, title ?? 'Lecture', options));
    }
  } finally {
    await exporter.close();
  }
  if (failed > 0) throw new SetupError('Nothing was written for what failed.');
}
