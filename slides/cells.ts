/** A code cell as blocks: its source and what it left. */
import type { Block } from './blocks.ts';
import { escapeHtml, highlight, steps } from './code.ts';
import { byRows, readFigure } from './figure.ts';
import { type Context, foreignHtml, markdownBlocks } from './markdown.ts';
import { type Cell, joined, type MimeBundle, type Output } from './notebook.ts';

const plotly = 'application/vnd.plotly.v1+json';

/** A printed output longer than this is shortened. */
const mostLines = 16;
const mostCharacters = 300;

export function codeBlocks(
  cell: Cell,
  tags: string[],
  language: string,
  context: Context,
): Block[] {
  const { place, problems } = context;
  const source = joined(cell.source);
  if (!source.trim()) return [];
  if (cell.execution_count == null && !cell.outputs?.length) {
    problems.add('no outputs, since it was never executed', place);
  }
  const blocks: Block[] = [];
  if (!tags.includes('hide-input')) blocks.push(sourceBlock(source, tags, language, context));
  if (!tags.includes('hide-output')) {
    const outputs = cell.outputs?.filter((output) => !isProgress(output)) ?? [];
    for (const output of merged(outputs)) blocks.push(...outputBlocks(output, context));
  }
  if (tags.includes('beside')) for (const block of blocks) block.beside = true;
  return blocks;
}

function sourceBlock(source: string, tags: string[], language: string, context: Context): Block {
  const lines = highlight(source, language);
  const text = source.replace(/\n+$/, '').split('\n');
  const [tag] = tags.filter((tag) => /^steps(:|$)/.test(tag));
  const block: Block = { kind: 'code', cell: context.cell, lines, text };
  if (!tag) return block;
  try {
    return { ...block, steps: steps(source, tag.slice('steps:'.length)) };
  } catch (error) {
    context.problems.add((error as Error).message, context.place);
    return block;
  }
}

/** What `progress` leaves at its end: 'two heads: 200/200, loss 0.1'. */
function isProgress({ data }: Output): boolean {
  return (
    /^<div><b>/.test(joined(data?.['text/html'])) &&
    /: (\d+)\/\1(,|$)/.test(joined(data?.['text/plain']))
  );
}

/** Printing twice in a cell leaves two outputs; they are one text. */
function merged(outputs: Output[]): Output[] {
  const found: Output[] = [];
  for (const output of outputs) {
    const last = found[found.length - 1];
    if (
      output.output_type === 'stream' &&
      last?.output_type === 'stream' &&
      last.name === output.name
    ) {
      last.text = joined(last.text) + joined(output.text);
    } else {
      found.push({ ...output });
    }
  }
  return found;
}

function outputBlocks(output: Output, context: Context): Block[] {
  const { cell } = context;
  if (output.output_type === 'stream') {
    return printed(joined(output.text), output.name === 'stderr', context);
  }
  if (output.output_type === 'error') {
    return printed(`${output.ename}: ${output.evalue}`, true, context);
  }
  const data: MimeBundle = output.data ?? {};
  if (data[plotly]) {
    try {
      const figures = byRows(readFigure(data[plotly]), 490);
      return figures.map((figure) => ({ kind: 'figure', cell, figure }));
    } catch (error) {
      context.problems.add((error as Error).message, context.place);
    }
  } else if (data[json] !== undefined) {
    const advice = 'the Lab shows this JSON as a tree to unfold: print it, and slides have it, too';
    context.problems.add(advice, context.place);
    const text = JSON.stringify(data[json], null, 2).split('\n').slice(0, mostLines);
    return [{ kind: 'code', cell, lines: highlight(text.join('\n'), 'json'), text }];
  }
  // The first that shows anything, in JupyterLab's order.
  for (const type of [...Object.keys(readers), ...imageTypes]) {
    if (data[type] === undefined) continue;
    const blocks = readers[type]
      ? readers[type](joined(data[type]), context)
      : pictureBlocks(type, joined(data[type]), joined(data['text/plain']).trim(), context);
    if (blocks.length > 0) return blocks;
  }
  return printed(joined(data['text/plain']), false, context);
}

const json = 'application/json';
const imageTypes = ['svg+xml', 'png', 'jpeg', 'gif', 'webp'].map((type) => `image/${type}`);

