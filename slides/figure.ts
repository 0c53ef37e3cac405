/** Plotly figures, made fit for a slide: no title of their own, letters that the back row can read. */
import { packageFile } from './assets.ts';

/** What `Plotly.newPlot` takes, checked and stripped. */
export interface Figure {
  data: Record<string, any>[];
  layout: Record<string, any>;
  title: string;
  subtitle: string;
  /** What it shows, in words. */
  alt: string;
  /** Pixels of the plot itself, and around it, as the lesson made it. */
  plot: { width: number; height: number };
  margin: { t: number; r: number; b: number; l: number };
  /** The pixels of `plot.height` between panels; they hold labels, so they do not shrink. */
  gaps: number;
  /** The smallest shares of the plot's height and width at which its labels have room. */
  least: number;
  leastAcross: number;
  /** Whether the plot keeps its meaning when it becomes wider or higher. */
  elastic: boolean;
}

/** A figure with its place on a slide. */
export interface Sized {
  /** The room it takes, in pixels of the slide. */
  width: number;
  height: number;
  /** How much Plotly's pixels are enlarged; its smallest letters have 13 of them. */
  zoom: number;
  /** How much the plot itself is enlarged in Plotly's pixels. */
  share: number;
}

export const smallestLetter = 13;
export const readable = 18;
const zoomed = readable / smallestLetter;

/** Pixels that the smallest letters of a figure have on the slide. */
export const letters = ({ zoom }: Sized) => Math.round(zoom * smallestLetter);

const cartesian = [
  ...['scatter', 'bar', 'box', 'heatmap', 'histogram', 'histogram2d', 'histogram2dcontour'],
  ...['contour', 'scatterternary', 'violin', 'image', 'pie', 'waterfall', 'funnel'],
];
const spatial = [
  'scatter',
  'scatter3d',
  'surface',
  'isosurface',
  'volume',
  'mesh3d',
  'cone',
  'streamtube',
];
const bundles: [string, string[]][] = [
  ['plotly-cartesian.min.js', cartesian],
  ['plotly-gl3d.min.js', spatial],
  [
    'plotly-strict.min.js',
    [
      ...cartesian,
      ...spatial,
      'scattergl',
      'scatterpolar',
      'barpolar',
      'sankey',
      'sunburst',
      'treemap',
      'icicle',
      'parcoords',
      'splom',
      'table',
      'carpet',
      'contourcarpet',
      'scattercarpet',
      'indicator',
      'candlestick',
      'ohlc',
      'funnelarea',
      'parcats',
      'scattersmith',
    ],
  ],
];

/** The smallest bundle of plotly.js that can draw all these traces; undefined if none can. */
export function plotlyBundle(types: Iterable<string>): string | undefined {
  const needed = [...types];
  const found = bundles.find(([, known]) => needed.every((type) => known.includes(type)));
  return found && packageFile(`plotly.js/dist/${found[0]}`);
}

export const traceTypes = ({ data }: Pick<Figure, 'data'>) =>
  data.map(({ type }) => String(type ?? 'scatter'));

/**
 * @param raw an output of the type application/vnd.plotly.v1+json
 * @throws {Error} if it is no figure, or would load something
 */
export function readFigure(raw: any): Figure {
  if (!Array.isArray(raw?.data) || raw.data.some((trace: any) => typeof trace !== 'object')) {
    throw new Error('a Plotly output without traces');
  }
  const data: Figure['data'] = structuredClone(raw.data);
  const layout: Figure['layout'] = structuredClone(raw.layout ?? {});
  if (!plotlyBundle(traceTypes({ data }))) {
    throw new Error(`plotly.js has no traces of the type ${traceTypes({ data }).join(', ')}`);
  }
  refuseAddresses([data, layout]);
  layout.font = { size: smallestLetter, ...layout.font }; // or Plotly's letters have 12
  enlargeLetters([data, layout]);
  const { title, subtitle, lines, sublines } = heading(layout);
  const { width = 700, height = 450 } = layout;
  const given = { t: 100, r: 80, b: 80, l: 80, ...layout.margin };
  const head = title ? 20 + 20 * lines + (subtitle ? 6 + 17 * sublines : 0) : 0;
  const margin = { ...given, t: Math.max(16, given.t - head) };
  const plot = {
    width: Math.max(60, width - given.l - given.r),
    height: Math.max(40, height - given.t - given.b),
  };
  const alt = String(layout.meta?.alt ?? '') || [title, subtitle].filter(Boolean).join('. ');
  if (!alt) throw new Error('a figure without a title or alternative text');
  for (const trace of data) {
    if (trace.type === 'bar') trace.constraintext ??= 'none'; // or Plotly shrinks the numbers
  }
  const elastic =
    layout.meta?.elastic ?? data.every(({ type }) => stretchy.includes(type ?? 'scatter'));
  const { across, along } = leastApart(layout, plot);
  const leastAcross = Math.max(across, leastOfTurned(layout, plot));
  const beside = leastBeside(layout, plot, margin);
  const least = Math.max(leastShare(layout, plot), layout.meta?.least ?? 0, along, beside);
  const gaps = layout.sliders ? 0 : gapsBetween(panels(layout)) * plot.height * 1.1;
  for (const key of ['title', 'width', 'height', 'margin', 'meta', 'template']) delete layout[key];
  return {
    data,
    layout,
    title,
    subtitle,
    alt,
    plot,
    margin,
    gaps,
    least,
    leastAcross,
    elastic,
  };
}

