import { type Figure, ink, plain, quiet, textWidth } from './figure';
import { drawHeatmap, type HeatmapOptions } from './heatmap';
import { visible } from './tokens';
import type { Matrix } from './weights';
import { sentences } from './words';

export interface StepsOptions extends HeatmapOptions {
  /** The token put out at each step: the rows. */
  queries: string[];
  /** What the line below the map calls the tokens so far. Default 'output so far'. */
  outputTitle?: string;
}

/**
 * Decoding step by step: a slider uncovers one row of the heatmap after the other, outlines the
 * current one, and writes the output so far below. It begins at the last step, so that a still
 * picture shows all of them.
 *
 * The slider changes the layout only (no animation frames): the values are stored once.
 *
 * @param weights `[steps, source positions]`, as for `heatmap`.
 * @throws as `heatmap`.
 *
 * @example
 * steps(weights, { title: 'Additive attention while decoding', queries: sounds, keys: letters })
 */
export function steps(weights: Matrix, options: StepsOptions): Figure {
  const { queries, outputTitle = 'output so far' } = options;
  const across = 300;
  const drawn = drawHeatmap(weights, options, { below: 118, across: across + 24 });
  const { layout } = drawn;
  const length = Math.max(across, layout.width - layout.margin.l - layout.margin.r);
  const count = queries.length;

  const at = (step: number) => ({
    'yaxis.range': [step + 0.5, -0.5],
    'yaxis.domain': [1 - (step + 1) / count, 1],
    shapes: [outline(step)],
    annotations: [soFar(queries.slice(0, step + 1), outputTitle, length)],
  });
  const { shapes, annotations } = at(count - 1);
  Object.assign(layout, { shapes, annotations });
  layout.sliders = [
    {
      active: count - 1,
      x: 0,
      y: 0,
      xanchor: 'left',
      yanchor: 'top',
      pad: { t: 34, b: 0, l: 0, r: 0 },
      lenmode: 'pixels',
      len: length,
      currentvalue: { prefix: 'step ', font: { size: 12, color: quiet }, xanchor: 'left' },
      font: { size: 11, color: ink },
      tickcolor: quiet,
      steps: queries.map((token, step) => ({
        label: `${step + 1}: ${plain(visible(token))}`,
        method: 'relayout',
        args: [at(step)],
      })),
    },
  ];
  layout.meta.alt = sentences(
    layout.meta.alt,
    `A slider goes through the ${count} steps; the output is ${queries.map(visible).join(' ')}`,
  );
  return drawn;
}

function outline(step: number): Record<string, any> {
  return {
    type: 'rect',
    xref: 'x domain',
    yref: 'y',
    x0: 0,
    x1: 1,
    y0: step - 0.5,
    y1: step + 0.5,
    line: { color: '#d55e00', width: 2.5 },
  };
}

// The last tokens that fit the line, the newest in bold.
function soFar(tokens: string[], title: string, room: number): Record<string, any> {
  const shown: string[] = [];
  let width = textWidth(`${title}: … `, 13);
  for (const token of [...tokens].reverse()) {
    width += textWidth(`${visible(token)} `, 13) * (shown.length ? 1 : 1.1);
    if (shown.length && width > room) break;
    shown.unshift(plain(visible(token)));
  }
  const newest = `<b>${shown.pop()}</b>`;
  const cut = shown.length + 1 < tokens.length ? ['…'] : [];
  return {
    text: `${plain(title)}: ${[...cut, ...shown, newest].join(' ')}`,
    showarrow: false,
    xref: 'paper',
    yref: 'paper',
    x: 0,
    y: 0,
    xanchor: 'left',
    yanchor: 'top',
    yshift: -6,
    font: { size: 13 },
  };
}
