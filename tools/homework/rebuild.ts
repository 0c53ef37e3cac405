/** What was handed in, as the notebook that was handed out with the student's answers in it. */
import { readFileSync, statSync } from 'node:fs';
import { type Cell, joined, type Notebook } from '../notebooks/nbformat.ts';
import { declaredNames } from './assignment.ts';
import type { CodeCell } from './submission.ts';

/** Bytes: of a file, and of the cells in it without their outputs. */
const most = { file: 64 << 20, cells: 4 << 20 };
const megabytes = (bytes: number) => `${Math.round(bytes / (1 << 20))} MB`;

/** A notebook from elsewhere: of its cells it is known that they are objects. */
type Submitted = Notebook & { metadata?: { kernelspec?: { name?: string; language?: string } } };

/** Text with the line ends of here and whole characters. */
const textOf = (cell: Cell) => Buffer.from(joined(cell.source).replace(/\r\n?/g, '\n')).toString();
const idOf = (cell: Cell) => cell.metadata?.nbgrader?.grade_id;
const isAnswer = (cell: Cell) => Boolean(cell.metadata?.nbgrader?.solution);

/**
 * @param file what was handed in: a notebook, or anything else, or nothing
 * @param released the notebook that was handed out
 * @param name of the assignment
 * @param earlier texts of cells as they were handed out before
 * @returns never throws; `cells` are those to run: none if every answer is as it was handed out
 */
export function rebuild(
  file: string | undefined,
  released: Notebook,
  name: string,
  earlier: string[] = [],
): { notebook: Notebook; remarks: string[]; cells: CodeCell[] } {
  const remarks: string[] = [];
  const submitted: Submitted = (file && read(file, remarks)) || { cells: [] };
  const notebook = structuredClone(released);
  const { copies, own } = matched(submitted, notebook, remarks);
  if (submitted.cells.length > 0 && [...copies.keys()].every((id) => id === 'setup')) {
    remarks.push(`it is not a notebook of ${name}`);
    return { notebook, remarks, cells: [] };
  }
  if (copies.size > 0) {
    const { kernelspec = {} } = submitted.metadata ?? {};
    const language = kernelspec.language ?? kernelspec.name;
    if (!['typescript', 'tslab'].includes(String(language).toLowerCase()))
      remarks.push(
        `it is written for the kernel ${kernelspec.name}; its answers were run as TypeScript`,
      );
  }
  /** Cells as they were handed out that an own one stands in for. */
  const replaced = new Set<Cell>();
  let answered = false;
  for (const cell of notebook.cells) {
    const id = idOf(cell);
    if (!id || copies.size === 0) continue;
    const [first, ...others] = copies.get(id) ?? [];
    if (others.length > 0)
      remarks.push(`the cell ${id} is there ${others.length + 1} times: the first one counts`);
    if (isAnswer(cell)) {
      const elsewhere = declaredNames(textOf(cell)).flatMap((name) => own.get(name) ?? [])[0];
      if (first && textOf(first) !== textOf(cell)) {
        cell.source = textOf(first);
        answered = true;
      } else if (elsewhere !== undefined) {
        remarks.push(
          `the answer to ${id} is not where it should be ("YOUR CODE HERE"), but in a cell of its own, ` +
            `number ${elsewhere + 1}: that one counts`,
        );
        replaced.add(cell);
        answered = true;
      } else if (!first) remarks.push(`the cell ${id} is missing: no answer`);
    } else if (!first) remarks.push(`the cell ${id} is missing: the original was used`);
    else if (textOf(first) !== textOf(cell))
      remarks.push(
        earlier.includes(textOf(first))
          ? `the cell ${id} is as it was handed out earlier: the present one was used`
          : `the cell ${id} was changed: the original was used`,
      );
  }
  addOwnCells(notebook, submitted);
  return { notebook, remarks, cells: answered ? codeCells(notebook, replaced) : [] };
}

/** Whether that is a notebook of this assignment: something of it but its imports is in there. */
export function belongs(file: string, released: Notebook) {
  const submitted = read(file, []);
  if (!submitted) return false;
  return [...matched(submitted, released, []).copies.keys()].some((id) => id !== 'setup');
}

/**
 * Which cell is which. Those without nbgrader's metadata, which some editors drop, are known by
 * what they say: an answer by what it declares, all others by their text. They get their ids back.
 *
 * @returns the cells of each id, and the places of own cells by what they declare, the first ones
 */
