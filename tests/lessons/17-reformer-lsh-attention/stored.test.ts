/** What lesson 17 says of its stored results in words, without a number. */
import { storedResults } from 'attention';
import { expect, test } from 'vitest';

const { numbers, curves = {} } = storedResults('17');
const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
const rows = ['full', 'LSH-4', 'LSH-2', 'LSH-1'];

test('at step 150 LSH-1 is the last of all; from 250 on, the fewer rounds, the more robust', () => {
  const [stops] = curves.steps;
  stops.forEach((step, s) => {
    const right = rows.map((row) => mean(curves[row].map((run) => run[s])));
    if (step === 150) expect(Math.min(...right)).toBe(right[3]);
    if (step >= 250) expect(right).toEqual([...right].sort((a, b) => a - b));
  });
});

test('after 1,000 steps every row has learned the task', () => {
  for (const row of [...rows, 'one head, full', 'one head, LSH-4'])
    expect(numbers[`${row}, then full, 1000 steps`], row).toEqual([100, 100, 100]);
});

test('who trains seeing itself is the most robust of all', () => {
  const robust = (row: string) => mean(numbers[`${row}, then LSH-1, 1000 steps`]);
  for (const row of rows) expect(robust('itself')).toBeGreaterThan(robust(row));
});

test('sharing Q and K is slower with one seed and faster with another', () => {
  const [shared, apart] = ['shared', 'apart'].map(
    (name) => numbers[`steps to a loss of 0.1, ${name}`],
  );
  const ratios = shared.map((steps, seed) => steps / apart[seed]);
  expect(Math.min(...ratios)).toBeLessThan(1);
  expect(Math.max(...ratios)).toBeGreaterThan(1);
});

test('at 512 tokens LSH and plain attention are level, from 1,024 on LSH is ahead, in every stored run', () => {
  const times = (name: string, tokens: number) => numbers[`${name}, ${tokens} tokens, ms`];
  times('full', 512).forEach((full, run) => {
    expect(Math.abs(Math.log(times('LSH-4', 512)[run] / full))).toBeLessThan(Math.log(1.5));
  });
  for (const tokens of [1024, 2048, 4096, 8192]) {
    times('full', tokens).forEach((full, run) => {
      expect(times('LSH-4', tokens)[run], `${tokens} tokens`).toBeLessThan(full);
    });
  }
});

test('full attention gets slower by more than its dot products do', () => {
  const [long, short] = [8192, 512].map((tokens) => numbers[`full, ${tokens} tokens, ms`]);
  long.forEach((time, run) => expect(time / short[run]).toBeGreaterThan(8192 / 512));
});
