/** The language side of the kernel: runs cells in one scope, and answers questions about their code. */
import { createRequire } from 'node:module';
import { inspect } from 'node:util';
import vm from 'node:vm';
import type { ConvertResult } from 'tslab/dist/converter.js';
import { compile, converter } from './compile.ts';
import { currentCell, Interrupted, runCell } from './interrupt.ts';
import { cellUrl, describe, describeDiagnostics, type Failure, rememberCell } from './traceback.ts';
import { type Parsed, ts } from './typescript.ts';

type MimeBundle = Record<string, unknown>;

/** A cell, as far as it matters here. */
export interface Code {
  code: string;
  /** Such as "cell 3" */
  label: string;
  /** Of its last expression. */
  value?: unknown;
  thrown?: unknown;
  /** See interrupt.ts. */
  generation?: number;
}

const require = createRequire(import.meta.url);
const { createExecutor } = require('tslab/dist/executor.js');
const { getCodeMetadata } = require('tslab/dist/metadata.js');
const { printQuickInfo } = require('tslab/dist/inspect.js');
const { isCompleteCode } = require('tslab/dist/converter.js');

/** What the cells so far have declared, as a `.d.ts`. A cell that fails declares nothing. */
let declarations = '';

/** For the executor, which asks for it first. */
let converted: ConvertResult;
const node = { ...converter, convert: () => converted };
const executor = createExecutor(
  process.cwd(),
  { node, browser: node, close: converter.close },
  {
    log: (value: unknown) => Object.assign(currentCell.getStore() as Code, { value }),
    error: (...args: unknown[]) => {
      if (args.length === 1) Object.assign(currentCell.getStore() as Code, { thrown: args[0] });
      else console.error(...args); // the compile errors of a `@module` cell
    },
  },
);

/** The errors of a cell that does not compile. */
export class CompileError {
  constructor(readonly failure: Failure) {}
}

/**
 * Compiles and runs a cell; throws what it throws, `CompileError` or `Interrupted`.
 * @returns its result
 */
export async function run(cell: Code): Promise<MimeBundle | undefined> {
  const { code, label } = cell;
  const isModule = getCodeMetadata(code).module !== undefined;
  if (!isModule) {
    const compiled = compile(declarations, code, cellUrl(label));
    converted = compiled.converted;
    if (converted.diagnostics.length > 0)
      throw new CompileError(describeDiagnostics(converted.diagnostics, label, code));
    rememberCell(label, code, compiled.locate);
  }
  try {
    const result = await runCell(cell, async () => {
      if (!(await executor.execute(code))) throw cell.thrown;
      return cell.value === undefined ? undefined : mimeBundle(cell.value);
    });
    if (!isModule) declarations = converted.declOutput ?? '';
    return result;
  } catch (thrown) {
    if (thrown instanceof Interrupted) executor.interrupt();
    throw thrown;
  }
}

const exit = process.exit.bind(process);
process.exit = (code) => {
  if (!currentCell.getStore()) return exit(code);
  throw new Error(
    `process.exit(${code ?? ''}) would end the kernel, with all that cells have computed. A cell ends at ` +
      'its last line, or by `throw`; "Restart Kernel" in the menu begins anew.',
  );
};

type Displayed = Record<symbol, unknown>;

async function mimeBundle(value: unknown): Promise<MimeBundle> {
  const display = (value as Displayed)[Symbol.for('Jupyter.display')];
  if (typeof display !== 'function') return { 'text/plain': inspect(value) };
  const bundle = await display.call(value);
  if (bundle === null || typeof bundle !== 'object')
    throw new TypeError(
      "[Symbol.for('Jupyter.display')]() must return a MIME bundle such as { 'text/plain': '…' }, " +
        `and it returned ${inspect(bundle)}.`,
    );
  return bundle;
}

/** @param expression in JavaScript, with the names of the cells in scope */
export function evaluateExpression(expression: string) {
  try {
    const value = vm.runInThisContext(`with (__tslab__.exports) { ${expression} }`);
    return { status: 'ok', data: { 'text/plain': inspect(value) }, metadata: {} };
  } catch (thrown) {
    return { status: 'error', ...describe(thrown) };
  }
}

export function complete(code: string, position: number) {
  return converter.complete(declarations, code, position);
}

/** @returns signature and documentation */
export function documentation(code: string, position: number): string | undefined {
  // Among the arguments of a call, where there is nothing else to tell: about the function.
  const call = /[\w$]\s*\([^()]*$/.exec(code.slice(0, position));
  const info =
    converter.inspect(declarations, code, position) ??
    (call && converter.inspect(declarations, code, call.index));
  return info ? printQuickInfo(info) : undefined;
}

const UNTERMINATED_STRING = 1002; // in TypeScript's numbering

/** @returns as in Jupyter's `is_complete_reply` */
export function completeness(code: string): { status: string; indent?: string } {
  const prefix = 'export {};'; // makes it a module, where `await` is allowed
  const source = ts.createSourceFile('cell.ts', prefix + code, ts.ScriptTarget.Latest);
  const [error] = (source as Parsed).parseDiagnostics;
  if (!error) return { status: 'complete' };
  const atEnd = error.start >= prefix.length + code.trimEnd().length;
  if (!atEnd || error.code === UNTERMINATED_STRING) return { status: 'invalid' };
  return { status: 'incomplete', indent: isCompleteCode(code).indent ?? '' };
}
