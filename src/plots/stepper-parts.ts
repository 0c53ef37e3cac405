/** What the stepper is made of: a row for each stage, the values with their sum, and their places. */
import { diverging, ink, pageWidth, plain, quiet, sequential, textWidth } from './figure';
import { gapOf } from './heatmap';
import type { Read } from './stages';
import { type TokenAxis, tokenAxis } from './tokens';
import { peak, rounded, scaleEnd } from './weights';
import { number } from './words';

/** What a stage draws, and what of it depends on the query. */
export interface Part {
  name: string;
  traces: Record<string, any>[];
  axes: Record<string, any>;
  /** The texts at the left: pale until the stage is reached. */
  names: Record<string, any>[];
  /** The text at the right: there once the stage is reached. */
  remark: (query: number) => string;
  /** What the colours mean, if no numbers say it. */
  legend: string;
  /** The ranges of the axes that show one query. */
  look: (query: number) => Record<string, any>;
  /** From which pixel to which, across and down: what is framed while the stage is the latest. */
  frame: { across: [number, number]; down: [number, number] };
}

/** Where things are, in pixels of the plot's area, and as shares of it. */
export interface Place {
  left: number;
  right: number;
  keys: TokenAxis;
  cell: number;
  panel: number;
  valuesTop: number;
  valuesHeight: number;
  across: number;
  down: number;
  x: (pixels: number) => number;
  y: (pixels: number) => number;
}

const rowHeight = 28;
const pitch = 35;
const contextWidth = 56;
export const edge = 16;
export const small = { size: 12, color: quiet };

/** @param depth how many numbers a value has; 0 without values */
export function measure(stages: Read[], depth: number, keys: string[]): Place {
  const names = [...stages.map((stage) => stage.name), 'context'];
  const left = edge + 12 + Math.max(...names.map((text) => textWidth(`1 ${text}`, 13)));
  const widest = Math.max(
    ...stages.map(({ note }) => textWidth(note, 12)),
    textWidth('sum 1.00', 12),
  );
  // What a remark needs beside the plot's area, which may be made smaller on a slide.
  const beside = Math.max(edge, widest + 18 - (depth ? 0.7 * (contextWidth + 12) : 0));
  const aside = depth ? contextWidth + 12 : 0;
  const labelled = keys.length <= 40;
  const fitting = (pageWidth - left - beside - aside) / keys.length;
  const cell = labelled ? Math.max(14.5, fitting) : fitting;
  const axis = tokenAxis(labelled ? keys : undefined, keys.length, cell, 'top');
  const [panel, across] = [cell * keys.length, cell * keys.length + aside];
  const rows = (stages.length - 1) * pitch + rowHeight;
  const valuesHeight = Math.min(104, Math.max(40, 24 * depth));
  const down = depth ? rows + 14 + valuesHeight : rows;
  return {
    left,
    right: Math.max(beside, axis.overhang + 12 - aside),
    keys: axis,
    cell,
    panel,
    valuesTop: rows + 14,
    valuesHeight,
    across,
    down,
    x: (pixels) => pixels / across,
    y: (pixels) => 1 - pixels / down,
  };
}

export const line = {
  type: 'linear',
  showgrid: false,
  zeroline: false,
  ticks: '',
  showline: true,
  linecolor: '#8c959f',
  mirror: 'all',
  fixedrange: true,
};
const bare = { ...line, showticklabels: false };

