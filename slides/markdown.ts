/** Markdown of a cell as blocks: mathematics by KaTeX, code by Shiki, the rest sanitised. */
import { randomBytes } from 'node:crypto';
import { tex as dollars } from '@mdit/plugin-tex';
import katex from 'katex';
import MarkdownIt from 'markdown-it';
import type { Block } from './blocks.ts';
import { highlight } from './code.ts';
import type { Images } from './images.ts';
import type { Place, Problems } from './problems.ts';
import { sanitize } from './sanitize.ts';

type Token = ReturnType<MarkdownIt['parse']>[number];

export interface Context {
  /** The cell, from 0. */
  cell: number;
  place: Place;
  problems: Problems;
  images: Images;
}

interface Env {
  context: Context;
  /** Finished HTML of our own making, put in after everything foreign has been sanitised. */
  trusted: string[];
}

// Nobody can write this into a notebook: it is drawn anew for each run, and not in the output.
const nonce = randomBytes(8).toString('hex');
const placeholder = new RegExp(`\uE000${nonce}-(\\d+)\uE001`, 'g');

const md = new MarkdownIt({ html: true });
/** The same syntax, to look where something stands. */
const plain = new MarkdownIt({ html: true });
for (const one of [md, plain]) one.use(dollars, { render: () => '' }); // Only its syntax: `formula` renders.
md.core.ruler.before('text_join', 'mathematics', ({ tokens, env }) => locate(tokens, env));
md.renderer.rules.math_inline = (tokens, i, _options, env) => formula(tokens[i], false, env);
md.renderer.rules.math_block = (tokens, i, _options, env) => formula(tokens[i], true, env);

/** Gives each formula its line, and reports dollars and environments that became none. */
function locate(tokens: Token[], { context }: Env): void {
  for (const token of tokens) {
    const first = (token.map?.[0] ?? 0) + 1;
    if (token.type === 'math_block') token.meta = { line: first };
    if (token.type === 'html_block' && !isComment(token))
      leftover(token.content.replace(/<[^>]*>/g, ''), first, context);
    if (token.type !== 'inline') continue;
    let at = 0;
    let text = '';
    for (const child of [...(token.children ?? []), undefined]) {
      // A backslash before a letter comes as a token of its own; one that escapes a sign is gone.
      if (child?.type === 'text_special') text += child.content.length > 1 ? child.content : ' ';
      else if (child?.type === 'text') text += child.content;
      else {
        const line = first + token.content.slice(0, at).split('\n').length - 1;
        leftover(text, line, context);
        text = '';
      }
      if (!child) break;
      const found = token.content.indexOf(child.content, at);
      if (found >= 0) at = found;
      const line = first + token.content.slice(0, at).split('\n').length - 1;
      if (child.type === 'math_inline') child.meta = { line };
    }
  }
}

function leftover(text: string, line: number, { place, problems }: Context): void {
  const [sign] = /\$|\\(begin|end)\{\w*\}?/.exec(text) ?? [];
  if (!sign) return;
  const advice =
    sign === '$'
      ? 'a dollar sign that begins or ends no formula (write \\$ for the sign itself)'
      : `${sign} outside of a formula (put $$ on lines of their own around it)`;
  problems.add(`${advice}: ${text.trim().slice(0, 60)}`, { ...place, line });
}

function formula({ content, meta }: Token, displayMode: boolean, env: Env): string {
  const { place, problems } = env.context;
  try {
    const html = katex.renderToString(content, {
      displayMode,
      strict: false, // a lesson may write letters like α in a formula
      trust: false,
    });
    return `\uE000${nonce}-${env.trusted.push(html) - 1}\uE001`;
  } catch (error) {
    const said = (error as Error).message.replace(/^KaTeX parse error: /, '');
    problems.add(`the formula ${content.trim().slice(0, 60)} does not parse: ${said}`, {
      ...place,
      line: meta?.line,
    });
    return '';
  }
}

/** Sanitises what is foreign, then puts in what is ours. */
function finish(html: string, { context, trusted }: Env): string {
  const clean = sanitize(html, {
    link: linkAddress,
    image: (src) => context.images.read(src, context),
  });
  return clean.replace(placeholder, (_, i) => trusted[Number(i)] ?? '');
}

