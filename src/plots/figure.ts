/** What every plot shares: the type of a figure, its paper, its fonts and its colours. */

/**
 * A Plotly figure: what `Plotly.newPlot` takes. Width and height are fixed, the paper is white in
 * every theme, and `layout.meta.alt` says in words what the figure shows.
 */
export interface Figure {
  data: Record<string, any>[];
  layout: Record<string, any>;
  config?: Record<string, any>;
}

/** Colours as Plotly wants them: [share of the scale, colour]. */
export type ColorScale = [number, string][];

// Both ramps: lightness falls from white, hue turns a little, and neighbours are equally far apart
// in OKLab. Light against dark is what carries the value, so every colour vision can read it.
const blues = ['#ffffff', '#c5e9f6', '#8ecfee', '#5cb2e5', '#3692d5', '#2471bd', '#23519c'];
blues.push('#213575', '#1a1e4b');
const oranges = ['#ffffff', '#fbe1c8', '#f5c195', '#eca065', '#dc7e3c', '#c55f1c', '#a7450e'];
oranges.push('#843213', '#602618');

/** Weights: white is 0, the darkest blue is the most. */
export const sequential: ColorScale = spread(blues);

/** Scores of either sign: orange is negative, white is 0, blue is positive. */
export const diverging: ColorScale = spread([...oranges.slice(1).reverse(), ...blues]);

/** Weights over an image: from see-through to vermilion, soon enough to see small weights too. */
export const veil: ColorScale = [
  [0, 'rgba(230, 120, 20, 0)'],
  [0.25, 'rgba(225, 108, 10, 0.45)'],
  [1, 'rgba(205, 80, 0, 0.95)'],
];

/** Lines: Okabe and Ito's colours in an order that keeps neighbours apart, without their yellow. */
export const palette = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#000000',
  '#e69f00',
  '#56b4e9',
];

export const ink = '#1f2328';
export const quiet = '#57606a';
export const faint = '#d0d7de';

/** The grey of a cell without a value: a key that is masked. */
export const masked = '#d9dce1';

const family = 'Helvetica Neue, Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif';

function spread(colors: string[]): ColorScale {
  return colors.map((color, i) => [i / (colors.length - 1), color]);
}

/** The colour a value in 0…1 has on the sequential scale. */
export function sequentialColor(share: number): string {
  const at = Math.min(1, Math.max(0, share)) * (blues.length - 1);
  const low = Math.min(Math.floor(at), blues.length - 2);
  const channel = (color: string, i: number) => Number.parseInt(color.slice(i, i + 2), 16);
  const mixed = [1, 3, 5].map((i) => {
    const [from, to] = [channel(blues[low], i), channel(blues[low + 1], i)];
    return Math.round(from + (to - from) * (at - low));
  });
  return `rgb(${mixed.join(', ')})`;
}

/** A drawing whose unit is a pixel: x to the right, y down, no axis to be seen. */
export function inPixels(width: number, height: number) {
  const hidden = { visible: false, fixedrange: true };
  return {
    xaxis: { ...hidden, range: [0, width] },
    yaxis: { ...hidden, range: [height, 0] },
    showlegend: false,
    hovermode: 'closest',
  };
}

/** Lines of text below a drawing whose unit is a pixel, at the left edge of the figure. */
export function legendBelow(lines: string[], height: number, margin: Margin) {
  return {
    text: lines.map(plain).join('<br>'),
    showarrow: false,
    xref: 'x',
    yref: 'y',
    align: 'left',
    x: 0,
    xshift: 16 - margin.left,
    xanchor: 'left',
    y: height,
    yshift: -margin.bottom + 10,
    yanchor: 'bottom',
    font: { size: 12, color: quiet },
  };
}

/** Pixels across: what a cell's output has in the Lab, in a window 800 pixels wide. */
export const pageWidth = 620;

