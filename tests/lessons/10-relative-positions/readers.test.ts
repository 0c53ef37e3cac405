import {
  f1,
  loadScriptioContinua,
  markReader,
  reader,
  tf,
  trainReader,
  withoutSpaces,
  withSpaces,
} from 'attention';
import { describe, expect, test } from 'vitest';
import { difference } from '../../helpers';

const { train, test: heldOut } = loadScriptioContinua();
const stretch = (at: number, length: number) => [...heldOut.letters.subarray(at, at + length)];

describe('scriptio continua', () => {
  test('takes the spaces out, and knows where they were', () => {
    const { letters, ends } = withoutSpaces("A ship's boat, sir!");
    expect(withSpaces(letters, ends)).toBe('a ships boat sir');
    expect(withSpaces(letters, new Uint8Array(letters.length))).toBe('ashipsboatsir');
    expect(withoutSpaces('?!').letters).toHaveLength(0);
  });

  test('holds back chapters that the training has not', () => {
    const text = ({ letters, ends }: typeof train) => withSpaces(letters, ends);
    const [learned, kept] = [text(train), text(heldOut)];
    expect(learned).toContain('call me ishmael');
    expect(kept).not.toContain('call me ishmael');
    expect(train.letters.length).toBeGreaterThan(4 * heldOut.letters.length);
  });
});

describe('reader', () => {
  test('of relative positions does not know where a text begins; of absolute ones does', () => {
    for (const positions of ['relative', 'sinusoidal', 'learned', 'none'] as const) {
      const one = reader({ positions });
      const at = (start: number) => one.forward([stretch(0, 20)], { start }).logits;
      const moved = tf.tidy(() => difference(at(0), at(50)));
      if (positions === 'relative' || positions === 'none') expect(moved).toBe(0);
      else expect(moved).toBeGreaterThan(0.01);
      tf.dispose(one.parameters);
    }
  });

  test('without positions gives a letter the same answer wherever it stands', () => {
    const one = reader({ positions: 'none' });
    const [forth, back] = [
      [7, 4, 11, 15],
      [15, 11, 4, 7],
    ];
    const { logits } = one.forward([forth, back]);
    expect(difference(logits.slice(0, 1), tf.reverse(logits.slice(1, 1), 1))).toBeLessThan(1e-5);
  });

  test.each([
    ['both', true, true],
    ['keys', true, false],
    ['values', false, true],
  ] as const)('learns %s of its tables', (tables, wK, wV) => {
    const one = reader({ positions: 'relative', tables });
    const names = Object.keys(one.parameters);
    expect(names.some((name) => name.endsWith('wK'))).toBe(wK);
    expect(names.some((name) => name.endsWith('wV'))).toBe(wV);
  });

  test('is trained, the same way every time, and leaves no tensor', async () => {
    const losses = async () => {
      const one = reader({ positions: 'relative', k: 2, seed: 3 });
      const before = tf.memory().numTensors;
      const found = await trainReader(one, train, { steps: 30, length: 16, batch: 8 });
      const marks = markReader(one, heldOut, { length: 16, total: 160 });
      expect(tf.memory().numTensors).toBe(before);
      return { found, marks, score: f1(marks) };
    };
    const [once, again] = [await losses(), await losses()];
    expect(again).toEqual(once);
    expect(once.found[29]).toBeLessThan(once.found[0]);
    const ends = once.marks.reduce((sum, { hits, misses }) => sum + hits + misses, 0);
    expect(once.marks).toHaveLength(16);
    expect(ends).toBeGreaterThan(20);
  });

  test('begins at drawn places, up to the farthest', async () => {
    const one = reader({ positions: 'sinusoidal' });
    const twin = reader({ positions: 'sinusoidal' });
    const [near] = await trainReader(one, train, { steps: 1, farthest: 0 });
    const [far] = await trainReader(twin, train, { steps: 1, farthest: 500 });
    expect(near).not.toBe(far);
  });
});

test('F1 is the harmonic mean of precision and recall', () => {
  const marks = [
    { hits: 3, falseAlarms: 1, misses: 0 },
    { hits: 0, falseAlarms: 2, misses: 3 },
  ];
  const [precision, recall] = [3 / 6, 3 / 6];
  expect(f1(marks)).toBeCloseTo((2 * precision * recall) / (precision + recall), 10);
});
