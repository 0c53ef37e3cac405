/** Panels in a grid, laid out in pixels and handed to Plotly as shares of the plot's area. */
import type { Margin } from './figure';

/** One panel: where it is, and how its axes are called. */
export interface Panel {
  row: number;
  column: number;
  /** 'x', 'x2', … for a trace. */
  x: string;
  y: string;
  /** 'xaxis', 'xaxis2', … for the layout. */
  xaxis: string;
  yaxis: string;
  xdomain: [number, number];
  ydomain: [number, number];
}

/** The panels, row by row from the top left, and the size of the whole figure. */
export interface Grid {
  panels: Panel[];
  size: { width: number; height: number; margin: Margin };
}

/** `count` panels of `width` × `height` pixels, `columns` in a row, `gap` pixels between them. */
export function grid(
  count: number,
  columns: number,
  { width, height }: { width: number; height: number },
  gap: { x: number; y: number },
  margin: Margin,
): Grid {
  const rows = Math.ceil(count / columns);
  const fullWidth = columns * width + (columns - 1) * gap.x;
  const fullHeight = rows * height + (rows - 1) * gap.y;
  const panels = Array.from({ length: count }, (_, i): Panel => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    const left = column * (width + gap.x);
    const top = row * (height + gap.y);
    const suffix = i === 0 ? '' : String(i + 1);
    return {
      row,
      column,
      x: `x${suffix}`,
      y: `y${suffix}`,
      xaxis: `xaxis${suffix}`,
      yaxis: `yaxis${suffix}`,
      xdomain: [left / fullWidth, share(left + width, fullWidth)],
      ydomain: [share(fullHeight - top - height, fullHeight), 1 - top / fullHeight],
    };
  });
  const size = {
    width: fullWidth + margin.left + margin.right,
    height: fullHeight + margin.top + margin.bottom,
    margin,
  };
  return { panels, size };
}

// Rounding must not push a domain past its ends, which Plotly rejects.
function share(part: number, whole: number): number {
  return Math.min(1, Math.max(0, part / whole));
}
