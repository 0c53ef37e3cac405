import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readLesson } from '../../slides/deck';
import { readNotebook } from '../../slides/notebook';
import { code, heatmapOutput, lesson, markdown, notebook, said, shown, studio } from './decks';

const { write, deck, folder } = studio();

const blocks = (...cells: object[]) => {
  const file = write(notebook(...cells));
  return readLesson(readNotebook(file), file).backup;
};
const kinds = (slide: { blocks: { kind: string }[] }) => slide.blocks.map(({ kind }) => kind);

test('slide types make slides, fragments and notes, and skip', () => {
  const slides = blocks(
    markdown('# Title'),
    markdown('more', {}),
    markdown('secret', { type: 'skip' }),
    markdown('say this', { type: 'notes' }),
    markdown('below', { type: 'subslide' }),
    markdown('then', { type: 'fragment' }),
  );
  expect(slides).toHaveLength(2);
  expect(kinds(slides[0])).toEqual(['heading', 'prose']);
  expect(slides[0].notes).toContain('say this');
  expect(slides[1].blocks.map(({ fragment }) => !!fragment)).toEqual([false, true]);
  expect(JSON.stringify(slides)).not.toContain('secret');
});

test('what stands before a section heading in its cell ends the slide before', () => {
  const slides = blocks(markdown('# T'), markdown('So much for that.\n\n## 2 · Next\n\nMore.'));
  expect(kinds(slides[0])).toEqual(['heading', 'prose']);
  expect(kinds(slides[1])).toEqual(['heading', 'prose']);
});

test('tags hide code or outputs, set a figure beside the text, and name steps', () => {
  const [slide] = blocks(
    markdown('# T'),
    code('hidden();', [said('seen')], { tags: ['hide-input'] }),
    code('seen();', [said('hidden')], { tags: ['hide-output'] }),
    code('draw();', [heatmapOutput()], { tags: ['hide-input', 'beside'] }),
    code('a();\nb();\n\nc();', [], { tags: ['steps'] }),
    code('a();\nb();\nc();', [], { tags: ['steps:1-2|3'] }),
    code('f(\n  1,\n);\ng();', [], { tags: ['steps'] }),
  );
  expect(kinds(slide)).toEqual(['heading', 'printed', 'code', 'figure', 'code', 'code', 'code']);
  expect(slide.blocks[3].beside).toBe(true);
  const steps = slide.blocks.map((block) => (block.kind === 'code' ? block.steps : undefined));
  expect(steps.slice(4)).toEqual([
    [
      [0, 1],
      [3, 3],
    ],
    [
      [0, 1],
      [2, 2],
    ],
    [
      [0, 2],
      [3, 3],
    ],
  ]);
});

test('long printed output is shortened, cells are not; of a shown source there is the core', () => {
  const long = Array.from({ length: 40 }, (_, i) => `row ${i}`).join('\n');
  const source =
    '```typescript\n// a + b\nadd(a, b);\n```\n\n<details class="source"><summary>Whole</summary>\n\n' +
    '```typescript\n/** Adds. */\nadd(a, b);\n```\n\n</details>';
  const [slide] = blocks(
    markdown('# T'),
    code('/**\n * a\n * b\n * c\n * d\n * e\n */\nx();', [
      said(long),
      shown({ 'text/markdown': source }),
    ]),
  );
  const [, cell, printed, ...shownSource] = slide.blocks as any[];
  expect(cell.text).toHaveLength(8);
  expect(printed.lines).toHaveLength(16);
  expect(printed.lines[15]).toBe('… and 25 more lines');
  expect(shownSource.map(({ text }) => text)).toEqual([['// a + b', 'add(a, b);']]);
});

