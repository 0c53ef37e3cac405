import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../setup/paths.mjs';
import { type Notebook, plotlyMime } from './nbformat.ts';

const execute = join(root, 'tools', 'notebooks', 'execute.py');

/** A cell of a lesson failed. */
export class LessonError extends Error {}

/**
 * Executes a lesson and returns the executed notebook; the file is left as it is.
 *
 * @param python the environment's Python
 * @returns notebook JSON
 * @throws {LessonError} naming the cell, with its source and the error
 */
export async function executeLesson(
  file: string,
  python: string,
  { kernel = 'tslab', env = process.env }: { kernel?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Notebook> {
  const folder = await mkdtemp(join(tmpdir(), 'lesson-'));
  const result = join(folder, basename(file));
  try {
    await promisify(execFile)(python, [execute, file, result, '--kernel', kernel], {
      env: { ...env, JUPYTER_PREFER_ENV_PATH: '1' },
      maxBuffer: 1 << 26,
    });
    return JSON.parse(await readFile(result, 'utf8'));
  } catch (error) {
    throw new LessonError(describe(basename(file), error as Failed));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Failed {
  stdout?: string;
  stderr?: string;
  message: string;
}

function describe(lesson: string, error: Failed) {
  const report = error.stdout?.trim().split('\n').at(-1) ?? '';
  if (!report.startsWith('{')) return `${lesson}: ${error.stderr || error.message}`;
  const { cell, source, error: said } = JSON.parse(report);
  const indented = source.replace(/^/gm, '    ');
  return `${lesson}, cell ${cell} failed:\n\n${indented}\n\n${said}`;
}

/**
 * A notebook as text, as Jupyter writes it, but for figures, which have one line each: a change
 * of a lesson can be read in its diff.
 */
export function notebookText(notebook: object) {
  const figures: string[] = [];
  const text = JSON.stringify(
    notebook,
    (key, value) =>
      key === plotlyMime ? `figure ${figures.push(JSON.stringify(value)) - 1}` : value,
    1,
  );
  const marked = new RegExp(`("${plotlyMime.replace(/[.+]/g, '\\$&')}": )"figure (\\d+)"`, 'g');
  return `${text.replace(marked, (_, key, index) => key + figures[Number(index)])}\n`;
}

/** Writes a notebook so that the file is always whole: the old one, or the new one. */
export async function writeNotebook(file: string, notebook: object) {
  const part = join(dirname(file), `.${basename(file)}.part`);
  await writeFile(part, notebookText(notebook));
  await rename(part, file);
}

/**
 * What a notebook printed, cell by cell: stdout and the plain text of results and displays.
 * Two runs of a lesson must agree in it. Times and other things that change belong in HTML.
 */
export function printed(notebook: Notebook): string[] {
  return notebook.cells
    .filter((cell) => cell.cell_type === 'code')
    .map((cell) =>
      (cell.outputs ?? [])
        .flatMap((output) => output.text ?? output.data?.['text/plain'] ?? '')
        .join('')
        .trimEnd(),
    );
}
