import { loadMnist } from 'attention';
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
