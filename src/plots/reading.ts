import {
  type Figure,
  figure,
  type Heading,
  ink,
  inPixels,
  legendBelow,
  palette,
  plain,
  sequentialColor,
  textWidth,
  wrap,
} from './figure';
import { checkTokens, visible } from './tokens';
import { type Matrix, peak, readMatrix } from './weights';
import { number, sentences, strongestKeys } from './words';

export interface ReadingOptions extends Heading {
  /** One token for each row and column. */
  tokens: string[];
}

const line = 27;

/**
 * A sentence as it is read, a line for each word: the word that is read is red, those before it are
 * the memory, and the darker its ground, the more weight a word has. What is still to come is not
 * written.
 *
 * Source: Cheng, Dong, Lapata (2016), Figure 1, where it is drawn so.
 *
 * @param weights `[tokens, tokens]`, row t over what was read before t; leading dimensions of size 1
 *   are dropped
 * @throws as `heatmap`; or if a word looks at itself or ahead, or a line is wider than a page
 *
 * @example
 * reading(weights, { title: 'LSTMN, intra-attention', tokens: 'The FBI is chasing'.split(' ') })
 */
export function reading(weights: Matrix, { tokens, ...heading }: ReadingOptions): Figure {
  const rows = readMatrix(weights, 'weights') as number[][];
  checkTokens(tokens, rows.length, 'weights', 'query');
  checkTokens(tokens, rows[0].length, 'weights', 'key');
  rows.forEach((row, t) => {
    const ahead = row.findIndex((weight, i) => i >= t && weight > 0);
    if (ahead >= 0) throw new Error(`word ${t} looks at word ${ahead}, which is not yet read`);
  });
  const most = peak(rows) || 1;
  const widths = tokens.map((token) => textWidth(visible(token), 14) + 10);
  const starts = widths.map((_, i) => widths.slice(0, i).reduce((sum, width) => sum + width, 0));
  const width = starts[starts.length - 1] + widths[widths.length - 1];
  if (width > 900) throw new Error(`a line of ${Math.round(width)} pixels is too wide for a page`);
  const height = line * rows.length;
  const read = rows.flatMap((row, t) => row.slice(0, t + 1).map((weight, i) => ({ t, i, weight })));
  const centre = (i: number) => starts[i] + widths[i] / 2;
  const legend = wrap(
    `Red: the word that is read. Blue ground: the weight of a word before it, up to ${number(most)}.`,
    Math.max(340, width + 48) - 32,
    12,
  );
  const margin = { top: 6, right: 24, left: 24, bottom: 22 + 17 * legend.length };
  const written = { showarrow: false, xref: 'x', yref: 'y' };
  return figure(
    [
      {
        type: 'scatter',
        mode: 'markers',
        x: read.map(({ i }) => centre(i)),
        y: read.map(({ t }) => (t + 0.5) * line),
        marker: { size: 20, opacity: 0 },
        hovertext: read.map(({ t, i, weight }) =>
          plain(
            i === t
              ? `"${visible(tokens[t])}" is read`
              : `"${visible(tokens[t])}" → "${visible(tokens[i])}" ${number(weight)}`,
          ),
        ),
        hoverinfo: 'text',
        cliponaxis: false,
      },
    ],
    {
      ...inPixels(width, height),
      shapes: read
        .filter(({ t, i }) => i < t)
        .map(({ t, i, weight }) => ({
          type: 'rect',
          layer: 'below',
          x0: starts[i] + 1,
          x1: starts[i] + widths[i] - 1,
          y0: t * line + 2,
          y1: (t + 1) * line - 2,
          fillcolor: sequentialColor((0.85 * weight) / most),
          line: { width: 0 },
        })),
      annotations: [
        ...read.map(({ t, i, weight }) => ({
          ...written,
          text: plain(visible(tokens[i])),
          x: centre(i),
          y: (t + 0.5) * line,
          font: { size: 14, color: i === t ? palette[1] : weight > 0.5 * most ? '#ffffff' : ink },
        })),
        legendBelow(legend, height, margin),
      ],
    },
    heading,
    {
      width: Math.max(340, width + margin.left + margin.right),
      height: height + margin.top + margin.bottom,
      margin,
    },
    sentences(
      `A sentence as it is read: ${heading.title}`,
      heading.subtitle,
      `Most weight: ${strongestKeys(rows.slice(1), tokens.slice(1), tokens)}`,
    ),
  );
}