/** The largest size of a figure that fits. Letters shrink only if labels would overlap otherwise. */
export function fit(figure: Figure, width: number, height: number): Sized {
  const { plot, margin } = figure;
  const most = figure.elastic ? 1.6 : 1;
  const least = Math.max(figure.least, figure.elastic ? 0 : figure.leastAcross, 0.3);
  const leastAcross = Math.max(least / most, figure.leastAcross, 0.3);
  const across = margin.l + margin.r;
  const along = margin.t + margin.b + figure.gaps;
  const rows = plot.height - figure.gaps;
  let zoom = zoomed;
  let x = (width / zoom - across) / plot.width;
  let y = (height / zoom - along) / rows;
  if (x < leastAcross || y < least) {
    zoom = Math.min(
      zoom,
      x < leastAcross ? width / (across + plot.width * leastAcross) : zoom,
      y < least ? height / (along + rows * least) : zoom,
    );
    x = (width / zoom - across) / plot.width;
    y = (height / zoom - along) / rows;
  }
  // A small heatmap does not fill the wall: beyond this its cells only grow. Lines may be stretched.
  const share = Math.min(x, y, 1.7);
  const wide = figure.elastic ? Math.max(1, most * share) : share; // not narrower than it was made
  return {
    width: Math.floor((across + plot.width * Math.min(x, wide)) * zoom),
    height: Math.floor((along + rows * Math.min(y, most * share)) * zoom),
    zoom,
    share,
  };
}

/** Traces whose plots keep their meaning when they become wider or higher. */
const stretchy = ['scatter', 'bar', 'box', 'violin', 'histogram'];

/**
 * A figure with more rows than can be read becomes several, each with some of the rows. A heatmap that
 * would be cut into more than two stays whole, as its picture is the point then, and has a label at
 * every third row and column, say; the mouse tells the others.
 *
 * @param room height in pixels of a page that a figure can have
 */
export function byRows(figure: Figure, room: number): Figure[] {
  const axes = Object.keys(figure.layout).filter((key) => /^yaxis\d*$/.test(key));
  const { tickvals, ticktext, range } = figure.layout.yaxis ?? {};
  if (axes.length !== 1 || !Array.isArray(tickvals) || !Array.isArray(range)) return [figure];
  if (figure.layout.sliders) return [figure];
  const around = figure.margin.t + figure.margin.b;
  const most = Math.floor((room / zoomed - around) / (smallestLetter * lineHeight));
  const count = Math.ceil(tickvals.length / most);
  if (count < 2) return [figure];
  if (count > 2 && traceTypes(figure).every((type) => type === 'heatmap')) {
    const whole = structuredClone(figure);
    const every = Math.ceil(tickvals.length / (0.75 * most)); // some room is left for text
    for (const axis of [whole.layout.xaxis, whole.layout.yaxis]) {
      if (!Array.isArray(axis?.tickvals)) continue;
      const some = (_: unknown, i: number) => i % every === 0;
      axis.tickvals = axis.tickvals.filter(some);
      axis.ticktext = axis.ticktext?.filter(some);
    }
    whole.least = leastShare(whole.layout, whole.plot);
    return [whole];
  }
  const up = range[1] > range[0];
  const each = Math.ceil(tickvals.length / count);
  return Array.from({ length: count }, (_, i) => {
    const part = structuredClone(figure);
    const rows = tickvals.map((at, j) => ({ at, text: ticktext?.[j] })).sort((a, b) => a.at - b.at);
    if (up) rows.reverse();
    const some = rows.slice(i * each, (i + 1) * each);
    const ends = [some[0].at, some[some.length - 1].at];
    part.layout.yaxis.tickvals = some.map(({ at }) => at);
    if (ticktext) part.layout.yaxis.ticktext = some.map(({ text }) => text);
    part.layout.yaxis.range = up ? [ends[1] - 0.5, ends[0] + 0.5] : [ends[1] + 0.5, ends[0] - 0.5];
    part.plot.height = (figure.plot.height * some.length) / tickvals.length;
    part.least = leastShare(part.layout, part.plot);
    part.title = `${figure.title} (${i + 1} of ${count})`;
    return part;
  });
}

