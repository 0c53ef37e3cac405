import {
  diverging,
  type Figure,
  figure,
  type Heading,
  ink,
  pageWidth,
  plain,
  quiet,
  sequential,
  textWidth,
} from './figure';
import { gapOf } from './heatmap';
import { type PlainStages, plainStages, type Read, readStages, type Stage } from './stages';
import { checkTokens, type TokenAxis, tokenAxis, visible } from './tokens';
import { type Matrix, peak, readExactly, rounded, scaleEnd } from './weights';
import { name, number, sentences } from './words';

export type StepperOptions = Heading & {
  queries: string[];
  keys: string[];
  /** What the weights sum up to the context: `[keys, depth]`. Left out: the steps end before. */
  values?: Matrix;
  /** The query that is shown first, and in a still picture. Default 0. */
  query?: number;
} & (PlainStages | { stages: Stage[] });

/**
 * Attention step by step, for one query at a time: its scores of all keys, scaled, masked, made
 * weights by a softmax, and the values summed up to the context. One slider goes through the
 * stages, the other through the queries. It begins with all stages, so that a still picture shows
 * them all.
 *
 * Hidden keys are hatched. Below the weights stand the values, a column for each key, which fades
 * with its weight. A mechanism with other stages names them: `stages`. Best up to 13 keys, whose
 * numbers fit into the cells; above 40, keys are numbered.
 *
 * All numbers are stored once: the sliders change what is seen of them (no animation frames).
 *
 * @throws if shapes differ, or the weights are not the softmax of the masked, scaled scores (to
 * 1e-4): the message names the query and the key. A query that may see no key has weights 0.
 *
 * @example
 * stepper({
 *   title: 'Scaled dot-product attention', queries: words, keys: words, scores: q.matMul(k, false, true),
 *   scoreName: 'q · k', scale: 1 / Math.sqrt(64), mask: causalMask(9), weights, values,
 * })
 * stepper({
 *   title: 'LSH attention', queries: words, keys: words, values,
 *   stages: [
 *     { name: 'scores', matrix: scores, note: 'q · k' },
 *     { name: 'same bucket', matrix: inBucket }, // −Infinity elsewhere
 *     { name: 'softmax', matrix: weights, kind: 'softmax' },
 *   ],
 * })
 */
export function stepper(options: StepperOptions): Figure {
  const { queries, keys, query = 0 } = options;
  const stages = readStages(
    'stages' in options ? options.stages : plainStages(options),
    queries,
    keys,
  );
  const values = options.values && readExactly(options.values, 'values', { signed: true });
  if (values) checkTokens(keys, values.length, 'values', 'key');
  if (queries[query] === undefined) {
    throw new Error(`stepper(): there is no query ${query}, only 0 to ${queries.length - 1}`);
  }
  const place = measure(stages, values?.[0].length ?? 0, options);
  const parts = stages.map((stage, i) => row(stage, i, stages, place));
  if (values) parts.push(context(values as number[][], stages, place));
  return assemble(parts, place, options, query, describe(parts, stages, options, query));
}

/** What a stage draws, and what of it depends on the query. */
interface Part {
  name: string;
  traces: Record<string, any>[];
  axes: Record<string, any>;
  /** The texts at the left: pale until the stage is reached. */
  names: Record<string, any>[];
  /** The text at the right: there once the stage is reached. */
  remark: (query: number) => string;
  /** The ranges of the axes that show one query. */
  look: (query: number) => Record<string, any>;
  /** From which pixel to which, across and down: what is framed while the stage is the latest. */
  frame: { across: [number, number]; down: [number, number] };
}

