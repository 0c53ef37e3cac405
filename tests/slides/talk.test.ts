/** The talk of a lesson: its marks, its rules, the way through it and into the backup. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { readLesson } from '../../slides/deck';
import { readNotebook } from '../../slides/notebook';
import { notebooks } from '../../tools/setup/paths.mjs';
import {
  code,
  drawn,
  heatmapOutput,
  markdown,
  notebook,
  said,
  shown,
  studio,
  visit,
} from './decks';

const { deck, open, exporter, folder, write } = studio();

const marked = (title: string, core: string, rest = '') =>
  markdown(`<!-- slide: ${title} -->\n<!-- core -->\n${core}\n<!-- /core -->\n\n${rest}`, {});

/** As many slides as make a talk, those given first. */
const talk = (...cells: object[]) =>
  notebook(
    markdown('# 07 · Test\n\n**A Paper**\nSomebody. 2017.'),
    ...cells,
    ...Array.from(
      {
        length:
          12 -
          cells.filter((cell) => 'source' in cell && /slide:/.test(String(cell.source))).length,
      },
      (_, i) => marked(`Filler ${'abcdefghijkl'[i]} says something`, '- one\n- two'),
    ),
  );

const read = (content: object, options = {}) => {
  const file = write(content);
  return readLesson(readNotebook(file), file, options);
};
const kinds = ({ blocks }: { blocks: { kind: string }[] }) => blocks.map(({ kind }) => kind);
const printed = (count: number) =>
  said(Array.from({ length: count }, (_, i) => `l${i}`).join('\n'));

test('marks make slides: the title, what is core, and all other text in the notes', () => {
  const figure = code('draw();', [heatmapOutput()], { tags: ['core', 'hide-input'] });
  const { talk: slides } = read(
    talk(
      markdown('## 1 · Problem\n\nbefore all\n\n<!-- slide: Heads $W^O$ add up -->\n\nsaid first'),
      markdown(
        '<!-- core -->\n- a point\n<!-- /core -->\n\nsaid later\n\n<!-- core -->\n$$\nx\n$$\n<!-- /core -->',
      ),
      code('setUp();', [said('not in the talk')]),
      markdown('> say this', { type: 'notes' }),
      markdown('an exercise', { tags: ['lesson-only'] }),
      marked('A figure', 'one word'),
      figure,
      markdown('said of the figure', {}),
    ),
  );
  const [cover, first, second] = slides;
  expect(slides).toHaveLength(13);
  expect(kinds(cover)).toEqual(['heading', 'prose']);
  expect(first.under?.html).toContain('katex');
  expect(kinds(first)).toEqual(['list', 'formula']);
  for (const text of ['said first', 'said later', 'say this']) expect(first.notes).toContain(text);
  for (const text of ['before all', 'a point', 'exercise', 'set'])
    expect(first.notes).not.toContain(text);
  expect(kinds(second)).toEqual(['prose', 'figure']);
  expect(second.notes).toContain('said of the figure');
});

test('code that is core is shown as its tags say, without the lines of a progress bar', () => {
  const bar = shown({
    'text/html': '<div><b>words</b> · 200/200 · loss 0.1 · 3 s </div>',
    'text/plain': 'words: 200/200, loss 0.1',
  });
  const { talk: slides } = read(
    talk(
      markdown('<!-- slide: Both -->', {}),
      code('a();', [bar, printed(3)], { tags: ['core'] }),
      markdown('<!-- slide: Only what it printed -->', {}),
      code('b();', [printed(3), bar], { tags: ['core', 'hide-input'] }),
      markdown('<!-- slide: Only the code -->', {}),
      code('c();', [printed(3)], { tags: ['core', 'hide-output'] }),
    ),
  );
  expect(slides.slice(1, 4).map(kinds)).toEqual([['code', 'printed'], ['printed'], ['code']]);
});

test('no mark is ever to be read on a slide, nor in its notes', async () => {
  const { html } = await deck(
    talk(
      markdown(
        '## A\n\ntext\n<!-- slide: One claim -->\nmore\n\n<!-- core -->\n- a\n<!-- /core -->\n- b',
        {
          type: 'slide',
        },
      ),
    ),
  );
  const pages = html.slice(html.indexOf('<main'), html.indexOf('</main>'));
  expect(pages).toContain('One claim');
  expect(pages).not.toMatch(/core|slide:|&lt;!--|<!--/);
});

