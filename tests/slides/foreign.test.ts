/** Notebooks from elsewhere: what the course would refuse is built leniently, and told. */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../../tools/setup/paths.mjs';
import { code, markdown, notebook, said, shown, studio } from './decks';

const { deck, folder, open, write } = studio();

const pixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const matplotlib = () =>
  shown({ 'image/png': pixel, 'text/plain': '<Figure size 640x480 with 1 Axes>' });

/** As older Jupyters wrote it: no ids, no slide types. */
const old = (minor: number, ...cells: any[]) => ({
  ...notebook(...cells.map(({ id, metadata, ...cell }) => ({ ...cell, metadata: {} }))),
  nbformat_minor: minor,
});

test.each([0, 1, 2, 3, 4])(
  'nbformat 4.%i is refused with advice, and built leniently',
  async (minor) => {
    const content = old(
      minor,
      markdown('# Notes\n\ntext'),
      code('plot()', [matplotlib()]),
      markdown('## Then\n\n$x$'),
    );
    await expect(deck(content)).rejects.toThrow(
      `nbformat 4.${minor}, and 4.5 is wanted: save it in JupyterLab, or build it with --lenient`,
    );
    const { notes, pages } = await deck(content, { lenient: true });
    expect(notes).toContain(
      '07-test.ipynb, cell 2 (cell-2): an image without alternative text (text/plain)',
    );
    expect(pages.map(({ title }) => title)).toEqual(['Notes', 'Then']);
  },
);

test('nbformat 3 is refused with what makes a newer one of it', async () => {
  const content = { nbformat: 3, nbformat_minor: 0, metadata: {}, worksheets: [] };
  await expect(deck(content, { lenient: true })).rejects.toThrow(
    /nbformat 3\.0, and 4\.5 is wanted: .*`jupyter nbconvert --to notebook`/,
  );
});

/** A cell, what it is told for, and what of it is on the slide all the same. */
const cases: [cell: any, warning: RegExp, shown: string | RegExp][] = [
  [markdown('ok\n\n$\\nope{x}$'), /line 3: the formula \\nope\{x\} does not parse/, '$\\nope{x}$'],
  [markdown('It costs $5'), /line 1: a dollar sign/, 'It costs $5'],
  [markdown('a \\$5 b \\$6'), /line 1: in the Lab \$5 b \$ becomes a formula/, 'a $5 b $6'],
  [markdown('text\n\n![](none.png)'), /line 3: an image without .*none\.png is not there/s, 'text'],
  [markdown('x <img src="https://example.org/a.png">'), /line 1: .*loaded from elsewhere/s, 'x'],
  [markdown('```mermaid\ngraph TD\n```'), /line 1: the Lab draws/, 'graph TD'],
  [{ ...code('notRun()'), execution_count: null }, /never executed/, 'notRun()'],
  [code('j', [shown({ 'application/json': { key: 1 } })]), /JSON as a tree/, '"key": 1'],
  [
    code('l', [said('\u001b]8;;https://e.org\u0007here\u001b]8;;\u0007')]),
    /for a terminal/,
    'here',
  ],
  [
    code('h', [shown({ 'text/html': '<script>1</script>', 'text/plain': 'a widget' })]),
    /nothing without its scripts/,
    'a widget',
  ],
  [
    code('p', [
      shown({
        'application/vnd.plotly.v1+json': { data: [{ type: 'hologram' }] },
        'text/plain': 'ghost',
      }),
    ]),
    /no traces of the type hologram/,
    'ghost',
  ],
  [markdown(`$$\n${'x+'.repeat(150)}x\n$$`), /a formula \(cell \d+\) is shown at \d+ %/, /x\+x/],
  [
    markdown('words and words '.repeat(300)),
    /a paragraph .* is shown at \d+ %/,
    /^words and words/,
  ],
  [
    code('wide', [
      shown({ 'text/html': `<table><tr>${'<td>12345678</td>'.repeat(30)}</tr></table>` }),
    ]),
    /a table .* is shown at \d+ %/,
    /12345678/,
  ],
  [
    code(`const x = "${'0123456789'.repeat(900)}";`),
    /the code \(cell \d+\) is shown at/,
    /0123456789/,
  ],
  [markdown(`## ${'Heading '.repeat(60)}`), /line 1: a heading of 479 characters/, /^$/],
];

