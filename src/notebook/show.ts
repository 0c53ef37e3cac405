/** What a cell shows: figures, tables, text. Outside a notebook, its text goes to the console. */
import type { Figure } from '../plots/figure';

/** One thing to show in several forms, by MIME type; every reader takes the richest it knows. */
export interface Bundle {
  'text/plain': string;
  [mimeType: string]: unknown;
}

/**
 * Shows a figure: interactive in JupyterLab, its alternative text where there is no Plotly.
 * (The notebook runner adds a still picture for readers without JavaScript.)
 */
export function show(figure: Figure): void {
  const { data, layout, config } = figure;
  display({
    'application/vnd.plotly.v1+json': { data, layout, config },
    'text/plain': layout.meta?.alt ?? layout.title?.text ?? 'A figure without a description.',
  });
}

/** Shows Markdown, mathematics between dollar signs included. */
export function markdown(text: string): void {
  display({ 'text/markdown': text, 'text/plain': text });
}

/** Shows HTML; `plain` is what readers without HTML get, by default the HTML without its tags. */
export function html(text: string, plain = text.replace(/<[^>]*>/g, '')): void {
  display({ 'text/html': text, 'text/plain': plain });
}

/**
 * Shows rows as a table; the keys of the first row are the columns. Numbers stand at the right and
 * have four significant digits, or all of a larger integer part; what is missing stays blank.
 *
 * @example
 * table([{ model: 'fixed vector', error: 0.31 }, { model: 'attention', error: 0.12 }])
 */
export function table(rows: Record<string, unknown>[]): void {
  if (rows.length === 0) throw new Error('table() was given no rows');
  const columns = Object.keys(rows[0]);
  const cells = rows.map((row) => columns.map((column) => shown(row[column])));
  const right = columns.map((column) => rows.every((row) => typeof row[column] === 'number'));

  // A narrow window must not break a line between a number and its unit.
  const markdown = (cell: string) =>
    cell.replace(/\|/g, '\\|').replace(/(\d) (\S{1,3})$/, '$1\u00a0$2');
  const escaped = [columns, ...cells].map((row) => row.map(markdown));
  const rule = right.map((isRight) => (isRight ? '---:' : '---'));
  const [head, ...body] = escaped;
  const lines = [head, rule, ...body].map((row) => `| ${row.join(' | ')} |`);

  const widths = columns.map((column, i) =>
    Math.max(column.length, ...cells.map((row) => row[i].length)),
  );
  const aligned = [columns, ...cells].map((row) =>
    row
      .map((cell, i) => (right[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd(),
  );
  display({ 'text/markdown': lines.join('\n'), 'text/plain': aligned.join('\n') });
}

/**
 * Shows a bundle under the running cell. With an `id`, it can be replaced later by the bundle of
 * another call with that id and `update`. Outside a kernel it prints `text/plain`.
 */
export function display(bundle: Bundle, { id, update = false }: DisplayOptions = {}): void {
  const write = kernelWriter();
  if (!write) console.log(bundle['text/plain']);
  else write({ data: bundle, metadata: {}, transient: id ? { display_id: id } : {} }, update);
}

export interface DisplayOptions {
  /** The name of this display, to update it by. */
  id?: string;
  /** Replaces what was shown under `id`. */
  update?: boolean;
}

type DisplayWriter = (message: object, update: boolean) => void;

/**
 * How the running tslab kernel sends to the notebook; undefined outside a kernel. It is looked up
 * among the loaded modules and not required by name: the kernel may be another copy of tslab than
 * the one this library would find, and outside a kernel there should be none.
 */
export function kernelWriter(): DisplayWriter | undefined {
  for (const [path, loaded] of Object.entries(require.cache)) {
    if (!/[\\/]tslab[\\/]dist[\\/]jupyter\.js$/.test(path)) continue;
    const write = loaded?.exports.lastWriteDisplayData;
    if (write) return write;
  }
  return undefined;
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'number') return String(value).replace(/\n/g, ' ');
  if (!Number.isFinite(value) || Number.isInteger(value)) return String(value);
  return Math.abs(value) < 1000 ? String(Number(value.toPrecision(4))) : String(Math.round(value));
}