const words = (count: number) => Array.from({ length: count }, (_, i) => `word${i}`).join(' ');
const lines = (count: number) => Array.from({ length: count }, (_, i) => `f(${i});`).join('\n');

const refused: [string, () => object, RegExp][] = [
  [
    'a title of 61 characters',
    () => talk(marked('x'.repeat(61), 'text')),
    /07-test\.ipynb, cell 2 \(cell\d+\), line 1: the title has 61 characters, and 60 are the most/,
  ],
  [
    "a title that is a section's number",
    () => talk(marked('2.3 · Several heads', 'text')),
    /cell 2 .*line 1: the title "2\.3 · Several heads" is a section's number/,
  ],
  [
    'a title that is a number without its point',
    () => talk(marked('2.3 Several heads', 'text')),
    /is a section's number/,
  ],
  ['no title', () => talk(marked('', 'text')), /cell 2 .*line 1: a slide without a title/],
  [
    '41 words beside a formula',
    () => talk(markdown('## A\n\nx', {}), marked('Full', `${words(41)} $a b c$\n\n$$\nx\n$$`)),
    /cell 3 \(cell\d+\), line 1: the slide "Full" has 41 words, and 40 are the most beside a figure or formula/,
  ],
  [
    '41 words beside a figure, some of them after it',
    () =>
      talk(
        marked('Full', words(30)),
        code('x', [heatmapOutput()], { tags: ['core', 'hide-input'] }),
        markdown(`<!-- core -->\n- ${words(11)}\n<!-- /core -->`, {}),
      ),
    /cell 2 .*the slide "Full" has 41 words, and 40/,
  ],
  [
    '61 words alone',
    () => talk(marked('Full', words(61))),
    /the slide "Full" has 61 words, and 60 are the most on a slide/,
  ],
  [
    '13 lines of code',
    () => talk(markdown('<!-- slide: Long -->', {}), code(lines(13), [], { tags: ['core'] })),
    /cell 2 .*line 1: the slide "Long" shows 13 lines of code \(cell 3\), and 12 are the most/,
  ],
  [
    'two printed lines and nothing else',
    () =>
      talk(
        markdown('<!-- slide: Thin -->', {}),
        code('x', [printed(2)], { tags: ['core', 'hide-input'] }),
      ),
    /cell 2 .*the slide "Thin" is nothing but 2 printed lines/,
  ],
  [
    'a slide that shows nothing',
    () => talk(markdown('<!-- slide: Empty -->\n\ntext', {})),
    /cell 2 .*line 1: the slide "Empty" shows nothing/,
  ],
  [
    'nothing but a progress bar',
    () =>
      talk(
        markdown('<!-- slide: Bar -->', {}),
        code('x', [shown({ 'text/html': '<div><b>a</b> · 9/9</div>', 'text/plain': 'a: 9/9' })], {
          tags: ['core', 'hide-input'],
        }),
      ),
    /cell 3 .*: tagged `core`, and nothing of it is to be seen/,
  ],
  [
    'three figures',
    () =>
      talk(
        markdown('<!-- slide: Many -->', {}),
        code('x', [heatmapOutput(), heatmapOutput(), heatmapOutput()], {
          tags: ['core', 'hide-input'],
        }),
      ),
    /the slide "Many" has 3 figures, and two are the most/,
  ],
  [
    'a talk of 11 slides',
    () => {
      const { cells, ...rest } = talk();
      return { ...rest, cells: cells.slice(0, -1) };
    },
    /cell 12 \(cell\d+\), line 1: a talk has 12 to 15 slides, and 11 are marked/,
  ],
  [
    'a talk of 16 slides',
    () => talk(...Array.from({ length: 16 }, () => marked('More', 'text'))),
    /cell 17 .*a talk has 12 to 15 slides, and 16 are marked/,
  ],
  [
    'a heading inside of core',
    () => talk(marked('Twice', '### 2.3 · Heads\n\ntext')),
    /cell 2 .*line 3: a heading inside of core/,
  ],
  [
    'core that does not end',
    () => talk(markdown('<!-- slide: Open -->\n\n<!-- core -->\ntext', {})),
    /cell 2 .*line 3: <!-- core --> without <!-- \/core -->/,
  ],
  [
    'core that does not begin',
    () => talk(marked('Open', 'text', '<!-- /core -->')),
    /cell 2 .*line 6: <!-- \/core --> without <!-- core -->/,
  ],
  [
    'core before the first slide',
    () => talk(markdown('<!-- core -->\ntext\n<!-- /core -->', {})),
    /cell 2 .*line 1: <!-- core --> before the first/,
  ],
  [
    'a core cell before the first slide',
    () => talk(code('x', [printed(3)], { tags: ['core'] })),
    /cell 2 .*: `core` before the first/,
  ],
  [
    'a mark in a list',
    () => talk(marked('A', 'x'), markdown('- one\n  <!-- core -->\n- two', {})),
    /cell 3 .*line 2: a mark of the talk is written/,
  ],
  [
    'a mark misspelt',
    () => talk(marked('A', 'x'), markdown('text\n\n<!-- Slide: B -->', {})),
    /cell 3 .*line 3: a mark of the talk is written/,
  ],
  [
    'marks in an exercise',
    () => talk({ ...marked('A', 'x'), metadata: { tags: ['lesson-only'] } }),
    /cell 2 .*a cell for the lesson only has no part in the talk/,
  ],
  [
    'a table that does not fit',
    () => talk(marked('High', `| a | b |\n|---|---|\n${'| 1 | 2 |\n'.repeat(20)}`)),
    /cell 2 \(cell\d+\), line 1: the slide "High" overflows: there are \d+ pixels under the title: a table \(cell 2\) takes \d+/,
  ],
  [
    'a formula that is too wide',
    () => talk(marked('Wide', `$$\n${'x+'.repeat(120)}x\n$$`)),
    /the slide "Wide" overflows: a formula \(cell 2\) is [\d.]+ times as wide as the page/,
  ],
  [
    'code and a figure that do not fit together',
    () =>
      talk(
        markdown('<!-- slide: Both -->', {}),
        code(lines(12), [printed(9), heatmapOutput()], { tags: ['core'] }),
      ),
    /cell 2 .*line 1: the slide "Both" overflows: .*the code \(cell 3\) takes \d+.*the figure needs 180/,
  ],
];

