import { sequentialColor } from '../../plots/figure';
import { picture, side } from './example';
import type { AtlasMap, AtlasPanel } from './panels';

/** Where a drawing stands, and how large it is, in any unit. */
export type TileFrame = { x: number; y: number; width: number; height: number };

/**
 * A map as SVG, to be put into a drawing: two panels side by side, four of them two by two. Each is darkest at its own largest weight; gates, which have a largest, at 1. Weights are
 * blue. Pictures are orange, with the outline of the whale; a ring is the pixel that asks.
 */
export function atlasTile({ panels }: AtlasMap, { x, y, width, height }: TileFrame): string {
  const gap = 0.05 * Math.min(width, height);
  const across = panels.length > 1 ? 2 : 1;
  const down = Math.ceil(panels.length / across);
  const each = (whole: number, count: number) => (whole - (count - 1) * gap) / count;
  const [wide, high] = [each(width, across), each(height, down)];
  return panels
    .map((panel, i) =>
      panelOf(panel, {
        x: x + (i % across) * (wide + gap),
        y: y + Math.floor(i / across) * (high + gap),
        width: wide,
        height: high,
      }),
    )
    .join('');
}

/** Of a number from 0 to 1: white to dark orange, darker the more. */
function warmColor(share: number): string {
  const ends = [
    [255, 250, 244],
    [240, 150, 60],
    [120, 40, 0],
  ];
  const at = Math.min(1, Math.max(0, share)) * 2;
  const low = Math.min(1, Math.floor(at));
  const mixed = ends[low].map((from, c) =>
    Math.round(from + (ends[low + 1][c] - from) * (at - low)),
  );
  return `rgb(${mixed.join(',')})`;
}

const cut = (value: number) => Number(value.toFixed(2));

/** One panel, as large as its rows and columns allow. */
function panelOf(panel: AtlasPanel, frame: TileFrame): string {
  if (panel.shows === 'channels') return barsOf(panel, frame);
  const { values, shows, sums, mark } = panel;
  const [rows, columns] = [values.length, values[0].length];
  const cell = Math.min(frame.width / columns, frame.height / rows);
  const [left, top] = [
    frame.x + (frame.width - columns * cell) / 2,
    frame.y + (frame.height - rows * cell) / 2,
  ];
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
  const is = (row: number, column: number) => picture[row]?.[column] === '#';
  const ways: string[] = [];
  const draw = (x1: number, y1: number, x2: number, y2: number) =>
    ways.push(
      `M${cut(left + x1 * cell)} ${cut(top + y1 * cell)}L${cut(left + x2 * cell)} ${cut(top + y2 * cell)}`,
    );
  for (let row = 0; row <= side; row++) {
    for (let column = 0; column <= side; column++) {
      if (is(row, column) !== is(row - 1, column)) draw(column, row, column + 1, row);
      if (is(row, column) !== is(row, column - 1)) draw(column, row, column, row + 1);
    }
  }
  return `<path d="${ways.join('')}" fill="none" stroke="#1f2328" stroke-opacity="0.55" stroke-width="${cut(0.12 * cell)}"/>`;
}

/** A bar for each channel; a gate can reach the top, what sums to 1 reaches as far as its largest. */
function barsOf({ values: [row], sums }: AtlasPanel, around: TileFrame): string {
  const size = Math.min(around.width, around.height);
  const frame = {
    ...{ x: around.x + (around.width - size) / 2, y: around.y + (around.height - size) / 2 },
    ...{ width: size, height: size },
  };
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
