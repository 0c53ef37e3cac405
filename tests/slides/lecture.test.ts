/** A lecture of one's own, handouts, and the command's options. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readLesson } from '../../slides/deck';
import { readLecture } from '../../slides/lecture';
import { readNotebook } from '../../slides/notebook';
import { parsed } from '../../tools/commands/slides';
import { chosenLessons } from '../../tools/lessons';
import { code, drawn, heatmapOutput, markdown, notebook, studio } from './decks';

const { exporter, folder, open, write } = studio();

const point = (title: string) =>
  markdown(`<!-- slide: ${title} -->\n<!-- core -->\n- one\n<!-- /core -->\n\nsaid of it`, {});
const lesson = (name: string, title: string) =>
  write(
    notebook(
      markdown(`# ${title}\n\n**A Paper**\nSomebody.`),
      markdown('## 1 · Problem\n\ntext'),
      point('The problem is this'),
      markdown('## 2 · Derivation\n\n### 2.1 · Idea\n\ntext'),
      point('The idea is that'),
      code('x', [heatmapOutput()], { tags: ['core', 'hide-input'] }),
      markdown('### 2.2 · Cost\n\ntext'),
      point('It costs little'),
      ...'abcdefghi'.split('').map((letter) => point(`Filler ${letter}`)),
    ),
    name,
  );
const paths: Record<string, string> = {};
const lessonFile = (number: string) => {
  if (!paths[number]) throw new Error(`There is no lesson ${number}. There are: 07, 08.`);
  return paths[number];
};

/** Reads and builds what the JSON says. */
async function own(content: object | string, options: { handout?: number } = {}) {
  paths['07'] ??= lesson('07-first', '07 · First');
  paths['08'] ??= lesson('08-second', '08 · Second');
  const file = join(folder, 'mine.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return exporter().own(readLecture(file, lessonFile), { folder, ...options });
}

test('a lecture is lessons, sections, slides and notebooks, in its order, with the notebooks behind', async () => {
  write(notebook(markdown('# Own\n\nmine'), markdown('## Page\n\nwithout marks')), 'my-own');
  writeFileSync(join(folder, 'logo.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  const { file, pages } = await own({
    title: 'Mine & yours',
    lecturer: 'Ada L.',
    affiliation: 'Somewhere',
    date: 'Monday',
    logo: 'logo.svg',
    accent: '#ffd400',
    language: 'de',
    minutes: 45,
    parts: [
      { lesson: '08', sections: ['2'], minutes: 20 },
      { notebook: 'my-own.ipynb' },
      { lesson: '07', slides: ['The problem is this', 'Filler b'] },
      { lesson: '08', sections: ['1 · Problem'] },
    ],
  });
  const end = pages.findIndex(({ id }) => id === '07-filler-b') + 2;
  expect(pages.slice(0, end).map(({ id }) => id)).toEqual([
    'mine-mine-yours',
    ...['08-second', '08-the-idea-is-that', '08-it-costs-little', '08-filler-a'],
    ...'bcdefghi'.split('').map((letter) => `08-filler-${letter}`),
    ...['my-own-own', 'my-own-page'],
    ...['07-first', '07-the-problem-is-this', '07-filler-b'],
    '08-the-problem-is-this',
  ]);
  const { page, requests, errors } = await open(file);
  expect(await page.locator('html').getAttribute('lang')).toBe('de');
  expect(await page.locator('html').getAttribute('data-minutes')).toBe('45');
  expect((await page.locator('.present .by').innerText()).split(/\n+/)).toEqual([
    'Ada L.',
    'Somewhere',
    'Monday',
  ]);
  // The colour is made dark enough to read.
  const accent = await page.evaluate(() =>
    getComputedStyle(document.documentElement).getPropertyValue('--accent'),
  );
  expect(accent).toMatch(/^#[0-9a-f]{6}$/);
  expect(accent).not.toBe('#ffd400');
  // Twelve slides in twenty minutes, the six others share what is left.
  const until = await page.$$eval('section.page[data-until]', (all) =>
    all.map((one) => Number((one as HTMLElement).dataset.until)),
  );
  expect(until).toHaveLength(end);
  expect(until[0]).toBeCloseTo(25 / 7, 1);
  expect(until[12] - until[0]).toBeCloseTo(20, 1);
  expect(until[end - 1]).toBeCloseTo(45, 1);
  for (let i = 0; i < end + 3; i++) await page.keyboard.press('ArrowRight');
  await page.waitForFunction(() => location.hash === '#/08-the-problem-is-this');
  await page.click('.present .leave');
  expect(await page.innerText('.present footer span')).toBe('backup');
  expect(requests).toEqual([]);
  expect(errors).toEqual([]);
  await page.close();
}, 60_000);

const part = { lesson: '07' };
const wrong: [string, object | string, RegExp][] = [
  ['no JSON', '{ "title": ', /^DeckError: mine\.json: .*JSON/],
  ['no title', { parts: [part] }, /mine\.json: it has no "title"/],
  ['no parts', { title: 'T', parts: [] }, /parts must NOT have fewer than 1 items/],
  [
    'a field that is none',
    { title: 'T', speaker: 'A', parts: [part] },
    /it has a field "speaker"; there are title, lecturer, affiliation, date, logo, accent/,
  ],
  [
    'a field of a part that is none',
    { title: 'T', parts: [part, { lesson: '08', slide: 'x' }] },
    /parts\[1\] has a field "slide"; there are lesson, notebook, sections, slides, minutes/,
  ],
  [
    'a colour that is none',
    { title: 'T', accent: 'blue', parts: [part] },
    /accent must match pattern .* \(a colour, #0a4f96\)/,
  ],
  [
    'neither lesson nor notebook',
    { title: 'T', parts: [{ minutes: 3 }] },
    /parts\[0\] names a lesson or a notebook, one of the two/,
  ],
  [
    'a lesson that is not there',
    { title: 'T', parts: [{ lesson: '99' }] },
    /parts\[0\]: There is no lesson 99\. There are: 07, 08/,
  ],
  [
    'a slide that is not there',
    { title: 'T', parts: [{ lesson: '07', slides: ['The idea'] }] },
    /07-first\.ipynb: there is no slide "The idea"; there are: "The problem is this", "The idea is that"/,
  ],
  [
    'a section without a slide',
    { title: 'T', parts: [{ lesson: '07', sections: ['9'] }] },
    /no slide of the talk is in the section "9"; there are: "1 · Problem", "2 · Derivation", "2\.1 · Idea"/,
  ],
  [
    'a slide twice',
    { title: 'T', parts: [part, { lesson: '07', sections: ['1'] }] },
    /mine: the slide "The problem is this" is chosen twice/,
  ],
  [
    'more minutes than there are',
    { title: 'T', minutes: 10, parts: [{ ...part, minutes: 11 }] },
    /its parts take 11 minutes, and it has 10/,
  ],
  [
    'a logo that is not there',
    { title: 'T', logo: 'none.png', parts: [part] },
    /mine\.json: the image none\.png is not there/,
  ],
];

test.each(wrong)('%s is refused, and the message helps', async (_, content, message) => {
  const said = await own(content).then(
    () => 'written',
    (error) => `${error.name}: ${error.message}`,
  );
  expect(said).toMatch(message);
  expect(said).toMatch(/^DeckError/);
});

test('a handout has its slides whole, their notes beside them, at most three on a page', async () => {
  const { handout = '' } = await own({ title: 'T', parts: [part] }, { handout: 3 });
  const text = execFileSync('pdftotext', ['-layout', handout, '-'], { encoding: 'utf8' });
  const sheets = text.split('\f').filter((sheet) => sheet.trim());
  expect(sheets).toHaveLength(5); // 14 slides
  for (const sheet of sheets) expect(sheet.match(/\d+ \/ 14/g)?.length).toBeLessThanOrEqual(3);
  expect(sheets[1]).toContain('said of it');
  expect(sheets[1]).toContain('Cross-attention, layer 1'); // the figure, drawn
  const box = execFileSync('pdftotext', ['-bbox', handout, '-'], { encoding: 'utf8' });
  const [, bottom, top] = /yMin="([\d.]+)"[^>]*yMax="([\d.]+)">said</.exec(box) ?? [];
  expect(Number(top) - Number(bottom)).toBeGreaterThan(7); // not shrunk
  const two = await own({ title: 'T', parts: [part] }, { handout: 2 });
  const pages = execFileSync('pdfinfo', [two.handout ?? ''], { encoding: 'utf8' });
  expect(pages).toMatch(/Pages: +7/);
}, 60_000);

test('the example is a lecture of 45 minutes out of lessons of the course', async () => {
  const path = join(import.meta.dirname, '../../slides/examples/reformer.json');
  const find = (number: string) => chosenLessons([number])[0].notebook;
  const lecture = readLecture(path, find);
  expect(lecture.minutes).toBe(45);
  const { file, pages } = await exporter().own(lecture, { folder });
  const shown = pages.filter(({ talk }) => talk).map(({ lesson }) => lesson.slice(0, 2));
  expect(new Set(shown.slice(1))).toEqual(new Set(lecture.parts.map(({ lesson }) => lesson)));
  expect(shown.length).toBeGreaterThan(20);
  const { page, errors } = await open(file, `#/${pages[3].id}`);
  await drawn(page);
  expect(errors).toEqual([]);
  await page.close();
}, 120_000);

test('options of the command are read, and what is none is said', () => {
  expect(parsed(['02', '17', '--pdf'])).toMatchObject({ numbers: ['02', '17'], pdf: true });
  expect(parsed(['--lecture', 'my.json', '--handout'])).toMatchObject({
    lecture: 'my.json',
    handout: 3,
  });
  expect(parsed(['--lecture=my.json', '--handout=2', '--draft'])).toMatchObject({
    ...{ lecture: 'my.json', handout: 2, draft: true },
  });
  for (const args of [['--handuot'], ['--handout=5'], ['--lecture']]) {
    expect(() => parsed(args)).toThrow(/There is no option|wants the path/);
  }
  expect(() => parsed(['02', '--lecture', 'my.json'])).toThrow(/give no numbers/);
});

test('headings go to the notes of the slide whose text follows them', () => {
  const file = write(
    notebook(
      markdown('# T'),
      point('One'),
      markdown(
        '## 2 · Next\n\n<!-- slide: Two -->\n<!-- core -->\n- a\n<!-- /core -->\n\ntext\n\n## 3 · End',
      ),
      point('Three'),
    ),
  );
  const { talk } = readLesson(readNotebook(file), file, { draft: true });
  const headings = talk.map(({ notes }) => /\d · \w+/.exec(notes)?.[0]);
  expect(headings).toEqual([undefined, undefined, '2 · Next', '3 · End']);
});
