/** Reads a notebook and sees to it that it is one. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { asset } from './assets.ts';
import { DeckError, Problems } from './problems.ts';

export type MimeBundle = Record<string, any>;

export interface Output {
  output_type: 'stream' | 'display_data' | 'execute_result' | 'error';
  name?: string;
  text?: string | string[];
  data?: MimeBundle;
  ename?: string;
  evalue?: string;
}

export interface Cell {
  cell_type: 'markdown' | 'code' | 'raw';
  id: string;
  source: string | string[];
  metadata: { slideshow?: { slide_type?: string }; tags?: string[]; [key: string]: any };
  execution_count?: number | null;
  outputs?: Output[];
  attachments?: Record<string, MimeBundle>;
}

export interface Notebook {
  cells: Cell[];
  metadata: { language_info?: { name?: string }; [key: string]: any };
  nbformat: number;
  nbformat_minor: number;
}

/** Text in a notebook is a string or its lines. */
export function joined(text: string | string[] | undefined): string {
  return Array.isArray(text) ? text.join('') : (text ?? '');
}

interface Schema {
  whole: ValidateFunction;
  cell: Record<string, ValidateFunction | undefined>;
}

let schema: Schema | undefined;

/**
 * @param file path of an .ipynb file of nbformat 4.5; `lenient`: of 4.0 to 4.5
 * @throws {DeckError} that says where the JSON or the notebook is wrong
 */
export function readNotebook(file: string, { lenient = false } = {}): Notebook {
  const text = readFileSync(file, 'utf8');
  const problems = new Problems(basename(file));
  let notebook: any;
  try {
    notebook = JSON.parse(text);
  } catch (error) {
    const [said] = (error as Error).message.split(/, "|, \.\.\./);
    const line = text.slice(0, brokenAt(text)).split('\n').length;
    throw new DeckError(`${basename(file)}, line ${line} of the file: this is not JSON (${said})`);
  }
  const { nbformat, nbformat_minor: minor } = notebook ?? {};
  if (lenient && nbformat === 4 && minor < 5 && Array.isArray(notebook.cells)) {
    // Cells have ids since 4.5; all else is as it was.
    notebook.nbformat_minor = 5;
    for (const [i, cell] of notebook.cells.entries()) cell.id ??= `cell-${i + 1}`;
  }
  if (notebook?.nbformat < 4 || (nbformat === 4 && notebook.nbformat_minor < 5)) {
    const how =
      nbformat === 4 ? 'or build it with --lenient' : 'or with `jupyter nbconvert --to notebook`';
    const version = `${nbformat}.${minor}`;
    problems.add(`nbformat ${version}, and 4.5 is wanted: save it in JupyterLab, ${how}`);
    problems.check();
  }
  schema ??= readSchema();
  if (!schema.whole(notebook as unknown)) {
    const cells: unknown[] = Array.isArray(notebook?.cells) ? notebook.cells : [];
    for (const [index, cell] of cells.entries()) {
      const { cell_type: type, id } = (cell ?? {}) as Partial<Cell>;
      const place = { cell: index + 1, id: typeof id === 'string' ? id : undefined };
      const validate = schema.cell[type ?? ''];
      if (!validate) problems.add(`not a cell of nbformat 4.5: its type is ${type}`, place);
      else if (!validate(cell)) problems.add(complaint('a cell', validate.errors), place);
    }
    if (problems.lines.length === 0) problems.add(complaint('a notebook', schema.whole.errors));
  }
  problems.check();
  return notebook;
}

/** How many characters are the beginning of a JSON text. Not every error of JSON.parse says it. */
function brokenAt(text: string): number {
  const isBeginning = (length: number) => {
    try {
      JSON.parse(text.slice(0, length));
      return true;
    } catch (error) {
      const said = (error as Error).message;
      const [, position] = /at position (\d+)/.exec(said) ?? [];
      return /end of JSON input|Unterminated/.test(said) || Number(position) >= length;
    }
  };
  let [good, bad] = [0, text.length];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (isBeginning(middle)) good = middle;
    else bad = middle;
  }
  return good;
}

/** `oneOf` reports each alternative; the error that lies deepest is the one that matters. */
function complaint(what: string, errors: ErrorObject[] | null | undefined): string {
  const depth = ({ instancePath }: ErrorObject) => instancePath.split('/').length;
  const [deepest] = [...(errors ?? [])].sort((a, b) => depth(b) - depth(a));
  return `not ${what} of nbformat 4.5: ${deepest?.instancePath || 'it'} ${deepest?.message}`;
}

/**
 * The schema is Jupyter's own, nbformat.v4.5.schema.json of the PyPI package nbformat 5.11.1 (BSD).
 * It calls itself draft 04, and uses nothing that has changed since.
 */
function readSchema(): Schema {
  const text = readFileSync(asset('nbformat.v4.5.schema.json'), 'utf8');
  const ajv = new Ajv({ strict: false, allErrors: true });
  ajv.addSchema({ ...JSON.parse(text), $schema: undefined }, 'notebook');
  const part = (path: string) => ajv.getSchema(`notebook${path}`) as ValidateFunction;
  const types = ['markdown', 'code', 'raw'];
  return {
    whole: part(''),
    cell: Object.fromEntries(types.map((type) => [type, part(`#/definitions/${type}_cell`)])),
  };
}
