import { sequentialColor } from '../../plots/figure';
import { side, whaleLines } from './example';
import type { AtlasMap, AtlasPanel } from './panels';

/** Where a drawing stands, and how large it is, in any unit. */
export type TileFrame = { x: number; y: number; width: number; height: number };

/**
 * A map as SVG, to be put into a drawing: two panels side by side, four of them two by two. Each is darkest at its own largest weight; gates, which have a largest, at 1. Weights are
 * blue. Pictures are orange, with the outline of the whale; a ring is the pixel that asks.
 */
export function atlasTile(
  { panels }: AtlasMap,
  frame: TileFrame,
  align: 'middle' | 'left' = 'middle',
): string {
  const frames = panelFrames(panels, frame, align);
  return panels.map((panel, i) => panelOf(panel, frames[i])).join('');
}

/** Where each panel of a map stands in its frame: with square cells, or a square of bars. */
export function panelFrames(
  panels: readonly AtlasPanel[],
  { x, y, width, height }: TileFrame,
  align: 'middle' | 'left' = 'middle',
): TileFrame[] {
  const gap = 0.05 * Math.min(width, height);
  const across = panels.length > 1 ? 2 : 1;
  const down = Math.ceil(panels.length / across);
  const each = (whole: number, count: number) => (whole - (count - 1) * gap) / count;
  const sizes = panels.map(({ shows, values }) => {
    const [columns, rows] = shows === 'channels' ? [1, 1] : [values[0].length, values.length];
    const cell = Math.min(each(width, across) / columns, each(height, down) / rows);
    return { width: columns * cell, height: rows * cell };
  });
  // Panels stand close together, and all of them in the middle or at the left.
  const wide = Math.max(...sizes.map((size) => size.width));
  const high = Math.max(...sizes.map((size) => size.height));
  const spare = width - across * wide - (across - 1) * gap;
  const left = align === 'left' ? x : x + spare / 2;
  const top = y + (height - down * high - (down - 1) * gap) / 2;
  return sizes.map((size, i) => ({
    x: left + (i % across) * (wide + gap) + (wide - size.width) / 2,
    y: top + Math.floor(i / across) * (high + gap) + (high - size.height) / 2,
    ...size,
  }));
}

/** Pictures: from white to dark orange, darker the more. */
export const warm = [
  [255, 250, 244],
  [240, 150, 60],
  [120, 40, 0],
];

/** The colour of a number from 0 to 1. */
function warmColor(share: number): string {
  const at = Math.min(1, Math.max(0, share)) * 2;
  const low = Math.min(1, Math.floor(at));
  const mixed = warm[low].map((from, c) =>
    Math.round(from + (warm[low + 1][c] - from) * (at - low)),
  );
  return `rgb(${mixed.join(',')})`;
}

const cut = (value: number) => Number(value.toFixed(2));

function panelOf(panel: AtlasPanel, frame: TileFrame): string {
  if (panel.shows === 'channels') return barsOf(panel, frame);
  const { values, shows, sums, mark } = panel;
  const [rows, columns] = [values.length, values[0].length];
  const [left, top, cell] = [frame.x, frame.y, frame.width / columns];
  const most = sums === 'gate' ? 1 : Math.max(...values.flat());
  const color = shows === 'picture' ? warmColor : sequentialColor;
  const rect = (row: number, column: number, wide: number, high: number, more: string) =>
    `<rect x="${cut(left + column * cell)}" y="${cut(top + row * cell)}" width="${cut(wide * cell)}" height="${cut(high * cell)}" ${more}/>`;
  const cells = values.flatMap((line, i) =>
    line.flatMap((value, j) => {
      const share = value / most;
      // A little larger than its place, so that no white line shows between neighbours.
      return share < 0.004 ? [] : rect(i, j, 1.02, 1.02, `fill="${color(share)}"`);
    }),
  );
  const line = (width: number, ink: string) =>
    `fill="none" stroke="${ink}" stroke-width="${cut(width * cell)}"`;
  return [
    rect(0, 0, columns, rows, `fill="${color(0)}"`),
    ...cells,
    shows === 'picture' && rows === side ? outline(left, top, cell) : '',
    rect(0, 0, columns, rows, line(0.06, '#8c959f')),
    mark ? rect(mark[0] - 0.1, mark[1] - 0.1, 1.2, 1.2, line(0.34, '#0072b2')) : '',
  ].join('');
}

/** The line round the whale. */
function outline(left: number, top: number, cell: number): string {
  const ways = whaleLines.map(
    ([x1, y1, x2, y2]) =>
      `M${cut(left + x1 * cell)} ${cut(top + y1 * cell)}L${cut(left + x2 * cell)} ${cut(top + y2 * cell)}`,
  );
  return `<path d="${ways.join('')}" fill="none" stroke="#1f2328" stroke-opacity="0.55" stroke-width="${cut(0.12 * cell)}"/>`;
}

/** A bar for each channel; a gate can reach the top, what sums to 1 reaches as far as its largest. */
function barsOf({ values: [row], sums }: AtlasPanel, frame: TileFrame): string {
  const most = sums === 'gate' ? 1 : Math.max(...row);
  const wide = frame.width / row.length;
  const bottom = frame.y + frame.height;
  const bars = row.map((value, i) => {
    const high = (value / most) * frame.height;
    return `<rect x="${cut(frame.x + (i + 0.12) * wide)}" y="${cut(bottom - high)}" width="${cut(0.76 * wide)}" height="${cut(high)}" fill="${warmColor(0.75)}"/>`;
  });
  const line = `M${cut(frame.x)} ${cut(bottom)}h${cut(frame.width)}`;
  return `${bars.join('')}<path d="${line}" stroke="#1f2328" stroke-width="${cut(0.015 * frame.width)}"/>`;
}
