/** One notebook in JupyterLab and on slides: what is read is the same, or the slide is refused. */
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { openInLab } from '../lab/start';
import { code, markdown, notebook, said, shown, studio } from './decks';

const { deck, open } = studio();

const pixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const image = `data:image/png;base64,${pixel}`;

/** Markdown, and what a reader reads of it in both: formulas in ⟦ ⟧, or ⟦⟦ ⟧⟧ on a line of their own. */
const same: [source: string, read: string][] = [
  ['Plain $x^2$ and $$y^2$$ here', 'Plain ⟦x2⟧ and ⟦⟦y2⟧⟧ here'],
  ['$$\n\\frac{a}{b}\n$$', '⟦⟦ab⟧⟧'],
  ['Text\n$$\nx\n$$\nmore', 'Text ⟦⟦x⟧⟧ more'],
  ['One $ y$ two', 'One ⟦y⟧ two'],
  ['$5 and $6', '⟦5and⟧6'],
  ['It costs \\\\$200 and \\\\$300', 'It costs $200 and $300'],
  ['It costs \\$200', 'It costs $200'],
  ['\\\\$5 and $x$', '$5 and ⟦x⟧'],
  ['**bold \\$5** and \\$6', '**bold $5** and $6'],
  ['price \\$5\n\nother \\$6', 'price $5 other $6'],
  ['$\\text{costs \\$5}$', '⟦costs$5⟧'],
  ['Inner $a \\text{ if $b$} c$ dollars', 'Inner ⟦aifbc⟧ dollars'],
  ['Round \\\\(x^2\\\\) end', 'Round ⟦x2⟧ end'],
  ['Square \\\\[ y \\\\] end', 'Square ⟦⟦y⟧⟧ end'],
  ['Single \\(x^2\\) end', 'Single (x^2) end'],
  ['\\begin{align}a &= b\\\\ c &= d\\end{align}', '⟦⟦a=bc=d⟧⟧'],
  ['$$\\begin{align}a &= b\\\\ c &= d\\end{align}$$', '⟦⟦a=bc=d⟧⟧'],
  ['\\begin{equation}a = b\\end{equation}', '⟦⟦a=b⟧⟧'],
  ['a < b & c &amp; $a < b$', 'a < b & c & ⟦a<b⟧'],
  ['_x_ $a_1 + b_2$ *y*', '_x_ ⟦a1+b2⟧ _y_'],
  ['**Note:**$x$', '**Note:**⟦x⟧'],
  ['`$x$` and ``$y$``', '`$x$` and `$y$`'],
  ['```\n$x$ and $y$\n```', '$x$ and $y$'],
  ['    indented $x', 'indented $x'],
  ['| a | b |\n|---|---|\n| $|x|$ | 2 |', 'a b ⟦|x|⟧ 2'],
  ['- item\n  $$\n  a\n  $$\n- b', 'item ⟦⟦a⟧⟧ b'],
  ['- [x] done\n- [ ] open', '☑ done ☐ open'],
  ['- loose\n\n- [x] done', 'loose ☑ done'],
  ['foot[^1]\n\n[^1]: The note.', 'foot[^1] [^1]: The note.'],
  ['~~gone~~ and ~one~', '~gone~ and ~one~'],
  ['- [X] ~~a **b** `c`~~\n- [ ]no task', '☑ ~a **b** `c`~ [ ]no task'],
  ['see https://example.org or a@example.org', 'see https://example.org or a@example.org'],
  ['two  \nlines\\\nthree', 'two lines three'],
  ['> [!NOTE]\n> hello', '[!NOTE] hello'],
  ['Term\n: definition, ==mark==, :smile:', 'Term : definition, ==mark==, :smile:'],
  ['A line\n- list at once\n1. one', 'A line list at once one'],
  ['- a\n    - b\n        1. c', 'a b c'],
  ['## A $x$ <i>b</i>', 'A ⟦x⟧ _b_'],
  ['@@0@@ and $x$', '@@0@@ and ⟦x⟧'],
  ['<b>$x$</b> <kbd>k</kbd>', '**⟦x⟧** k'],
  ['<details><summary>Why $x$?</summary>\n\nBecause $y$.\n\n</details>', 'Why ⟦x⟧? Because ⟦y⟧.'],
  ['<p dir="rtl">שלום $x$</p>', '⇐ שלום ⟦x⟧'],
  ['<div dir="rtl">\n\nשלום **עולם**\n\n- אחת\n\n</div>', '⇐ שלום ⇐ **עולם** ⇐ אחת'],
  ['שלום עולם', 'שלום עולם'],
  [`<img src="${image}" alt="A pixel">`, '(A pixel)'],
  [`Look: ![A pixel](${image})`, 'Look: (A pixel)'],
  ['<script>1</script><style>p{}</style>x', 'x'],
];

