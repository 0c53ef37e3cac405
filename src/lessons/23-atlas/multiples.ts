import { type Figure, figure, ink, plain, sequential, wrap } from '../../plots/figure';
import { rounded } from '../../plots/weights';
import { whaleLines } from './example';
import type { AtlasPanel } from './panels';
import { panelFrames, warm } from './tile';

/** A map and what is written below it. */
type Titled = { title: string; panels: readonly AtlasPanel[] };

const warmScale = warm.map((color, i) => [i / (warm.length - 1), `rgb(${color.join(', ')})`]);

/**
 * Maps side by side, each on a scale of its own: darkest where it has most, gates where they are 1.
 *
 * @param options.size pixels across and down that a map gets
 */
export function multiples(
  maps: readonly Titled[],
  options: {
    columns: number;
    size: { width: number; height: number };
    title: string;
    subtitle?: string;
    letters?: number;
    weights?: boolean;
    alt: string;
  },
): Figure {
  const { columns, size, letters = 11, weights = false } = options;
  const margin = { top: 6, left: 16, right: 16, bottom: 12 };
  const gap = 14;
  const lines = maps.map(({ title }) => wrap(title, size.width + gap - 4, letters));
  const below = 5 + 1.25 * letters * Math.max(...lines.map(({ length }) => length));
  const [width, height] = [
    columns * (size.width + gap) - gap,
    Math.ceil(maps.length / columns) * (size.height + below + gap) - gap,
  ];
  const data: Figure['data'] = [];
  const layout: Figure['layout'] = {};
  const annotations = maps.map(({ panels }, m) => {
    const x = (m % columns) * (size.width + gap);
    const y = Math.floor(m / columns) * (size.height + below + gap);
    panelFrames(panels, { x, y, ...size }).forEach((frame, p) => {
      const drawn = Object.keys(layout).length / 2;
      const suffix = drawn === 0 ? '' : drawn + 1;
      const [xaxis, yaxis] = [`x${suffix}`, `y${suffix}`];
      const panel = panels[p];
      data.push(...traces(panel, xaxis, yaxis));
      const bare = {
        showgrid: false,
        zeroline: false,
        showticklabels: false,
        ticks: '',
        fixedrange: true,
      };
      const border = { showline: true, mirror: true, linecolor: '#8c959f' };
      const [rows, across] = [panel.values.length, panel.values[0].length];
      const share = (value: number, whole: number) => Math.min(1, Math.max(0, value / whole));
      layout[`xaxis${suffix}`] = {
        ...bare,
        ...border,
        range: [-0.5, across - 0.5],
        domain: [share(frame.x, width), share(frame.x + frame.width, width)],
        anchor: yaxis,
      };
      layout[`yaxis${suffix}`] = {
        ...bare,
        ...border,
        range: panel.shows === 'channels' ? [0, largest(panel)] : [rows - 0.5, -0.5],
        domain: [share(height - frame.y - frame.height, height), share(height - frame.y, height)],
        anchor: xaxis,
      };
    });
    return {
      text: lines[m].map(plain).join('<br>'),
      showarrow: false,
      xref: 'paper',
      yref: 'paper',
      x: (x + size.width / 2) / width,
      y: Math.max(0, 1 - (y + size.height) / height),
      xanchor: 'center',
      yanchor: 'top',
      yshift: -2,
      font: { size: letters, color: ink },
    };
  });
  return figure(
    data,
    { ...layout, annotations, showlegend: false },
    { title: options.title, subtitle: options.subtitle, weights },
    { width: width + 32, height: height + margin.top + margin.bottom, margin },
    options.alt,
  );
}

const largest = ({ sums, values }: AtlasPanel) =>
  sums === 'gate' ? 1 : Math.max(...values.flat());

/** The traces of a panel: its cells or bars, the whale's outline, the pixel that asks. */
function traces(panel: AtlasPanel, xaxis: string, yaxis: string): Figure['data'] {
  const { shows, values, mark, columns = [] } = panel;
  if (shows === 'channels') {
    const color = `rgb(${warm[1].join(', ')})`;
    const hover = {
      text: columns.map(plain),
      textposition: 'none',
      hovertemplate: '%{text}: %{y:.2f}<extra></extra>',
    };
    return [{ type: 'bar', y: values[0].map(four), xaxis, yaxis, marker: { color }, ...hover }];
  }
  const cells = {
    type: 'heatmap',
    z: rounded(values),
    xaxis,
    yaxis,
    zmin: 0,
    zmax: largest(panel),
    colorscale: shows === 'picture' ? warmScale : sequential,
    showscale: false,
    hovertemplate: '%{z:.3~r}<extra></extra>',
  };
  if (shows === 'weights') return [cells];
  const outline = {
    type: 'scatter',
    mode: 'lines',
    x: whaleLines.flatMap(([x1, , x2]) => [x1 - 0.5, x2 - 0.5, null]),
    y: whaleLines.flatMap(([, y1, , y2]) => [y1 - 0.5, y2 - 0.5, null]),
    line: { color: 'rgba(31, 35, 40, 0.5)', width: 1 },
  };
  const ring = {
    color: 'rgba(0, 0, 0, 0)',
    size: 8,
    symbol: 'square',
    line: { color: '#0065a0', width: 2 },
  };
  const others = { xaxis, yaxis, hoverinfo: 'skip' };
  return [
    cells,
    { ...outline, ...others },
    ...(mark
      ? [{ type: 'scatter', mode: 'markers', x: [mark[1]], y: [mark[0]], marker: ring, ...others }]
      : []),
  ];
}

const four = (value: number) => Number(value.toPrecision(4));
