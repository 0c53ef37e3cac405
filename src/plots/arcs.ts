import {
  type Figure,
  figure,
  type Heading,
  inPixels,
  legendBelow,
  palette,
  plain,
  quiet,
  textWidth,
  wrap,
} from './figure';
import { checkTokens, visible } from './tokens';
import { type Matrix, peak, readMatrix } from './weights';
import { name, number, sentences, strongestKeys } from './words';

export interface ArcsOptions extends Heading {
  /** One sequence that attends to itself: a token for each row and column. */
  tokens?: string[];
  /** Two sequences: a token for each row … */
  queries?: string[];
  /** … and a token for each column. */
  keys?: string[];
  /** What the left column is called. Default 'query'. */
  queryTitle?: string;
  /** What the right column is called. Default 'key'. */
  keyTitle?: string;
  /** Weights below this are not drawn. Default: a tenth of the largest. */
  threshold?: number;
}

/**
 * Attention weights as lines between tokens: the thicker and darker, the more weight.
 *
 * With `queries` and `keys`: queries at the left, keys at the right. With `tokens`: one sequence
 * on a line, where arcs above look back from a query to an earlier key, arcs below look ahead, and
 * a loop stays at its token. Hovering over a token lists its weights.
 *
 * @param weights `[queries, keys]`; leading dimensions of size 1 are dropped.
 * @throws as `heatmap`; or if neither `tokens` nor both `queries` and `keys` are given.
 *
 * @example
 * arcs(weights, { title: 'LSTMN, intra-attention', tokens: 'The FBI is chasing'.split(' ') })
 */
export function arcs(weights: Matrix, options: ArcsOptions): Figure {
  const rows = readMatrix(weights, 'weights') as number[][];
  const queries = options.tokens ?? options.queries;
  const keys = options.tokens ?? options.keys;
  if (!queries || !keys) {
    throw new Error('arcs() needs the tokens of one sequence, or the queries and keys of two');
  }
  checkTokens(queries, rows.length, 'weights', 'query');
  checkTokens(keys, rows[0].length, 'weights', 'key');
  const most = peak(rows) || 1;
  const threshold = options.threshold ?? most / 10;

  const links = rows
    .flatMap((row, query) => row.map((weight, key) => ({ query, key, weight })))
    .filter(({ weight }) => weight > 0 && weight >= threshold)
    .sort((a, b) => a.weight - b.weight);
  const drawing = options.tokens
    ? onOneLine(options.tokens, links)
    : inTwoColumns(queries, keys, options);

  const hovers = [
    ...queries.map((token, i) => about('query', token, rows[i], keys, '→')),
    ...keys.map((token, j) =>
      about(
        'key',
        token,
        rows.map((row) => row[j]),
        queries,
        '←',
      ),
    ),
  ];
  const { width, height } = drawing;
  const across = Math.max(340, width + drawing.margin.left + drawing.margin.right);
  const legend = wrap(
    `Lines: weights from ${number(threshold)} to ${number(most)}.${drawing.legend}`,
    across - 32,
    12,
  );
  const margin = { ...drawing.margin, bottom: 24 + 17 * legend.length };
  return figure(
    [
      {
        type: 'scatter',
        mode: 'markers',
        x: drawing.points.map(([x]) => x),
        y: drawing.points.map(([, y]) => y),
        marker: { size: drawing.marker, color: palette[0], opacity: drawing.marker > 8 ? 0 : 1 },
        hovertext: options.tokens
          ? queries.map((_, i) => `${hovers[i]}<br>${hovers[queries.length + i]}`)
          : hovers,
        hoverinfo: 'text',
        cliponaxis: false,
      },
    ],
    {
      ...inPixels(width, height),
      hoverlabel: { align: 'left' },
      shapes: links.map(({ query, key, weight }) => ({
        type: 'path',
        path: drawing.path(query, key),
        layer: 'below',
        opacity: Number((0.15 + 0.85 * (weight / most)).toFixed(3)),
        line: { color: palette[0], width: Number((0.6 + 5 * (weight / most)).toFixed(2)) },
      })),
      annotations: [...drawing.labels, legendBelow(legend, height, margin)],
    },
    options,
    {
      width: across,
      height: height + margin.top + margin.bottom,
      margin,
    },
    sentences(
      `Lines between tokens: ${options.title}`,
      options.subtitle,
      `Most weight: ${strongestKeys(rows, queries, keys)}`,
    ),
  );
}

/** Where tokens are and how lines run between them, in pixels from the top left. */
interface Drawing {
  width: number;
  height: number;
  margin: { top: number; right: number; left: number };
  /** Where to hover: queries, then keys; or the tokens of the one sequence. */
  points: [number, number][];
  /** The diameter of the points; large ones are invisible, there only to be hovered over. */
  marker: number;
  labels: Record<string, any>[];
  legend: string;
  path(query: number, key: number): string;
}