/** Outputs of a cell, and what is read of them. */
const sameOutputs: [output: object, read: string][] = [
  [shown({ 'text/markdown': 'costs \\\\$5, $x$', 'text/plain': '-' }), 'costs $5, ⟦x⟧'],
  [shown({ 'text/html': '<td>$x$</td> \\(y\\)', 'text/plain': '-' }), '⟦x⟧ ⟦y⟧'],
  [shown({ 'text/latex': '$$\\frac{1}{2}$$', 'text/plain': '-' }), '⟦⟦12⟧⟧'],
  [shown({ 'text/latex': '$x$ is text', 'text/plain': '-' }), '⟦x⟧ is text'],
  [shown({ 'text/latex': 'y^2 < 3', 'text/plain': '-' }), 'y^2 < 3'],
  [shown({ 'text/plain': '$x$ plain' }), '$x$ plain'],
  [shown({ 'text/html': '<b>html</b>', 'image/png': pixel, 'text/plain': '-' }), '**html**'],
  [shown({ 'text/latex': '$l$', 'image/png': pixel, 'text/plain': '-' }), '⟦l⟧'],
  [said('\u001b[31mred\u001b[0m text'), 'red text'],
  [said('10%\r50%\rdone\nab\bc\nlong\rLO'), 'done ac LOng'],
];

/** What the Lab shows otherwise is refused; the advice is among the cases above. */
const refused: [string, object, RegExp][] = [
  [
    'two dollars with one backslash',
    markdown('# T\n\nfirst\nIt costs \\$200 and \\$300'),
    /line 4: in the Lab \$200 and \$ becomes a formula \(write \\\\\$ for the dollar sign itself\)/,
  ],
  [
    'a dollar with one backslash before a formula',
    markdown('# T\n\nIt costs \\$5 and $x$'),
    /line 3: in the Lab \$5 and \$ becomes a formula/,
  ],
  [
    'two dollars by their number',
    markdown('# T\n\n&#36;5 and &#36;6'),
    /line 3: in the Lab \$5 and \$ becomes a formula/,
  ],
  [
    'a dollar by itself',
    markdown('# T\n\nfine $x$\n\nIt costs $5'),
    /line 5: a dollar sign that begins or ends no formula \(write \\\\\$ for the sign itself\)/,
  ],
  [
    'a formula across an empty line',
    markdown('# T\n\n$x\n\ny$'),
    /line 3: a dollar sign that .*\n.*line 5: a dollar sign that/,
  ],
  [
    'an environment without an end',
    markdown('# T\n\n\\begin{x} y'),
    /line 3: \\begin\{x\} without its end/,
  ],
  [
    'a formula in a table that does not parse',
    markdown('# T\n\n| a |\n|---|\n| $|x|$ |\n| $\\nope$ |'),
    /line 6: the formula \\nope does not parse/,
  ],
  ['a diagram', markdown('# T\n\n```mermaid\ngraph TD\n```'), /line 3: the Lab draws this diagram/],
  [
    'an image in HTML without alternative text',
    markdown(`# T\n\ntext\n\n<img src="${image}">`),
    /line 5: an image without alternative text/,
  ],
  [
    'JSON',
    code('x', [shown({ 'application/json': { a: 1 }, 'text/plain': '{}' })]),
    /cell 1 \(cell\d+\): the Lab shows this JSON as a tree to unfold: print it/,
  ],
  [
    'a link of a terminal',
    code('x', [said('go \u001b]8;;https://example.org/\u001b\\here\u001b]8;;\u001b\\ now')]),
    /cell 1 \(cell\d+\): printed for a terminal \(a link, or a move of its cursor\): print it plainly/,
  ],
  [
    'HTML that needs its scripts',
    code('x', [shown({ 'text/html': '<script>draw()</script>', 'text/plain': '-' })]),
    /cell 1 \(cell\d+\): an output in HTML that shows nothing without its scripts/,
  ],
];

