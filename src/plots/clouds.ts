import { barWidth, colorBar } from './colors';
import {
  type Figure,
  faint,
  figure,
  type Heading,
  ink,
  legendBelow,
  pageWidth,
  palette,
  plain,
  quiet,
  sequential,
} from './figure';
import { grid } from './grid';
import { caption, inRow, widestName } from './heads';
import { scaleEnd } from './weights';
import { number, sentences } from './words';

/** Points in space. */
export interface PointCloud {
  /** Written below it. */
  name: string;
  /** [x, y, z] of each, z up, within 1.2 of the origin. */
  points: ArrayLike<number>[];
  /** How much each is looked at: the darker, the more. */
  weights?: ArrayLike<number>;
  /** Or the group of each, a whole number from 0: points of one group have one colour. */
  groups?: ArrayLike<number>;
  /** The number of the point that looks: it gets a ring. */
  query?: number;
}

export interface CloudsOptions extends Heading {
  /** How many clouds in a row. Default: up to 4. */
  columns?: number;
  /** What the groups are called, below the clouds. */
  groupNames?: readonly string[];
  /** Where the scale of weights ends. Default: the largest, rounded up. */
  max?: number;
}

/** From how many sides the clouds can be seen. */
const views = 8;
/** How far above the horizon the eye is. */
const tilt = (20 * Math.PI) / 180;

/**
 * Clouds of points in space, seen from slightly above; a slider turns all of them about their
 * vertical axis. Near points are larger than far ones. The grey square is a floor that they touch.
 *
 * It projects by itself instead of asking for Plotly's `scatter3d`, whose WebGL is not there in still
 * pictures, on paper and on many machines without a screen.
 *
 * @throws if there is no cloud, a point is not three finite numbers, or weights, groups or query do
 * not fit the points; the message names the cloud.
 *
 * @example
 * clouds([{ name: 'bunny', points, weights }], { title: 'Seed 1 over a bunny' })
 */
export function clouds(given: PointCloud[], options: CloudsOptions): Figure {
  if (given.length === 0) throw new Error('clouds() was given no cloud to draw');
  for (const one of given) expectCloud(one);
  const columns = options.columns ?? inRow(given.length);
  const weighted = given.some(({ weights }) => weights);
  const right = weighted ? barWidth : 24;
  const side = Math.min(250, (pageWidth - 24 - right - 14 * (columns - 1)) / columns);
  const gap = { x: Math.max(14, widestName(given.map(({ name }) => name)) - side), y: 30 };
  const legend = (options.groupNames ?? []).map(
    (name, g) => `<span style="color:${palette[g % palette.length]}">●</span> ${plain(name)}`,
  );
  const slider = 86;
  const margin = { top: 4, left: 24, right, bottom: 34 + (legend.length ? 24 : 0) + slider };
  const { size, panels } = grid(given.length, columns, { width: side, height: side }, gap, margin);
  const largest = Math.max(0, ...given.flatMap(({ weights }) => Array.from(weights ?? [])));
  const max = options.max ?? scaleEnd(largest);
  const frames = Array.from({ length: views }, (_, v) =>
    given.flatMap((one) => seen(one, Math.PI / 6 + (2 * Math.PI * v) / views, side)),
  );
  const first = given.findIndex(({ weights }) => weights);
  const axis = { visible: false, range: [-1.15, 1.15], fixedrange: true };
  const made = figure(
    given.flatMap((one, i) =>
      traces(one, { max, bar: i === first, height: side }).map((trace, t) => {
        const at = given.slice(0, i).reduce((sum, { query }) => sum + parts(query), 0) + t;
        const { x, y, sizes } = frames[0][at];
        const marker = trace.marker && { ...trace.marker, size: sizes };
        const shown = { ...trace, x, y, ...(marker ? { marker } : {}) };
        return { ...shown, xaxis: panels[i].x, yaxis: panels[i].y };
      }),
    ),
    {
      ...Object.fromEntries(
        panels.flatMap(({ xaxis, yaxis, x, y, xdomain, ydomain }) => [
          [xaxis, { ...axis, domain: xdomain, anchor: y }],
          [yaxis, { ...axis, domain: ydomain, anchor: x, scaleanchor: x }],
        ]),
      ),
      showlegend: false,
      hovermode: 'closest',
      annotations: [
        ...panels.map((p, i) => caption(given[i].name, p.xdomain, p.ydomain)),
        ...(legend.length
          ? [
              {
                ...legendBelow([''], 0, margin),
                text: legend.join('   '),
                xref: 'paper',
                yref: 'paper',
                xshift: 0,
                y: 0,
                yshift: -34,
                yanchor: 'top',
              },
            ]
          : []),
      ],
      sliders: [
        {
          active: 0,
          x: 0,
          y: 0,
          xanchor: 'left',
          yanchor: 'top',
          pad: { t: margin.bottom - slider + 4, b: 0, l: 0, r: 0 },
          lenmode: 'fraction',
          len: 1,
          currentvalue: {
            prefix: 'turned by ',
            suffix: '°',
            font: { size: 13, color: ink },
            xanchor: 'left',
          },
          font: { size: 11, color: ink },
          tickcolor: quiet,
          steps: frames.map((frame, v) => ({
            label: String((360 * v) / views),
            method: 'restyle',
            args: [
              {
                x: frame.map(({ x }) => x),
                y: frame.map(({ y }) => y),
                'marker.size': frame.map(({ sizes }) => sizes),
              },
            ],
          })),
        },
      ],
    },
    options,
    size,
    sentences(
      `${given.length} ${given.length === 1 ? 'cloud' : 'clouds'} of points: ${options.title}`,
      options.subtitle,
      given.map((one) => told(one, options.groupNames)).join('; '),
      `A slider turns them, in steps of ${360 / views} degrees`,
    ),
  );
  return made;
}

