/** Tokens as the labels of an axis: position i of the axis carries token i. */
import { pageWidth, plain, textWidth } from './figure';

/** More tokens than this do not fit a page as labels: the axis shows positions. */
export const mostLabels = 80;

/** The side in pixels of a square cell, so that the longer side of `count` cells fits a page. */
export function cellSize(count: number, page = pageWidth - 180, largest = 44): number {
  const fitting = Math.min(largest, page / count);
  return count <= mostLabels ? Math.max(10, Math.floor(fitting)) : fitting;
}

/** A token as it is shown: white space made visible, at most 40 characters. */
export function visible(token: string): string {
  const characters = [...token];
  const short = characters.length > 40 ? `${characters.slice(0, 39).join('')}…` : token;
  const shown = short
    .replace(/\n/g, '↵')
    .replace(/\t/g, '⇥')
    .replace(/^ +| +$/g, (spaces) => '␣'.repeat(spaces.length));
  return shown || '∅';
}

/** The layout of an axis of tokens, and the pixels its labels take beside and past its end. */
export interface TokenAxis {
  axis: Record<string, any>;
  /** Across the axis: how far the labels reach from it. */
  depth: number;
  /** Along the axis: how far slanted labels reach past its end. */
  overhang: number;
}

/**
 * An axis with a label at every token. Positions are numbers, so equal tokens stay apart
 * (an axis of categories would merge them).
 *
 * @param tokens the labels; undefined labels by position, counted from 0.
 * @param side 'left' for rows, counted downwards; 'top' or 'bottom' for columns.
 */
export function tokenAxis(
  tokens: string[] | undefined,
  count: number,
  cell: number,
  side: 'left' | 'top' | 'bottom',
): TokenAxis {
  const range = side === 'left' ? [count - 0.5, -0.5] : [-0.5, count - 0.5];
  const axis: Record<string, any> = {
    side,
    range,
    showgrid: false,
    zeroline: false,
    ticks: '',
    ticklabelstandoff: 4,
    showline: true,
    mirror: true,
    linecolor: '#8c959f',
    automargin: true,
  };
  const size = Math.max(9, Math.min(13, Math.floor(cell * 0.85)));
  if (!tokens || count > mostLabels) {
    // Positions: every one while they fit, else every 2nd, 5th, 10th …
    const widest = textWidth(String(count), 11) + 6;
    const step = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((s) => s * cell >= widest) ?? 1000;
    Object.assign(axis, { tickmode: 'linear', tick0: 0, dtick: step, tickangle: 0 });
    Object.assign(axis, { tickfont: { size: 11 } });
    return { axis, depth: side === 'left' ? widest + 4 : 20, overhang: 0 };
  }
  const widest = Math.max(...tokens.map((token) => textWidth(visible(token), size)));
  // Air between labels, less of it where cells are narrow and tokens are single letters.
  const fits = side === 'left' || widest <= cell - Math.max(0, Math.min(4, cell - 13));
  const angle = fits ? 0 : cell >= 15 ? -45 : -90;
  Object.assign(axis, {
    tickmode: 'array',
    tickvals: tokens.map((_, i) => i),
    ticktext: tokens.map((token) => plain(visible(token))),
    tickangle: side === 'bottom' ? -angle : angle,
    tickfont: { size },
  });
  if (side === 'left') return { axis, depth: widest + 10, overhang: 0 };
  if (angle === 0) return { axis, depth: size + 10, overhang: 0 };
  if (angle === -90) return { axis, depth: widest + 10, overhang: 0 };
  return { axis, depth: 0.71 * (widest + size) + 8, overhang: 0.71 * widest - cell / 2 };
}

/**
 * Checks that there is a token for each row or column.
 *
 * @throws if not: "weights have 5 keys, but 4 key tokens were given".
 */
export function checkTokens(
  tokens: string[] | undefined,
  count: number,
  what: string,
  role: 'query' | 'key',
): void {
  if (tokens && tokens.length !== count) {
    const counted = `${count} ${role === 'key' ? 'keys' : 'queries'}`;
    throw new Error(`${what} have ${counted}, but ${tokens.length} ${role} tokens were given`);
  }
}