/** What the page hands to Plotly. */
export function drawing(
  { data, layout, margin, gaps }: Figure,
  { share, zoom, width, height }: Sized,
) {
  const scaled = structuredClone({ data, layout });
  for (const trace of scaled.data) {
    // Cells too small for their numbers: the colours and the mouse tell.
    if (trace.type !== 'heatmap') continue;
    const cell = (axis: 'x' | 'y', pixels: number, count: number) => {
      const { domain = [0, 1], range = [0, count] } =
        scaled.layout[`${axis}axis${(trace[`${axis}axis`] ?? axis).slice(1)}`] ?? {};
      return (pixels * (domain[1] - domain[0])) / Math.abs(range[1] - range[0]);
    };
    const wide = cell('x', width / zoom - margin.l - margin.r, trace.z?.[0]?.length ?? 1);
    const tall = cell('y', height / zoom - margin.t - margin.b - gaps, trace.z?.length ?? 1);
    if (wide < 2.3 * smallestLetter || tall < smallestLetter) delete trace.texttemplate;
  }
  stretch(scaled, share);
  const high = height / zoom - margin.t - margin.b;
  if (gaps > 0) spread(scaled.layout, gaps / high);
  namesApart(scaled.layout, high);
  return {
    data: scaled.data,
    layout: {
      ...scaled.layout,
      width: width / zoom,
      height: height / zoom,
      margin: {
        ...margin,
        r: rightOf(layout, width / zoom - margin.l, margin.r),
        autoexpand: true,
      },
      autosize: false,
    },
    zoom,
  };
}

/** The margin on the right, so that what is written towards it is not cut in a narrower plot. */
function rightOf(layout: Figure['layout'], room: number, margin: number): number {
  const needed = (layout.annotations ?? []).map((note: any) => {
    const { xref, x, xanchor, xshift = 0, showarrow, text, font } = note;
    if (xref !== 'paper' || xanchor !== 'left' || showarrow || !(x > 0)) return 0;
    const lines = String(text ?? '').split(/<br\s*\/?>/i);
    const longest = Math.max(...lines.map((line) => plain(line).length));
    const width = xshift + 0.56 * longest * (font?.size ?? smallestLetter);
    return (width - (1 - x) * room) / x;
  });
  return Math.max(margin, ...needed);
}

/** From one name at the end of a line to the next. */
const apart = 1.35 * smallestLetter;

const endsLine = ({ xref, x, xanchor, yref = 'y', showarrow }: any) =>
  xref === 'paper' && x === 1 && xanchor === 'left' && yref === 'y' && !showarrow;

/** The names at the ends of lines, each at its line's height, moved so that they don't overprint. */
function namesApart(layout: Figure['layout'], height: number): void {
  const steps = (layout.sliders ?? []).flatMap(({ steps }: any) => steps ?? []);
  const changes = steps.flatMap(({ args }: any) =>
    (args ?? []).filter((arg: any) => arg?.annotations),
  );
  for (const { annotations, ...changed } of [layout, ...changes]) {
    const [from, to] = changed['yaxis.range'] ?? changed.yaxis?.range ?? layout.yaxis?.range ?? [];
    if (!Array.isArray(annotations) || !(to > from)) continue;
    const names = annotations
      .filter((note) => endsLine(note) && note.y >= from)
      .map((note) => ({ note, at: ((note.y - from) / (to - from)) * height, to: 0 }))
      .sort((a, b) => a.at - b.at);
    for (const [i, name] of names.entries()) {
      name.to = i > 0 ? Math.max(name.at, names[i - 1].to + apart) : name.at;
    }
    // Past the top, down again.
    for (const [i, name] of names.reverse().entries()) {
      name.to = Math.min(name.to, i > 0 ? names[i - 1].to - apart : height);
      name.note.yshift = name.to - name.at;
    }
  }
}

