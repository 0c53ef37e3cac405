/** What the eye sees of a drawn figure: letters that overprint one another, are cut off, or are small. */
import type { Tab } from './chromium.ts';

/**
 * Shows a slide with all its fragments, and looks at its figures.
 *
 * @returns for each figure, what is wrong with it, in words
 */
export const look = (tab: Tab, id: string): Promise<string[][]> => tab.evaluate(inBrowser, id);

async function inBrowser(id: string): Promise<string[][]> {
  const { Reveal } = window as any;
  const slide = document.getElementById(id) as HTMLElement;
  const { h, v } = Reveal.getIndices(slide);
  Reveal.slide(h, v, 99);
  while (slide.querySelector('.plot:not([data-drawn="done"])')) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  type Point = [x: number, y: number];
  interface Label {
    text: string;
    corners: Point[];
    size: number;
  }

  /** The corners of what is inked of a line of text, wherever it is turned to. */
  function labelOf(element: SVGTextElement): Label[] {
    const style = getComputedStyle(element);
    const text = element.textContent?.trim() ?? '';
    const box = element.getBBox();
    const matrix = element.getScreenCTM();
    if (!text || !matrix || box.width === 0 || style.visibility === 'hidden') return [];
    for (let one: Element | null = element; one; one = one.parentElement) {
      const { opacity, display } = getComputedStyle(one);
      if (Number(opacity) < 0.1 || display === 'none') return [];
    }
    // Letters fill about three quarters of their line.
    const lines = Math.max(1, element.querySelectorAll('tspan.line').length);
    const [across, down] = [1, box.height / lines / 8];
    const [left, right] = [box.x + across, box.x + box.width - across];
    const [top, bottom] = [box.y + down, box.y + box.height - down];
    const at = (x: number, y: number): Point => {
      const point = new DOMPoint(x, y).matrixTransform(matrix);
      return [point.x, point.y];
    };
    const corners = [at(left, top), at(right, top), at(right, bottom), at(left, bottom)];
    const size = Number.parseFloat(style.fontSize) * Math.hypot(matrix.a, matrix.b);
    return [{ text, corners, size }];
  }

  /** Two turned boxes overlap if no side of either separates them. */
  function overlap(a: Point[], b: Point[]): boolean {
    const sides = [a, b].flatMap((corners) =>
      [0, 1].map((i) => [corners[i + 1][0] - corners[i][0], corners[i + 1][1] - corners[i][1]]),
    );
    return sides.every(([x, y]) => {
      const length = Math.hypot(x, y) || 1;
      const along = (points: Point[]) => points.map(([px, py]) => (px * x + py * y) / length);
      const [one, other] = [along(a), along(b)];
      const shared =
        Math.min(Math.max(...one), Math.max(...other)) -
        Math.max(Math.min(...one), Math.min(...other));
      return shared > 1;
    });
  }

  return [...slide.querySelectorAll<HTMLElement>('.plot')].map((plot) => {
    const frame = plot.getBoundingClientRect();
    const labels = [...plot.querySelectorAll<SVGTextElement>('.main-svg text')]
      .filter((element) => !element.closest('.hoverlayer'))
      .flatMap(labelOf);
    const wrong: string[] = [];
    for (const [i, { text, corners, size }] of labels.entries()) {
      const other = labels.slice(i + 1).find((one) => overlap(corners, one.corners));
      if (other) wrong.push(`"${text}" and "${other.text}" overprint one another`);
      const [xs, ys] = [0, 1].map((axis) => corners.map((corner) => corner[axis]));
      const out = Math.max(
        frame.left - Math.min(...xs),
        Math.max(...xs) - frame.right,
        frame.top - Math.min(...ys),
        Math.max(...ys) - frame.bottom,
      );
      if (out > 1) wrong.push(`"${text}" is cut off`);
      if (size < 17.4) wrong.push(`"${text}" has letters of ${size.toFixed(0)} px`);
    }
    return [...new Set(wrong)];
  });
}
