import { type Figure, faint, figure, type Heading, pageWidth, palette, plain } from './figure';
import { grid } from './grid';
import { caption, inRow, widestName } from './heads';
import { number, sentences } from './words';

/** The heads of one layer at one time. */
export interface GaussianHeads {
  /** Written below the panel. */
  name: string;
  /** Where each head looks, seen from the query: [down, right], in pixels. */
  centres: number[][];
  /** How sharply: the weight falls as exp(−α · distance²). 0 looks everywhere alike. */
  alpha: ArrayLike<number>;
}

export interface GaussiansOptions extends Heading {
  /** How many panels in a row. Default: up to 4. */
  columns?: number;
  /** Pixels from the query to the edge of a panel. Default: what the centres need, 3 at least. */
  reach?: number;
}

/**
 * Heads that look at a Gaussian around a place: a dot at the centre of each, and a circle of one
 * standard deviation, σ = 1/√(2α). Lines are the borders of pixels, the grey pixel in the middle is
 * the query. What lies outside of a panel is not drawn.
 *
 * @throws if there is no panel, centres and α differ in number, a centre is no pair of finite
 * numbers, or an α is negative; the message names the panel.
 *
 * @example
 * gaussians([{ name: 'step 0', centres: [[0, 1], [-2, 0]], alpha: [0.5, 2] }], { title: 'Layer 1' })
 */
export function gaussians(given: GaussianHeads[], options: GaussiansOptions): Figure {
  if (given.length === 0) throw new Error('gaussians() was given no heads to draw');
  for (const { name, centres, alpha } of given) {
    if (centres.length !== alpha.length) {
      throw new Error(`"${name}" has ${centres.length} centres, but ${alpha.length} alphas`);
    }
    const odd = centres.find((at) => at.length !== 2 || !at.every(Number.isFinite));
    if (odd) throw new Error(`"${name}" has the centre [${odd}], not [down, right]`);
    const wrong = Array.from(alpha).find((a) => !(a >= 0));
    if (wrong !== undefined) throw new Error(`"${name}" has the alpha ${wrong}, not 0 or more`);
  }
  const farthest = Math.max(...given.flatMap(({ centres }) => centres.flat().map(Math.abs)), 0);
  const reach = (options.reach ?? Math.max(3, Math.ceil(farthest))) + 0.5;
  const columns = options.columns ?? inRow(given.length);
  const side = Math.min(230, (pageWidth - 48 - 14 * (columns - 1)) / columns);
  const gap = { x: Math.max(14, widestName(given.map(({ name }) => name)) - side), y: 34 };
  const { size, panels } = grid(given.length, columns, { width: side, height: side }, gap, {
    top: 10,
    left: 24,
    bottom: 34,
    right: 24,
  });
  const axis = {
    showticklabels: false,
    ticks: '',
    zeroline: false,
    fixedrange: true,
    tickmode: 'linear',
    tick0: 0.5,
    dtick: 1,
    gridcolor: faint,
    gridwidth: 0.5,
    showline: true,
    mirror: true,
    linecolor: faint,
  };
  const colors = (count: number) =>
    Array.from({ length: count }, (_, h) => palette[h % palette.length]);
  return figure(
    given.map(({ name, centres, alpha }, i) => ({
      type: 'scatter',
      mode: 'markers',
      x: centres.map(([, right]) => rounded(right)),
      y: centres.map(([down]) => rounded(down)),
      customdata: Array.from(alpha, (a, h) => [h + 1, number(a)]),
      marker: { color: colors(centres.length), size: 7 },
      hovertemplate: `${plain(name)}, head %{customdata[0]}: %{y:.2f} down, %{x:.2f} right, α %{customdata[1]}<extra></extra>`,
      xaxis: panels[i].x,
      yaxis: panels[i].y,
    })),
    {
      ...Object.fromEntries(
        panels.flatMap(({ xaxis, yaxis, x, y, xdomain, ydomain }) => [
          [xaxis, { ...axis, domain: xdomain, anchor: y, range: [-reach, reach] }],
          [yaxis, { ...axis, domain: ydomain, anchor: x, range: [reach, -reach], scaleanchor: x }],
        ]),
      ),
      shapes: given.flatMap(({ centres, alpha }, i) => {
        const place = { xref: panels[i].x, yref: panels[i].y };
        const query = { x0: -0.5, x1: 0.5, y0: -0.5, y1: 0.5 };
        const line = { width: 1.5 };
        return [
          {
            type: 'rect',
            ...place,
            ...query,
            fillcolor: faint,
            line: { width: 0 },
            layer: 'below',
          },
          ...centres.flatMap(([down, right], h) => {
            const sigma = 1 / Math.sqrt(2 * alpha[h]);
            if (!Number.isFinite(sigma)) return [];
            const ends = {
              x0: rounded(right - sigma),
              x1: rounded(right + sigma),
              y0: rounded(down - sigma),
              y1: rounded(down + sigma),
            };
            const color = colors(centres.length)[h];
            return [{ type: 'circle', ...place, ...ends, line: { ...line, color } }];
          }),
        ];
      }),
      showlegend: false,
      hovermode: 'closest',
      annotations: panels.map((p, i) => caption(given[i].name, p.xdomain, p.ydomain)),
    },
    options,
    size,
    sentences(
      `${given.length} ${given.length === 1 ? 'panel' : 'panels'} of heads: ${options.title}`,
      options.subtitle,
      given.map(({ name, centres, alpha }) => `${name}: ${told(centres, alpha)}`).join('; '),
    ),
  );
}

const rounded = (x: number) => +x.toFixed(3);

// '9 heads, centres 2.1 pixels from the query on average, σ 1 on average'
function told(centres: number[][], alpha: ArrayLike<number>): string {
  const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
  const far = mean(centres.map(([down, right]) => Math.hypot(down, right)));
  const wide = mean(Array.from(alpha, (a) => 1 / Math.sqrt(2 * a)));
  return `${centres.length} heads, centres ${number(far)} pixels from the query on average, σ ${number(wide)}`;
}
