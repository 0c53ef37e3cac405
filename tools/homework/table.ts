/** Tables in files: CSV as spreadsheets and learning platforms write it, and read it. */
import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { SetupError } from '../setup/errors.mjs';

/** By the head of the column. */
export type Row = Record<string, string>;

/**
 * @param file separated by commas, semicolons or tabs
 * @throws {SetupError} if it is no table
 */
export function readTable(file: string): { head: string[]; rows: Row[] } {
  try {
    const text = decoded(readFileSync(file));
    const [first] = text.split('\n', 1);
    const count = (one: string) => first.split(one).length;
    const [delimiter] = [',', ';', '\t'].sort((a, b) => count(b) - count(a));
    const options = { bom: true, delimiter, relax_column_count: true, skip_empty_lines: true };
    const [head, ...lines] = parse(text, { ...options, trim: true }) as string[][];
    const rows = lines.map((line) =>
      Object.fromEntries(head.map((name, i) => [name, line[i] ?? ''])),
    );
    return { head, rows };
  } catch (error) {
    throw new SetupError(`${file} is not a table: ${(error as Error).message}`);
  }
}

/** Some spreadsheets still write the letters of Windows. */
function decoded(bytes: Buffer) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

/** @param guarded what a spreadsheet would take for a formula is made a text */
export const tableText = (head: string[], rows: (Row | unknown[])[], guarded = true) =>
  stringify(
    [head, ...rows.map((row) => (Array.isArray(row) ? row : head.map((one) => row[one])))],
    {
      escape_formulas: guarded,
    },
  );
