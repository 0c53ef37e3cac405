/** One colour scale for all panels of a figure, with one colour bar at the right. */
import { type ColorScale, diverging, ink, plain, sequential } from './figure';
import { scaleEnd } from './weights';
import { number } from './words';

/** What the colours of a figure show. */
export interface Scale {
  /**
   * Where the colour scale ends. It begins at 0, or at −max for scores. Default: the largest value,
   * rounded up to 1, 2, 3, 4, 5 or 10 times a power of ten. Give 1 to compare figures.
   */
  max?: number;
  /** Scores before the softmax: orange is negative, blue positive, grey masked (−Infinity). */
  signed?: boolean;
  /**
   * False if the numbers are no weights: pictures, masks, shares, counts. A lesson's tests ask of all
   * others that each row sums to 1. Default true, unless `signed`.
   */
  weights?: boolean;
  /** What the colour bar is called. Default 'weight', 'score' if signed, 'value' if no weights. */
  barTitle?: string;
}

/** The room that the colour bar takes at the right. */
export const barWidth = 92;

/**
 * Puts the heatmaps among the traces on one scale for values up to `largest`, and beside panels of
 * `height` pixels the bar that explains it. (Plotly has a shared axis for this, `coloraxis`, which
 * its own `Plotly.validate` calls invalid.)
 *
 * @throws if `max` is not above 0.
 */
export function onOneScale(
  traces: Record<string, any>[],
  scale: Scale,
  largest: number,
  height: number,
  colorscale: ColorScale = scale.signed ? diverging : sequential,
): Record<string, any>[] {
  const { signed = false, weights = true, max = scaleEnd(largest), barTitle } = scale;
  if (!(max > 0)) throw new Error(`the colour scale must end above 0, not at ${max}`);
  const bottom = signed ? -max : 0;
  const digit = Number(max.toExponential()[0]);
  const parts = signed ? 4 : digit === 3 || digit === 4 ? digit : 5;
  const ticks = Array.from({ length: parts + 1 }, (_, i) => bottom + ((max - bottom) * i) / parts);
  const name = barTitle ?? (signed ? 'score' : weights ? 'weight' : 'value');
  const bar = { showscale: true, colorbar: colorBar(name, ticks, Math.min(height, 360)) };
  const first = traces.find(({ type }) => type === 'heatmap');
  return traces.map((trace) => {
    if (trace.type !== 'heatmap') return trace;
    const shown = trace === first ? bar : { showscale: false };
    return { ...trace, zmin: bottom, zmax: max, colorscale, ...shown };
  });
}

/** The bar that explains colours, beside the upper edge of a figure, `length` pixels tall if there is room. */
export function colorBar(name: string, ticks: number[], length: number): Record<string, any> {
  return {
    title: { text: plain(name), side: 'right', font: { size: 12 } },
    lenmode: 'pixels',
    len: Math.max(110, length),
    y: 1,
    yanchor: 'top',
    x: 1,
    xpad: 12,
    ypad: 0,
    thickness: 14,
    outlinewidth: 1,
    outlinecolor: '#8c959f',
    tickmode: 'array',
    tickvals: ticks,
    ticktext: ticks.map(number),
    tickfont: { size: 11, color: ink },
  };
}

/** What a description of the figure calls its largest number. */
export function largestOf({ signed = false, weights = true }: Scale): string {
  if (signed) return 'Highest score';
  return weights ? 'Most weight' : 'Highest value';
}