test.each(refused)('%s is refused, with its place', async (_, make, message) => {
  const said = await deck(make()).then(
    () => 'written',
    (error) => `${error.name}: ${error.message}`,
  );
  expect(said).toMatch(message);
  expect(said).toMatch(/^DeckError/);
  expect(said.split('\n').length).toBeLessThanOrEqual(/nothing|wide/.test(said) ? 2 : 1);
});

test('60 words, 12 lines of code, 60 characters of title, and numbers that are no section pass', () => {
  const { notes } = read(
    talk(
      marked('x'.repeat(60), words(60)),
      marked('8 heads see more than one', `${words(40)}\n\n$$\nx\n$$`),
      markdown('<!-- slide: 0.9 points are lost -->', {}),
      code(lines(12), [], { tags: ['core'] }),
      markdown('`<!-- core -->` in code is no mark\n\n```\n<!-- core -->\n```', {}),
    ),
  );
  expect(notes).toEqual([]);
});

test('a draft is written whatever the rules say, and they are told', async () => {
  const { pages, notes } = await deck(notebook(markdown('# T'), marked('Full', words(61))), {
    draft: true,
  });
  expect(pages.filter(({ talk }) => talk)).toHaveLength(2);
  expect(notes).toHaveLength(2);
});

test('a lesson without a mark is its backup, with a note', async () => {
  const { pages, notes } = await deck(notebook(markdown('# T'), markdown('## A\n\ntext')));
  expect(pages.map(({ id, talk }) => [id, talk])).toEqual([
    ['07-t', false],
    ['07-a', false],
  ]);
  expect(notes).toEqual(['no slide is marked yet: the backup only']);
});

const current = (page: Page) =>
  page.evaluate(() => (window as any).Reveal.getCurrentSlide().id as string);

