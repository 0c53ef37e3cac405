/** Markdown of a cell as blocks: read as JupyterLab reads it, mathematics by KaTeX, code by Shiki. */
import katex from 'katex';
import { Lexer, Marked, type Token, type Tokens } from 'marked';
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

/** JupyterLab's own parser, in the version that it uses. */
const md = new Marked({
  gfm: true,
  renderer: { checkbox: ({ checked }) => (checked ? '☑' : '☐') },
});

/** A text of a notebook while it is being read. */
interface Reading {
  context: Context;
  source: string;
  formulas: Formula[];
  /** Of what is being read, in Markdown. */
  line?: number;
}

const longestHeading = 200;

/** Tokens at the outermost level, each with the line it begins in. */
function lex(source: string) {
  const { text, formulas, open } = separate(source);
  const list = md.lexer(text);
  let before = '';
  const tokens = list.map((token) => {
    const line = expanded(before, formulas).split('\n').length;
    before += token.raw;
    return { ...token, line };
  });
  return { tokens, links: list.links, formulas, open };
}
type Placed = ReturnType<typeof lex>['tokens'][number];

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
  const reading = { context, source: html, formulas: [] };
  return withFormulas(clean(html, reading), reading);
}

export function markdownBlocks(markdown: string, context: Context): Block[] {
  const source = markdown.replace(/\r\n?/g, '\n');
  const { tokens, links, formulas, open } = lex(source);
  const reading: Reading = { context, source, formulas };
  const inCode = (line: number) =>
    tokens.filter((token) => token.line <= line).at(-1)?.type === 'code';
  for (const at of open) {
    if (inCode(lineOf(source, at))) continue;
    const sign = /^\$|^\\begin\{\w*\*?\}/.exec(source.slice(at))?.[0] ?? source.slice(at, at + 3);
    const advice = sign === '$' ? ' (write \\\\$ for the sign itself)' : '';
    const said =
      sign === '$' ? 'a dollar sign that begins or ends no formula' : `${sign} without its end`;
    const text = source.slice(at, at + 60).split('\n')[0];
    refuse(reading, `${said}${advice}: ${text}`, lineOf(source, at));
  }
  return groups(tokens).flatMap((group): Block[] => {
    reading.line = group[0].line;
    if (isComment(group[0]) || group[0].type === 'space' || group[0].type === 'def') return [];
    return paragraphs(group, formulas, links).map((part) => blockOf(part, reading));
  });
}

/** A paragraph is cut where a display formula has lines of its own. */
function paragraphs(group: Placed[], formulas: Formula[], links: Record<string, any>): Placed[][] {
  const [{ type, raw, line }] = group;
  if (type !== 'paragraph' || group.length > 1) return [group];
  let before = '';
  return raw.split(/^(@@\d+@@) *$/m).flatMap((part) => {
    const lexer = new Lexer(md.defaults);
    Object.assign(lexer.tokens.links, links);
    const at = line + expanded(before, formulas).split('\n').length - 1;
    before += part;
    return lexer.lex(part.replace(/^\n/, '')).map((token) => [{ ...token, line: at }]);
  });
}

