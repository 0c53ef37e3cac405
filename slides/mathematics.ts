/**
 * What is mathematics in a notebook, by the rules of JupyterLab: it takes the formulas out of a
 * cell's Markdown before it reads that, and MathJax then looks through the text of the page.
 */

export interface Formula {
  tex: string;
  display: boolean;
  /** As it is written, with its signs, and where that begins. */
  source: string;
  at: number;
}

const inMarkdown =
  /\\\\[()[\]]|\\(?:begin|end)\{[a-z]*\*?\}|\\[{}$]|\$\$?|[{}]|\n[^\S\n]*\n|@@\d+@@/gi;
const inText = /\\[()[\]{}$]|\\(?:begin|end)\{[a-z]*\*?\}|\$\$?|[{}]/gi;
export const placeholders = /@@(\d+)@@/g;

/**
 * Takes the formulas out of the Markdown of a cell.
 *
 * @returns the source with `@@0@@` for the first formula, and so on; the formulas; and where a sign
 * begins one that never ends
 */
export function separate(source: string) {
  const { formulas, open } = scan(source, [...withoutCode(source).matchAll(inMarkdown)]);
  let [text, copied] = ['', 0];
  for (const [i, one] of formulas.entries()) {
    text += `${source.slice(copied, one.at)}@@${i}@@`;
    copied = one.at + one.source.length;
  }
  return { text: text + source.slice(copied), formulas, open };
}

/** The formulas that MathJax finds in a text of a page. */
export const formulasIn = (text: string): Formula[] =>
  scan(text, [...text.matchAll(inText)]).formulas;

function scan(source: string, signs: RegExpExecArray[]) {
  const [formulas, open]: [Formula[], number[]] = [[], []];
  const take = (from: number, to: number) => formulas.push(formula(source.slice(from, to), from));
  for (let i = 0; i < signs.length; i++) {
    const { 0: sign, index } = signs[i];
    // What looks like a placeholder is text of the notebook.
    if (sign.startsWith('@@')) take(index, index + sign.length);
    const end = endOf(sign);
    if (end === undefined) continue;
    let [depth, last] = [0, -1];
    for (let k = i + 1; k < signs.length && !signs[k][0].startsWith('\n'); k++) {
      const [next] = signs[k];
      if (next === end) last = k;
      if (next === end && depth === 0) break;
      if (next === '{') depth++;
      if (next === '}' && depth > 0) depth--;
    }
    if (last >= 0) {
      take(index, signs[last].index + end.length);
      i = last;
    } else {
      open.push(index);
      // It holds up everything as far as the next empty line.
      while (i + 1 < signs.length && !signs[i + 1][0].startsWith('\n')) i++;
    }
  }
  return { formulas, open };
}

/** The sign that ends a formula which begins with this one. */
function endOf(sign: string): string | undefined {
  if (/^\$/.test(sign)) return sign;
  if (/^\\+[([]$/.test(sign)) return sign.replace('(', ')').replace('[', ']');
  return /^\\begin/i.test(sign) ? sign.replace(/^\\begin/i, '\\end') : undefined;
}

/** Dollars of code, in fences and between backquotes, become another sign of the same length. */
function withoutCode(source: string): string {
  const hidden = (code: string) => code.replace(/\$/g, '\0');
  return source
    .replace(/^(`{3,}|~{3,})[^`\n]*\n[\s\S]*?^\1`*$/gm, hidden)
    .replace(/(^|[^\\])(`+)[^\n]*?[^`\n]\2(?!`)/gm, hidden);
}

function formula(source: string, at: number): Formula {
  const [, tex = source] = /^(?:\$\$|\$|\\+[([])([\s\S]*?)(?:\$\$|\$|\\+[)\]])$/.exec(source) ?? [];
  return {
    // KaTeX numbers environments that the Lab does not.
    tex: tex.replace(/\\(begin|end)\{(equation|align|alignat|gather)\}/g, '\\$1{$2*}'),
    display: /^(\$\$|\\+\[|\\begin)/i.test(source),
    source,
    at,
  };
}
