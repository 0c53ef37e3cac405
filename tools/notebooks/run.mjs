import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execute = fileURLToPath(new URL('execute.py', import.meta.url));

/** A cell of a lesson failed. */
export class LessonError extends Error {}

/**
 * Executes a lesson and returns the executed notebook; the file is left as it is.
 *
 * @param {string} file
 * @param {string} python the environment's Python
 * @param {{ kernel?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<any>} notebook JSON
 * @throws {LessonError} naming the cell, with its source and the error
 */
export async function executeLesson(file, python, { kernel = 'tslab', env = process.env } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'lesson-'));
  const result = join(folder, basename(file));
  try {
    await promisify(execFile)(python, [execute, file, result, '--kernel', kernel], {
      env: { ...env, JUPYTER_PREFER_ENV_PATH: '1' },
      maxBuffer: 1 << 26,
    });
    return JSON.parse(await readFile(result, 'utf8'));
  } catch (error) {
    throw new LessonError(describe(basename(file), /** @type {any} */ (error)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string} lesson
 * @param {{ stdout?: string, stderr?: string, message: string }} error
 */
function describe(lesson, error) {
  const report = error.stdout?.trim().split('\n').at(-1) ?? '';
  if (!report.startsWith('{')) return `${lesson}: ${error.stderr || error.message}`;
  const { cell, source, error: said } = JSON.parse(report);
  const indented = source.replace(/^/gm, '    ');
  return `${lesson}, cell ${cell} failed:\n\n${indented}\n\n${said}`;
}

/** What a figure is: thousands of numbers that nobody reads line by line. */
const plotlyMime = 'application/vnd.plotly.v1+json';

/**
 * A notebook as text, as Jupyter writes it, but for figures, which have one line each: a change
 * of a lesson can be read in its diff.
 *
 * @param {any} notebook
 */
export function notebookText(notebook) {
  /** @type {string[]} */
  const figures = [];
  const text = JSON.stringify(
    notebook,
    (key, value) =>
      key === plotlyMime ? `figure ${figures.push(JSON.stringify(value)) - 1}` : value,
    1,
  );
  const marked = new RegExp(`("${plotlyMime.replace(/[.+]/g, '\\$&')}": )"figure (\\d+)"`, 'g');
  return `${text.replace(marked, (_, key, index) => key + figures[Number(index)])}\n`;
}

/**
 * Writes a notebook so that the file is always whole: the old one, or the new one.
 *
 * @param {string} file
 * @param {any} notebook
 */
export async function writeNotebook(file, notebook) {
  const part = join(dirname(file), `.${basename(file)}.part`);
  await writeFile(part, notebookText(notebook));
  await rename(part, file);
}

/**
 * What a notebook printed, cell by cell: stdout and the plain text of results and displays.
 * Two runs of a lesson must agree in it. Times and other things that change belong in HTML.
 *
 * @param {any} notebook
 * @returns {string[]}
 */
export function printed(notebook) {
  return notebook.cells
    .filter((/** @type {any} */ cell) => cell.cell_type === 'code')
    .map((/** @type {any} */ cell) =>
      cell.outputs
        .flatMap((/** @type {any} */ output) => output.text ?? output.data?.['text/plain'] ?? '')
        .join('')
        .trimEnd(),
    );
}