const failing: [string, () => object | string, RegExp][] = [
  [
    'JSON that is none',
    () => '{\n "cells": [\n  oops',
    /07-test\.ipynb, line 3 of the file: this is not JSON/,
  ],
  [
    'a cell without an id',
    () => notebook({ cell_type: 'markdown', source: 'x', metadata: {} }),
    /07-test\.ipynb, cell 1: not a cell of nbformat 4\.5: .*'id'/,
  ],
  [
    'an older format',
    () => ({ ...notebook(markdown('# T')), nbformat_minor: 4 }),
    /nbformat 4\.4, and 4\.5 is wanted: save it in JupyterLab, or build it with --lenient/,
  ],
  [
    'a formula that does not parse',
    () => notebook(markdown('# T'), markdown('one\n\ntwo\nand $\\frac{1}$ here', {})),
    /cell 2 \(cell\d+\), line 4: the formula \\frac\{1\} does not parse/,
  ],
  [
    'a display formula that does not parse',
    () => notebook(markdown('# T\n\n$$\n\\nope{x}\n$$')),
    /cell 1 \(cell\d+\), line 3: the formula \\nope\{x\} does not parse/,
  ],
  [
    'a missing image',
    () => notebook(markdown('# T\n\n![A](images/none.png)')),
    /images\/none\.png is not there/,
  ],
  [
    'an image from the network',
    () => notebook(markdown('# T\n\n![A](https://example.org/a.png)')),
    /would be loaded from elsewhere/,
  ],
  [
    'an image outside of the notebooks',
    () => notebook(markdown('# T\n\n![A](../../etc/logo.png)')),
    /logo\.png (lies outside of the notebooks|is not there)/,
  ],
  [
    'an image without alternative text',
    () => notebook(markdown('# T\n\n![](data:image/gif;base64,R0lGODlhAQABAAAAACw=)')),
    /an image without alternative text/,
  ],
  [
    'a cell that was not executed',
    () => notebook(markdown('# T'), code('a()'), { ...code('x()'), execution_count: null }),
    /cell 3 \(cell\d+\): no outputs, since it was never executed/,
  ],
  [
    'a notebook that was not executed',
    () => notebook(markdown('# T'), { ...code('x()'), execution_count: null }),
    /^DeckError: 07-test\.ipynb: no outputs, since it was never executed: npm run notebooks -- 07$/,
  ],
  [
    'a figure of a type that Plotly has not',
    () =>
      notebook(
        markdown('# T'),
        code('x', [shown({ 'application/vnd.plotly.v1+json': { data: [{ type: 'hologram' }] } })]),
      ),
    /no traces of the type hologram/,
  ],
  [
    'steps that are not there',
    () => notebook(markdown('# T'), code('x', [], { tags: ['steps:1-9'] })),
    /the steps "1-9" do not fit 1 lines/,
  ],
  ['no slide at all', () => notebook(markdown('x', { type: 'skip' })), /no slide/],
  [
    'a formula wider than the page',
    () => notebook(markdown(`# T\n\n## Wide\n\n$$\n${'x+'.repeat(120)}x\n$$`)),
    /cell 1 \(cell\d+\): the slide "T" overflows: a formula \(cell 1\) is [\d.]+ times as wide/,
  ],
  [
    'a paragraph longer than a page',
    () => notebook(markdown(`# T\n\n## Long story\n\n${'words and words '.repeat(400)}`)),
    /overflows: a paragraph .* does not fit on a page/,
  ],
];

test.each(failing)('%s fails with its place, and nothing is written', async (_, make, message) => {
  const before = readdirSync(folder).filter((name) => name.endsWith('.html'));
  const refused = await deck(make()).then(
    () => 'written',
    (error) => `${error.name}: ${error.message}`,
  );
  expect(refused).toMatch(message);
  expect(refused).toMatch(/^DeckError/);
  expect(readdirSync(folder).filter((name) => name.endsWith('.html'))).toEqual(before);
});

test('all problems of a notebook are said at once', async () => {
  const bad = notebook(markdown('# T\n\n$\\a$'), markdown('$\\b$ and $'));
  const error = await deck(bad).catch((error) => error);
  expect(error.name).toBe('DeckError');
  expect(error.message.split('\n').length).toBeGreaterThanOrEqual(3);
});

test('an escaped dollar sign and one in code are no formulas', async () => {
  const { html } = await deck(
    notebook(markdown('# T\n\nIt costs \\$5, `$HOME`.\n\n```bash\necho $PATH\n```')),
  );
  expect(html).toContain('It costs $5');
});

test('the lesson is read with all its cells but the skipped ones', () => {
  const { backup } = readLesson(readNotebook(lesson), lesson);
  const cells = new Set(backup.flatMap(({ blocks }) => blocks.map(({ cell }) => cell)));
  const { cells: all } = readNotebook(lesson);
  const skipped = all.filter(({ metadata }) =>
    ['skip', 'notes'].includes(metadata.slideshow?.slide_type ?? ''),
  );
  expect(cells.size).toBe(all.length - skipped.length);
});
