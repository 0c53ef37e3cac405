import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { packageRoot } from '../package-root';
import { markdown } from './show';

/**
 * Shows the source of exported functions, classes or methods in a notebook, as it stands in `src`.
 *
 * @param names `'additiveAttention'`, or `'EncoderDecoder.loss'` for one method
 */
export function showSource(...names: string[]): void {
  const blocks = names.map((name) => {
    const { file, code } = sourceOf(name);
    return `**\`src/${file}\`**\n\n\`\`\`typescript\n${code}\n\`\`\``;
  });
  markdown(blocks.join('\n\n'));
}

/**
 * The source of an exported function, class or type, as it stands in `src` now, with its
 * docstring; so what a lesson shows is what it runs.
 *
 * @param name `'additiveAttention'`, or `'EncoderDecoder.loss'` for one method
 * @returns the file, relative to `src`, and the lines
 * @throws if nothing of that name is exported
 */
export function sourceOf(name: string): { file: string; code: string } {
  const [declared, member] = name.split('.');
  const root = packageRoot();
  const exported = new RegExp(
    `^export (?:async )?(?:function\\*?|class|type|interface|const) ${declared}\\b`,
  );
  for (const file of sourceFiles(root)) {
    const lines = readFileSync(file, 'utf8').split('\n');
    const at = lines.findIndex((line) => exported.test(line));
    if (at < 0) continue;
    const block = declaration(lines, at, '');
    const code = member ? method(block, member) : block;
    if (code) return { file: relative(root, file), code: code.join('\n') };
  }
  throw new Error(`no exported function, class or type is called ${name}`);
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
