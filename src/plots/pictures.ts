import { boxMarks, type PictureBox } from './boxes';
import { type Figure, figure, type Heading, textWidth } from './figure';
import { grid } from './grid';
import { caption, inRow } from './heads';
import { type Picture, readPicture } from './overlay';
import { sentences } from './words';

export interface PicturesOptions extends Heading {
  /** What is written below each picture; `\n` begins another line. */
  names: string[];
  /** How many pictures in a row. Default: up to 4. */
  columns?: number;
  /** Boxes to draw over each picture. */
  boxes?: PictureBox[][];
}

/**
 * Pictures side by side, each with its caption: scenes, digits, photographs.
 *
 * @param images each `[height, width]`, `[height, width, 1]` or `[height, width, 3]`, of one size;
 * values from 0 to 1, or to 255 if one is above 1
 * @throws if there is no picture, one is none, sizes differ, or there are not as many names
 * or lists of boxes as pictures
 *
 * @example
 * pictures([scene, other], { title: 'Two scenes', names: ['a seven above a circle', 'a two'] })
 */
export function pictures(images: Picture[], options: PicturesOptions): Figure {
  const { names } = options;
  if (images.length === 0) throw new Error('pictures() was given no picture to draw');
  if (names.length !== images.length)
    throw new Error(`there are ${images.length} pictures, but ${names.length} names were given`);
  const read = images.map(readPicture);
  const [{ width, height }] = read;
  const odd = read.find((one) => one.width !== width || one.height !== height);
  if (odd)
    throw new Error(
      `pictures of one size were expected, got ${width} × ${height} and ${odd.width} × ${odd.height}`,
    );
  const { boxes = images.map(() => []) } = options;
  if (boxes.length !== images.length)
    throw new Error(`there are ${images.length} pictures, but ${boxes.length} lists of boxes`);
  const columns = options.columns ?? inRow(images.length);
  const zoom = Math.min(170, 800 / columns - 14) / Math.max(width, height);
  const panel = { width: width * zoom, height: height * zoom };
  const lines = names.map((name) => name.split('\n'));
  const widest = Math.max(...lines.flat().map((line) => textWidth(line, 12))) + 10;
  const below = 16 * Math.max(...lines.map(({ length }) => length)) + 10;
  const { size, panels } = grid(
    images.length,
    columns,
    panel,
    { x: Math.max(14, widest - panel.width), y: below + 8 },
    {
      top: 10,
      left: Math.max(16, (widest - panel.width) / 2),
      bottom: below,
      right: Math.max(16, (widest - panel.width) / 2),
    },
  );
  const hidden = { visible: false, fixedrange: true };
  const marks = boxes.map((list, i) => boxMarks(list, panels[i], { width, height }));
  return figure(
    read.map(({ source }, i) => ({
      type: 'image',
      source,
      xaxis: panels[i].x,
      yaxis: panels[i].y,
      hoverinfo: 'skip',
    })),
    {
      ...Object.fromEntries(
        panels.flatMap(({ x, y, xaxis, yaxis, xdomain, ydomain }) => [
          [xaxis, { ...hidden, domain: xdomain, anchor: y, range: [-0.5, width - 0.5] }],
          [yaxis, { ...hidden, domain: ydomain, anchor: x, range: [height - 0.5, -0.5] }],
        ]),
      ),
      shapes: marks.flatMap(({ shapes }) => shapes),
      annotations: [
        ...panels.map((p, i) => {
          const one = caption('', p.xdomain, p.ydomain);
          return {
            ...one,
            text: lines[i].map((line) => caption(line, p.xdomain, p.ydomain).text).join('<br>'),
          };
        }),
        ...marks.flatMap(({ annotations }) => annotations),
      ],
    },
    options,
    size,
    sentences(
      `${images.length} pictures: ${options.title}`,
      options.subtitle,
      names.map((name) => name.replace(/\n/g, '; ')).join(' | '),
    ),
  );
}
