import { drawnDigit, loadMnist } from 'attention';
import { expect, test } from 'vitest';

test('loadMnist splits 10,000 digits of 28 × 28 grey values, the same way for the same seed', () => {
  const { train, validation, test: held } = loadMnist();
  expect([train.length, validation.length, held.length]).toEqual([8000, 1000, 1000]);
  const { pixels, label } = train[0];
  expect(pixels).toHaveLength(784);
  expect(Math.min(...pixels)).toBe(0);
  expect(Math.max(...pixels)).toBeGreaterThan(0.9);
  const labels = (seed: number) => loadMnist({ seed }).test.map((digit) => digit.label);
  expect(new Set(labels(1)).size).toBe(10);
  expect(labels(1)).toEqual(labels(1));
  expect(labels(1)).not.toEqual(labels(2));
  expect(train).not.toContainEqual(held[0]);
  expect(label).toBeGreaterThanOrEqual(0);
});

test('loadMnist refuses a share that leaves too little', () => {
  expect(() => loadMnist({ heldOut: 0.5 })).toThrow('share between 0 and 0.4, got 0.5');
});

test('drawnDigit makes four pixels of each #, centred by their mass, wherever they were drawn', () => {
  const ink = (text: string) =>
    Array.from(drawnDigit(text), (grey, i) => ({ grey, x: i % 28, y: Math.floor(i / 28) })).filter(
      ({ grey }) => grey,
    );
  const bar = ink('\n  #\n  #\n  #\n');
  expect(bar.map(({ x }) => x)).toEqual(Array.from({ length: 6 }, () => [13, 14]).flat());
  expect(bar.map(({ y }) => y)).toEqual([11, 12, 13, 14, 15, 16].flatMap((y) => [y, y]));
  expect(ink('......#\n......#\n......#')).toEqual(bar);
  expect(ink('no ink at all')).toEqual([]);
  expect(ink('#'.repeat(20))).toHaveLength(2 * 28);
});
