/**
 * Errors as a reader of the notebook knows the code: "cell 3, line 4", the line as it was typed, and
 * `src/attention/scores/dot-product.ts` instead of what was compiled from it.
 */
import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect, types } from 'node:util';
import type { Diagnostic } from 'tslab/dist/converter.js';
import { root } from '../setup/paths.mjs';
import type { Locate } from './compile.ts';

/** As in Jupyter's `error` message. */
export type Failure = { ename: string; evalue: string; traceback: string[] };

type Source = { label: string; lines: string[]; locate: Locate };

/** The cells run so far, by the URL of their script. */
const sources = new Map<string, Source>();

/** @param label such as "cell 3" */
export function cellUrl(label: string) {
  return `tslab:${label.replaceAll(' ', '-')}`;
}

export function rememberCell(label: string, code: string, locate: Locate) {
  sources.set(cellUrl(label), { label, lines: code.split('\n'), locate });
}

Error.stackTraceLimit = 50; // ten frames of a library would hide the cell that called it
Error.prepareStackTrace = (error, sites) => {
  const frames = sites.map(frameText).filter((frame) => frame !== undefined);
  const head = isError(error) ? headline(error) : String(error);
  return [head, ...frames.map((frame) => `    at ${frame}`)].join('\n');
};

/** @returns nothing for the kernel's own frames */
function frameText(site: NodeJS.CallSite): string | undefined {
  const text = String(site);
  const script = site.getScriptNameOrSourceURL();
  const [line, column] = [site.getLineNumber(), site.getColumnNumber()];
  if (!script || line === null || column === null) return text;
  const source = sources.get(script);
  if (source) {
    const typed = source.locate(line, column);
    if (typed === undefined) return undefined;
    // A function of an earlier cell is called as a property of the scope that cells share.
    const name = text.replace(/^(async |new )?(Object|Proxy)\./, '$1');
    const where = `${source.label}, line ${typed}`;
    return name.replace(`${script}:${line}:${column}`, () => where);
  }
  const file = script.startsWith('file:') ? fileURLToPath(script) : script;
  if (
    /^(node|evalmachine)\b/.test(file) ||
    /[\\/](tslab[\\/]dist|tools[\\/]kernel)[\\/]/.test(file)
  )
    return undefined;
  return text.replace(`${script}:${line}:${column}`, () => fileLine(file, line, column));
}

const fileMaps = new Map<string, SourceMap | undefined>();

function fileLine(file: string, line: number, column: number) {
  const inside = path.relative(root, file);
  if (inside.startsWith('..')) return `${file}:${line}`;
  if (inside.startsWith('node_modules')) return `${inside}:${line}`;
  if (!fileMaps.has(file)) fileMaps.set(file, readMap(`${file}.map`));
  const entry = fileMaps.get(file)?.findEntry(line - 1, column - 1);
  if (!entry || !('originalLine' in entry)) return `${inside}:${line}`;
  const original = path.join(path.dirname(inside), entry.originalSource);
  return `${original}:${entry.originalLine + 1}`;
}

function readMap(file: string) {
  try {
    return new SourceMap(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined; // a file that was not compiled has none
  }
}

function isError(error: unknown): error is Error {
  return types.isNativeError(error) || error instanceof Error;
}

function nameOf(error: Error) {
  const { name } = error;
  return name === 'Error' ? (error.constructor?.name ?? name) : String(name);
}

function headline(error: Error) {
  return error.message ? `${nameOf(error)}: ${error.message}` : nameOf(error);
}

export function describe(thrown: unknown): Failure {
  try {
    const traceback = trace(thrown);
    if (isError(thrown))
      return { ename: nameOf(thrown), evalue: String(thrown.message), traceback };
    const evalue = typeof thrown === 'string' ? thrown : inspect(thrown);
    return { ename: 'Thrown', evalue, traceback };
  } catch {
    const evalue = 'a value that itself throws when it is to be shown';
    return { ename: 'Thrown', evalue, traceback: [`Thrown: ${evalue}`] };
  }
}

function trace(thrown: unknown, seen: Set<unknown> = new Set()): string[] {
  if (!isError(thrown))
    return [`Thrown: ${inspect(thrown)}`, '    (not an Error: it has no stack to show)'];
  if (seen.has(thrown)) return [`${headline(thrown)} (see above)`];
  seen.add(thrown);
  const lines = [...headline(thrown).split('\n'), ...withSource(stackFrames(thrown))];
  const parts = thrown instanceof AggregateError ? thrown.errors : [];
  for (const [i, part] of parts.entries())
    lines.push(`Error ${i + 1} of ${parts.length}:`, ...trace(part, seen).map((l) => `  ${l}`));
  if (thrown.cause !== undefined) lines.push('Caused by:', ...trace(thrown.cause, seen));
  return lines;
}

/** @param error the frames of its stack, a run of equal ones (a recursion) shortened */
function stackFrames(error: Error) {
  const frames: string[] = [];
  let repeated = 0;
  for (const line of String(error.stack).split('\n')) {
    if (!/^ {4}at /.test(line)) continue;
    if (repeated > 0 && line !== frames.at(-2)) repeated = 0;
    if (repeated > 0) frames[frames.length - 1] = `    ... and ${++repeated} times more`;
    else if (line === frames.at(-1)) frames.push(`    ... and ${++repeated} time more`);
    else frames.push(line);
  }
  return frames;
}

/** @param frames each followed, if it is in a cell, by the line that was typed there */
function withSource(frames: string[]) {
  return frames.flatMap((frame) => {
    const [, label, line] = /\b((?:uncounted )?cell(?: \d+)?), line (\d+)\)?$/.exec(frame) ?? [];
    const typed = label && sources.get(cellUrl(label))?.lines[Number(line) - 1]?.trim();
    return typed ? [frame, `        ${typed}`] : [frame];
  });
}

/** All of a cell's compile errors, each with its line and a caret. */
export function describeDiagnostics(
  diagnostics: Diagnostic[],
  label: string,
  code: string,
): Failure {
  const typed = code.split('\n');
  // tslab appends an `export {…}` to the cell. Errors there are echoes of one in the cell, unless
  // there is no other: then the cell breaks off too early.
  const own = diagnostics.filter(({ fileName, start }) => fileName || start.offset <= code.length);
  const traceback: string[] = [];
  let start: unknown;
  for (const diagnostic of own.length > 0 ? own : diagnostics.slice(-1)) {
    const { code: number, messageText } = diagnostic;
    const message = number ? `TS${number}: ${messageText}` : messageText; // 0: a message of ours
    if (diagnostic.start === start) {
      traceback.push(`    ${diagnostic.messageText}`); // the reason for the message before
      continue;
    }
    start = diagnostic.start;
    let { line, character } = diagnostic.start;
    if (!diagnostic.fileName && line >= typed.length) {
      line = typed.length - 1;
      character = typed[line].length;
    }
    const where = `line ${line + 1}:${character + 1}`;
    traceback.push(`${diagnostic.fileName ?? label}, ${where} - ${message}`);
    if (!diagnostic.fileName)
      traceback.push(
        `    ${typed[line]}`,
        `    ${typed[line].slice(0, character).replace(/\S/g, ' ')}^`,
      );
  }
  return { ename: 'TypeScriptError', evalue: traceback[0], traceback };
}