/** One row: a matrix of which the axis shows the query's part. */
export function row(
  { name: stage, note, rows, isWeights }: Read,
  i: number,
  all: Read[],
  place: Place,
): Part {
  const { cell, panel, y } = place;
  const y0 = i * pitch;
  const alike = all.filter((other) => other.isWeights === isWeights).flatMap((other) => other.rows);
  const end = scaleEnd(peak(alike));
  const digits = digitsThatFit(alike, cell, isWeights);
  const [axis, key] = i === 0 ? ['y', 'yaxis'] : [`y${i + 1}`, `yaxis${i + 1}`];
  const hides = rows.some((values) => values.includes(null));
  const text = rows.map((values) => values.map((z) => (z === null ? '−∞' : '')));
  const range = (q: number) => [q + 0.5, q - 0.5];
  return {
    name: stage,
    traces: [
      ...(hides ? [hatch(rows, axis)] : []),
      {
        type: 'heatmap',
        z: rounded(rows),
        yaxis: axis,
        xgap: gapOf(cell),
        hoverongaps: false,
        hovertemplate: `${plain(stage)}, key %{x}: %{z:.3~r}<extra></extra>`,
        ...colors(isWeights ? 0 : -end, end),
        ...printed(digits, hides && !isWeights),
        ...(hides && !isWeights && digits >= 0 ? { text } : {}),
      },
    ],
    axes: { [key]: { ...bare, anchor: 'x', domain: [y(y0 + rowHeight), y(y0)] } },
    names: [leftText(`<b>${i + 1}</b> ${plain(stage)}`, place, y(y0 + rowHeight / 2))],
    remark: (q) => {
      const sum = rows[q].reduce<number>((total, z) => total + (z ?? 0), 0);
      return [plain(note), isWeights ? `sum ${sum.toFixed(2)}` : ''].filter(Boolean).join(', ');
    },
    legend: digits < 0 ? legend(isWeights ? 'weights' : 'scores', isWeights ? 0 : -end, end) : '',
    look: (q) => ({ [`${key}.range`]: range(q) }),
    frame: { across: [0, panel], down: [y0, y0 + rowHeight] },
  };
}

// Behind the cells of a row, seen where keys are hidden.
function hatch(rows: Read['rows'], yaxis: string): Record<string, any> {
  const paper = '#eef0f3';
  return {
    type: 'bar',
    x: [(rows[0].length - 1) / 2],
    y: [rows.length],
    base: [-0.5],
    width: [rows[0].length],
    yaxis,
    zorder: -1,
    hoverinfo: 'skip',
    marker: {
      color: paper,
      line: { width: 0 },
      pattern: { shape: '/', bgcolor: paper, fgcolor: '#b4bbc4', size: 7, solidity: 0.2 },
    },
  };
}

/** The values under a veil that shows each as bright as its weight, and beside them their sum. */
export function context(values: number[][], stages: Read[], place: Place): Part {
  const { cell, panel, valuesTop, valuesHeight, across, down, x, y } = place;
  const weights = stages[stages.length - 1].rows;
  const columns = values[0].map((_, d) => values.map((value) => value[d]));
  const sums = columns.map((column) =>
    weights.map((row) => row.reduce<number>((sum, w, k) => sum + (w ?? 0) * column[k], 0)),
  );
  const end = scaleEnd(peak(values));
  const start = values.flat().some((value) => value < 0) ? -end : 0;
  const high = valuesHeight / columns.length >= 16;
  const digits = high ? digitsThatFit(values, cell) : -1;
  const numbered = digits >= 0;
  // Under numbers the colours are paler: the numbers are dark, also where the veil is.
  const tone = numbered ? colors(2 * start, 2 * end) : colors(start, end);
  const n = stages.length + 1;
  const [axis, over] = [`y${n}`, `y${n + 1}`];
  const range = [columns.length - 0.5, -0.5];
  const hover = 'value of key %{x}, number %{y}: %{z:.3~r}<extra></extra>';
  const all = { type: 'heatmap', yaxis: axis, ...tone };
  const z = rounded(columns);
  return {
    name: 'context',
    traces: [
      { ...all, z, xgap: gapOf(cell), hovertemplate: hover },
      { ...veil, z: weights.map(shares), yaxis: over },
      ...(numbered ? [{ ...glass, z, yaxis: `y${n + 2}`, ...printed(digits), textfont }] : []),
      {
        ...all,
        z: rounded(sums),
        xaxis: 'x2',
        hovertemplate: 'context, number %{y}: %{z:.3~r}<extra></extra>',
        ...printed(high ? digitsThatFit(sums, contextWidth) : -1),
      },
    ],
    axes: {
      xaxis2: { ...bare, anchor: axis, domain: [x(panel + 12), 1] },
      [`yaxis${n}`]: { ...bare, anchor: 'x', domain: [0, y(valuesTop)], range },
      [`yaxis${n + 1}`]: { ...bare, anchor: 'x', overlaying: axis },
      ...(numbered ? { [`yaxis${n + 2}`]: { ...bare, anchor: 'x', overlaying: axis, range } } : {}),
    },
    names: [
      leftText(`<b>${n}</b> context`, place, y(valuesTop + 10)),
      {
        ...leftText(`Σ weight<br>× value`, place, y(valuesTop + 10)),
        yanchor: 'top',
        yshift: -10,
        font: small,
      },
    ],
    remark: () => '',
    legend: numbered ? '' : legend('values', start, end),
    look: (q) => ({
      [`yaxis${n + 1}.range`]: [q + 0.5, q - 0.5],
      'xaxis2.range': [q - 0.5, q + 0.5],
    }),
    frame: { across: [panel + 12, across], down: [valuesTop, down] },
  };
}

