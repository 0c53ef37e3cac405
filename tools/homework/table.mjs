// @ts-check
/** Tables in files: CSV as spreadsheets and learning platforms write it, and read it. */
import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { SetupError } from '../setup/errors.mjs';

/** @typedef {Record<string, string>} Row by the head of the column */

/**
 * @param {string} file separated by commas, semicolons or tabs
 * @returns {{ head: string[], rows: Row[] }}
 * @throws {SetupError} if it is no table
 */
export function readTable(file) {
  try {
    const text = decoded(readFileSync(file));
    const [first] = text.split('\n', 1);
    const count = (/** @type {string} */ one) => first.split(one).length;
    const [delimiter] = [',', ';', '\t'].sort((a, b) => count(b) - count(a));
    const options = { bom: true, delimiter, relax_column_count: true, skip_empty_lines: true };
    const [head, ...lines] = /** @type {string[][]} */ (parse(text, { ...options, trim: true }));
    const rows = lines.map((line) =>
      Object.fromEntries(head.map((name, i) => [name, line[i] ?? ''])),
    );
    return { head, rows };
  } catch (error) {
    throw new SetupError(`${file} is not a table: ${/** @type {Error} */ (error).message}`);
  }
}

/** Some spreadsheets still write the letters of Windows. @param {Buffer} bytes */
function decoded(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

/**
 * @param {string[]} head
 * @param {(Row | unknown[])[]} rows
 * @param {boolean} [guarded] what a spreadsheet would take for a formula is made a text
 */
export const tableText = (head, rows, guarded = true) =>
  stringify(
    [head, ...rows.map((row) => (Array.isArray(row) ? row : head.map((one) => row[one])))],
    {
      escape_formulas: guarded,
    },
  );
