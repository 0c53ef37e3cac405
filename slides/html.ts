/** One file that holds everything: pages, style, fonts, scripts, figures. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { asset, browserScript, packageFile } from './assets.ts';
import { escapeHtml } from './code.ts';

const read = (file: string) => readFileSync(file, 'utf8');

const faces = /@font-face\s*\{[^}]*\}/g;

/** 'KaTeX_Main 400 normal' of a @font-face rule. */
function faceName(rule: string): string {
  const value = (name: string) =>
    new RegExp(`${name}:\\s*["']?([^;"'}]+)`).exec(rule)?.[1].trim() ?? 'normal';
  const weight = value('font-weight').replace('normal', '400').replace('bold', '700');
  return `${value('font-family')} ${weight} ${value('font-style')}`;
}

/** Fonts of KaTeX, each as a data: URI of its woff2; the other formats are for old browsers. */
function mathematics(): string {
  const folder = packageFile('katex/dist');
  return read(`${folder}/katex.min.css`).replace(faces, (rule) => {
    const [, name] = /url\(fonts\/([\w-]+\.woff2)\)/.exec(rule) ?? [];
    const font = readFileSync(`${folder}/fonts/${name}`).toString('base64');
    return rule.replace(/src:[^}]*/, `src:url(data:font/woff2;base64,${font}) format("woff2")`);
  });
}

/** Source Sans Pro (SIL Open Font License), which reveal.js carries inside of one of its themes. */
function letters(): string {
  const rules = read(packageFile('reveal.js/dist/theme/white.css')).match(faces) ?? [];
  return rules.filter((rule) => rule.includes('Source Sans Pro')).join('\n');
}

/** The fonts of formulas and of text, and how formulas are set. */
export const fontStyle = () => `${mathematics()}\n${letters()}`;

/**
 * The style sheets of every deck.
 *
 * @param fonts the faces to keep; default: all
 */
export function styleSheet(fonts?: string[]): string {
  const all = [
    read(packageFile('reveal.js/dist/reset.css')),
    read(packageFile('reveal.js/dist/reveal.css')),
    fontStyle(),
    read(asset('theme.css')),
  ].join('\n');
  if (!fonts) return all;
  return all.replace(faces, (rule) => (fonts.includes(faceName(rule)) ? rule : ''));
}

/** The files of the folder browser, as one: what they import from one another stands before it. */
function ownScript(): string {
  const files = ['page', 'figures', 'overview', 'pen', 'speaker', 'handout', 'deck'].map((name) =>
    read(browserScript(name))
      .replace(/^import [^;]*;\n/gm, '')
      .replace(/^export /gm, ''),
  );
  return `(() => {\n${files.join('\n')}\n})();`;
}

export interface Deck {
  title: string;
  /** The sections of all pages. */
  pages: string;
  style: string;
  figures: object[];
  /** Path of the plotly.js bundle, if a figure needs it. */
  plotly?: string;
  /** Links to the slides. */
  overview?: string;
  minutes?: number;
  language?: string;
}

/** For measuring: the same pages under one another, and nothing that runs. */
export function staticHtml({ pages, style }: Pick<Deck, 'pages' | 'style'>): string {
  return (
    `<!doctype html><html class="static"><style>${style}</style>` +
    `<div class="reveal"><div class="slides">${pages}</div></div>`
  );
}

export function deckHtml(deck: Deck): string {
  const { title, pages, style, figures, plotly, overview = '', minutes, language = 'en' } = deck;
  const scripts = [
    read(packageFile('reveal.js/dist/reveal.js')),
    read(packageFile('reveal.js/dist/plugin/search.js')),
    ...(plotly ? [read(plotly)] : []),
    ownScript(),
  ].map((text) =>
    text
      .replace(/<\/script/gi, '<\\/script')
      .replace(/<!--/g, '<\\!--')
      .replace(/\r\n?/g, '\n'),
  );
  const hashes = scripts.map(
    (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`,
  );
  const policy = [
    "default-src 'none'",
    `script-src ${hashes.join(' ')}`,
    "style-src 'unsafe-inline'", // positions in formulas and figures are inline styles
    'img-src data: blob:',
    'font-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const json = JSON.stringify(figures).replace(/</g, '\\u003c');
  return [
    '<!doctype html>',
    `<html lang="${language}"${minutes ? ` data-minutes="${minutes}"` : ''}>`,
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeHtml(title)}</title>`,
    `<style>${style}</style>`,
    '</head>',
    '<body>',
    `<div class="reveal"><main class="slides">${pages}</main></div>`,
    `<nav class="overview" aria-label="Overview" hidden>${overview}</nav>`,
    ...(figures.length > 0
      ? [`<script type="application/json" id="figures">${json}</script>`]
      : []),
    ...scripts.map((text) => `<script>${text}</script>`),
    '</body>',
    '</html>',
    '',
  ].join('\n');
}
