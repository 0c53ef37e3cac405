import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  growthOf,
  methods,
  page,
  softAttention,
  storedResults,
  tf,
  thumbnail,
  whole,
} from 'attention';
import { decode } from 'fast-png';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { root } from '../../../tools/setup/paths.mjs';

afterEach(() => vi.restoreAllMocks());
const silent = () => vi.spyOn(console, 'log').mockImplementation(() => undefined);

describe('thumbnail', () => {
  test('is a PNG of nine pixels a cell, the largest number darkest, 0 white', () => {
    const { width, height, channels, data } = decode(thumbnail([[0, 1, 2]]));
    expect([width, height, channels]).toEqual([28, 10, 3]);
    const shade = (cell: number) => {
      const at = (4 * width + cell * 9 + 4) * 3;
      return data[at] + data[at + 1] + data[at + 2];
    };
    expect(shade(0)).toBeGreaterThan(shade(1));
    expect(shade(1)).toBeGreaterThan(shade(2));
    expect(shade(0)).toBeGreaterThan(720);
  });

  test('refuses what is no matrix, and numbers below 0 or not finite', () => {
    expect(() => thumbnail([1, 2] as never)).toThrow('shape [2]');
    expect(() => thumbnail([[1, -1]])).toThrow('got -1');
    expect(() => thumbnail([[Number.NaN]])).toThrow('got NaN');
  });
});

describe('page', () => {
  const attended = () => softAttention(tf.tensor3d([[[0, 1]]]), tf.tensor3d([[[1], [2]]]));

  test('compares, and leaks nothing', () => {
    const log = silent();
    const before = tf.memory().numTensors;
    page('CBAM', attended, attended);
    expect(tf.memory().numTensors).toBe(before);
    expect(log.mock.calls.flat().join('\n')).toContain('✓ CBAM: this cell and src agree');
  });

  test('refuses another context, and weights whose rows do not sum to 1, if they are no gate', () => {
    silent();
    const doubled = () => {
      const { context, weights } = attended();
      return { context: tf.mul(context, 2), weights };
    };
    expect(() => page('CBAM', doubled, attended)).toThrow('.context');
    const gate = () => ({ context: tf.zeros([1]), weights: tf.tensor2d([[0.5, 0.9]]) });
    expect(() => page('CBAM', gate, gate)).toThrow('row 0 sums to 1.400');
    page('CBAM', gate, gate, { gate: true });
  });

  test('asks for weights', () => {
    expect(() => whole({ context: tf.zeros([1]) })).toThrow('withWeights');
  });
});

test('growthOf says the means of what was stored', () => {
  const numbers = { 'largest tensor, LAMA': [1, 2], 'processor time, LAMA': [0.5, 0.7] };
  expect(growthOf('LAMA', numbers)).toContain('n^1.50');
  expect(growthOf('LAMA', numbers)).toContain('n^0.60');
  expect(growthOf('CBAM', numbers)).toContain('n^?');
});

const notebook = JSON.parse(readFileSync(join(root, 'notebooks/23-atlas.ipynb'), 'utf8'));
const cells: { cell_type: string; source: string | string[]; outputs: object[] }[] = notebook.cells;
const sourceOf = (cell: (typeof cells)[number]) => [cell.source].flat().join('');

test('the notebook has a page for each of the 36 methods, with year, cost, parent and question', () => {
  const pages = cells.filter(
    (cell) => cell.cell_type === 'code' && /^page\('/m.test(sourceOf(cell)),
  );
  const names = pages.map((cell) => /^page\('([^']*)'/m.exec(sourceOf(cell))?.[1]);
  expect([...names].sort()).toEqual(methods.map(({ name }) => name).sort());
  for (const cell of pages) {
    const text = sourceOf(cells[cells.indexOf(cell) - 1]);
    expect(text).toMatch(/\*[^*]*20\d\d[^*]*\*/);
    expect(text).toMatch(/\*\*(?:From|The root)\*?\*?/);
    expect(text).toContain('**Cost**');
    expect(text).toMatch(/<details><summary>[^<]*\?<\/summary>/);
    expect(JSON.stringify(cell.outputs)).toContain('this cell and src agree');
  }
});

test('what stands in the table of costs was measured', () => {
  const { numbers } = storedResults('23');
  for (const { name } of methods) {
    expect(growthOf(name, numbers)).not.toContain('n^?');
  }
});
