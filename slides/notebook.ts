/** Reads a notebook and sees to it that it is one. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Ajv, type ErrorObject } from 'ajv';
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

let validate: ReturnType<Ajv['compile']> | undefined;

/**
 * @param file path of an .ipynb file of nbformat 4.5
 * @throws {DeckError} that says where the JSON or the notebook is wrong
 */
export function readNotebook(file: string): Notebook {
  const text = readFileSync(file, 'utf8');
  const problems = new Problems(basename(file));
  let notebook: Notebook;
  try {
    notebook = JSON.parse(text);
  } catch (error) {
    const said = (error as Error).message;
    const [, position] = /at position (\d+)/.exec(said) ?? [];
    const line = position && text.slice(0, Number(position)).split('\n').length;
    throw new DeckError(
      `${basename(file)}${line ? `, line ${line} of the file` : ''}: this is not JSON (${said})`,
    );
  }
  validate ??= compileSchema();
  if (!validate(notebook)) {
    const [deepest] = [...(validate.errors ?? [])].sort(byDepth);
    const [, index, rest] = /^\/cells\/(\d+)(.*)/.exec(deepest.instancePath) ?? [];
    const where = index ? rest : deepest.instancePath;
    const id = index ? notebook.cells?.[Number(index)]?.id : undefined;
    problems.add(`not a notebook of nbformat 4.5: ${where || 'it'} ${deepest.message}`, {
      cell: index ? Number(index) + 1 : undefined,
      id: typeof id === 'string' ? id : undefined,
    });
  }
  problems.check();
  return notebook;
}

/** `oneOf` reports each alternative; the error that lies deepest is the one that matters. */
function byDepth(a: ErrorObject, b: ErrorObject): number {
  const depth = ({ instancePath }: ErrorObject) => instancePath.split('/').length;
  return depth(b) - depth(a) || weight(b) - weight(a);
}

function weight({ keyword }: ErrorObject): number {
  return ['oneOf', 'enum', 'const'].includes(keyword) ? 0 : 1;
}

/**
 * The schema is Jupyter's own, nbformat.v4.5.schema.json of the PyPI package nbformat 5.11.1 (BSD).
 * It calls itself draft 04, and uses nothing that has changed since.
 */
function compileSchema() {
  const schema = JSON.parse(readFileSync(asset('nbformat.v4.5.schema.json'), 'utf8'));
  delete schema.$schema;
  return new Ajv({ strict: false, allErrors: true }).compile(schema);
}
