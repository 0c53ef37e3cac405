import {
  type Figure,
  figure,
  type Heading,
  pageWidth,
  palette,
  plain,
  quiet,
  textWidth,
} from './figure';
import { number, sentences } from './words';

/** One line: `y` over `x`. */
export interface Series {
  name: string;
  /** Values that are not finite (a loss that ran away) leave a gap. */
  y: ArrayLike<number>;
  /** Default: 0, 1, 2, … */
  x?: ArrayLike<number>;
  /** Half the length of an error bar at each point: a standard error, say. */
  error?: ArrayLike<number>;
  /**
   * Draws the raw values pale, and over them their running mean, in which each step back counts
   * this much of the one after it: 0.9 looks back about ten steps. Default 0: the raw values only.
   */
  smooth?: number;
  /** Points without a line: measurements beside a curve. */
  points?: boolean;
}

export interface CurvesOptions extends Heading {
  /** What is counted across: 'step', 'word length'. */
  xTitle: string;
  /** What is measured, with its unit: 'loss (nats per sound)'. */
  yTitle: string;
  /** A logarithmic axis; its values must be above 0. */
  logX?: boolean;
  logY?: boolean;
  /** Mark each point. Default: up to 30 points. */
  markers?: boolean;
  /** The ends of the y axis. Default: what the values need, and 0 if they come near it. */
  yRange?: [number, number];
  /** Horizontal lines to compare with: chance, the paper's number. */
  levels?: { name: string; y: number }[];
  /** The alternative text gives the numbers. For those that differ in every run: words instead. */
  words?: string;
}

/**
 * Lines over a common axis: losses while training, error against word length, time against tokens.
 * Each line has its name at its right end.
 *
 * @throws if there is no line, `x`, `y` and `error` differ in length, or a logarithmic axis gets a
 * value that is not above 0; the message names the line and the position.
 *
 * @example
 * curves([{ name: 'training', y: losses, smooth: 0.9 }, { name: 'held out', x: steps, y: heldOut }], {
 *   title: 'Loss of the additive decoder', xTitle: 'step', yTitle: 'loss (nats per sound)',
 * })
 */
export function curves(series: Series[], options: CurvesOptions): Figure {
  const { xTitle, yTitle, logX = false, logY = false, levels = [] } = options;
  if (series.length === 0) throw new Error('curves() was given no line to draw');
  const lines = series.map((line) => read(line, logX, logY));
  const longest = Math.max(...lines.map(({ y }) => y.length));
  const { markers = longest <= 30 } = options;

  const range = options.yRange ?? span(lines, levels, logY);
  const axisRange = logY ? range.map(Math.log10) : range;
  const height = 300;
  const labels = spread(
    [
      ...lines.map(({ name, y, smoothed }, i) => ({
        name,
        y: last(smoothed ?? y),
        color: palette[i % palette.length],
        sign: signs[i % signs.length],
      })),
      ...levels.map((level) => ({ ...level, color: quiet, sign: '┄' })),
    ].filter(({ y }) => y !== undefined) as EndLabel[],
    (y) => ((logY ? Math.log10(y) : y) - axisRange[0]) / (axisRange[1] - axisRange[0]),
    height,
  );
  const margin = {
    top: 14,
    left: 72,
    bottom: 56,
    right: 20 + Math.max(0, ...labels.map(({ name }) => textWidth(`● ${name}`, 13))),
  };
  return figure(
    lines.flatMap((line, i) => traces(line, i, markers, xTitle)),
    {
      xaxis: axis(xTitle, logX && logTicks(lines.flatMap(({ x }) => x))),
      yaxis: { ...axis(yTitle, logY && orders(range)), range: axisRange },
      showlegend: false,
      hovermode: 'closest',
      shapes: levels.map(({ y }) => ({
        type: 'line',
        xref: 'paper',
        x0: 0,
        x1: 1,
        y0: y,
        y1: y,
        layer: 'below',
        line: { color: quiet, width: 1.5, dash: 'dot' },
      })),
      annotations: labels.map(({ name, y, color, sign, shift }) => ({
        text: `<span style="color:${color}">${sign}</span> ${plain(name)}`,
        showarrow: false,
        xref: 'paper',
        x: 1,
        xanchor: 'left',
        xshift: 6,
        y: logY ? Math.log10(y) : y,
        yshift: shift,
        font: { size: 13 },
      })),
    },
    options,
    {
      width: Math.max(pageWidth, 360 + margin.left + margin.right),
      height: height + margin.top + margin.bottom,
      margin,
    },
    sentences(
      `Line chart: ${options.title}`,
      options.subtitle,
      `${yTitle} against ${xTitle}`,
      options.words ?? lines.map(journey).join('; '),
      levels.map(({ name, y }) => `${name} is at ${number(y)}`).join('; '),
    ),
  );
}

