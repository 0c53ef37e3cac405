/** A code cell as blocks: its source and what it left. */
import type { Block } from './blocks.ts';
import { escapeHtml, highlight, steps } from './code.ts';
import { byRows, readFigure } from './figure.ts';
import { type Context, foreignHtml, markdownBlocks } from './markdown.ts';
import { type Cell, joined, type MimeBundle, type Output } from './notebook.ts';

const plotly = 'application/vnd.plotly.v1+json';

/** A printed output longer than this is shortened. */
const mostLines = 16;

export function codeBlocks(
  cell: Cell,
  tags: string[],
  language: string,
  context: Context,
): Block[] {
  const { place, problems } = context;
  const source = joined(cell.source);
  if (!source.trim()) return [];
  if (cell.execution_count == null) {
    problems.add('no outputs, since it was never executed: npm run notebooks', place);
    return [];
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
      return [];
    }
  }
  // An SVG as an image, not as a part of the page: there it runs nothing and loads nothing.
  const svg =
    data['image/svg+xml'] && Buffer.from(joined(data['image/svg+xml'])).toString('base64');
  const images: [string, string | undefined][] = [
    ['svg+xml', svg],
    ...['png', 'jpeg', 'gif', 'webp'].map((type): [string, string | undefined] => [
      type,
      data[`image/${type}`] && joined(data[`image/${type}`]),
    ]),
  ];
  for (const [type, base64] of images) {
    if (!base64) continue;
    const src = context.images.read(`data:image/${type};base64,${base64.trim()}`, context) ?? '';
    const alt = joined(data['text/plain']).trim();
    if (!alt || /^<[^>]*>$/.test(alt)) {
      context.problems.add('an image without alternative text (text/plain)', context.place);
    }
    return [{ kind: 'picture', cell, src, alt, caption: '', width: 0, height: 0 }];
  }
  if (data['text/markdown']) {
    return markdownBlocks(withoutWholeSource(joined(data['text/markdown'])), context);
  }
  if (data['text/latex']) return markdownBlocks(display(joined(data['text/latex'])), context);
  if (data['text/html']) {
    const html = foreignHtml(joined(data['text/html']), context);
    return [{ kind: 'prose', cell, html: `<div class="output">${html}</div>`, text: '' }];
  }
  return printed(joined(data['text/plain']), false, context);
}

/** Of a source that a lesson shows, the core: what is folded below it stays in the lesson. */
const withoutWholeSource = (text: string) =>
  text.replace(/<details class="source">[\s\S]*?<\/details>/g, '');

const display = (latex: string) => `$$\n${latex.replace(/^\s*\$+|\$+\s*$/g, '').trim()}\n$$`;

function printed(text: string, error: boolean, { cell }: Context): Block[] {
  // Without the colours of a terminal, and without what a progress bar has overwritten.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const plain = text.replace(/\u001b\[[0-9;]*[A-Za-z]/g, '').replace(/^.*\r(?!\n)/gm, '');
  let lines = plain.replace(/\s+$/, '').split('\n');
  if (lines.length === 1 && !lines[0]) return [];
  if (lines.length > mostLines) {
    const left = lines.length - (mostLines - 1);
    lines = [...lines.slice(0, mostLines - 1), `… and ${left} more lines`];
  }
  return [{ kind: 'printed', cell, lines, error }];
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