const textfont = { size: 12, color: ink };
const veil = {
  type: 'heatmap',
  zmin: 0,
  zmax: 1,
  colorscale: [
    [0, 'rgba(255, 255, 255, 0.8)'],
    [1, 'rgba(255, 255, 255, 0)'],
  ],
  showscale: false,
  hoverinfo: 'skip',
};
const glass = { ...veil, colorscale: [0, 1].map((share) => [share, 'rgba(255, 255, 255, 0)']) };

/** The weights of a query as shares of the largest. */
function shares(weights: (number | null)[]): number[] {
  const most = Math.max(...weights.map((w) => Math.abs(w ?? 0))) || 1;
  return weights.map((w) => Number((Math.abs(w ?? 0) / most).toFixed(2)));
}

export function text(content: string): Record<string, any> {
  return {
    text: content,
    showarrow: false,
    xref: 'paper',
    yref: 'paper',
    xanchor: 'left',
    yanchor: 'middle',
    align: 'left',
  };
}

export function leftText(content: string, { left }: Place, y: number): Record<string, any> {
  return { ...text(content), x: 0, xshift: edge - left, y };
}

function colors(zmin: number, zmax: number): Record<string, any> {
  return { zmin, zmax, colorscale: zmin < 0 ? diverging : sequential, showscale: false };
}

function legend(what: string, from: number, to: number): string {
  const colored = (x: number, color: string) => `<span style="color:${color}">${number(x)}</span>`;
  return `${what} ${colored(from, from < 0 ? '#c55f1c' : quiet)} to ${colored(to, '#2471bd')}`;
}

function printed(digits: number, orText = false): Record<string, any> {
  const texttemplate = `%{z:.${digits}f}${orText ? '%{text}' : ''}`;
  return digits < 0 ? {} : { texttemplate, textfont: { size: 12 } };
}

/** How many digits after the point the numbers of a row have room for; −1 if none. */
function digitsThatFit(rows: (number | null)[][], cell: number, exact = false): number {
  const width = (x: number, digits: number) => {
    const shown = x.toFixed(digits);
    return shown.length * 6.7 - (shown.startsWith('-') ? 2.7 : 0) - (digits > 0 ? 3.3 : 0);
  };
  const shown = rows.flat().filter((x): x is number => x !== null);
  const fits = (digits: number) =>
    shown.every((x) => width(x, digits) <= cell - (digits > 1 ? 5 : 2));
  return (exact ? [2] : [2, 1]).find(fits) ?? -1;
}