function blockOf(group: Placed[], reading: Reading): Block {
  const { context, formulas } = reading;
  const { cell } = context;
  // The parser marks tasks in its tokens.
  const html = clean(md.parser(structuredClone(group) as Token[]), reading);
  const words = wordsIn(html);
  const set = (part: string) => withFormulas(part, reading);
  const [first] = group;
  switch (group.length === 1 ? first.type : first.type === 'html' && isFold(first) ? 'html' : '') {
    case 'heading': {
      const inner = html.replace(/^<h\d>|<\/h\d>\s*$/g, '');
      const { depth: level } = first as Tokens.Heading;
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
    case 'code': {
      const { lang = '', text } = first as Tokens.Code;
      const [language = ''] = lang.trim().split(/\s+/);
      if (language === 'mermaid') {
        refuse(reading, 'the Lab draws this diagram, a slide does not: show an image of it');
      }
      const written = expanded(text, formulas).replace(/\n+$/, '');
      return {
        kind: 'code',
        cell,
        lines: highlight(written, language),
        text: written.split('\n'),
        words: 0,
      };
    }
    case 'list': {
      const { ordered, start, items } = first as Tokens.List;
      const all = items.map((item) => {
        const one = clean(md.parser([{ ...first, items: [item] } as Token]), reading);
        return set(one.replace(/^\s*<[ou]l[^>]*>\s*<li>|<\/li>\s*<\/[ou]l>\s*$/g, ''));
      });
      return { kind: 'list', cell, ordered, start: Number(start || 1), items: all, words };
    }
    case 'table': {
      const [head = '', ...rows] = set(html).match(/<tr>[\s\S]*?<\/tr>/g) ?? [];
      return { kind: 'table', cell, head, rows, words };
    }
    case 'html':
      if (isFold(first)) return { ...fold(group, reading), words };
      break;
    case 'paragraph': {
      const [child, ...others] = (first as Tokens.Paragraph).tokens;
      if (child?.type === 'image' && others.length === 0) {
        const { title, text: alt, href } = child as Tokens.Image;
        const place = { ...context.place, line: reading.line };
        const src = context.images.read(expanded(href, formulas), { ...context, place }) ?? '';
        return { kind: 'picture', cell, src, alt, caption: title ?? '', width: 0, height: 0 };
      }
      const [, only] = /^@@(\d+)@@$/.exec(first.raw.trim()) ?? [];
      if (formulas[Number(only)]?.display) {
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
function isComment({ type, raw }: Token): boolean {
  return type === 'html' && !raw.replace(/<!--[\s\S]*?-->/g, '').trim();
}

const isFold = ({ type, raw }: Token) => type === 'html' && /^\s*<details[\s>]/i.test(raw);

/** Tokens, and what an element of HTML holds together, from its tag to the one that closes it. */
function groups(tokens: Placed[]): Placed[][] {
  const found: Placed[][] = [];
  let [tag, depth] = ['', 0];
  for (const token of tokens) {
    if (depth > 0) found[found.length - 1].push(token);
    else found.push([token]);
    if (token.type !== 'html') continue;
    if (depth === 0) tag = /^\s*<(\w+)/.exec(token.raw)?.[1].toLowerCase() ?? '';
    if (!tag || /^(br|hr|img|input|p)$/.test(tag)) continue;
    const count = (sign: string) =>
      token.raw.match(new RegExp(`<${sign}${tag}\\b`, 'gi'))?.length ?? 0;
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
  const { tokens, formulas } = lex(source);
  for (const token of tokens) {
    const line = token.line - 1;
    const raw = expanded(token.raw, formulas);
    if (token.type === 'heading') {
      const html = md.parser([{ ...token, type: 'heading' } as Token]);
      headings.push({ line, level: (token as Tokens.Heading).depth, text: textOf(html, formulas) });
    }
    const [, kind, title = ''] =
      /^<!-- *(slide(?=:)|core|\/core)(?:: *(.*?))? *-->$/.exec(raw.trim()) ?? [];
    if (kind && token.type === 'html') {
      marks.push({ line, kind: kind as MarkLine['kind'], title });
      continue;
    }
    let wrong = false;
    md.walkTokens([token as Token], (one) => {
      wrong ||= one.type === 'html' && looksLike.test(one.raw);
    });
    if (wrong)
      marks.push({
        line: line + lineOf(raw, raw.search(looksLike)) - 1,
        kind: 'misplaced',
        title: '',
      });
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
  const question = clean(md.parseInline(summary.trim()) as string, reading);
  const answer = clean(
    md.parser(group as Token[]).replace(/<summary[^>]*>[\s\S]*?<\/summary>/i, ''),
    reading,
  );
  return {
    kind: 'fold',
    cell,
    summary: withFormulas(question, reading),
    html: withFormulas(answer, reading),
  };
}