// What tells lines apart besides their colour, and the same symbols as characters.
const dashes = ['solid', 'dash', 'dot', 'dashdot'];
const symbols = ['circle', 'square', 'diamond', 'triangle-up'];
const signs = ['●', '■', '◆', '▲'];

interface Line {
  name: string;
  x: number[];
  y: (number | null)[];
  error?: number[];
  points: boolean;
  smoothed?: (number | null)[];
}

interface EndLabel {
  name: string;
  y: number;
  color: string;
  sign: string;
}

function read(
  { name, x, y, error, smooth = 0, points = false }: Series,
  logX: boolean,
  logY: boolean,
): Line {
  if (!(smooth >= 0 && smooth < 1)) {
    throw new Error(`"${name}" has smooth = ${smooth}, not 0 or more and below 1`);
  }
  const line: Line = {
    name,
    points,
    x: x ? Array.from(x) : Array.from(y, (_, i) => i),
    y: Array.from(y, (value) => (Number.isFinite(value) ? rounded(value) : null)),
    error: error && Array.from(error, rounded),
  };
  if (smooth > 0) line.smoothed = runningMean(line.y, smooth);
  for (const [role, values] of [
    ['x', line.x],
    ['error', line.error],
  ] as const) {
    if (values && values.length !== line.y.length) {
      throw new Error(
        `"${name}" has ${line.y.length} values of y, but ${values.length} of ${role}`,
      );
    }
  }
  for (const [role, values, log] of [
    ['x', line.x, logX],
    ['y', line.y, logY],
  ] as const) {
    const wrong = values.findIndex((value) => value !== null && value <= 0);
    if (log && wrong >= 0) {
      throw new Error(
        `"${name}" has ${role} = ${values[wrong]} at position ${wrong}: ` +
          'a logarithmic axis needs values above 0',
      );
    }
  }
  return line;
}

function traces(
  { name, x, y, error, points, smoothed }: Line,
  index: number,
  markers: boolean,
  xTitle: string,
): Record<string, any>[] {
  const color = palette[index % palette.length];
  const line = {
    type: 'scatter',
    name: plain(name),
    x,
    y: smoothed ?? y,
    ...((markers || points) && !smoothed
      ? {
          mode: points ? 'markers' : 'lines+markers',
          marker: { color, size: points ? 9 : 6, symbol: symbols[index % symbols.length] },
        }
      : { mode: 'lines' }),
    ...(points ? {} : { line: { color, width: 2, dash: dashes[index % dashes.length] } }),
    hovertemplate: `${plain(name)}, ${plain(xTitle)} %{x}: %{y:.4~r}<extra></extra>`,
    ...(error ? { error_y: { type: 'data', array: error, thickness: 1.2, width: 3, color } } : {}),
  };
  if (!smoothed) return [line];
  const raw = { type: 'scatter', x, y, mode: 'lines', line: { color, width: 1 }, opacity: 0.3 };
  return [{ ...raw, hoverinfo: 'skip' }, line];
}

/** The mean of all values so far, each step back counting `keep` times as much as the one after. */
export function runningMean(values: (number | null)[], keep: number): (number | null)[] {
  let [sum, weight] = [0, 0];
  return values.map((value) => {
    if (value === null) return null;
    sum = keep * sum + value;
    weight = keep * weight + 1;
    return rounded(sum / weight);
  });
}

