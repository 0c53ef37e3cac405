/** What a matrix of weights shows, in words: the alternative text of a figure. */
import { visible } from './tokens';

/** A number with three significant digits, or all of a larger integer part: 0.83, 12, 4096. */
export function number(value: number): string {
  const shown = Math.abs(value) < 100 ? Number(value.toPrecision(3)) : Math.round(value);
  return String(shown).replace('-', '−');
}

/** The token in quotes, or the position if there are no tokens. */
export function name(tokens: string[] | undefined, position: number): string {
  return tokens ? `"${visible(tokens[position])}"` : String(position);
}

/** The position of the largest value of a row; −1 if every key is masked. */
export function strongest(row: (number | null)[]): number {
  let best = -1;
  row.forEach((value, i) => {
    if (value !== null && (best < 0 || value > (row[best] as number))) best = i;
  });
  return best;
}

/** For each query, up to `most`, the key it attends to most: '"TH" → "T" 0.83'. */
export function strongestKeys(
  rows: (number | null)[][],
  queries: string[] | undefined,
  keys: string[] | undefined,
  most = 12,
): string {
  const said = rows.slice(0, most).map((row, i) => {
    const best = strongest(row);
    if (best < 0) return `${name(queries, i)} → nothing`;
    return `${name(queries, i)} → ${name(keys, best)} ${number(row[best] as number)}`;
  });
  const rest = rows.length - said.length;
  return said.join('; ') + (rest > 0 ? `; and ${rest} more queries` : '');
}

/** Sentences in a row, each ending in one full stop. */
export function sentences(...parts: (string | undefined)[]): string {
  return parts
    .filter((part): part is string => Boolean(part?.trim()))
    .map((part) => (/[.!?…]$/.test(part.trim()) ? part.trim() : `${part.trim()}.`))
    .join(' ');
}