/** What a reader reads, in order, with a sign for what is not text. Runs in the browser. */
function inBrowser(roots: Element[]): string {
  const signs: Record<string, string> = {
    B: '**',
    STRONG: '**',
    I: '_',
    EM: '_',
    DEL: '~',
    CODE: '`',
  };
  const read = (node: Node): string => {
    if (node.nodeType === Node.TEXT_NODE) {
      const { parentElement: parent, textContent } = node;
      const turned = parent && getComputedStyle(parent).direction === 'rtl';
      return turned && textContent?.trim() ? ` ⇐ ${textContent.trim()} ` : (textContent ?? '');
    }
    if (!(node instanceof Element)) return '';
    const inner = () => [...node.childNodes].map(read).join('');
    if (node.matches('.jp-InternalAnchorLink, .jp-OutputPrompt, .numbering-entry, script, style'))
      return '';
    if (node.matches('mjx-container, .katex')) {
      const math = node.querySelector(
        'mjx-assistive-mml math, .katex-mathml semantics > :first-child',
      );
      const text = math?.textContent?.replace(/\s|\u2061|\u200b/g, '').replace(/∣/g, '|') ?? '';
      const display = node.getAttribute('display') === 'true' || node.closest('.katex-display');
      return display ? ` ⟦⟦${text}⟧⟧ ` : `⟦${text}⟧`;
    }
    if (node.tagName === 'BR') return ' ';
    if (node instanceof HTMLInputElement) return node.checked ? '☑' : '☐';
    if (node instanceof HTMLImageElement) return `(${node.alt})`;
    const sign = node.parentElement?.closest('pre') ? '' : (signs[node.tagName] ?? '');
    const block = getComputedStyle(node).display !== 'inline';
    const within = `${sign}${inner().trim() === '' ? '' : inner()}${sign}`;
    return block ? ` ${within} ` : within;
  };
  return roots
    .map(read)
    .join(' ')
    .replace(/(⇐) (\*\*)?/g, '$1 $2')
    .replace(/\*\* ⇐ (.*?) +\*\*/g, '⇐ **$1**')
    .replace(/\s+/g, ' ')
    .trim();
}

const cells = [
  ...same.map(([source]) => markdown(source)),
  ...sameOutputs.map(([output]) => code('x', [output], { type: 'slide', tags: ['hide-input'] })),
];
const expected = [...same, ...sameOutputs].map(([, read]) => read);

/** By the place of the cell: what is read where the selector leads. */
const readAll = (page: Page, selectors: string[]) =>
  Promise.all(selectors.map((selector) => page.locator(selector).evaluateAll(inBrowser)));

test('JupyterLab: what is mathematics, a dollar, a task, a footnote, a direction', async () => {
  const { page: lab, close } = await openInLab('cases.ipynb', notebook(...cells));
  try {
    const rendered = ':is(.jp-MarkdownOutput, .jp-OutputArea-output)';
    const all = cells.map((_, i) => `.jp-Notebook .jp-Cell >> nth=${i} >> css=${rendered}`);
    // Cells out of sight are drawn when there is time.
    const options = { timeout: 90_000, interval: 2000 };
    await expect.poll(() => readAll(lab, all), options).toEqual(expected);
  } finally {
    await close();
  }
}, 180_000);

test('a slide: the same', async () => {
  const { file } = await deck(notebook(...cells));
  const { page } = await open(file);
  const titled = cells.map(({ id, source }) =>
    source.startsWith('#')
      ? `section[data-cells~="${id}"] h2 >> nth=0`
      : `section[data-cells~="${id}"] .body`,
  );
  await page.addStyleTag({ content: 'section.page { display: block !important }' });
  expect(await readAll(page, titled)).toEqual(expected);
}, 60_000);

test.each(refused)('%s: refused, with its line', async (_, cell, message) => {
  const build = deck(notebook(markdown('# T'), cell));
  await expect(build).rejects.toThrow(new RegExp(message.source.replace('cell 1', 'cell 2')));
});