function span(lines: Line[], levels: { y: number }[], log: boolean): [number, number] {
  const values = levels.map(({ y }) => y);
  for (const { y, error } of lines) {
    y.forEach((value, i) => {
      if (value === null) return;
      const reach = error ? error[i] : 0;
      values.push(value + reach);
      if (!log || value > reach) values.push(value - reach);
    });
  }
  if (values.length === 0) return log ? [0.1, 1] : [0, 1];
  const [low, high] = extent(values);
  if (log) return [low / 1.15, high * 1.15];
  const room = (high - low || Math.abs(high) || 1) * 0.05;
  return [low >= 0 && low < high / 2 ? 0 : low - room, high + room];
}

// Pushes the names at the lines' ends apart, from the bottom up and, past the top, down again.
function spread(
  labels: EndLabel[],
  share: (y: number) => number,
  height: number,
): (EndLabel & { shift: number })[] {
  const apart = 17;
  const placed = labels
    .map((label) => ({ ...label, at: share(label.y) * height }))
    .filter(({ at }) => at >= -1 && at <= height + 1)
    .sort((a, b) => a.at - b.at)
    .map((label) => ({ ...label, to: label.at }));
  placed.forEach((label, i) => {
    if (i > 0) label.to = Math.max(label.to, placed[i - 1].to + apart);
  });
  placed.reverse().forEach((label, i) => {
    label.to = Math.min(label.to, i === 0 ? height : placed[i - 1].to - apart);
  });
  return placed.map(({ at, to, ...label }) => ({ ...label, shift: Math.round(to - at) || 0 })); // never −0, which is not JSON
}

function axis(title: string, log: false | number[]): Record<string, any> {
  return {
    title: { text: plain(title), standoff: 10, font: { size: 13, color: quiet } },
    type: log ? 'log' : 'linear',
    showline: true,
    linecolor: '#8c959f',
    gridcolor: '#e6e9ed',
    zeroline: false,
    ticks: 'outside',
    ticklen: 4,
    tickcolor: '#8c959f',
    automargin: true,
    ...(log ? { tickmode: 'array', tickvals: log, ticktext: log.map(written) } : {}),
  };
}

// Where measurements are few and far apart (1, 2, 4, 8 … heads), each has a tick of its own.
function logTicks(x: number[]): number[] {
  const places = [...new Set(x)].sort((a, b) => a - b);
  const apart = Math.log(places[places.length - 1] / places[0]) / 12;
  const few = places.every((place, i) => i === 0 || Math.log(place / places[i - 1]) >= apart);
  return few ? places : orders(extent(x));
}

// 1, 2, 5, 10, 20, 50 … within an order of magnitude or two, else 1, 10, 100 …
function orders([low, high]: [number, number]): number[] {
  const decades = Math.log10(high / low);
  const digits = decades > 2.5 ? [1] : [1, 2, 5];
  const first = Math.floor(Math.log10(low));
  const every = Math.ceil(decades / 8);
  return Array.from({ length: Math.ceil(decades) + 2 }, (_, i) => first + i)
    .filter((_, i) => i % every === 0)
    .flatMap((power) => digits.map((digit) => Number(`${digit}e${power}`)))
    .filter((value) => value >= low / 1.2 && value <= high * 1.2);
}

const written = (value: number) =>
  value >= 1e6 || value < 1e-3 ? value.toExponential().replace('e+', 'e') : String(value);

function extent(values: number[]): [number, number] {
  return [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
}

// 'training from 2.31 at 0 to 0.12 at 500, lowest 0.11 at 480'
function journey({ name, x, y }: Line): string {
  const points = y
    .map((value, i) => ({ value, x: x[i] }))
    .filter((point): point is { value: number; x: number } => point.value !== null);
  if (points.length === 0) return `${name} has no finite value`;
  const said = ({ value, x }: { value: number; x: number }) => `${number(value)} at ${number(x)}`;
  const first = points[0];
  const end = points[points.length - 1];
  const lowest = points.reduce((a, b) => (b.value < a.value ? b : a));
  const highest = points.reduce((a, b) => (b.value > a.value ? b : a));
  const range = `lowest ${said(lowest)}, highest ${said(highest)}`;
  return `${name} goes from ${said(first)} to ${said(end)}, ${range}`;
}

function last(values: (number | null)[]): number | undefined {
  return values.filter((value): value is number => value !== null).pop();
}

// Float32 prints as 17 digits; five tell all that can be seen.
function rounded(value: number): number {
  return Number(value.toPrecision(5));
}
