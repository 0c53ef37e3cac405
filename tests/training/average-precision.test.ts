import { areaUnderPrecision, averagePrecision, intersectionOverUnion, suppress } from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { golden } from '../golden/golden';

const box = fc.tuple(
  ...[0, 1, 2, 3].map((i) => fc.integer({ min: i < 2 ? 0 : 1, max: 12 })),
) as unknown as fc.Arbitrary<number[]>;

describe('intersectionOverUnion', () => {
  test('counts unit squares', () => {
    const inside = ([x, y, w, h]: number[], px: number, py: number) =>
      Math.abs(px - x) < w / 2 && Math.abs(py - y) < h / 2;
    fc.assert(
      fc.property(box, box, (a, b) => {
        let [both, either] = [0, 0];
        for (let x = -8; x < 20; x += 0.5)
          for (let y = -8; y < 20; y += 0.5) {
            const [p, q] = [a, b].map((one) => inside(one, x + 0.25, y + 0.25));
            both += Number(p && q);
            either += Number(p || q);
          }
        expect(intersectionOverUnion(a, b)).toBeCloseTo(both / either, 9);
      }),
      { numRuns: 60 },
    );
  });

  test('is 0 for empty boxes, which have no union', () => {
    expect(intersectionOverUnion([1, 1, 0, 0], [1, 1, 0, 0])).toBe(0);
  });
});

describe('suppress', () => {
  const boxes = [
    [0.5, 0.5, 0.2, 0.2],
    [0.51, 0.5, 0.2, 0.2],
    [0.5, 0.52, 0.2, 0.2],
    [0.9, 0.5, 0.2, 0.2],
  ];

  test('keeps the surest of those that overlap, of each class', () => {
    const found = { boxes, classes: [1, 1, 2, 1], scores: [0.6, 0.9, 0.3, 0.1] };
    expect(suppress(found)).toEqual({
      boxes: [boxes[1], boxes[2], boxes[3]],
      classes: [1, 2, 1],
      scores: [0.9, 0.3, 0.1],
    });
  });

  test('does not let what was suppressed suppress others', () => {
    const chain = [0, 0.4, 0.8].map((x) => [x, 0, 1, 1]); // neighbours overlap by 3 / 7
    const found = { boxes: chain, classes: [0, 0, 0], scores: [3, 2, 1] };
    expect(suppress(found, 0.4).boxes).toEqual([chain[0], chain[2]]);
    expect(suppress(found, 0.5).boxes).toEqual(chain);
  });

  test('refuses lists that do not fit', () => {
    expect(() => suppress({ boxes, classes: [1], scores: [1, 1, 1, 1] })).toThrow(
      '4 boxes, 1 classes and 4 scores do not fit',
    );
  });
});

describe('averagePrecision', () => {
  test.each(golden<any>('average-precision'))(
    'agrees with pycocotools, case %#',
    ({ found, objects, thresholds, precision }) => {
      expect(averagePrecision(found, objects, thresholds)).toBeCloseTo(precision, 6);
    },
  );

  const objects = [
    {
      classes: [3, 3],
      boxes: [
        [0.2, 0.2, 0.1, 0.1],
        [0.8, 0.8, 0.1, 0.1],
      ],
    },
  ];
  const right = { ...objects[0], scores: [0.9, 0.8] };

  test('is 1 for what is there, 0 for nothing and for the wrong class', () => {
    expect(averagePrecision([right], objects)).toBeCloseTo(1, 9);
    expect(averagePrecision([{ boxes: [], classes: [], scores: [] }], objects)).toBe(0);
    expect(averagePrecision([{ ...right, classes: [2, 2] }], objects)).toBe(0);
  });

  test('counts a second find of an object as wrong: 1 / k if k finds of each follow one another', () => {
    for (const k of [2, 3, 5]) {
      const copies = right.boxes.flatMap((one, i) => Array(k).fill([one, right.scores[i]]));
      const found = {
        boxes: copies.map(([one]) => one),
        classes: copies.map(() => 3),
        scores: copies.map(([, score]) => score),
      };
      // The best precision at a recall of ½ is 1, at 1 it is 2 / (k + 1).
      expect(averagePrecision([found], objects)).toBeCloseTo((51 + (50 * 2) / (k + 1)) / 101, 9);
    }
  });

  test('reads precision at 101 recalls, the best that is still to come', () => {
    expect(areaUnderPrecision([true, false, true], 2)).toBeCloseTo((51 + (50 * 2) / 3) / 101, 9);
    expect(areaUnderPrecision([false, true], 1)).toBeCloseTo(0.5, 9);
    expect(areaUnderPrecision([], 4)).toBe(0);
  });

  test('refuses images that do not fit, and a world without objects', () => {
    expect(() => averagePrecision([], objects)).toThrow('finds in 0 images ≠ objects in 1 images');
    const empty = [{ classes: [], boxes: [] }];
    expect(() => averagePrecision([right], empty)).toThrow('no object');
  });
});
