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

/** One bar. */
export interface Bar {
  name: string;
  value: number;
  /** Bars of one group have one colour. */
  group?: string;
  /** Said when the mouse rests on the bar. */
  note?: string;
}

export interface BarsOptions extends Heading {
  /** What is counted, with its unit. */
  xTitle: string;
  /**
   * A logarithmic axis; its values must be above 0. It has no zero for a bar to begin at, so the
   * values are dots.
   */
  logX?: boolean;
}

// What tells groups apart besides their colour.
const symbols = ['circle', 'square', 'diamond', 'triangle-up', 'cross'];
const signs = ['●', '■', '◆', '▲', '✚'];

/**
 * Horizontal bars, in the order given, from the top down; each with its value at its end. On a
 * logarithmic axis, dots.
 *
 * @throws if there is no bar, or a value is not finite, negative, or 0 on a logarithmic axis
 *
 * @example
 * bars([{ name: 'dot', value: 3 }, { name: 'additive', value: 5 }], { title: 'Cost', xTitle: 'ms' })
 */
export function bars(given: Bar[], options: BarsOptions): Figure {
  const { xTitle, logX = false } = options;
  if (given.length === 0) throw new Error('bars() was given no bar to draw');
  const wrong = given.find(
    ({ value }) => !(Number.isFinite(value) && value >= 0) || (logX && !value),
  );
  if (wrong) {
    const wanted = logX ? 'above 0' : 'of 0 or more';
    throw new Error(`bars(): "${wrong.name}" is ${wrong.value}, not a finite number ${wanted}`);
  }
  const groups = [...new Set(given.map(({ group }) => group ?? ''))];
  const most = Math.max(...given.map(({ value }) => value));
  const least = Math.min(...given.map(({ value }) => value));
  const range = logX ? [Math.log10(least / 1.6), Math.log10(most * 1.6)] : [0, most * 1.1];
  const thickness = given.length > 12 ? 19 : 28;
  const left = 16 + Math.max(...given.map(({ name }) => textWidth(name, 12)));
  const width = Math.max(pageWidth, 240 + left + 30);
  const signOf = (group: string) => (logX ? signs[groups.indexOf(group) % signs.length] : '■');
  const legend = groups.length > 1 ? laidOut(groups, width - 32) : [];
  const lines = legend.length && legend[legend.length - 1].line + 1;
  const margin = { top: 10 + (lines && 12 + 19 * lines), left, right: 30, bottom: 52 };
  return figure(
    groups.map((group, i) => {
      const mine = given
        .map((bar, at) => ({ ...bar, at }))
        .filter((bar) => (bar.group ?? '') === group);
      const color = palette[i % palette.length];
      return {
        ...(logX
          ? {
              type: 'scatter',
              mode: 'markers+text',
              textposition: 'middle right',
              marker: { color, size: 9, symbol: symbols[i % symbols.length] },
            }
          : {
              type: 'bar',
              orientation: 'h',
              // Left to itself, Plotly makes a group's bars as wide as they are far apart.
              width: 0.72,
              textposition: 'outside',
              marker: { color },
            }),
        name: plain(group),
        x: mine.map(({ value }) => value),
        y: mine.map(({ at }) => at),
        text: mine.map(({ value }) => (logX ? ` ${number(value)}` : number(value))),
        cliponaxis: false,
        textfont: { size: 11, color: quiet },
        customdata: mine.map(({ name, note }) => plain(note ? `${name}: ${note}` : name)),
        hovertemplate: `%{customdata}<br>${plain(xTitle)}: %{x}<extra></extra>`,
      };
    }),
    {
      ...(logX ? {} : { barmode: 'overlay' }),
      showlegend: false,
      // Plotly's own legend breaks its lines by the width of the plot, without that of the names.
      annotations: legend.map(({ group, x, line }, i) => ({
        text: `<span style="color:${palette[i % palette.length]}">${signOf(group)}</span> ${plain(group)}`,
        showarrow: false,
        xref: 'paper',
        yref: 'paper',
        x: 0,
        y: 1,
        xanchor: 'left',
        yanchor: 'bottom',
        xshift: x + 16 - left,
        yshift: 8 + 19 * (lines - 1 - line),
        font: { size: 13 },
      })),
      xaxis: {
        type: logX ? 'log' : 'linear',
        range,
        title: { text: plain(xTitle), standoff: 8, font: { size: 13, color: quiet } },
        gridcolor: '#e6e9ed',
        zeroline: false,
        ...(logX ? { dtick: 1 } : {}),
      },
      yaxis: {
        range: [given.length - 0.5, -0.5],
        tickvals: given.map((_, i) => i),
        ticktext: given.map(({ name }) => plain(name)),
        tickfont: { size: 12 },
        // A dot is far from its name: a line leads to it.
        ...(logX ? { gridcolor: '#eef0f3' } : { showgrid: false }),
        zeroline: false,
      },
    },
    options,
    {
      width,
      height: thickness * given.length + margin.top + margin.bottom,
      margin,
    },
    sentences(
      `${logX ? 'Dot' : 'Bar'} chart: ${options.title}`,
      options.subtitle,
      `${xTitle}: ${given.map(({ name, value }) => `${name} ${number(value)}`).join('; ')}`,
    ),
  );
}

// Where each name of the legend begins, in lines of at most so many pixels.
function laidOut(groups: string[], room: number): { group: string; x: number; line: number }[] {
  let [x, line] = [0, 0];
  return groups.map((group) => {
    const width = textWidth(`■ ${group}`, 13);
    if (x > 0 && x + width > room) [x, line] = [0, line + 1];
    const place = { group, x, line };
    x += width + 18;
    return place;
  });
}
