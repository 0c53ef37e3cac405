// @ts-check
/** What was handed in, as the notebook that was handed out with the student's answers in it. */
import { readFileSync, statSync } from 'node:fs';

const most = 10 << 20;

/** @param {any} cell */
const textOf = (cell) => [cell.source ?? ''].flat().join('');
/** @param {any} cell */
const idOf = (cell) => cell?.metadata?.nbgrader?.grade_id;
/** @param {any} cell */
const isAnswer = (cell) => Boolean(cell.metadata?.nbgrader?.solution);

/**
 * @param {string} file what was handed in: a notebook, or anything else
 * @param {any} released the notebook that was handed out
 * @param {string} name of the assignment
 * @returns {{ notebook: any, remarks: string[], answered: boolean }} never throws; `answered` is false if
 *   every answer is as it was handed out
 */
export function rebuild(file, released, name) {
  /** @type {string[]} */
  const remarks = [];
  const submitted = read(file, remarks) ?? { cells: [] };
  const notebook = structuredClone(released);
  /** @type {Map<string, any[]>} */
  const copies = new Map();
  for (const cell of submitted.cells) {
    const id = idOf(cell);
    if (typeof id === 'string') copies.set(id, [...(copies.get(id) ?? []), cell]);
  }
  const known = new Set(notebook.cells.map(idOf).filter(Boolean));
  const found = [...copies.keys()].filter((id) => known.has(id));
  if (submitted.cells.length > 0 && found.filter((id) => id !== 'setup').length === 0) {
    remarks.push(`it is not a notebook of ${name}`);
    return { notebook, remarks, answered: false };
  }
  if (found.length > 0) {
    const { kernelspec = {} } = submitted.metadata ?? {};
    const language = kernelspec.language ?? kernelspec.name;
    if (!['typescript', 'tslab'].includes(String(language).toLowerCase()))
      remarks.push(
        `it is written for the kernel ${kernelspec.name}; its answers were run as TypeScript`,
      );
  }
  for (const cell of notebook.cells) {
    const id = idOf(cell);
    if (!id || found.length === 0) continue;
    const [first, ...others] = copies.get(id) ?? [];
    if (others.length > 0)
      remarks.push(`the cell ${id} is there ${others.length + 1} times: the first one counts`);
    if (isAnswer(cell)) {
      if (first) cell.source = textOf(first);
      else remarks.push(`the cell ${id} is missing: no answer`);
    } else if (!first) remarks.push(`the cell ${id} is missing: the original was used`);
    else if (textOf(first) !== textOf(cell))
      remarks.push(`the cell ${id} was changed: the original was used`);
  }
  const answers = (/** @type {any} */ { cells }) => cells.filter(isAnswer).map(textOf);
  const answered = answers(notebook).join() !== answers(released).join();
  addOwnCells(notebook, submitted);
  return { notebook, remarks, answered };
}

/** @param {string} file @param {string[]} remarks @returns {any} */
function read(file, remarks) {
  try {
    const { size } = statSync(file);
    if (size > most) {
      remarks.push(
        `it has ${Math.round(size / (1 << 20))} MB, and more than ${most >> 20} are not read`,
      );
      return undefined;
    }
    const notebook = JSON.parse(readFileSync(file, 'utf8'));
    if (notebook?.nbformat !== 4) {
      remarks.push(`it is not a notebook of nbformat 4, but of ${notebook?.nbformat ?? 'none'}`);
      return undefined;
    }
    const isCell = (/** @type {any} */ cell) => cell !== null && typeof cell === 'object';
    if (!Array.isArray(notebook.cells) || !notebook.cells.every(isCell))
      throw new Error('it has no cells');
    return notebook;
  } catch (error) {
    remarks.push(`it is not a notebook: ${/** @type {Error} */ (error).message}`);
    return undefined;
  }
}

/**
 * A student's own cells stay behind the cell that they stood behind. Their Markdown is shown as it
 * was typed: HTML in it would be run in an assistant's browser.
 *
 * @param {any} notebook
 * @param {any} submitted
 */
function addOwnCells(notebook, submitted) {
  let after = 0;
  let count = 0;
  for (const cell of submitted.cells) {
    const id = idOf(cell);
    const at = notebook.cells.findIndex((/** @type {any} */ one) =>
      id ? idOf(one) === id : one.cell_type === 'markdown' && textOf(one) === textOf(cell),
    );
    if (at >= 0) after = at + 1;
    else if (!id && ['code', 'markdown'].includes(cell.cell_type)) {
      const own = { cell_type: cell.cell_type, id: `own-${++count}`, metadata: {} };
      const text = textOf(cell);
      const rest =
        cell.cell_type === 'code'
          ? { source: text, outputs: [], execution_count: null }
          : { source: text.replace(/^/gm, '    ') };
      notebook.cells.splice(after++, 0, { ...own, ...rest });
    }
  }
}

/**
 * The code cells that have to run before answers can be looked at: not checks, not figures.
 *
 * @param {any} notebook
 * @returns {import('./submission.mjs').CodeCell[]}
 */
export function codeCells(notebook) {
  return notebook.cells.flatMap((/** @type {any} */ cell, /** @type {number} */ index) => {
    const { grade = false, solution = false } = cell.metadata.nbgrader ?? {};
    const isCheck = (grade && !solution) || /-figure$/.test(idOf(cell) ?? '');
    return cell.cell_type === 'code' && !isCheck ? [{ index, code: textOf(cell) }] : [];
  });
}