type Span = [from: number, to: number];

/** Where the panels lie above one another, as shares of the plot. */
function panels(layout: Figure['layout']): Span[] {
  const spans = Object.entries(layout)
    .filter(([key]) => /^yaxis\d*$/.test(key))
    .map(([, axis]): Span => axis?.domain ?? [0, 1])
    .sort(([a], [b]) => a - b);
  return spans.filter(([from], i) => i === 0 || from > spans[i - 1][0] + 1e-6);
}

const gapsBetween = (spans: Span[]) =>
  spans.slice(1).reduce((sum, [from], i) => sum + Math.max(0, from - spans[i][1]), 0);

/** Gives the gaps between panels this share of the plot, and moves what is placed by shares of it. */
function spread(layout: Figure['layout'], gaps: number): void {
  const old = panels(layout);
  const [oldGaps, oldHeight] = [gapsBetween(old), old.reduce((sum, [a, b]) => sum + b - a, 0)];
  const edges: [number, number][] = [];
  let at = old[0][0];
  for (const [i, [from, to]] of old.entries()) {
    if (i > 0) at += ((from - old[i - 1][1]) / oldGaps) * gaps;
    edges.push([from, at]);
    at += ((to - from) / oldHeight) * (1 - gaps);
    edges.push([to, at]);
  }
  const move = (y: number) => {
    const next = edges.findIndex(([edge]) => edge >= y);
    if (next <= 0)
      return next < 0 ? y + edges[edges.length - 1][1] - edges[edges.length - 1][0] : y;
    const [[a, moved], [b, end]] = [edges[next - 1], edges[next]];
    return b === a ? end : moved + ((y - a) / (b - a)) * (end - moved);
  };
  for (const [key, value] of Object.entries(layout)) {
    if (/^yaxis\d*$/.test(key) && value.domain) value.domain = value.domain.map(move);
  }
  for (const note of layout.annotations ?? []) if (note.yref === 'paper') note.y = move(note.y);
  for (const shape of [...(layout.shapes ?? []), ...(layout.images ?? [])]) {
    if (shape.yref !== 'paper') continue;
    for (const end of ['y', 'y0', 'y1']) if (end in shape) shape[end] = move(shape[end]);
  }
}

/** Lengths that go with the plot: of colour bars and sliders. */
function stretch(value: any, share: number): void {
  if (Array.isArray(value)) for (const item of value) stretch(item, share);
  else if (value && typeof value === 'object') {
    if (value.lenmode === 'pixels' && typeof value.len === 'number') value.len *= share;
    for (const [key, inner] of Object.entries(value)) {
      if (!/^(x|y|z|text|customdata)$/.test(key)) stretch(inner, share);
    }
  }
}

function enlargeLetters(value: any, isFont = false): void {
  if (Array.isArray(value)) for (const item of value) enlargeLetters(item);
  else if (value && typeof value === 'object') {
    if (isFont && value.size < smallestLetter) value.size = smallestLetter;
    for (const [key, inner] of Object.entries(value)) {
      if (!/^(x|y|z|text|customdata)$/.test(key)) enlargeLetters(inner, /font$/.test(key));
    }
  }
}

/** A figure can name pictures, and it is as little trusted as the rest of the notebook. */
function refuseAddresses(value: any, key = ''): void {
  if (Array.isArray(value)) for (const item of value) refuseAddresses(item, key);
  else if (value && typeof value === 'object') {
    for (const [name, inner] of Object.entries(value)) {
      if (typeof inner === 'string' && /^(source|src|href|url)$/i.test(name)) {
        if (!/^data:image\/(png|jpeg|gif|webp);base64,/.test(inner)) {
          throw new Error(`a figure that would load ${inner.slice(0, 60)}`);
        }
      }
      refuseAddresses(inner, name);
    }
  }
}

