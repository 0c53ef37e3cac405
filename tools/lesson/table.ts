/** The README's table of lessons, from their rooms. */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { lessons } from '../lessons.ts';
import { root } from '../setup/paths.mjs';

const readme = join(root, 'README.md');
const place =
  /(<!-- lessons: written by `npm run lesson -- table` -->\n)[\s\S]*?(<!-- end of lessons -->)/;

/** @returns the README as it should be */
export function withTable(text = readFileSync(readme, 'utf8')): string {
  const rows = lessons().map(({ number, title, sees, written, notebook }) => {
    const name = written ? `[${title}](notebooks/${basename(notebook)})` : title;
    return `| ${number} | ${name} | ${sees} |`;
  });
  const table = ['| # | lesson | what you see |', '|---|---|---|', ...rows].join('\n');
  return text.replace(place, (_, begin, end) => `${begin}\n${table}\n\n${end}`);
}

export function writeTable() {
  writeFileSync(readme, withTable());
}