/** Where things are, in pixels of the plot's area, and as shares of it. */
interface Place {
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
const edge = 16;
const accent = '#d55e00';
const sumOf = 'weight × value';

function measure(stages: Read[], depth: number, { keys, values }: StepperOptions): Place {
  const names = [...stages.map((stage) => stage.name), 'context'];
  const left =
    edge + 12 + Math.max(...names.map((text) => textWidth(`1 ${text}`, 13)), textWidth(sumOf, 12));
  const widest = Math.max(
    ...stages.map(({ note }) => textWidth(note, 12)),
    textWidth('sum 1.00', 12),
  );
  // What a remark needs beside the plot's area, which may be made smaller on a slide.
  const right = Math.max(edge, widest + 18 - (values ? 0.7 * (contextWidth + 12) : 0));
  const aside = values ? contextWidth + 12 : 0;
  const labelled = keys.length <= 40;
  const fitting = (pageWidth - left - right - aside) / keys.length;
  const cell = labelled ? Math.max(14, fitting) : fitting;
  const [panel, across] = [cell * keys.length, cell * keys.length + aside];
  const rows = (stages.length - 1) * pitch + rowHeight;
  const valuesHeight = Math.min(104, Math.max(40, 24 * depth));
  const down = values ? rows + 14 + valuesHeight : rows;
  return {
    left,
    right,
    keys: tokenAxis(labelled ? keys : undefined, keys.length, cell, 'top'),
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

const line = {
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
function row(
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
  const first = all.findIndex((other) => other.isWeights === isWeights) === i;
  const scale = first && digits < 0 ? `<br>${legend(isWeights ? 0 : -end, end)}` : '';
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
      const said = [plain(note), ...(isWeights ? [`sum ${sum.toFixed(2)}`] : [])];
      return said.filter(Boolean).join(', ') + scale;
    },
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
function context(values: number[][], stages: Read[], place: Place): Part {
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
  const note = numbered ? '' : `<br>${legend(start, end)}`;
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
        ...leftText(`sum of<br>${sumOf}${note}`, place, y(valuesTop + 10)),
        yanchor: 'top',
        yshift: -10,
        font: { size: 12, color: quiet },
      },
    ],
    remark: () => '',
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

function assemble(
  parts: Part[],
  place: Place,
  options: StepperOptions,
  query: number,
  alt: string,
): Figure {
  const { queries, keys } = options;
  const { cell, panel, across, down, x, y } = place;
  const last = parts.length - 1;
  const names = parts.flatMap((part) => part.names);
  const owner = parts.flatMap((part, i) => part.names.map(() => i));
  const remarks = (q: number) => parts.map((part) => part.remark(q));
  const [remarksAt, pillAt] = [names.length, names.length + parts.length];
  const pill = (q: number) => `<b>${plain(visible(queries[q]))}</b>`;

  // In self-attention the query's own column is marked.
  const self = queries.length === keys.length && queries.every((token, i) => token === keys[i]);
  const column = (q: number) => ({ x0: q - 0.5, x1: q + 0.5 });
  const frame = ({ across, down }: Part['frame']) => ({
    x0: x(across[0]),
    x1: x(across[1]),
    y0: y(down[1]),
    y1: y(down[0]),
  });
  const stageSteps = parts.map((part, stage) => ({
    label: '',
    method: 'update',
    args: [
      { visible: parts.flatMap(({ traces }, i) => traces.map(() => i <= stage)) },
      {
        ...each(
          'annotations',
          0,
          names.map((_, i) => ({ opacity: owner[i] <= stage ? 1 : 0.35 })),
        ),
        ...each(
          'annotations',
          remarksAt,
          parts.map((_, i) => ({ visible: i <= stage })),
        ),
        ...each('shapes', 0, [frame(part.frame)]),
        [`annotations[${pillAt + 1}].text`]: `stage ${stage + 1}`,
      },
    ],
  }));
  const querySteps = queries.map((token, q) => ({
    label: plain(visible(token)),
    method: 'relayout',
    args: [
      {
        ...Object.assign({}, ...parts.map((part) => part.look(q))),
        ...each(
          'annotations',
          remarksAt,
          remarks(q).map((text) => ({ text })),
        ),
        [`annotations[${pillAt}].text`]: pill(q),
        ...(self ? each('shapes', 1, [column(q)]) : {}),
      },
    ],
  }));

  const top = Math.max(place.keys.depth + 8, 48);
  const bottom = 102;
  const layout: Record<string, any> = {
    xaxis: {
      ...place.keys.axis,
      ...line,
      anchor: 'y',
      domain: [0, x(panel)],
      // Up to the last cell, not to the line after it.
      range: [-0.5, keys.length - 0.5 - gapOf(cell) / cell],
    },
    ...Object.assign({}, ...parts.map(({ axes }) => axes)),
    annotations: [
      ...names,
      ...parts.map(({ frame, remark }) => ({
        ...text(remark(query)),
        x: x(panel),
        xshift: 10,
        y: y((frame.down[0] + frame.down[1]) / 2),
        font: { size: 12, color: quiet },
      })),
      {
        ...leftText(pill(query), place, 1),
        yanchor: 'bottom',
        yshift: 6,
        bgcolor: '#fff3ea',
        bordercolor: accent,
        borderpad: 2,
      },
      { ...leftText(`stage ${last + 1}`, place, 0), yshift: -24 },
      { ...leftText('query', place, 0), yshift: -56 },
      {
        ...leftText('query', place, 1),
        yanchor: 'bottom',
        yshift: 28,
        font: { size: 12, color: quiet },
      },
      {
        ...text('keys'),
        x: x(panel),
        xshift: 10,
        y: 1,
        yanchor: 'bottom',
        yshift: 4,
        font: { size: 12, color: quiet },
      },
    ],
    shapes: [
      {
        type: 'rect',
        xref: 'paper',
        yref: 'paper',
        ...frame(parts[last].frame),
        line: { color: accent, width: 2.5 },
      },
      ...(self
        ? [
            {
              type: 'line',
              xref: 'x',
              yref: 'paper',
              ...column(query),
              y0: 1,
              y1: 1,
              line: { color: accent, width: 4 },
            },
          ]
        : []),
    ],
    sliders: [
      slider(stageSteps, last, 14, [0, panel], x),
      // Each token under its column, where the queries are the keys.
      slider(querySteps, query, 46, [cell / 2 - 10, panel - cell / 2 + 10], x),
    ],
    showlegend: false,
  };
  for (const [path, range] of Object.entries(
    Object.assign({}, ...parts.map((p) => p.look(query))),
  )) {
    layout[path.replace('.range', '')].range = range;
  }
  const { left, right } = place;
  const drawn = figure(
    parts.flatMap(({ traces }) => traces),
    layout,
    // Its rows are compared with the softmax where they come in; the others are no weights.
    { title: options.title, subtitle: options.subtitle, weights: false },
    {
      width: left + across + right,
      height: top + down + bottom,
      margin: { left, right, top, bottom },
    },
    alt,
  );
  return { ...drawn, config: { ...drawn.config, modeBarButtons: [['toImage']] } };
}

function slider(
  steps: { label: string }[],
  active: number,
  top: number,
  [from, to]: number[],
  x: (pixels: number) => number,
): Record<string, any> {
  return {
    active,
    steps,
    x: x(from),
    y: 0,
    xanchor: 'left',
    yanchor: 'top',
    pad: { t: top, b: 0, l: 0, r: 0 },
    lenmode: 'fraction',
    len: x(to - from),
    currentvalue: { visible: false },
    font: { size: 12, color: ink },
    tickcolor: quiet,
    ticklen: 5,
  };
}

/** Changes of the parts of a list in the layout: { 'shapes[0].x0': 1 }. */
function each(list: string, from: number, changes: Record<string, any>[]): Record<string, any> {
  return Object.fromEntries(
    changes.flatMap((change, i) =>
      Object.entries(change).map(([key, value]) => [`${list}[${from + i}].${key}`, value]),
    ),
  );
}

function text(content: string): Record<string, any> {
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

function leftText(content: string, { left }: Place, y: number): Record<string, any> {
  return { ...text(content), x: 0, xshift: edge - left, y };
}

function colors(zmin: number, zmax: number): Record<string, any> {
  return { zmin, zmax, colorscale: zmin < 0 ? diverging : sequential, showscale: false };
}

/** What the colours mean, where no number says it. */
function legend(from: number, to: number): string {
  const [low, high] = [from < 0 ? '#c55f1c' : quiet, '#2471bd'];
  return `<span style="color:${low}">${number(from)}</span> to <span style="color:${high}">${number(to)}</span>`;
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
  const fits = (digits: number) => shown.every((x) => width(x, digits) <= cell - 4);
  return (exact ? [2] : [2, 1]).find(fits) ?? -1;
}

function describe(parts: Part[], stages: Read[], options: StepperOptions, query: number): string {
  const { queries, keys } = options;
  const listed = stages.map((stage) => {
    const said = stage.rows[query]
      .slice(0, 12)
      .map((z, k) => `${name(keys, k)} ${z === null ? 'hidden' : number(z)}`);
    return `${stage.name}: ${said.join(', ')}${keys.length > 12 ? ', …' : ''}`;
  });
  return sentences(
    `Attention step by step: ${options.title}`,
    options.subtitle,
    `Query ${name(queries, query)}, ${keys.length} keys`,
    ...listed,
    `One slider goes through the stages (${parts.map((part) => part.name).join(', ')}), another ` +
      `through the ${queries.length} queries`,
  );
}