function heading({ title }: Figure['layout']) {
  const [text, under] = [title?.text ?? title, title?.subtitle?.text].map((part) =>
    typeof part === 'string' ? part : '',
  );
  const count = (part: string) => part.split(/<br\s*\/?>/i).length;
  return { title: plain(text), subtitle: plain(under), lines: count(text), sublines: count(under) };
}

function plain(text: string): string {
  return text
    .replace(/<br\s*\/?>/gi, ' ')
    .replace(/<[^>]*>/g, '')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&#36;/g, '$')
    .replace(/&amp;/g, '&')
    .trim();
}

const lineHeight = 1;

/** So that each label of a vertical axis has a line of its own, as far as that can be said without drawing. */
function leastShare(layout: Figure['layout'], plot: Figure['plot']): number {
  const axes = Object.entries(layout).filter(([key]) => /^yaxis\d*$/.test(key));
  const shares = axes
    .filter(([, axis]) => Array.isArray(axis?.tickvals))
    .map(([, axis]) => {
      const [from, to] = axis.domain ?? [0, 1];
      const size = Math.max(smallestLetter, axis.tickfont?.size ?? smallestLetter);
      return (axis.tickvals.length * size * lineHeight) / (plot.height * (to - from));
    });
  return Math.max(0, ...shares.filter(Number.isFinite));
}

/** So that the names at the ends of lines have room beside the plot, and the vertical axis its title. */
function leastBeside(layout: Figure['layout'], plot: Figure['plot'], margin: Figure['margin']) {
  const names = (layout.annotations ?? []).filter(endsLine).length;
  const column = (names - 1) * apart + smallestLetter / 2 - margin.b;
  const { text = '', font } = layout.yaxis?.title ?? {};
  const title = 0.5 * (font?.size ?? smallestLetter) * plain(String(text)).length;
  return Math.max(column, title - 2 * Math.min(margin.t, margin.b), 0) / plot.height;
}

/** So that the labels of horizontal axes, where they are turned, have a line of their own each. */
function leastOfTurned(layout: Figure['layout'], plot: Figure['plot']) {
  const axes = Object.entries(layout).filter(([key]) => /^xaxis\d*$/.test(key));
  const shares = axes
    .filter(([, axis]) => Array.isArray(axis?.tickvals) && axis.tickangle && axis.ticktext)
    .map(([, { tickvals, tickangle, tickfont, domain: [from, to] = [0, 1] }]) => {
      const line = 0.9 * (tickfont?.size ?? smallestLetter); // few letters go below the line
      const each = line / Math.abs(Math.sin((tickangle * Math.PI) / 180));
      return (tickvals.length * each) / (plot.width * (to - from));
    });
  return Math.max(0, ...shares.filter(Number.isFinite));
}

/** So that names in a row, as under panels, and names in a column have their room. */
function leastApart(layout: Figure['layout'], plot: Figure['plot']) {
  const names = (layout.annotations ?? [])
    .filter(
      ({ xref, yref, text, showarrow, textangle }: any) =>
        xref === 'paper' && yref === 'paper' && text && !showarrow && !textangle,
    )
    .map(({ text, x, y, xanchor, yanchor, xshift = 0, yshift = 0, font }: any) => {
      const lines = text.split(/<br\s*\/?>/i).map((line: string) => plain(line).length);
      const letter = font?.size ?? smallestLetter;
      const size = [0.5 * letter * Math.max(...lines), letter * (1.3 * lines.length - 0.2)];
      const before = [
        { left: 0, right: 1 }[xanchor as string],
        { bottom: 0, top: 1 }[yanchor as string],
      ];
      const from = [xshift, yshift].map((shift, i) => shift - (before[i] ?? 0.5) * size[i]);
      return { at: [x, y], from, to: from.map((start, i) => start + size[i]) };
    });
  const [across, along] = [plot.width, plot.height].map((length, i) => {
    const other = 1 - i;
    const needs = (one: (typeof names)[0], next: (typeof names)[0]) => {
      const inLine =
        one.at[other] === next.at[other] &&
        one.from[other] < next.to[other] &&
        next.from[other] < one.to[other];
      const distance = (next.at[i] - one.at[i]) * length;
      return inLine && distance > 0 ? (one.to[i] - next.from[i]) / distance : 0;
    };
    return Math.max(0, ...names.flatMap((one: any) => names.map((next: any) => needs(one, next))));
  });
  return { across, along };
}
