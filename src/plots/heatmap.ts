import { barWidth, largestOf, onOneScale, type Scale } from './colors';
import { type Figure, faint, figure, type Heading, masked, palette, plain, quiet } from './figure';
import { grid } from './grid';
import { cellSize, checkTokens, mostLabels, tokenAxis } from './tokens';
import { type Matrix, peak, readMatrix } from './weights';
import { sentences, strongestKeys } from './words';

export interface HeatmapOptions extends Heading, Scale {
  /** A token for each row; default: positions from 0. */
  queries?: string[];
  /** A token for each column; default: positions from 0. */
  keys?: string[];
  /** What the rows are. Default 'query'. */
  queryTitle?: string;
  /** What the columns are. Default 'key'. */
  keyTitle?: string;
  /** Print each value in its cell. Default: up to 6 × 6. */
  numbers?: boolean;
  /** A place among the keys for each query, drawn as a dot: 2.5 lies between keys 2 and 3. */
  marks?: number[];
  /** How many keys the mark reaches to either side, drawn as a line. */
  reach?: number;
}

/**
 * Attention weights as a heatmap: queries down, keys across, the darker the more weight.
 *
 * Cells are square, and the figure grows with the number of tokens; above 80 tokens the axes show
 * positions. Equal tokens stay apart. Values are kept to four digits of the largest.
 * With `signed`, scores before the softmax: a score of −Infinity is a masked key, drawn grey.
 *
 * @param weights `[queries, keys]`; leading dimensions of size 1 are dropped.
 * @throws if the title is empty, the rank is not 2, a token is missing ("weights have 5 keys, but
 * 4 key tokens were given"), or a value is NaN, infinite or (for weights) negative; the message
 * names its position; or if there are not as many marks as queries.
 *
 * @example
 * heatmap(weights, { title: 'Cross-attention, layer 1, head 1', queries: sounds, keys: letters })
 */
export function heatmap(weights: Matrix, options: HeatmapOptions): Figure {
  const { queries, keys, queryTitle = 'query', keyTitle = 'key', signed = false } = options;
  const { marks, reach = 0 } = options;
  const what = signed ? 'scores' : 'weights';
  const rows = readMatrix(weights, what, options);
  const [rowCount, columnCount] = [rows.length, rows[0].length];
  checkTokens(queries, rowCount, what, 'query');
  checkTokens(keys, columnCount, what, 'key');

  if (marks && marks.length !== rowCount)
    throw new Error(`${what} have ${rowCount} queries, but ${marks.length} marks were given`);

  const { numbers = rowCount <= 6 && columnCount <= 6 } = options;
  const cell = cellSize(Math.max(rowCount, columnCount));
  const panel = { width: columnCount * cell, height: rowCount * cell };
  const left = tokenAxis(queries, rowCount, cell, 'left');
  const top = tokenAxis(keys, columnCount, cell, 'top');
  const { size, panels } = grid(
    1,
    1,
    panel,
    { x: 0, y: 0 },
    {
      top: top.depth + 24,
      left: left.depth + 36,
      bottom: Math.max(16, 126 - panel.height),
      right: Math.max(barWidth, top.overhang + 12),
    },
  );
  return figure(
    [
      ...onOneScale(
        [cells(rows, 'x', 'y', { gap: gapOf(cell), numbers, hover: hover(queries, keys) })],
        options,
        peak(rows),
        panel.height,
      ),
      ...(marks ? [dots(marks, reach)] : []),
    ],
    {
      xaxis: { ...top.axis, domain: panels[0].xdomain, title: axisTitle(keyTitle) },
      yaxis: { ...left.axis, domain: panels[0].ydomain, title: axisTitle(queryTitle) },
      plot_bgcolor: signed ? masked : faint,
    },
    options,
    size,
    sentences(
      `Heatmap: ${options.title}`,
      options.subtitle,
      `${queryTitle} down (${rowCount}), ${keyTitle} across (${columnCount})`,
      `${largestOf(options)}: ${strongestKeys(rows, queries, keys)}`,
      marks && `Marks at ${marks.map((mark) => Number(mark.toFixed(1))).join(', ')}`,
    ),
  );
}

/** The trace of a mark for each row. */
function dots(marks: number[], reach: number): Record<string, any> {
  return {
    type: 'scatter',
    mode: 'markers',
    x: marks,
    y: marks.map((_, row) => row),
    marker: { color: palette[1], size: 8, line: { color: 'white', width: 1.5 } },
    error_x: { type: 'constant', value: reach, visible: reach > 0, color: palette[1], width: 4 },
    hovertemplate: 'mark at %{x:.2f}<extra></extra>',
    showlegend: false,
  };
}

/** The trace of one matrix. */
export function cells(
  rows: (number | null)[][],
  x: string,
  y: string,
  { gap, numbers, hover }: { gap: number; numbers: boolean; hover: string },
): Record<string, any> {
  return {
    type: 'heatmap',
    z: rows,
    xaxis: x,
    yaxis: y,
    xgap: gap,
    ygap: gap,
    hoverongaps: false,
    hovertemplate: `${hover}: %{z:.3~r}<extra></extra>`,
    ...(numbers ? { texttemplate: '%{z:.2f}', textfont: { size: 12 } } : {}),
  };
}

/** 'query "TH" → key "T"'; Plotly puts the labels of the axes there, or positions without quotes. */
export function hover(queries: string[] | undefined, keys: string[] | undefined): string {
  const slot = (tokens: string[] | undefined, position: string) =>
    tokens && tokens.length <= mostLabels ? `"${position}"` : position;
  return `query ${slot(queries, '%{y}')} → key ${slot(keys, '%{x}')}`;
}

/** A line between cells, where cells are large enough to spare it. */
export function gapOf(cell: number): number {
  return cell >= 14 ? 1 : 0;
}

export function axisTitle(text: string): Record<string, any> {
  return { text: plain(text), standoff: 8, font: { size: 12, color: quiet } };
}
