import { plain } from './figure';
import type { Panel } from './grid';

/** A box to draw over an image. */
export interface PictureBox {
  /** Centre x, centre y, width, height, as parts of the image, 0 … 1. */
  box: ArrayLike<number>;
  /** Written at its upper edge. */
  name?: string;
  /** A dashed line: what is there; a solid one: what was found. */
  dashed?: boolean;
  /** One of a few colours that show on black, from 0. */
  color?: number;
}

// Bright enough for black paper, and apart for every colour vision; an orange veil leaves the first.
const bright = [
  '#56d4ff',
  '#ffd23f',
  '#ff9ecf',
  '#8fe388',
  '#ffffff',
  '#ff8f5c',
  '#b9a5ff',
  '#d9d9d9',
];

/**
 * The boxes of one panel, as shapes and annotations of a figure's layout.
 *
 * @param size of the image in pixels: pixel 0 has its centre at 0
 * @throws if a box is not four finite numbers
 */
export function boxMarks(
  boxes: readonly PictureBox[],
  { x, y }: Pick<Panel, 'x' | 'y'>,
  { width, height }: { width: number; height: number },
): { shapes: Record<string, any>[]; annotations: Record<string, any>[] } {
  const marks = boxes.map(({ box, name, dashed = false, color = dashed ? 4 : 0 }) => {
    const [cx, cy, w, h] = Array.from(box);
    if (box.length !== 4 || ![cx, cy, w, h].every(Number.isFinite))
      throw new Error(`a box is [${Array.from(box).join(', ')}], not four numbers`);
    const line = { color: bright[color % bright.length], width: 2, dash: dashed ? 'dot' : 'solid' };
    const [left, top] = [(cx - w / 2) * width - 0.5, (cy - h / 2) * height - 0.5];
    const shape = {
      type: 'rect',
      xref: x,
      yref: y,
      x0: left,
      x1: left + w * width,
      y0: top,
      y1: top + h * height,
      line,
    };
    const annotation = name && {
      text: plain(name),
      showarrow: false,
      xref: x,
      yref: y,
      x: Math.max(-0.5, left),
      y: top,
      xanchor: 'left',
      // Above the box, or inside it where the image ends.
      yanchor: cy - h / 2 < 0.09 ? 'top' : 'bottom',
      borderpad: 0,
      font: { size: 12, color: line.color },
    };
    return { shape, annotation };
  });
  return {
    shapes: marks.map(({ shape }) => shape),
    annotations: marks.flatMap(({ annotation }) => annotation || []),
  };
}
