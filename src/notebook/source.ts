import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { packageRoot } from '../package-root';
import { markdown } from './show';

/**
 * Shows the source of functions, classes or methods of `src` in a notebook: the formula and the core
 * first; as it stands there, with its documentation, its checks and what is for speed, folded.
 *
 * @param names `'additiveAttention'`, `'EncoderDecoder.loss'` for one method, or
 *   `'multi-head/project'` for a function that is private to a file
 */
export function showSource(...names: string[]): void {
  const found = names.map(sourceOf);
  const listing = (code: (one: Source) => string) =>
    found
      .map((one, i) => {
        const title = one.file === found[i - 1]?.file ? '' : `**\`src/${one.file}\`**\n\n`;
        return `${title}\`\`\`typescript\n${code(one)}\n\`\`\``;
      })
      .join('\n\n');
  const summary =
    'As it stands in <code>src</code>, with documentation, checks and what is for speed';
  const whole = `<details class="source"><summary>${summary}</summary>\n\n${listing(({ code }) => code)}\n\n</details>`;
  markdown(`${listing(({ code }) => coreOf(code))}\n\n${whole}`);
}

export interface Source {
  /** Relative to `src`. */
  file: string;
  code: string;
}

/**
 * The source of a function, class or type, as it stands in `src` now, with its docstring; so what a
 * lesson shows is what it runs.
 *
 * @param name as `showSource`
 * @throws if nothing of that name is there, or private functions of several files have it
 */
export function sourceOf(name: string): Source {
  const [, home, declared, member] = /^(?:(.+)\/)?([^.]+)(?:\.(.+))?$/.exec(name) ?? [];
  const root = packageRoot();
  const start = new RegExp(
    `^(export )?(?:async )?(?:function\\*?|class|type|interface|const) ${declared}\\b`,
  );
  const found = sourceFiles(root)
    .filter((file) => !home || basename(file, '.ts') === home)
    .flatMap((file) => {
      const lines = readFileSync(file, 'utf8').split('\n');
      const at = lines.findIndex((line) => start.test(line));
      if (at < 0) return [];
      const block = declaration(lines, at, '');
      const code = member ? method(block, member) : block;
      const exported = lines[at].startsWith('export ');
      return code ? [{ file: relative(root, file), code: code.join('\n'), exported }] : [];
    });
  const chosen = found.find(({ exported }) => exported) ?? found[0];
  if (!chosen) throw new Error(`nothing in src is called ${name}`);
  if (!chosen.exported && found.length > 1) {
    const places = found.map(({ file }) => `${basename(file, '.ts')}/${declared}`);
    throw new Error(`several files have a ${name}: say ${places.join(' or ')}`);
  }
  return { file: chosen.file, code: chosen.code };
}

/**
 * What a reader needs first of a source: its formulas, and its statements without those that only
 * check what came in or take a faster way. A shape that is checked where it is read is read.
 */