const parts = (query?: number) => (query === undefined ? 2 : 3);

/** What a cloud's traces look like; where they are, `seen` says. */
function traces(
  { name, points, weights, groups, query }: PointCloud,
  { max, bar, height }: { max: number; bar: boolean; height: number },
): Record<string, any>[] {
  const floor = {
    type: 'scatter',
    mode: 'lines',
    line: { color: faint, width: 1 },
    hoverinfo: 'skip',
  };
  const color = weights
    ? {
        color: Array.from(weights, (w) => Number(w.toPrecision(3))),
        cmin: 0,
        cmax: max,
        colorscale: sequential,
        showscale: bar,
        ...(bar ? { colorbar: colorBar('weight', [0, max / 2, max], Math.min(height, 220)) } : {}),
      }
    : { color: points.map((_, i) => palette[(groups?.[i] ?? 0) % palette.length]) };
  const dots = {
    type: 'scatter',
    mode: 'markers',
    marker: { ...color, opacity: 1, line: { color: weights ? '#8c959f' : '#ffffff', width: 0.5 } },
    customdata: points.map((p, i) => [
      i,
      ...Array.from(p, (c) => Number(c.toFixed(2))),
      ...(weights ? [number(weights[i])] : []),
    ]),
    hovertemplate: `${plain(name)}, point %{customdata[0]} at (%{customdata[1]}, %{customdata[2]}, %{customdata[3]})${weights ? ': weight %{customdata[4]}' : ''}<extra></extra>`,
  };
  const ring = {
    type: 'scatter',
    mode: 'markers',
    marker: { color: palette[1], symbol: 'circle-open', line: { color: palette[1], width: 2.5 } },
    hoverinfo: 'skip',
  };
  return query === undefined ? [floor, dots] : [floor, dots, ring];
}

/** Where a cloud's traces are for an eye that has gone round by an angle, and how large the points. */
function seen({ points, query }: PointCloud, angle: number, side: number) {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const project = ([x, y, z]: ArrayLike<number> & Iterable<number>) => {
    const [across, depth] = [c * x - s * y, s * x + c * y];
    return {
      x: cut(across),
      y: cut(z * Math.cos(tilt) + depth * Math.sin(tilt)),
      size: cut((side / 26) * (1 - 0.35 * depth), 1),
    };
  };
  const path = (places: ArrayLike<number>[], sized: boolean, larger = 0) => {
    const all = places.map((p) => project(Array.from(p)));
    return {
      x: all.map((p) => p.x),
      y: all.map((p) => p.y),
      ...(sized ? { sizes: all.map(({ size }) => cut(size + larger, 1)) } : {}),
    };
  };
  const low = Math.min(...points.map((p) => p[2]));
  const floor = [-1, 1, 1, -1, -1].map((x, i) => [0.7 * x, i < 2 || i > 3 ? -0.7 : 0.7, low]);
  const drawn = [path(floor, false), path(points, true)];
  return query === undefined ? drawn : [...drawn, path([points[query]], true, 6)];
}

const cut = (x: number, digits = 2) => Number(x.toFixed(digits));

function expectCloud({ name, points, weights, groups, query }: PointCloud): void {
  if (points.length === 0) throw new Error(`"${name}" has no points`);
  const odd = points.find((p) => p.length !== 3 || !Array.from(p).every(Number.isFinite));
  if (odd) throw new Error(`"${name}" has the point [${Array.from(odd)}], not [x, y, z]`);
  for (const [what, list] of Object.entries({ weights, groups })) {
    if (list && list.length !== points.length)
      throw new Error(`"${name}" has ${points.length} points, but ${list.length} ${what}`);
  }
  const wrong = Array.from(weights ?? []).find((w) => !(w >= 0 && Number.isFinite(w)));
  if (wrong !== undefined) throw new Error(`"${name}" has the weight ${wrong}`);
  if (query !== undefined && !points[query])
    throw new Error(`"${name}" has ${points.length} points, and no point ${query} to look`);
}

/** 'bunny: 64 points, most weight 0.12 at (0.1, 0.3, 0.9)'. */
function told({ name, points, weights, groups }: PointCloud, groupNames?: readonly string[]) {
  const said = `${name}: ${points.length} points`;
  if (weights) {
    const list = Array.from(weights);
    const most = list.indexOf(Math.max(...list));
    const at = Array.from(points[most], (c) => number(cut(c)));
    return `${said}, most weight ${number(list[most])} at (${at.join(', ')})`;
  }
  if (!groups) return said;
  const names = groupNames ?? [];
  const counts = [...new Set(Array.from(groups))]
    .sort((a, b) => a - b)
    .map((g) => `${Array.from(groups).filter((one) => one === g).length} ${names[g] ?? g}`);
  return `${said}, ${counts.join(', ')}`;
}
