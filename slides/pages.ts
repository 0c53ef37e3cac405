/** The HTML of blocks and pages: the same for measuring and for the deck. */
import { type Block, type Heading, isGraphic } from './blocks.ts';
import { escapeHtml } from './code.ts';
import { drawing } from './figure.ts';
import { type Page, type Piece, tolerance } from './layout.ts';

/** Data of the figures, in the order of their numbers in the page. */
export type Figures = object[];

/** A block, or some of its parts, without its frame. Parts that may be cut are marked `data-part`. */
function inner(block: Block, parts?: [number, number], excess = 1): string {
  const some = <T>(all: T[]) => (parts ? all.slice(...parts) : all);
  switch (block.kind) {
    case 'heading':
      return `<h3>${block.html}</h3>`;
    case 'prose':
      return block.html;
    case 'formula':
      return excess > tolerance
        ? `<div style="font-size:${(0.995 / excess).toFixed(3)}em">${block.html}</div>`
        : block.html;
    case 'list': {
      const tag = block.ordered ? 'ol' : 'ul';
      const start = block.start + (parts?.[0] ?? 0);
      const items = some(block.items).map((item) => `<li data-part>${item}</li>`);
      return `<${tag}${block.ordered && start !== 1 ? ` start="${start}"` : ''}>${items.join('')}</${tag}>`;
    }
    case 'table': {
      const rows = some(block.rows).map((row) =>
        row
          .replace(/<tr/, '<tr data-part')
          .replace(/^([\s\S]*?<td[^>]*>)([✓✗])([^<]*)/, (_, before, sign, rest) => {
            const verdict = `<span class="${sign === '✓' ? 'holds' : 'fails'}">${sign}</span>`;
            return before + verdict + (rest.trim() && `<small>${rest.trim()}</small>`);
          }),
      );
      const claims = /^\s*<tr>\s*<th[^>]*><\/th>\s*<th[^>]*>claim</.test(block.head);
      return `<table${claims ? ' class="claims"' : ''}><thead>${block.head}</thead><tbody>${rows.join('')}</tbody></table>`;
    }
    case 'code':
      return `<pre><code>${some(block.lines).map(line).join('')}</code></pre>`;
    case 'printed':
      return `<pre>${some(block.lines.map(escapeHtml)).map(line).join('')}</pre>`;
    case 'fold':
      return `<div class="question">${block.summary}</div><div class="answer">${block.html}</div>`;
    case 'figure': {
      const { title, subtitle } = block.figure;
      return title
        ? `<figcaption><b>${escapeHtml(title)}</b>${subtitle ? `<span>${escapeHtml(subtitle)}</span>` : ''}</figcaption>`
        : '';
    }
    case 'picture':
      return block.caption ? `<figcaption>${escapeHtml(block.caption)}</figcaption>` : '';
  }
}

/** A line wraps with its indentation kept, and an empty one has its height. */
function line(html: string): string {
  const indent = /^ */.exec(html)?.[0].length ?? 0;
  return `<span class="line" data-part${indent ? ` style="--indent:${indent}"` : ''}>${html || ' '}</span>`;
}

/** For measuring: all blocks of a slide as they are, figures without their drawings. */
export function measuring(blocks: Block[]): string {
  return blocks.map((block) => `<div class="block ${block.kind}">${inner(block)}</div>`).join('');
}

/** @param crumb where we are, above the title; on slides of the talk it stands in the foot */
export function head(
  heading: Heading | undefined,
  crumb: string | undefined,
  part = 1,
  of = 1,
): string {
  if (heading?.level === 1 && part === 1) return `<header><h1>${heading.html}</h1></header>`;
  const count = of > 1 ? ` <span class="part">${part}/${of}</span>` : '';
  const title = heading ? `<h2>${heading.html}${count}</h2>` : '';
  return `<header>${crumb === undefined ? '' : `<p class="crumb">${crumb}</p>`}${title}</header>`;
}

export interface Frame {
  id: string;
  /** Whether it belongs to the talk or to the backup. */
  talk: boolean;
  /** '3 / 16'. */
  number: string;
  crumb: string;
  /** Speaker notes, HTML; only on the first page of a slide. */
  notes: string;
  /** The ids of its cells. */
  cells: string[];
  /** From the talk into the backup, or back. */
  link?: { href: string; html: string };
  /** Not counted: it stands behind the talk. */
  behind?: boolean;
  /** The minute until which it is shown. */
  until?: number;
}