export function coreOf(code: string): string {
  const [, comment = '', body] = /^(\/\*\*[\s\S]*?\*\/\n)?([\s\S]*)$/.exec(code) ?? [];
  let lines = body.split('\n');
  for (let at = 1; at < lines.length; ) {
    const end = statementEnd(lines, at);
    const statement = lines.slice(at, end + 1).join('\n');
    const [, plain] =
      /^\s*if \(!has(?:Kernels|Fused)\(\)\) (return [\s\S]*)$/.exec(statement) ?? [];
    if (plain) {
      // It is all of the block; what follows it is the faster way.
      const indent = indentOf(lines[at]);
      const closes = lines.findIndex((line, i) => i > end && line && indentOf(line) < indent);
      lines.splice(at, closes - at, `${' '.repeat(indent)}${plain}`);
    } else if (isCheck(statement) || isFasterWay(statement)) {
      lines.splice(at, end + 1 - at);
      continue;
    }
    at++;
  }
  lines = withoutUnused(lines).map((line) =>
    line.replace(/expectShape\('[^']*', (\w+), .*\);$/, '$1.shape;'),
  );
  const text = lines
    .join('\n')
    .replace(/has(?:Kernels|Fused)\(\)(?: && [^?]+?)?(?:\n( +)\? [\s\S]*?\n\1: | \? \w+ : )/g, '')
    // Of what is hidden, numbers that are none have no influence: in the formula nothing is.
    .replace(/withoutHidden\(\w+(?:\.\w+)?, ((?:\w+(?:, )?)+)\)/g, '[$1]')
    .replace(/weightedAverage\((\w+), (\w+)(?: as tf\.\w+)?, \w+\)/g, 'tf.matMul($1, $2)')
    .replace(/\n\n(?=\n|\s*\})|(?<=\{\n)\n/g, '\n');
  return formulas(comment) + text;
}

/** Whether a statement returns what a faster operation has given, if there is one. */
const isFasterWay = (statement: string) =>
  /^\s*if \((?:has(?:Kernels|Fused)\(\)|(\w+)\) return \1\b)/.test(statement);

/** Whether all that a statement does is to refuse what does not fit. */
function isCheck(statement: string): boolean {
  if (/^\s*(?:if \([^{]*\)\s+)?(?:throw |expect\w+\()/.test(statement)) return true;
  const [, inner] = /^\s*if \([^{]*\{\n([\s\S]*)\n\s*\}$/.exec(statement) ?? [];
  const lines = inner?.split('\n') ?? [];
  for (let at = 0; at < lines.length; ) {
    const end = statementEnd(lines, at);
    if (!isCheck(lines.slice(at, end + 1).join('\n'))) return false;
    at = end + 1;
  }
  return lines.length > 0;
}

/** The formulas of a docstring as lines of comment; if it has none, its first sentence. */
function formulas(docstring: string): string {
  const lines = docstring
    .split('\n')
    .map((line) => line.replace(/^\/\*\* ?|^ \*\/?$|^ \* |\s*\*\/$/g, ''));
  const indented = lines.filter((line) => /^ {4}\S/.test(line)).map((line) => line.slice(4));
  const [paragraph] = lines.join('\n').trim().split('\n\n');
  const [sentence] = /^.*?\.(?= \p{Lu}|$)|^.*$/u.exec(paragraph.replace(/\n/g, ' ')) ?? [''];
  return (indented.length > 0 ? indented : [sentence])
    .filter(Boolean)
    .flatMap((line) => (line.length > 90 ? broken(line) : [line]))
    .map((line) => `// ${line}\n`)
    .join('');
}

/** A line that is too long: broken between its formulas, or between words. */
function broken(line: string): string[] {
  const parts = line.split(/ {3,}/);
  return parts.length > 1 ? parts : (line.match(/\S.{0,89}(?= |$)/g) ?? [line]);
}

/** Without constants, one or several in brackets, that nothing uses. */
function withoutUnused(lines: string[]): string[] {
  for (let at = lines.length - 1; at > 0; at--) {
    const [, names] = /^\s*const ([\w[\], ]+?)(?:: [^=]+)? =/.exec(lines[at]) ?? [];
    if (!names) continue;
    const end = statementEnd(lines, at);
    const rest = [...lines.slice(0, at), ...lines.slice(end + 1)].join('\n');
    const used = names.match(/\w+/g)?.some((name) => new RegExp(`\\b${name}\\b`).test(rest));
    if (!used) return withoutUnused([...lines.slice(0, at), ...lines.slice(end + 1)]);
  }
  return lines;
}

const indentOf = (line: string) => line.length - line.trimStart().length;

/** The last line of the statement that begins at a line, by the formatter's indentation. */
function statementEnd(lines: string[], at: number): number {
  if (!lines[at]) return at; // an empty line is by itself
  const indent = indentOf(lines[at]);
  let end = at;
  while (!/[;}]$/.test(lines[end])) {
    const next = lines.findIndex((line, i) => i > end && line && indentOf(line) <= indent);
    // What a bracket closes goes on at the same depth; `if (…)` has what it does one line deeper.
    if (next < 0) return lines.length - 1;
    if (indentOf(lines[next]) < indent || !/^\s*[)\]}]/.test(lines[next])) return next - 1;
    end = next;
  }
  return end;
}

// The formatter guarantees it: a declaration ends at the first line with the indentation of its
// beginning that closes a bracket or ends a statement.
function declaration(lines: string[], at: number, indent: string): string[] {
  const closes = new RegExp(`^${indent}([})\\]].*)?[;}]$`);
  let end = at;
  if (!lines[at].endsWith(';')) {
    do end++;
    while (!closes.test(lines[end]));
  }
  let start = at;
  if (lines[at - 1]?.trim() === '*/') {
    while (!lines[start].trim().startsWith('/**')) start--;
  } else if (lines[at - 1]?.trim().startsWith('/** ')) start = at - 1;
  return lines.slice(start, end + 1).map((line) => line.slice(indent.length));
}

function method(classLines: string[], name: string): string[] | undefined {
  const start = new RegExp(`^ {2}(?:private |readonly |async |static |\\*)*${name}\\(`);
  const at = classLines.findIndex((line) => start.test(line));
  return at < 0 ? undefined : declaration(classLines, at, '  ');
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) {
      return ['dist', 'node_modules'].includes(entry.name)
        ? []
        : sourceFiles(join(folder, entry.name));
    }
    return entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts')
      ? [join(folder, entry.name)]
      : [];
  });
}