const small = () =>
  talk(
    markdown(
      '## 1 · Problem\n\nlong text\n\n<!-- slide: One claim -->\n<!-- core -->\n- a\n<!-- /core -->',
    ),
    markdown(
      '### 1.1 · Idea\n\nmore text\n\n<!-- slide: The idea -->\n<!-- core -->\n$$\nx\n$$\n<!-- /core -->',
    ),
    code('x', [heatmapOutput()], { tags: ['core', 'hide-input'] }),
    markdown('## 2 · End\n\nthe end'),
  );

test('→ visits every slide of the talk and stays at its end; links lead into the backup and back', async () => {
  const { file, pages } = await deck(small());
  const ids = pages.filter(({ talk }) => talk).map(({ id }) => id);
  expect(ids.slice(0, 3)).toEqual(['07-test', '07-one-claim', '07-the-idea']);
  const { page, requests, errors } = await open(file);
  const visited = [await current(page)];
  for (let i = 0; i < ids.length + 3; i++) {
    await page.keyboard.press(i % 2 ? 'ArrowRight' : 'Space');
    await drawn(page);
    visited.push(await current(page));
  }
  expect([...new Set(visited)]).toEqual(ids);
  expect(visited.slice(0, ids.length)).toEqual(ids);
  expect(await page.innerText('.present footer span')).toBe(`${ids.length} / ${ids.length}`);

  await visit(page, '07-the-idea');
  expect(await page.textContent('.present .leave')).toBe('more: 1.1 · Idea');
  await page.click('.present .leave');
  await page.waitForFunction(() => location.hash === '#/07-idea');
  expect(await page.textContent('.present .body')).toContain('more text');
  expect(await page.innerText('.present footer span')).toBe('backup');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowLeft');
  expect(await current(page)).toBe('07-idea');
  await page.click('.present .leave');
  await page.waitForFunction(() => location.hash === '#/07-the-idea');
  // From the last slide of the talk a link may lead to the first of the backup; a key does not.
  await visit(page, '07-test-2');
  await page.keyboard.press('ArrowLeft');
  expect(await current(page)).toBe('07-test-2');
  expect(requests).toEqual([]);
  expect(errors).toEqual([]);
  await page.close();
});

test('the overview opens at once, with a picture of every slide, and arrows go through it', async () => {
  const { file } = await deck(small());
  const { page } = await open(file, '#/07-one-claim');
  const took = await page.evaluate(async () => {
    const start = performance.now();
    document.dispatchEvent(
      new KeyboardEvent('keydown', { keyCode: 79, key: 'o', bubbles: true } as any),
    );
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    return performance.now() - start;
  });
  expect(await page.isVisible('.overview')).toBe(true);
  expect(took).toBeLessThan(500);
  const pictures = await page.$$eval('.overview img', (all) =>
    all.map((one: any) => [one.naturalWidth, one.naturalHeight]),
  );
  expect(pictures).toEqual(Array(13).fill([320, 180]));
  expect(await page.locator('.overview .titles a').allTextContents()).toContain('1.1 · Idea');
  expect(await page.getAttribute('.overview [aria-current]', 'href')).toBe('#/07-one-claim');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => location.hash === '#/07-the-idea');
  expect(await page.isVisible('.overview')).toBe(false);
  await page.keyboard.press('Escape');
  expect(await page.isVisible('.overview')).toBe(true);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Escape');
  expect(await page.isVisible('.overview')).toBe(false);
  expect(await current(page)).toBe('07-the-idea');
  await page.close();
});

test('a heading belongs to the first slide that shows something at it or after it', async () => {
  const { pages } = await deck(
    talk(
      markdown(
        '## 1 · Problem\n\ntext\n\n### 1.1 · Small\n\n<!-- slide: One claim -->\n<!-- core -->\n- a\n<!-- /core -->',
      ),
      markdown(
        '<!-- slide: Marked above its heading -->\n## 2 · Idea\n\n<!-- core -->\n- a\n<!-- /core -->\n\n### 2.1 · After',
      ),
      markdown('## 3 · Code\n\n<!-- slide: By a cell -->'),
      code('x', [printed(3)], { tags: ['core', 'hide-input'] }),
    ),
  );
  const of = (title: string) => pages.find((one) => one.talk && one.title === title)?.sections;
  expect(of('07 · Test')).toEqual(['07 · Test']);
  expect(of('One claim')).toEqual(['1 · Problem', '1.1 · Small']);
  expect(of('Marked above its heading')).toEqual(['2 · Idea']);
  expect(of('By a cell')).toEqual(['2.1 · After', '3 · Code']);
});

