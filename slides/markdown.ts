/** Markdown of a cell as blocks: read as JupyterLab reads it, mathematics by KaTeX, code by Shiki. */
import katex from 'katex';
import MarkdownIt from 'markdown-it';
import type { Block } from './blocks.ts';
import { escapeHtml, highlight } from './code.ts';
import type { Images } from './images.ts';
import { type Formula, formulasIn, placeholders, separate } from './mathematics.ts';
import type { Place, Problems } from './problems.ts';
import { sanitize } from './sanitize.ts';

export interface Context {
  /** The cell, from 0. */
  cell: number;
  place: Place;
  problems: Problems;
  images: Images;
}

type Token = ReturnType<MarkdownIt['parse']>[number];

/** Reads as JupyterLab does: what is foreign is sanitised, so no address is judged here. */
const md = new MarkdownIt({ html: true, linkify: true });
md.validateLink = () => true;
md.normalizeLinkText = (text) => text;
md.linkify.set({ fuzzyLink: false });
md.linkify.add('//', null as never); // The types do not know that this takes a scheme away.
md.linkify.add('www.', {
  validate: (text, at) =>
    /^[\w-](?:[^\s<]*[^\s<?!.,:;*_'"~)])?/.exec(text.slice(at))?.[0].length ?? 0,
  normalize: (match) => {
    match.url = `http://${match.url}`;
  },
});
md.core.ruler.before('inline', 'tasks', ({ tokens }) => {
  for (const [i, { type }] of tokens.entries()) {
    if (type !== 'list_item_open' || tokens[i + 1].type !== 'paragraph_open') continue;
    const text = tokens[i + 2];
    text.content = text.content.replace(/^\[([ x])\](?= )/i, (_, x) => (x === ' ' ? '☐' : '☑'));
  }
});
// One tilde on each side strikes out as two do, as far as the next, even if that stands in code.
md.inline.ruler.at('strikethrough', (state, silent) => {
  const [all, , inner] =
    /^(~~?)(?=[^\s~])((?:\\.|[^\\])*?(?:\\.|[^\s~\\]))\1(?=[^~]|$)/s.exec(
      state.src.slice(state.pos, state.posMax),
    ) ?? [];
  if (!all) return false;
  if (!silent) {
    state.push('del_open', 'del', 1);
    const tokens: Token[] = [];
    md.inline.parse(inner, md, state.env, tokens);
    for (const token of tokens) token.level += state.level;
    state.tokens.push(...tokens);
    state.push('del_close', 'del', -1);
  }
  state.pos += all.length;
  return true;
});

/** A text of a notebook while it is being read. */
interface Reading {
  context: Context;
  source: string;
  formulas: Formula[];
  /** Where the parser keeps the addresses of links. */
  env: object;
  /** Of what is being read, in Markdown. */
  line?: number;
}

const longestHeading = 200;

/** Tokens from one that opens to the one that closes, and where they stand. */
interface Placed {
  tokens: Token[];
  type: string;
  /** As it is written, with placeholders. */
  raw: string;
  line: number;
}

/** What stands at the outermost level. */
function parse(source: string) {
  const { text, formulas, open } = separate(source);
  const env = {};
  const lines = text.split('\n');
  const blocks = nested(md.parse(text, env)).map((tokens): Placed => {
    const [{ type, map }] = tokens;
    const [from, to] = map ?? [0, 0];
    const before = expanded([...lines.slice(0, from), ''].join('\n'), formulas);
    const line = before.split('\n').length;
    return { tokens, type, raw: lines.slice(from, to).join('\n'), line };
  });
  return { blocks, env, formulas, open };
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

const render = (tokens: Token[], { env }: Pick<Reading, 'env'>) =>
  md.renderer.render(tokens, md.options, env);

/** The text with its formulas as they were written. */
const expanded = (text: string, formulas: Formula[]) =>
  text.replace(placeholders, (sign, i) => formulas[Number(i)]?.source ?? sign);

const lineOf = (source: string, at: number) => source.slice(0, at).split('\n').length;

function refuse({ context, line }: Reading, message: string, at = line): void {
  context.problems.add(message, { ...context.place, line: at });
}

function typeset({ tex, display, source }: Formula, reading: Reading, line?: number): string {
  try {
    // A lesson may write letters like α in a formula.
    return katex.renderToString(tex, { displayMode: display, strict: false, trust: false });
  } catch (error) {
    const said = (error as Error).message.replace(/^KaTeX parse error: /, '');
    refuse(reading, `the formula ${tex.trim().slice(0, 60)} does not parse: ${said}`, line);
    return `<code>${escapeHtml(source)}</code>`;
  }
}

/** Sanitises what is foreign. Formulas are still placeholders. */
function clean(html: string, reading: Reading): string {
  const { context, formulas, line } = reading;
  const place = { ...context.place, line };
  return sanitize(html, {
    link: (href) => linkAddress(expanded(href, formulas)),
    image: (src) => context.images.read(expanded(src, formulas), { ...context, place }),
    noAlt: () => refuse(reading, 'an image without alternative text'),
  });
}

/**
 * Sets the formulas in sanitised HTML: they are our own output, which nothing foreign reaches. In
 * tags and in code they are the text they were.
 */
function withFormulas(html: string, reading: Reading): string {
  const { formulas } = reading;
  let code = 0;
  return html
    .split(/(<[^>]*>)/)
    .map((part) => {
      if (/^<(code|pre)\b/.test(part)) code++;
      if (/^<\/(code|pre)\b/.test(part)) code--;
      return part.startsWith('<') || code > 0
        ? part.replace(placeholders, (sign, i) => escapeHtml(formulas[i]?.source ?? sign))
        : textWithFormulas(part, reading);
    })
    .join('');
}

/** Sets what MathJax takes for a formula, and refuses what was none in Markdown, or was another. */
function textWithFormulas(html: string, reading: Reading): string {
  if (!/[$\\@]/.test(html)) return html;
  const { source, formulas, line } = reading;
  const written: { at: number; formula: Formula }[] = [];
  let text = '';
  for (const part of plain(html).split(/(@@\d+@@)/)) {
    const one = formulas[Number(/^@@(\d+)@@$/.exec(part)?.[1])];
    // A backslash fewer is left of `\\(`.
    const shown = one ? one.source.replace(/^\\\\([([])|\\\\([)\]])$/g, '\\$1$2') : part;
    if (one && !one.source.startsWith('@@')) written.push({ at: text.length, formula: one });
    text += shown;
  }
  let [made, copied] = ['', 0];
  const copy = (to: number) => {
    made += escapeHtml(text.slice(copied, to).replace(/\\\$/g, '$'));
  };
  for (const found of formulasIn(text)) {
    const meant = written.find(({ at }) => at === found.at)?.formula;
    copy(found.at);
    copied = found.at + found.source.length;
    if (line !== undefined && meant?.tex !== found.tex) {
      const from = source
        .split('\n')
        .slice(0, line - 1)
        .join('\n').length;
      const at = source.indexOf(`\\${found.source.slice(0, 4)}`, from);
      const where = at < 0 ? line : lineOf(source, at);
      const what = `in the Lab ${found.source.slice(0, 40)} becomes a formula`;
      refuse(reading, `${what} (write \\\\$ for the dollar sign itself)`, where);
      return escapeHtml(text);
    }
    made += typeset(found, reading, meant && lineOf(source, meant.at));
  }
  copy(text.length);
  return made;
}

const signs: Record<string, string> = { lt: '<', gt: '>', quot: '"', amp: '&', '#39': "'" };
/** The text of HTML. */
const plain = (html: string) =>
  html.replace(/<[^>]*>/g, '').replace(/&(lt|gt|quot|amp|#39);/g, (_, name) => signs[name]);

/** Another lesson's notebook becomes its deck; what lies elsewhere on the disk is not there later. */
function linkAddress(href: string): string | undefined {
  if (/^(https?:|mailto:)/i.test(href)) return href;
  const [, lesson] = /^(?:\.\/)?(\d\d-[\w-]+)\.ipynb(?:#.*)?$/.exec(href) ?? [];
  return lesson && `${lesson}.html`;
}

/** HTML that an output carries, or LaTeX: its formulas are set as MathJax sets them. */
export function foreignHtml(html: string, context: Context): string {
  const reading = { context, source: html, formulas: [], env: {} };
  return withFormulas(clean(html, reading), reading);
}

export function markdownBlocks(markdown: string, context: Context): Block[] {
  const source = markdown.replace(/\r\n?/g, '\n');
  const { blocks, env, formulas, open } = parse(source);
  const reading: Reading = { context, source, formulas, env };
  const inCode = (line: number) =>
    /^(fence|code_block)$/.test(blocks.filter((one) => one.line <= line).at(-1)?.type ?? '');
  for (const at of open) {
    if (inCode(lineOf(source, at))) continue;
    const sign = /^\$|^\\begin\{\w*\*?\}/.exec(source.slice(at))?.[0] ?? source.slice(at, at + 3);
    const advice = sign === '$' ? ' (write \\\\$ for the sign itself)' : '';
    const said =
      sign === '$' ? 'a dollar sign that begins or ends no formula' : `${sign} without its end`;
    const text = source.slice(at, at + 60).split('\n')[0];
    refuse(reading, `${said}${advice}: ${text}`, lineOf(source, at));
  }
  return groups(blocks).flatMap((group): Block[] => {
    if (isComment(group[0])) return [];
    const parts = group.length > 1 ? [group] : paragraphs(group[0], reading).map((one) => [one]);
    return parts.map((part) => {
      reading.line = part[0].line;
      return blockOf(part, reading);
    });
  });
}

/** A paragraph is cut where a display formula has lines of its own. */
function paragraphs(block: Placed, { source, formulas }: Reading): Placed[] {
  const [open, inline, close] = block.tokens;
  if (open.type !== 'paragraph_open') return [block];
  const isBreak = (token?: Token) => !token || /^(soft|hard)break$/.test(token.type);
  const all = inline.children ?? [];
  const parts: Placed[] = [];
  let { line } = block;
  const add = (children: Token[]) => {
    if (children.length === 0) return;
    const tokens = [open, Object.assign(Object.create(inline), { children }), close];
    parts.push({ ...block, tokens, line });
  };
  let copied = 0;
  for (const [i, token] of all.entries()) {
    const one = alone([token], formulas);
    if (!one?.display || token.level > 0 || !isBreak(all[i - 1]) || !isBreak(all[i + 1])) continue;
    add(all.slice(copied, Math.max(copied, i - 1)));
    line = lineOf(source, one.at);
    add([token]);
    line = lineOf(source, one.at + one.source.length) + 1;
    copied = i + 2;
  }
  add(all.slice(copied));
  return parts;
}

/** The formula, if there is nothing else. */
const alone = ([token, ...others]: Token[], formulas: Formula[]): Formula | undefined =>
  token?.type === 'text' && others.length === 0
    ? formulas[Number(/^@@(\d+)@@$/.exec(token.content)?.[1])]
    : undefined;

function blockOf(group: Placed[], reading: Reading): Block {
  const { context, formulas } = reading;
  const { cell } = context;
  const tokens = group.flatMap((one) => one.tokens);
  const html = clean(render(tokens, reading), reading);
  const words = wordsIn(html);
  const set = (part: string) => withFormulas(part, reading);
  const [first, second] = tokens;
  if (isFold(group[0])) return { ...fold(group, reading), words };
  switch (group.length === 1 ? first.type : '') {
    case 'heading_open': {
      const inner = html.replace(/^<h\d>|<\/h\d>\s*$/g, '');
      const level = Number(first.tag.slice(1));
      const text = textOf(inner, formulas);
      if (text.length > longestHeading) {
        refuse(
          reading,
          `a heading of ${text.length} characters, and ${longestHeading} are the most`,
        );
        const short = `${text.slice(0, longestHeading)} …`;
        return { kind: 'heading', cell, level, html: escapeHtml(short), text: short, words };
      }
      return { kind: 'heading', cell, level, html: set(inner), text, words };
    }
    case 'fence':
    case 'code_block': {
      const [language = ''] = first.info.trim().split(/\s+/);
      if (language === 'mermaid') {
        refuse(reading, 'the Lab draws this diagram, a slide does not: show an image of it');
      }
      const written = expanded(first.content, formulas).replace(/\n+$/, '');
      return {
        kind: 'code',
        cell,
        lines: highlight(written, language),
        text: written.split('\n'),
        words: 0,
      };
    }
    case 'bullet_list_open':
    case 'ordered_list_open': {
      const items = nested(tokens.slice(1, -1)).map((item) =>
        set(clean(render(item.slice(1, -1), reading), reading)),
      );
      const start = Number(first.attrGet('start') ?? 1);
      return { kind: 'list', cell, ordered: first.tag === 'ol', start, items, words };
    }
    case 'table_open': {
      const [head = '', ...rows] = set(html).match(/<tr>[\s\S]*?<\/tr>/g) ?? [];
      return { kind: 'table', cell, head, rows, words };
    }
    case 'paragraph_open': {
      const children = second.children ?? [];
      const [child] = children;
      if (child?.type === 'image' && children.length === 1) {
        const place = { ...context.place, line: reading.line };
        const address = expanded(String(child.attrGet('src')), formulas);
        const src = context.images.read(address, { ...context, place }) ?? '';
        const name = md.renderer.renderInlineAsText(child.children ?? [], md.options, reading.env);
        const [alt, caption] = [name, String(child.attrGet('title') ?? '')].map((text) =>
          expanded(text, formulas),
        );
        return { kind: 'picture', cell, src, alt, caption, width: 0, height: 0 };
      }
      if (alone(children, formulas)?.display) {
        return { kind: 'formula', cell, html: set(html.replace(/<\/?p>/g, '')), words: 0 };
      }
    }
  }
  return { kind: 'prose', cell, html: set(html), text: textOf(html, formulas), words };
}

/** The text of sanitised HTML, formulas as they are written between their signs. */
const textOf = (html: string, formulas: Formula[]) =>
  plain(html)
    .replace(placeholders, (sign, i) => formulas[i]?.tex ?? sign)
    .replace(/\s+/g, ' ')
    .trim();

/** Words of sanitised HTML, in which formulas are still placeholders. */
function wordsIn(html: string): number {
  const text = html.replace(placeholders, ' ').replace(/<[^>]*>|&\w+;/g, ' ');
  return text.match(/\S*[\p{L}\p{N}]\S*/gu)?.length ?? 0;
}

/** A comment says nothing on a slide; the marks of the talk are comments. */
function isComment({ type, raw }: Placed): boolean {
  return type === 'html_block' && !raw.replace(/<!--[\s\S]*?-->/g, '').trim();
}

const isFold = ({ type, raw }: Placed) => type === 'html_block' && /^\s*<details[\s>]/i.test(raw);

/** Blocks, and what an element of HTML holds together, from its tag to the one that closes it. */
function groups(blocks: Placed[]): Placed[][] {
  const found: Placed[][] = [];
  let [tag, depth] = ['', 0];
  for (const block of blocks) {
    if (depth > 0) found[found.length - 1].push(block);
    else found.push([block]);
    if (block.type !== 'html_block') continue;
    if (depth === 0) tag = /^\s*<(\w+)/.exec(block.raw)?.[1].toLowerCase() ?? '';
    if (!tag || /^(br|hr|img|input|p)$/.test(tag)) continue;
    const count = (sign: string) =>
      block.raw.match(new RegExp(`<${sign}${tag}\\b`, 'gi'))?.length ?? 0;
    depth = Math.max(0, depth + count('') - count('/'));
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
  const { blocks, env, formulas } = parse(source);
  for (const { tokens, type, raw: written, line: from } of blocks) {
    const line = from - 1;
    const raw = expanded(written, formulas);
    if (type === 'heading_open') {
      const text = textOf(render(tokens, { env }), formulas);
      headings.push({ line, level: Number(tokens[0].tag.slice(1)), text });
    }
    const [, kind, title = ''] =
      /^<!-- *(slide(?=:)|core|\/core)(?:: *(.*?))? *-->$/.exec(raw.trim()) ?? [];
    if (kind && type === 'html_block') {
      marks.push({ line, kind: kind as MarkLine['kind'], title });
      continue;
    }
    const wrong = tokens
      .flatMap((one) => [one, ...(one.children ?? [])])
      .some((one) => /^html_/.test(one.type) && looksLike.test(one.content));
    if (wrong) {
      const at = line + lineOf(raw, raw.search(looksLike)) - 1;
      marks.push({ line: at, kind: 'misplaced', title: '' });
    }
  }
  return { marks, headings };
}

/** A folded answer: what stands in `<summary>`, and the rest. */
function fold(group: Placed[], reading: Reading): Block {
  const { cell } = reading.context;
  if (!group.some(({ raw }) => /<\/details>/i.test(raw))) {
    refuse(reading, '<details> without </details>');
  }
  const [, summary = 'Answer'] = /<summary[^>]*>([\s\S]*?)<\/summary>/i.exec(group[0].raw) ?? [];
  const question = clean(md.renderInline(summary.trim(), reading.env), reading);
  const tokens = group.flatMap((one) => one.tokens);
  const answer = clean(
    render(tokens, reading).replace(/<summary[^>]*>[\s\S]*?<\/summary>/i, ''),
    reading,
  );
  return {
    kind: 'fold',
    cell,
    summary: withFormulas(question, reading),
    html: withFormulas(answer, reading),
  };
}