const readers: Record<string, (text: string, context: Context) => Block[]> = {
  'text/html': (text, context) => {
    const html = foreignHtml(text, context);
    if (!/\S/.test(html.replace(/<(?!img|svg)[^>]*>/g, ''))) {
      const what = 'an output in HTML that shows nothing without its scripts';
      context.problems.add(what, context.place);
      return [];
    }
    const { cell } = context;
    const prose = (part: string): Block[] =>
      /\S/.test(part)
        ? [{ kind: 'prose', cell, html: `<div class="output">${part}</div>`, text: '' }]
        : [];
    const [before, table, after = ''] = html.split(/<\/?table[^>]*>/);
    const whole = [before, after].every((part) => /^(<\/?(div|p)>|[^<])*$/.test(part));
    if (html.match(/<table/g)?.length !== 1 || !whole) return prose(html);
    // One table, as of a data frame: it may go on on a further page.
    const [head = ''] = /<thead>[\s\S]*<\/thead>/.exec(table) ?? [];
    const rowsOf = (part: string) => part.match(/<tr[\s>][\s\S]*?<\/tr>/g) ?? [];
    const rows = rowsOf(table.slice(table.indexOf(head) + head.length));
    const around = [before, after].map((part) => part.replace(/<\/?div[^>]*>/g, ''));
    return [
      ...prose(around[0]),
      { kind: 'table', cell, head: rowsOf(head).join(''), rows },
      ...prose(around[1]),
    ];
  },
  'text/markdown': (text, context) => markdownBlocks(withoutWholeSource(text), context),
  'text/latex': (text, context) => {
    const html = foreignHtml(escapeHtml(text.trim()), context);
    const { cell } = context;
    return /^<span class="katex-display">/.test(html)
      ? [{ kind: 'formula', cell, html }]
      : [{ kind: 'prose', cell, html: `<p>${html}</p>`, text: '' }];
  },
};

function pictureBlocks(type: string, image: string, text: string, context: Context): Block[] {
  // An SVG as an image, not as a part of the page: there it runs nothing and loads nothing.
  const base64 = type === 'image/svg+xml' ? Buffer.from(image).toString('base64') : image.trim();
  const src = context.images.read(`data:${type};base64,${base64}`, context) ?? '';
  const { cell } = context;
  let alt = text;
  if (!text || /^<[^>]*>$/.test(text)) {
    context.problems.add('an image without alternative text (text/plain)', context.place);
    alt = `Picture from cell ${cell + 1}`;
  }
  return [{ kind: 'picture', cell, src, alt, caption: '', width: 0, height: 0 }];
}

/** Of a source that a lesson shows, the core: what is folded below it stays in the lesson. */
const withoutWholeSource = (text: string) =>
  text.replace(/<details class="source">[\s\S]*?<\/details>/g, '');

/** Colours of a terminal, which slides do not have; anything else it knows, and the Lab does not. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const [colours, controls] = [/\u001b\[[0-9;]*m/g, /\u001b(\].*?(\u0007|\u001b\\)|\[[0-?]*[@-~])/g];

function printed(text: string, error: boolean, context: Context): Block[] {
  const { cell, place, problems } = context;
  const uncoloured = text.replace(colours, '');
  if (controls.test(uncoloured)) {
    problems.add(
      'printed for a terminal (a link, or a move of its cursor): print it plainly',
      place,
    );
  }
  let lines = uncoloured.replace(controls, '').replace(/\s+$/, '').split('\n').map(overwritten);
  if (lines.length === 1 && !lines[0]) return [];
  if (lines.length > mostLines) {
    const left = lines.length - (mostLines - 1);
    lines = [...lines.slice(0, mostLines - 1), `… and ${left} more lines`];
  }
  const short = lines.map((line) =>
    line.length > mostCharacters
      ? `${line.slice(0, mostCharacters)} … and ${line.length - mostCharacters} more characters`
      : line,
  );
  return [{ kind: 'printed', cell, lines: short, error }];
}

/** What is left of a line in which a progress bar has gone back, by a return or letter by letter. */
function overwritten(line: string): string {
  const over = line
    .replace(/\r+$/, '')
    .split('\r')
    .reduce((before, text) => text + before.slice(text.length), '');
  let [text, before] = [over, ''];
  while (text !== before) [before, text] = [text, text.replace(/[^\b]?[\b]/, '')];
  return text;
}

/** A note is read, not shown: plain HTML is enough. */
export function noteHtml(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `<p><strong>${block.html}</strong></p>`;
    case 'prose':
    case 'formula':
      return block.html;
    case 'list': {
      const tag = block.ordered ? 'ol' : 'ul';
      return `<${tag}>${block.items.map((item) => `<li>${item}</li>`).join('')}</${tag}>`;
    }
    case 'table':
      return `<table>${block.head}${block.rows.join('')}</table>`;
    case 'code':
    case 'printed':
      return `<pre>${block.kind === 'code' ? block.lines.join('\n') : escaped(block.lines)}</pre>`;
    case 'fold':
      return `<p>${block.summary}</p>${block.html}`;
    case 'figure':
      return `<p>${escaped([block.figure.alt])}</p>`;
    case 'picture':
      return `<p>${escaped([block.alt])}</p>`;
  }
}

const escaped = (lines: string[]) => lines.map(escapeHtml).join('\n');