/** The space in pixels around the panels. */
export interface Margin {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

/** What a figure is called: `title` says which attention it shows, of which layer and head. */
export interface Heading {
  /** Which attention of which layer and head: 'Cross-attention, layer 2, head 1'. */
  title: string;
  /** A second, smaller line: what was fed in, which model. */
  subtitle?: string;
}

/**
 * Puts data, title and alternative text together on white paper of a fixed size.
 * A title wider than the panels widens the paper, up to `pageWidth`, then it wraps.
 *
 * @throws if the title is empty.
 */
export function figure(
  data: Figure['data'],
  layout: Figure['layout'],
  { title, subtitle, weights }: Heading & { weights?: boolean },
  size: { width: number; height: number; margin: Margin },
  alt: string,
): Figure {
  if (!title?.trim()) {
    throw new Error(
      "a figure needs a title that says what it shows: 'Cross-attention, layer 2, head 1'",
    );
  }
  const { margin } = size;
  const room = Math.max(size.width, pageWidth) - 32;
  const titleLines = wrap(title, room, 16);
  const subtitleLines = subtitle ? wrap(subtitle, room, 13) : [];
  const widest = Math.max(
    ...titleLines.map((line) => textWidth(line, 16)),
    ...subtitleLines.map((line) => textWidth(line, 13)),
  );
  const head = 20 + 20 * titleLines.length + (subtitle ? 6 + 17 * subtitleLines.length : 0);
  const width = Math.ceil(Math.max(size.width, widest + 32));
  const height = Math.ceil(size.height + head);
  return {
    data,
    layout: {
      width,
      height,
      margin: {
        t: margin.top + head,
        r: margin.right + width - size.width,
        b: margin.bottom,
        l: margin.left,
      },
      title: {
        text: titleLines.map(plain).join('<br>'),
        // A second line moves Plotly's top-anchored titles up, off the paper: anchor the baseline.
        yanchor: 'bottom',
        y: 1 - 28 / height,
        yref: 'container',
        x: 16 / width,
        xref: 'container',
        xanchor: 'left',
        font: { size: 16 },
        subtitle: {
          text: subtitleLines.map(plain).join('<br>'),
          font: { size: 13, color: quiet },
        },
      },
      font: { family, size: 13, color: ink },
      paper_bgcolor: '#ffffff',
      plot_bgcolor: '#ffffff',
      modebar: { bgcolor: 'rgba(255, 255, 255, 0.9)', color: '#8c959f', activecolor: ink },
      meta: { alt, ...(weights === undefined ? {} : { weights }) },
      ...layout,
    },
    config: {
      displaylogo: false,
      // By default Plotly also offers to upload the figure.
      modeBarButtons: [['toImage', 'zoom2d', 'pan2d', 'resetScale2d']],
    },
  };
}

/**
 * Text as itself: Plotly reads a little HTML in its texts, so the token `<s>` would strike out
 * what follows, and two dollar signs would start mathematics.
 */
export function plain(text: string): string {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/\$/g, '&#36;');
}

/** About how many pixels a text takes, on the safe side: there is no screen here to measure on. */
export function textWidth(text: string, size: number): number {
  let ems = 0;
  for (const c of text) {
    if (/[\p{Mn}]/u.test(c)) continue;
    if (/[iljtfrI.,:;'!|()[\] ]/.test(c)) ems += 0.36;
    else if (/[mwMW@%—→]/.test(c)) ems += 0.98;
    else if (/[ᄀ-ᇿ⺀-꓏가-힣豈-﫿︰-﹏＀-｠\p{Emoji_Presentation}]/u.test(c)) ems += 1.1;
    else if (/\p{Lu}/u.test(c)) ems += 0.75;
    else ems += 0.6;
  }
  return ems * size;
}

/** The lines into which a text breaks at its spaces, each at most `width` pixels if words allow. */
export function wrap(text: string, width: number, size: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const longer = lines.length ? `${lines[lines.length - 1]} ${word}` : word;
    if (lines.length && textWidth(longer, size) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