/** Another lesson's notebook becomes its deck; what lies elsewhere on the disk is not there later. */
function linkAddress(href: string): string | undefined {
  if (/^(https?:|mailto:)/i.test(href)) return href;
  const [, lesson] = /^(?:\.\/)?(\d\d-[\w-]+)\.ipynb(?:#.*)?$/.exec(href) ?? [];
  return lesson && `${lesson}.html`;
}

/** HTML that an output carries. */
export function foreignHtml(html: string, context: Context): string {
  return finish(html, { context, trusted: [] });
}

export function markdownBlocks(source: string, context: Context): Block[] {
  const env: Env = { context, trusted: [] };
  const tokens = md.parse(source, env);
  const { cell } = context;
  let words = 0;
  const render = (part: Token[]) => {
    const html = md.renderer.render(part, md.options, env);
    words += visibleWords(html);
    return finish(html, env);
  };
  const block = (group: Token[]): Block => {
    const [first, second] = group;
    switch (first.type) {
      case 'heading_open': {
        const html = render([second]);
        const level = Number(first.tag.slice(1));
        return { kind: 'heading', cell, level, html, text: plainText(second) };
      }
      case 'math_block':
        return { kind: 'formula', cell, html: render(group) };
      case 'fence':
      case 'code_block': {
        const [language = ''] = first.info.trim().split(/\s+/);
        const lines = highlight(first.content, language);
        return { kind: 'code', cell, lines, text: first.content.replace(/\n+$/, '').split('\n') };
      }
      case 'bullet_list_open':
      case 'ordered_list_open': {
        const items = nested(group.slice(1, -1)).map((item) => render(item.slice(1, -1)));
        const start = Number(first.attrGet('start') ?? 1);
        return { kind: 'list', cell, ordered: first.type === 'ordered_list_open', start, items };
      }
      case 'table_open': {
        const parts = nested(group.slice(1, -1));
        const rows = (part?: Token[]) =>
          part
            ? nested(part.slice(1, -1)).map((row) => {
                // A row by itself would be dropped as misplaced.
                const html = render([first, ...row, group[group.length - 1]]);
                return html.replace(/^\s*<table>\s*|\s*<\/table>\s*$/g, '');
              })
            : [];
        return { kind: 'table', cell, head: rows(parts[0]).join(''), rows: rows(parts[1]) };
      }
      case 'html_block':
        if (isFold(first)) return fold(group, render, env);
        break;
      case 'paragraph_open': {
        const [child, ...others] = second.children ?? [];
        if (child?.type === 'image' && others.length === 0) {
          const src = context.images.read(String(child.attrGet('src')), context);
          const [alt, caption] = [child.content, String(child.attrGet('title') ?? '')];
          if (!alt.trim()) {
            const line = (first.map?.[0] ?? 0) + 1;
            context.problems.add('an image without alternative text', { ...context.place, line });
          }
          return { kind: 'picture', cell, src: src ?? '', alt, caption, width: 0, height: 0 };
        }
      }
    }
    const inline = group.find(({ type }) => type === 'inline');
    return { kind: 'prose', cell, html: render(group), text: inline ? plainText(inline) : '' };
  };
  return groups(tokens)
    .filter((group) => !isComment(group[0]))
    .map((group) => {
      words = 0;
      const made = block(group);
      return { ...made, words };
    });
}

/** Words of unfinished HTML, in which formulas are still placeholders. */
function visibleWords(html: string): number {
  const text = html.replace(placeholder, ' ').replace(/<[^>]*>|&\w+;/g, ' ');
  return text.match(/\S*[\p{L}\p{N}]\S*/gu)?.length ?? 0;
}

/** A comment says nothing on a slide; the marks of the talk are comments. */
function isComment({ type, content }: Token): boolean {
  return type === 'html_block' && !content.replace(/<!--[\s\S]*?-->/g, '').trim();
}

/** Tokens at the outermost level, each with what lies inside; a fold with all it folds. */
function groups(tokens: Token[]): Token[][] {
  const found: Token[][] = [];
  for (const group of nested(tokens)) {
    const open = found[found.length - 1];
    if (open && isFold(open[0]) && !open.some(({ content }) => /<\/details>/i.test(content))) {
      open.push(...group);
    } else {
      found.push(group);
    }
  }
  return found;
}

function nested(tokens: Token[]): Token[][] {
  const found: Token[][] = [];
  let depth = 0;
  for (const token of tokens) {
    if (depth === 0) found.push([]);
    found[found.length - 1].push(token);
    depth += token.nesting;
  }
  return found;
}

export interface MarkLine {
  /** From 0. */
  line: number;
  kind: 'slide' | 'core' | '/core' | 'misplaced';
  /** Of a slide, its title. */
  title: string;
}

/** The marks of the talk in the source of a cell, and the lines of its headings. */
export function marksIn(source: string) {
  const marks: MarkLine[] = [];
  const headings: { line: number; level: number; text: string }[] = [];
  const looksLike = /<!--\s*(slide\s*:|\/?\s*core\b)/i;
  const tokens = plain.parse(source, {});
  for (const [i, { type, tag, content, map, level, children }] of tokens.entries()) {
    const line = map?.[0] ?? 0;
    if (type === 'heading_open') {
      headings.push({ line, level: Number(tag.slice(1)), text: plainText(tokens[i + 1]) });
    }
    if (type === 'html_block') {
      const [, kind, title = ''] =
        /^<!-- *(slide(?=:)|core|\/core)(?:: *(.*?))? *-->$/.exec(content.trim()) ?? [];
      if (kind && level === 0) marks.push({ line, kind: kind as MarkLine['kind'], title });
      else if (looksLike.test(content)) marks.push({ line, kind: 'misplaced', title: '' });
    }
    const inside = children?.some(
      (one) => one.type === 'html_inline' && looksLike.test(one.content),
    );
    if (inside) marks.push({ line, kind: 'misplaced', title: '' });
  }
  return { marks, headings };
}

function isFold({ type, content }: Token): boolean {
  return type === 'html_block' && /^\s*<details[\s>]/i.test(content);
}

function fold(group: Token[], render: (part: Token[]) => string, env: Env): Block {
  const { cell, place, problems } = env.context;
  const [opening, ...rest] = group;
  const [, summary = 'Answer', begun = ''] =
    /<summary[^>]*>([\s\S]*?)<\/summary>([\s\S]*)$/i.exec(opening.content) ?? [];
  if (!group.some(({ content }) => /<\/details>/i.test(content))) {
    const line = (opening.map?.[0] ?? 0) + 1;
    problems.add('<details> without </details>', { ...place, line });
  }
  const ending = rest.length > 0 && /<\/details>/i.test(rest[rest.length - 1].content);
  const inside = render(ending ? rest.slice(0, -1) : rest);
  return {
    kind: 'fold',
    cell,
    summary: finish(md.renderInline(summary.trim(), env), env),
    html: finish(begun.replace(/<\/details>[\s\S]*$/i, ''), env) + inside,
  };
}

function plainText({ children, content }: Token): string {
  if (!children) return content;
  return children
    .map((child) => (/^(text|code_inline|math_inline)$/.test(child.type) ? child.content : ' '))
    .join('')
    .replace(/\s+/g, ' ')
    .trim();
}
