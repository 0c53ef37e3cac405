import type { tf } from '../tensors/tf';
import { boxMarks, type PictureBox } from './boxes';
import { barWidth, onOneScale, type Scale } from './colors';
import { type Figure, figure, type Heading, plain, veil } from './figure';
import { grid } from './grid';
import { caption, inRow, widestName } from './heads';
import { png } from './png';
import { type Matrices, peak, plainArrays, readGrid, readMatrix, shapeOf } from './weights';
import { number, sentences, strongest } from './words';

/** An image: a tensor or nested arrays, `[height, width]` or with 1 (grey) or 3 (RGB) channels. */
export type Picture = tf.Tensor | number[][] | number[][][];

export interface OverlayOptions extends Heading, Omit<Scale, 'signed' | 'weights'> {
  /** The names of the panels, row by row: the words, or the heads. Default: 'map 1', … */
  names?: string[];
  /** How many panels in a row. Default: as the shape of the weights says, or up to 4. */
  columns?: number;
  /** Begin with a panel that shows the bare image. Default: true for one row of weights. */
  bare?: boolean;
  /** Pixels across, of all panels in a row. Default 850; up to 500 fits a window of 800. */
  width?: number;
  /** Interpolate between the weights; false draws each as a square. Default true. */
  smooth?: boolean;
  /** Boxes to draw over each panel, the bare image's among them. */
  boxes?: PictureBox[][];
}

/**
 * Attention weights over an image, one panel for each map: the more weight, the redder.
 *
 * A map may be coarser than the image: weight `[i, j]` covers the same share of the image as it
 * does of the map, and the colours in between are interpolated.
 *
 * @param image `[height, width]`, `[height, width, 1]` or `[height, width, 3]`; values from 0 to 1,
 * or to 255 if one is above 1.
 * @param weights `[maps, rows, columns]`, `[rows of panels, maps, rows, columns]` or one map
 * `[rows, columns]`.
 * @throws if the image is none, or as `heads`.
 *
 * @example
 * overlay(image, weights.reshape([words.length, 7, 7]), {
 *   title: 'Soft attention, one map for each word', names: words,
 * })
 */
export function overlay(
  image: Picture,
  weights: Matrices | number[][],
  options: OverlayOptions,
): Figure {
  const { smooth = true, width = 850 } = options;
  const picture = readPicture(image);
  const nested = plainArrays(weights) as number[][][];
  const one = shapeOf(nested).length === 2;
  const rows = one
    ? [[readMatrix(nested, 'weights')]]
    : readGrid(nested, 'weights', '[maps, rows, columns] over an image');
  const maps = rows.flat();
  const names = options.names ?? (one ? [''] : maps.map((_, i) => `map ${i + 1}`));
  if (names.length !== maps.length) {
    throw new Error(`there are ${maps.length} maps, but ${names.length} names were given`);
  }

  const { bare = rows.length === 1 } = options;
  const shown = bare ? [null, ...maps] : maps;
  const captions = bare ? ['image', ...names] : names;
  const { boxes = shown.map(() => []) } = options;
  if (boxes.length !== shown.length)
    throw new Error(`there are ${shown.length} panels, but ${boxes.length} lists of boxes`);
  const columns = options.columns ?? (rows.length > 1 ? rows[0].length : inRow(shown.length));
  const widest = Math.min(220, (width - 14 * (columns - 1)) / columns);
  const zoom = widest / Math.max(picture.width, picture.height);
  const panel = { width: picture.width * zoom, height: picture.height * zoom };
  const gap = { x: Math.max(14, widestName(captions) - panel.width), y: 30 };
  const { size, panels } = grid(shown.length, columns, panel, gap, {
    top: 10,
    left: 16,
    bottom: Math.max(28, 130 - panel.height),
    right: barWidth,
  });

  const data = shown.flatMap((map, i): Record<string, any>[] => {
    const { x, y } = panels[i];
    const base = { type: 'image', source: picture.source, xaxis: x, yaxis: y, hoverinfo: 'skip' };
    if (!map) return [base];
    // Half faded: the colour of the weights shows on black and on white.
    const faded = { ...base, opacity: 0.5 };
    const [dx, dy] = [picture.width / map[0].length, picture.height / map.length];
    return [
      faded,
      {
        type: 'heatmap',
        z: map,
        // Pixel 0 has its centre at 0, so the image begins at −½.
        x0: dx / 2 - 0.5,
        dx,
        y0: dy / 2 - 0.5,
        dy,
        xaxis: x,
        yaxis: y,
        zsmooth: smooth ? 'best' : false,
        hovertemplate: `${plain(captions[i])} %{z:.3~r}<extra></extra>`,
      },
    ];
  });
  const hidden = { showgrid: false, zeroline: false, showticklabels: false, ticks: '' };
  const axes = panels.flatMap(({ x, y, xaxis, yaxis, xdomain, ydomain }) => [
    [xaxis, { ...hidden, domain: xdomain, anchor: y, range: [-0.5, picture.width - 0.5] }],
    [yaxis, { ...hidden, domain: ydomain, anchor: x, range: [picture.height - 0.5, -0.5] }],
  ]);
  const marks = boxes.map((list, i) => boxMarks(list, panels[i], picture));
  const largest = Math.max(...maps.map(peak));
  const height = size.height - size.margin.top - size.margin.bottom;
  return figure(
    onOneScale(data, options, largest, height, veil),
    {
      ...Object.fromEntries(axes),
      shapes: marks.flatMap(({ shapes }) => shapes),
      annotations: [
        ...panels
          .filter((_, i) => captions[i])
          .map((p) => caption(captions[panels.indexOf(p)], p.xdomain, p.ydomain)),
        ...marks.flatMap(({ annotations }) => annotations),
      ],
    },
    options,
    size,
    sentences(
      `${maps.length} ${maps.length === 1 ? 'map' : 'maps'} of weights over an image: ${options.title}`,
      options.subtitle,
      `Most weight: ${maps.map((map, i) => `${names[i]} ${summit(map)}`.trim()).join('; ')}`,
    ),
  );
}

// Where the largest weight is, for who cannot see it: 'row 2 of 7, column 5 of 7 (0.4)'.
function summit(map: (number | null)[][]): string {
  const row = strongest(map.map((values) => values[strongest(values)]));
  const column = strongest(map[row]);
  const place = `row ${row + 1} of ${map.length}, column ${column + 1} of ${map[0].length}`;
  return `${place} (${number(map[row][column] as number)})`;
}

/** A picture as a PNG. @throws if it is none */
export function readPicture(image: Picture): { width: number; height: number; source: string } {
  const nested: any = plainArrays(image);
  const shape = shapeOf(nested);
  const [height, width, channels = 1] = shape;
  if (shape.length < 2 || shape.length > 3 || (channels !== 1 && channels !== 3)) {
    throw new Error(
      `the image has shape [${shape}], not [height, width] or [height, width, 1 or 3]`,
    );
  }
  const values: number[] = nested.flat(2);
  const wrong = values.find((value) => !(value >= 0 && value <= 255));
  if (wrong !== undefined) throw new Error(`the image has the value ${wrong}, not 0…1 or 0…255`);
  const factor = values.some((value) => value > 1) ? 1 : 255;
  const pixels = Uint8Array.from(values, (value) => Math.round(value * factor));
  return { width, height, source: png(pixels, width, height, channels as 1 | 3) };
}
