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
  /** A logarithmic axis; its values must be above 0. */
  logX?: boolean;
}

/**
 * Horizontal bars, in the order given, from the top down; each with its value at its end.
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
  // A bar of value 1 needs some length on a logarithmic axis, too.
  const range = logX ? [Math.log10(least / 1.6), Math.log10(most * 1.3)] : [0, most * 1.1];
  const thickness = given.length > 12 ? 19 : 28;
  const legend = groups.length > 1 ? 34 : 0;
  const margin = {
    top: 10 + legend,
    left: 16 + Math.max(...given.map(({ name }) => textWidth(name, 12))),
    right: 30,
    bottom: 52,
  };
  return figure(
    groups.map((group, i) => {
      const mine = given
        .map((bar, at) => ({ ...bar, at }))
        .filter((bar) => (bar.group ?? '') === group);
      return {
        type: 'bar',
        orientation: 'h',
        name: plain(group),
        x: mine.map(({ value }) => value),
        y: mine.map(({ at }) => at),
        text: mine.map(({ value }) => number(value)),
        textposition: 'outside',
        cliponaxis: false,
        textfont: { size: 11, color: quiet },
        marker: { color: palette[i % palette.length] },
        customdata: mine.map(({ name, note }) => plain(note ? `${name}: ${note}` : name)),
        hovertemplate: `%{customdata}<br>${plain(xTitle)}: %{x}<extra></extra>`,
      };
    }),
    {
      barmode: 'overlay',
      bargap: 0.28,
      showlegend: groups.length > 1,
      // Plotly.validate fails on the settings of a legend that is not shown.
      ...(groups.length > 1 && {
        legend: { orientation: 'h', x: 0, y: 1, xanchor: 'left', yanchor: 'bottom' },
      }),
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
        showgrid: false,
        zeroline: false,
      },
    },
    options,
    {
      width: Math.max(pageWidth, 240 + margin.left + margin.right),
      height: thickness * given.length + margin.top + margin.bottom,
      margin,
    },
    sentences(
      `Bar chart: ${options.title}`,
      options.subtitle,
      `${xTitle}: ${given.map(({ name, value }) => `${name} ${number(value)}`).join('; ')}`,
    ),
  );
}
