import { barWidth, largestOf, onOneScale, type Scale } from './colors';
import {
  type Figure,
  faint,
  figure,
  type Heading,
  masked,
  pageWidth,
  plain,
  quiet,
  textWidth,
} from './figure';
import { grid } from './grid';
import { axisTitle, cells, gapOf, hover } from './heatmap';
import { checkTokens, mostLabels, tokenAxis } from './tokens';
import { type Matrices, peak, readGrid } from './weights';
import { name, number, sentences, strongest } from './words';

export interface HeadsOptions extends Heading, Scale {
  /** A token for each row of every panel; default: positions from 0. */
  queries?: string[];
  /** A token for each column of every panel; default: positions from 0. */
  keys?: string[];
  /** What the rows are. Default 'query'. */
  queryTitle?: string;
  /** What the columns are. Default 'key'. */
  keyTitle?: string;
  /** The names of the panels, row by row. Default 'head 1', … or 'layer 1, head 1', … */
  names?: string[];
  /** How many panels in a row. Default: as many as there are heads in a layer, or up to 4. */
  columns?: number;
}

/**
 * The weights of several heads side by side, on one colour scale: queries down, keys across.
 *
 * Tokens label the outer panels, unless cells get smaller than 10 pixels; hovering names them in
 * every panel. Any stack of equally large matrices will do: give `names` if they are not heads.
 *
 * @param weights `[heads, queries, keys]`, or `[layers, heads, queries, keys]` with a row for each
 * layer.
 * @throws as `heatmap`; or if the rank is neither 3 nor 4, or a name is missing.
 *
 * @example
 * heads(weights, { title: 'Encoder self-attention, layer 1', queries: tokens, keys: tokens })
 */
export function heads(weights: Matrices, options: HeadsOptions): Figure {
  const { queries, keys, queryTitle = 'query', keyTitle = 'key', signed = false } = options;
  const what = signed ? 'scores' : 'weights';
  const layers = readGrid(weights, what, '[heads, queries, keys] or with layers before', options);
  const matrices = layers.flat();
  const [rowCount, columnCount] = [matrices[0].length, matrices[0][0].length];
  checkTokens(queries, rowCount, what, 'query');
  checkTokens(keys, columnCount, what, 'key');

  const names = options.names ?? headNames(layers.length, layers[0].length);
  if (names.length !== matrices.length) {
    throw new Error(`there are ${matrices.length} panels, but ${names.length} names were given`);
  }

  const columns = options.columns ?? (layers.length > 1 ? layers[0].length : inRow(names.length));
  const gap = { x: 18, y: 40 };
  const share = (width: number) => (width - gap.x * (columns - 1)) / columns;
  // Up to three panels in a row fit the page. More get up to 130 pixels each, and the page scrolls.
  const room = Math.min(320, Math.max(share(pageWidth - 180), Math.min(130, share(760))));
  const exact = Math.min(40, room / Math.max(rowCount, columnCount));
  const cell = exact > 6 ? Math.floor(exact) : exact;
  const panel = { width: columnCount * cell, height: rowCount * cell };
  // A narrow panel still needs the room for its name.
  gap.x = Math.max(gap.x, widestName(names) - panel.width);

  const labelled = cell >= 10 && Math.max(rowCount, columnCount) <= mostLabels;
  const left = tokenAxis(queries, rowCount, cell, 'left');
  const top = tokenAxis(keys, columnCount, cell, 'top');
  const { size, panels } = grid(names.length, columns, panel, gap, {
    top: (labelled ? top.depth : 6) + 24,
    left: (labelled ? left.depth : 6) + 36,
    bottom: Math.max(34, 126 - panel.height),
    right: Math.max(barWidth, labelled ? top.overhang + 12 : 0),
  });

  const axes = panels.flatMap(({ row, column, x, y, xaxis, yaxis, xdomain, ydomain }) => {
    const [across, down] = [
      labelled && row === 0 ? top.axis : unlabelled(top.axis),
      labelled && column === 0 ? left.axis : unlabelled(left.axis),
    ];
    const titles =
      row + column === 0 ? [axisTitle(keyTitle), axisTitle(queryTitle)] : [undefined, undefined];
    return [
      [xaxis, { ...across, domain: xdomain, anchor: y, title: titles[0] }],
      [yaxis, { ...down, domain: ydomain, anchor: x, title: titles[1] }],
    ];
  });
  const largest = Math.max(...matrices.map(peak));
  const height = (panels[panels.length - 1].row + 1) * (panel.height + gap.y) - gap.y;
  return figure(
    onOneScale(
      matrices.map((matrix, i) =>
        cells(matrix, panels[i].x, panels[i].y, {
          gap: gapOf(cell),
          numbers: false,
          hover: `${plain(names[i])}: ${hover(queries, keys)}`,
        }),
      ),
      options,
      largest,
      height,
    ),
    {
      ...Object.fromEntries(axes),
      plot_bgcolor: signed ? masked : faint,
      annotations: panels.map((p, i) => caption(names[i], p.xdomain, p.ydomain)),
    },
    options,
    size,
    sentences(
      `${names.length} heatmaps: ${options.title}`,
      options.subtitle,
      `${queryTitle} down (${rowCount}), ${keyTitle} across (${columnCount})`,
      `${largestOf(options)}: ${matrices
        .map((matrix, i) => `${names[i]} ${summit(matrix, queries, keys)}`)
        .join('; ')}`,
    ),
  );
}

/** The name of a panel, centred below it. */
export function caption(
  text: string,
  xdomain: [number, number],
  ydomain: [number, number],
): Record<string, any> {
  return {
    text: plain(text),
    showarrow: false,
    xref: 'paper',
    yref: 'paper',
    x: (xdomain[0] + xdomain[1]) / 2,
    y: ydomain[0],
    xanchor: 'center',
    yanchor: 'top',
    yshift: -2,
    font: { size: 12, color: quiet },
  };
}

/** The room in pixels that every panel needs for its name. */
export function widestName(names: string[]): number {
  return Math.max(...names.map((text) => textWidth(text, 12))) + 10;
}

function headNames(layers: number, heads: number): string[] {
  return Array.from({ length: layers * heads }, (_, i) => {
    const head = `head ${(i % heads) + 1}`;
    return layers > 1 ? `layer ${Math.floor(i / heads) + 1}, ${head}` : head;
  });
}

// The tokens stay with the axis, for the hover to name.
function unlabelled(axis: Record<string, any>): Record<string, any> {
  const { tickangle, tickfont, ticklabelstandoff, ...kept } = axis;
  return { ...kept, showticklabels: false };
}

/** Up to four in a row, three where that leaves no gap. */
export function inRow(count: number): number {
  if (count <= 4) return count;
  if (count > 16) return Math.ceil(Math.sqrt(count));
  return count % 4 !== 0 && count % 3 === 0 ? 3 : 4;
}

// The largest cell of a matrix: '"TH" → "T" 0.83'.
function summit(
  rows: (number | null)[][],
  queries: string[] | undefined,
  keys: string[] | undefined,
): string {
  const peaks = rows.map((row) => row[strongest(row)] ?? null);
  const query = strongest(peaks);
  if (query < 0) return 'none';
  const key = strongest(rows[query]);
  return `${name(queries, query)} → ${name(keys, key)} ${number(rows[query][key] as number)}`;
}