export function pageHtml(
  { title, part, of, size, pieces, beside }: Page,
  { id, talk, number, crumb, notes, cells, link, behind, until }: Frame,
  excess: (block: Block) => number,
  figures: Figures,
): string {
  let step = -1;
  let revealing: number | undefined;
  let shown = false;
  const frame = (piece: Piece) => {
    const { block, parts } = piece;
    // What begins a page is there from the beginning.
    if (!block.fragment) [shown, revealing] = [true, undefined];
    else if (shown && revealing !== block.cell) [step, revealing] = [step + 1, block.cell];
    const attributes = revealing === undefined ? '' : ` fragment" data-fragment-index="${step}`;
    const classes = `block ${block.kind}${block.kind === 'printed' && block.error ? ' error' : ''}`;
    if (isGraphic(block)) {
      return `<figure class="${classes}${attributes}">${inner(block)}${graphic(piece, figures)}</figure>`;
    }
    let html = inner(block, parts, block.kind === 'formula' ? excess(block) : 1);
    if (block.kind === 'fold') {
      html = html.replace(
        'class="answer"',
        `class="answer fragment" data-fragment-index="${++step}"`,
      );
    }
    if (block.kind === 'code' && block.steps) {
      const [from, to] = parts ?? [0, block.lines.length];
      html += block.steps
        .map(([a, b]) => [Math.max(a, from) - from, Math.min(b, to - 1) - from])
        .filter(([a, b]) => a <= b)
        .map(
          ([a, b]) =>
            `<span class="fragment step" data-fragment-index="${++step}" data-lines="${a}-${b}"></span>`,
        )
        .join('');
      revealing = undefined; // what it printed comes after the last step
    }
    const smaller = block.shrink ? `" style="zoom:${block.shrink.toFixed(3)}` : '';
    return `<div class="${classes}${attributes}${smaller}">${html}</div>`;
  };
  const graphics = pieces.filter(({ block }) => isGraphic(block));
  let body: string;
  if (beside) {
    const text = pieces
      .filter(({ block }) => !isGraphic(block))
      .map(frame)
      .join('');
    body = `<div class="column text">${text}</div><div class="column">${graphics.map(frame).join('')}</div>`;
  } else if (graphics.length > 1) {
    // Two figures share a row where the first one stands.
    const framed = pieces.map((piece) => ({ piece, html: frame(piece) }));
    const row = framed.filter(({ piece }) => graphics.includes(piece)).map(({ html }) => html);
    body = framed
      .map(({ piece, html }) => {
        if (piece === graphics[0]) return `<div class="row">${row.join('')}</div>`;
        return graphics.includes(piece) ? '' : html;
      })
      .join('');
  } else {
    body = pieces.map(frame).join('');
  }
  const cover = title?.level === 1 && part === 1 ? ' cover' : '';
  const aside = notes ? `<aside class="notes">${notes}</aside>` : '';
  const leave = link ? `<a class="leave" href="${link.href}">${link.html}</a>` : '';
  const foot = talk && !cover ? `<span>${crumb}</span>` : '';
  return (
    `<section id="${id}" class="page${cover}${talk ? ' talk' : ''}" data-cells="${cells.join(' ')}"` +
    `${behind ? ' data-visibility="uncounted"' : ''}${until ? ` data-until="${until}"` : ''}>` +
    `<div class="sheet">${head(title, talk ? undefined : crumb, part, of)}` +
    `<div class="body${beside ? ' beside' : ''}" style="--size:${size}px">${body}</div></div>` +
    `<footer><span>${number}</span>${foot}${leave}</footer>${aside}</section>`
  );
}

function graphic({ block, sized }: Piece, figures: Figures): string {
  if (!sized) throw new TypeError('a figure without a size');
  const { width, height } = sized;
  const box = `width:${Math.floor(width)}px;height:${Math.floor(height)}px`;
  if (block.kind === 'picture') {
    return `<img src="${block.src}" alt="${escapeHtml(block.alt)}" style="${box}">`;
  }
  if (block.kind !== 'figure') return '';
  const live = block.figure.layout.sliders !== undefined; // an image has no controls
  const number = figures.push(drawing(block.figure, sized)) - 1;
  return (
    `<div class="plot" role="${live ? 'group' : 'img'}" aria-label="${escapeHtml(block.figure.alt)}" ` +
    `data-prevent-swipe data-figure="${number}" style="${box}"></div>`
  );
}