test('what is wrong is shown as well as it can be, each told with its cell, and nothing is cut off', async () => {
  const cells = cases.map(([cell]) => cell);
  const content = notebook(markdown('# T'), ...cells);
  await expect(deck(content)).rejects.toThrow(/07-test\.ipynb, cell 2 \(cell\d+\), line 3/);
  const { file, notes, pages } = await deck(content, { lenient: true });
  for (const [i, [, warning]] of cases.entries()) {
    const own = notes.filter((note) => note.startsWith(`07-test.ipynb, cell ${i + 2} `));
    const told = own.length > 0 ? own : notes.filter((note) => note.includes(`(cell ${i + 2})`));
    expect(told.join('\n')).toMatch(warning);
  }
  const { page, requests, errors } = await open(file);
  // → from the first slide visits all.
  const seen = new Set([pages[0].id]);
  for (let k = 0; k < 2 * pages.length; k++) {
    await page.keyboard.press('ArrowRight');
    seen.add(await page.evaluate(() => (window as any).Reveal.getCurrentSlide().id));
  }
  expect([...seen]).toEqual(pages.map(({ id }) => id));
  for (const [cell, , text] of cases) {
    const found = await page.locator(`section[data-cells~="${cell.id}"] .body`).allTextContents();
    expect(found.join(' ').trim()).toMatch(
      text instanceof RegExp ? text : new RegExp(text.replace(/[$\\(){}]/g, '\\$&')),
    );
  }
  expect(notes.filter((note) => note.includes('overflows'))).toEqual([]);
  expect(requests).toEqual([]);
  expect(errors).toEqual([]);
  await page.close();
}, 60_000);

test('a table of many rows, as of a data frame, goes on on the next page', async () => {
  const rows = Array.from({ length: 40 }, (_, i) => `<tr><th>${i}</th><td>r${i}</td></tr>`);
  const html = `<div><style>x</style><table><thead><tr><th></th><th>column</th></tr></thead><tbody>${rows.join('')}</tbody></table><p>40 rows</p></div>`;
  const { pages, file } = await deck(
    notebook(markdown('# T\n\n## Data'), code('frame', [shown({ 'text/html': html })])),
  );
  expect(pages.length).toBeGreaterThan(2);
  const { page } = await open(file);
  expect(await page.locator('td').allTextContents()).toEqual(rows.map((_, i) => `r${i}`));
  await page.close();
});

test('a very long printed line, and a heading right after a heading, are no problem', async () => {
  const { pages, html } = await deck(
    notebook(markdown('# A\n# B\n\ntext'), code('x', [said('0123456789'.repeat(200))])),
  );
  expect(pages.map(({ title }) => title)).toEqual(['A', 'B']);
  expect(html).toContain('… and 1700 more characters');
});

test.each([
  [
    'a heading',
    markdown(`## ${'Long '.repeat(50)}`),
    /cell 2 \(cell\d+\), line 1: a heading of 249 characters/,
  ],
  [
    'a line of code',
    code(`x = "${'0123456789'.repeat(900)}"`),
    /overflows: the code \(cell 2\) does not fit/,
  ],
  [
    'a wide table',
    code('x', [
      shown({ 'text/html': `<table><tr>${'<td>12345678</td>'.repeat(30)}</tr></table>` }),
    ]),
    /overflows: a table \(cell 2\) is [\d.]+ times as wide/,
  ],
])('what is too long is named itself: %s', async (_, cell, message) => {
  await expect(deck(notebook(markdown('# T'), cell))).rejects.toThrow(message);
});

test('npm run slides takes a path', async () => {
  const file = write(old(2, markdown('# Mine')), 'my own (1)');
  const run = (...args: string[]) =>
    execFileSync(process.execPath, [join(root, 'tools', 'run.cjs'), 'slides', ...args], {
      encoding: 'utf8',
      env: { ...process.env, INIT_CWD: folder },
    });
  expect(run('my own (1).ipynb', '--lenient')).toMatch(
    /1 behind.*slides\/dist\/my own \(1\)\.html/,
  );
  expect(() => run('none.ipynb')).toThrow(/There is no file .*none\.ipynb/);
  rmSync(join(root, 'slides', 'dist', 'my own (1).html'));
  expect(file).toContain('my own');
}, 60_000);