function inTwoColumns(
  queries: string[],
  keys: string[],
  { queryTitle = 'query', keyTitle = 'key' }: ArcsOptions,
): Drawing {
  const width = 260;
  const height = Math.max(queries.length, keys.length) * (queries.length > 24 ? 20 : 26);
  const left = queries.map((_, i): [number, number] => [0, ((i + 0.5) * height) / queries.length]);
  const right = keys.map((_, j): [number, number] => [width, ((j + 0.5) * height) / keys.length]);
  const widest = (tokens: string[], title: string) =>
    Math.max(textWidth(title, 12), ...tokens.map((token) => textWidth(visible(token), 13)));
  const heading = { font: { size: 12, color: quiet }, yanchor: 'bottom', y: 0, yshift: 2 };
  return {
    width,
    height,
    margin: { top: 26, left: widest(queries, queryTitle) + 28, right: widest(keys, keyTitle) + 28 },
    points: [...left, ...right],
    marker: 5,
    labels: [
      { ...text(queryTitle), ...heading, x: 0, xshift: -8, xanchor: 'right' },
      { ...text(keyTitle), ...heading, x: width, xshift: 8, xanchor: 'left' },
      ...queries.map((token, i) => ({ ...text(visible(token)), ...at(left[i], -8, 'right') })),
      ...keys.map((token, j) => ({ ...text(visible(token)), ...at(right[j], 8, 'left') })),
    ],
    legend: '',
    path(query, key) {
      const [x1, y1] = left[query];
      const [x2, y2] = right[key];
      return curve(x1, y1, width / 2, y1, width / 2, y2, x2, y2);
    },
  };
}

function onOneLine(tokens: string[], links: { query: number; key: number }[]): Drawing {
  const widths = tokens.map((token) => textWidth(visible(token), 14));
  const total = widths.reduce((sum, width) => sum + width + 16, 0);
  // Upright words where the sentence is too long for one line.
  const upright = total > 900;
  const band = upright ? Math.max(...widths) + 12 : 26;
  const slots = widths.map((width) => (upright ? 20 : width + 16));
  const centres = slots.map(
    (slot, i) => slots.slice(0, i).reduce((sum, width) => sum + width, 0) + slot / 2,
  );
  const width = slots.reduce((sum, slot) => sum + slot, 0);

  // A cubic's peak is at ¾ of its handles' height.
  const distance = ({ query, key }: { query: number; key: number }) =>
    Math.abs(centres[query] - centres[key]);
  const back = Math.max(0, ...links.filter(({ query, key }) => key < query).map(distance));
  const ahead = Math.max(0, ...links.filter(({ query, key }) => key > query).map(distance));
  const rise = Math.min(0.65, 300 / Math.max(back, ahead, 1));
  const above = Math.max(34, 0.75 * rise * back + 10);
  const below = ahead > 0 ? 0.75 * rise * ahead + 10 : 4;
  const height = above + band + below;
  return {
    width,
    height,
    margin: { top: 6, left: 24, right: 24 },
    points: centres.map((x) => [x, above + band / 2]),
    marker: 22,
    labels: tokens.map((token, i) => ({
      ...text(visible(token)),
      x: centres[i],
      y: above + band / 2,
      textangle: upright ? -90 : 0,
      font: { size: 14 },
    })),
    legend:
      ahead > 0
        ? ' Arcs above look back from a query to an earlier key, arcs below look ahead.'
        : ' Arcs look back from a query to an earlier key.',
    path(query, key) {
      const [x1, x2] = [centres[query], centres[key]];
      if (query === key)
        return curve(x1, above, x1 - 20, above - 34, x1 + 20, above - 34, x1, above);
      const [y, up] = key < query ? [above, -1] : [above + band, 1];
      const handle = y + up * rise * Math.abs(x1 - x2);
      return curve(x1, y, x1, handle, x2, handle, x2, y);
    },
  };
}

// A cubic Bézier curve, as SVG writes it.
function curve(...numbers: number[]): string {
  const [x, y, ...rest] = numbers.map((value) => Number(value.toFixed(1)));
  return `M ${x},${y} C ${rest.join(' ')}`;
}

function text(words: string): Record<string, any> {
  return { text: plain(words), showarrow: false, xref: 'x', yref: 'y', font: { size: 13 } };
}

function at([x, y]: [number, number], shift: number, xanchor: string): Record<string, any> {
  // Plotly leaves out what is anchored outside the axes, but not what is shifted there.
  return { x, y, xshift: shift, xanchor, yanchor: 'middle' };
}

// 'query "TH" → "T" 0.83, "H" 0.12': the largest five.
function about(
  role: string,
  token: string,
  weights: number[],
  others: string[],
  arrow: string,
): string {
  const largest = weights
    .map((weight, i) => ({ weight, i }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .slice(0, 5)
    .map(({ weight, i }) => `${name(others, i)} ${number(weight)}`);
  return plain(`${role} "${visible(token)}" ${arrow} ${largest.join(', ') || 'nothing'}`);
}