function matched(
  { cells }: Submitted,
  notebook: Notebook,
  remarks: string[],
): { copies: Map<string, Cell[]>; own: Map<string, number> } {
  const known = new Map<string, Cell>();
  for (const cell of notebook.cells) {
    const id = idOf(cell);
    if (id) known.set(id, cell);
  }
  const copies = new Map<string, Cell[]>();
  const isKept = cells.some((cell) => cell.metadata?.nbgrader);
  const byText = new Map([...known].map(([id, cell]) => [textOf(cell), id]));
  const byName = new Map(
    [...known].flatMap(([id, cell]) =>
      isAnswer(cell) ? declaredNames(textOf(cell)).map((name): [string, string] => [name, id]) : [],
    ),
  );
  const own = new Map<string, number>();
  for (const [index, cell] of cells.entries()) {
    const text = cell.cell_type === 'code' ? textOf(cell) : '';
    const names = idOf(cell) || text === '' ? [] : declaredNames(text);
    if (!isKept && text !== '') {
      const id = byText.get(text) ?? names.map((name) => byName.get(name)).find(Boolean);
      if (id && !copies.has(id)) cell.metadata = { nbgrader: { grade_id: id } };
    }
    const id = idOf(cell);
    if (!id) for (const name of names) own.set(name, own.get(name) ?? index);
    if (!id || !known.has(id)) continue;
    const all = copies.get(id);
    if (all) all.push(cell);
    else copies.set(id, [cell]);
  }
  if (!isKept && copies.size > 0)
    remarks.push(
      'its cells have lost what nbgrader knows them by: they were found by what they say',
    );
  return { copies, own };
}

function read(file: string, remarks: string[]): Submitted | undefined {
  try {
    const { size } = statSync(file);
    if (size > most.file) {
      remarks.push(`it has ${megabytes(size)}, and more than ${megabytes(most.file)} are not read`);
      return undefined;
    }
    const notebook = JSON.parse(decoded(readFileSync(file)));
    if (notebook?.nbformat !== 4) {
      remarks.push(`it is not a notebook of nbformat 4, but of ${notebook?.nbformat ?? 'none'}`);
      return undefined;
    }
    const isCell = (cell: unknown) => cell !== null && typeof cell === 'object';
    if (!Array.isArray(notebook.cells) || !notebook.cells.every(isCell))
      throw new Error('it has no cells');
    let bytes = 0;
    for (const cell of notebook.cells) bytes += textOf(cell).length;
    if (bytes > most.cells) throw new Error(`its cells have ${megabytes(bytes)} of text`);
    return notebook;
  } catch (error) {
    remarks.push(`it is not a notebook: ${(error as Error).message}`);
    return undefined;
  }
}

/** A notebook begins with a brace: where its zero is tells UTF-16, with a mark or without. */
function decoded(bytes: Buffer) {
  const [first, second] = bytes;
  const isUtf16 = first === 0xff || first === 0xfe || first === 0 || second === 0;
  const encoding = !isUtf16 ? 'utf-8' : first === 0xfe || first === 0 ? 'utf-16be' : 'utf-16le';
  return new TextDecoder(encoding).decode(bytes);
}

/**
 * A student's own cells stay behind the cell that they stood behind; empty ones go. Their Markdown is
 * shown as it was typed: HTML in it would be run in an assistant's browser.
 */
function addOwnCells(notebook: Notebook, submitted: Submitted) {
  const keyOf = (cell: Cell) => idOf(cell) ?? `text: ${textOf(cell)}`;
  const places = new Map(notebook.cells.map((cell, i) => [keyOf(cell), i + 1]));
  // Cells at the beginning, and behind each cell.
  const behind: Cell[][] = Array.from({ length: notebook.cells.length + 1 }, () => []);
  let place = 0;
  let count = 0;
  for (const cell of submitted.cells) {
    const at = places.get(keyOf(cell));
    const text = textOf(cell);
    if (at !== undefined) place = at;
    else if (!idOf(cell) && text.trim() && ['code', 'markdown'].includes(cell.cell_type)) {
      const own = { cell_type: cell.cell_type, id: `own-${++count}`, metadata: {} };
      const rest =
        cell.cell_type === 'code'
          ? { source: text, outputs: [], execution_count: null }
          : { source: text.replace(/^/gm, '    ') };
      behind[place].push({ ...own, ...rest });
    }
  }
  notebook.cells = behind.flatMap((own, i) => (i > 0 ? [notebook.cells[i - 1], ...own] : own));
}

/**
 * The code cells that have to run before answers can be looked at: not checks, not figures.
 * @param replaced cells to leave out
 */
function codeCells(notebook: Notebook, replaced: Set<Cell>): CodeCell[] {
  return notebook.cells.flatMap((cell, index) => {
    const { grade = false, solution = false } = cell.metadata.nbgrader ?? {};
    const isCheck = (grade && !solution) || /-figure$/.test(idOf(cell) ?? '');
    const runs = cell.cell_type === 'code' && !isCheck && !replaced.has(cell);
    return runs ? [{ index, code: textOf(cell) }] : [];
  });
}