test('a claim is shown with its verdict, the paper, ours, and when it holds', async () => {
  const table = [
    '|  | claim | paper | ours | holds if |',
    '| --- | --- | --- | --- | --- |',
    '| ✓ | **long words**: errors | 0.90 (Table 3) | 0.80 (0.70 to 0.90, 3 runs) | at least 0.50 |',
    '| ✗ 1 of 3 | **short words**: errors | 0.90 (Table 3) | 0.10 (0.00 to 0.60, 3 runs) | at least 0.50 |',
  ].join('\n');
  const { file } = await deck(
    talk(
      markdown('<!-- slide: The verdict -->', {}),
      code('claim()', [shown({ 'text/markdown': table, 'text/plain': 'x' })], {
        tags: ['core', 'hide-input'],
      }),
    ),
  );
  const { page } = await open(file, '#/07-the-verdict');
  const rows = await page.$$eval('.present .claims tbody tr', (all) =>
    all.map((row) => ({
      sign: row.querySelector('.holds, .fails')?.className,
      labels: [...row.querySelectorAll('td')].map(
        (cell) => getComputedStyle(cell, '::before').content,
      ),
    })),
  );
  const labels = ['none', 'none', '"paper"', '"ours"', '"holds if"'];
  expect(rows).toEqual([
    { sign: 'holds', labels },
    { sign: 'fails', labels },
  ]);
  expect(await page.textContent('.present .claims small')).toBe('1 of 3');
  await page.close();
});

test('the lecture is made of the talks, in their order; what stands behind is in the lesson', async () => {
  const lesson = (name: string, title: string) => {
    const made = JSON.stringify(small()).replace('07 · Test', title);
    return write(made, name);
  };
  const paths = [
    lesson('00-one', '00 · One'),
    write(notebook(markdown('# 01 · Two'), markdown('## End')), '01-two'),
    lesson('02-three', '02 · Three'),
  ];
  const { file, pages, notes } = await exporter().lecture(paths, 'All of it', { folder });
  expect(pages).toHaveLength(1 + 2 * 13);
  const covers = [0, 1, 14].map((i) => pages[i].id);
  expect(covers).toEqual(['lecture-all-of-it', '00-one', '02-three']);
  expect(notes).toEqual(['01-two has no talk yet']);
  const { page, errors } = await open(file);
  await page.click('text=02 · Three');
  await page.waitForFunction(() => (window as any).Reveal.getCurrentSlide().id === '02-three');
  await page.keyboard.press('ArrowRight');
  expect(await page.getAttribute('.present .leave', 'href')).toBe('02-three.html#/02-problem');
  await page.keyboard.press('o');
  expect(await page.locator('.overview img').count()).toBe(27);
  expect(errors).toEqual([]);
  await page.close();
});

test('the contents of a lecture of all lessons fit on its first slide', async () => {
  const made = JSON.stringify(small());
  const titles = readdirSync(notebooks)
    .filter((file) => file.endsWith('.ipynb'))
    .map(
      (file) => readFileSync(join(notebooks, file), 'utf8').match(/"# (.+?)(?:\\n)?"/)?.[1] ?? '',
    );
  expect(titles.length).toBeGreaterThanOrEqual(24);
  const paths = titles.map((title, i) =>
    write(made.replace('07 · Test', title), `${String(i).padStart(2, '0')}-lesson`),
  );
  const { pages } = await exporter().lecture(paths, 'Attention! Attention', { folder });
  expect(pages.length).toBe(1 + 13 * titles.length);
}, 240_000);

test('a lecture of more than 400 slides is refused, and says how long each talk is', async () => {
  const made = JSON.stringify(small());
  const names = Array.from({ length: 31 }, (_, i) => `${String(i).padStart(2, '0')}-x`);
  const paths = names.map((name) => write(made, name));
  await expect(exporter().lecture(paths, 'T', { folder })).rejects.toThrow(
    /the lecture has 404 slides, and 400 are the most \(00: 13, 01: 13/,
  );
}, 240_000);
