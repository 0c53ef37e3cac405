import { crowdSize, loadDigitCrowds } from 'attention';
import { describe, expect, test } from 'vitest';

const { train, test: heldOut } = loadDigitCrowds({ train: 300, test: 100 });
const edges = ([x, y, w, h]: number[]) =>
  [x - w / 2, y - h / 2, x + w / 2, y + h / 2].map((part) => Math.round(part * crowdSize));

describe('crowds of digits', () => {
  test('have ink inside their boxes and nowhere else, up to the edges of each', () => {
    for (const { pixels, boxes } of [...train, ...heldOut]) {
      const all = boxes.map(edges);
      for (const [left, top, right, bottom] of all) {
        expect(left).toBeGreaterThanOrEqual(0);
        expect(top).toBeGreaterThanOrEqual(0);
        expect(Math.max(right, bottom)).toBeLessThanOrEqual(crowdSize);
        const ink = (x: number, y: number) => pixels[crowdSize * y + x] > 0.25;
        const column = (x: number) =>
          Array.from({ length: bottom - top }, (_, k) => ink(x, top + k)).some(Boolean);
        expect(column(left) && column(right - 1)).toBe(true);
      }
      const outside = [...pixels.keys()].filter((i) => {
        const [x, y] = [i % crowdSize, Math.floor(i / crowdSize)];
        const inside = all.some(([l, t, r, b]) => x >= l && x < r && y >= t && y < b);
        return !inside && pixels[i] !== 0;
      });
      expect(outside).toEqual([]);
    }
  });

  test('keep a pixel of paper between two boxes', () => {
    for (const { boxes } of train)
      boxes.map(edges).forEach(([l, t, r, b], i, all) => {
        for (const [l2, t2, r2, b2] of all.slice(i + 1))
          expect(Math.max(l2 - r, l - r2, t2 - b, t - b2)).toBeGreaterThanOrEqual(1);
      });
  });

  test('hold one to three digits alike often, of ten classes', () => {
    const counts = train.map(({ classes }) => classes.length);
    for (const n of [1, 2, 3])
      expect(counts.filter((count) => count === n).length).toBeGreaterThan(75);
    expect(new Set(train.flatMap(({ classes }) => classes)).size).toBe(10);
    const { test: larger } = loadDigitCrowds({ train: 1, test: 20, digits: [5, 5] });
    expect(larger.every(({ classes, boxes }) => classes.length === 5 && boxes.length === 5)).toBe(
      true,
    );
  });

  test('are the same for the same seed, and others for another', () => {
    expect(loadDigitCrowds({ train: 3, test: 1 }).train).toEqual(train.slice(0, 3));
    expect(loadDigitCrowds({ train: 3, test: 1, seed: 2 }).train).not.toEqual(train.slice(0, 3));
  });

  test('hold out digits: no picture of a digit is in both parts', () => {
    const cuts = (crowds: typeof train) =>
      crowds.flatMap(({ pixels, boxes }) =>
        boxes.map(edges).map(([l, t, r, b]) =>
          [...pixels.keys()]
            .filter((i) => {
              const [x, y] = [i % crowdSize, Math.floor(i / crowdSize)];
              return x >= l && x < r && y >= t && y < b;
            })
            .map((i) => pixels[i].toFixed(4))
            .join(),
        ),
      );
    const learned = new Set(cuts(train));
    expect(cuts(heldOut).filter((one) => learned.has(one))).toEqual([]);
  });

  test('refuse numbers that are none', () => {
    expect(() => loadDigitCrowds({ train: 0 })).toThrow('crowds: expected a whole number from 1');
    expect(() => loadDigitCrowds({ digits: [3, 2] })).toThrow('expected 1 ≤ fewest ≤ most ≤ 6');
    expect(() => loadDigitCrowds({ digits: [1, 9] })).toThrow('got 1 and 9');
  });
});
