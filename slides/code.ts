/** Code as coloured lines. The colours are classes: the theme gives them, light and dark. */
import bash from '@shikijs/langs/bash';
import json from '@shikijs/langs/json';
import python from '@shikijs/langs/python';
import typescript from '@shikijs/langs/typescript';
import { createCssVariablesTheme, createHighlighterCoreSync } from 'shiki/core';
import { createOnigurumaEngine } from 'shiki/engine/oniguruma';

// Twice as fast as Shiki's engine in JavaScript.
const engine = await createOnigurumaEngine(import('shiki/wasm'));
const theme = createCssVariablesTheme({ name: 'classes', variablePrefix: '--' });
const languages: Record<string, string> = {
  typescript: 'typescript',
  ts: 'typescript',
  javascript: 'typescript',
  js: 'typescript',
  python: 'python',
  py: 'python',
  json: 'json',
  bash: 'bash',
  sh: 'bash',
  shell: 'bash',
};

let highlighter: ReturnType<typeof createHighlighterCoreSync> | undefined;

/** @returns the HTML of each line; a language we have no colours for stays black */
export function highlight(code: string, language: string): string[] {
  const lang = languages[language.toLowerCase()];
  const lines = code.replace(/\n+$/, '').split('\n');
  if (!lang) return lines.map(escapeHtml);
  // Without a limit of time: a slow machine would leave lines without colours.
  highlighter ??= createHighlighterCoreSync({
    themes: [theme],
    langs: [typescript, python, json, bash],
    engine,
  });
  return highlighter
    .codeToTokensBase(lines.join('\n'), { lang, theme: 'classes', tokenizeTimeLimit: 0 })
    .map((tokens) =>
      tokens
        .map(({ content, color }) => {
          const [, name] =
            /^var\(--token-(keyword|string|constant|function|comment)[\w-]*\)$/.exec(color ?? '') ??
            [];
          return name ? `<i class="${name}">${escapeHtml(content)}</i>` : escapeHtml(content);
        })
        .join(''),
    );
}

export function escapeHtml(text: string): string {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');
}

/**
 * The groups of lines that are lit one after another, from and to, from 0.
 *
 * `1-3|5|7-9` names them by their numbers from 1. Without it they are the paragraphs of the code,
 * or, if it has but one, its statements at the left margin.
 *
 * @throws {RangeError} if a named line is not there
 */
export function steps(code: string, named?: string): [number, number][] {
  const lines = code.replace(/\n+$/, '').split('\n');
  if (named) {
    return named.split('|').map((part) => {
      const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(part.trim()) ?? [];
      const range: [number, number] = [Number(first) - 1, Number(last) - 1];
      if (!(range[0] >= 0 && range[0] <= range[1] && range[1] < lines.length)) {
        throw new RangeError(`the steps "${named}" do not fit ${lines.length} lines of code`);
      }
      return range;
    });
  }
  const starts = (begins: (line: string, before: string) => boolean) =>
    lines.flatMap((line, i) => (line.trim() && (i === 0 || begins(line, lines[i - 1])) ? [i] : []));
  let at = starts((_, before) => !before.trim());
  if (at.length < 2) at = starts((line) => /^[^\s)\]}]/.test(line));
  return at.map((start, i) => {
    let end = (at[i + 1] ?? lines.length) - 1;
    while (!lines[end].trim()) end--;
    return [start, end];
  });
}
