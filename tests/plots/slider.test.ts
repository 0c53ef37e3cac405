import { expect, test } from 'vitest';
import { curves } from '../../src/plots/curves';
import { heatmap } from '../../src/plots/heatmap';
import { slider } from '../../src/plots/slider';
import { diagonal } from './examples';

const line = (height: number, title = 'T') =>
  curves([{ name: 'line', y: [0, height] }], { title, xTitle: 'x', yTitle: 'y', yRange: [0, 9] });

test('each place of the slider shows the traces of its own figure, and no other', () => {
  const { data, layout } = slider(
    [1, 2, 3].map((n) => ({ label: `${n}`, figure: line(n) })),
    { name: 'height' },
  );
  expect(data.map(({ visible }) => visible)).toEqual([false, true, false]);
  expect(layout.sliders[0].active).toBe(1);
  const shown = layout.sliders[0].steps.map(({ args }: any) =>
    data.filter((_, i) => args[0].visible[i]).map(({ y }) => y[1]),
  );
  expect(shown).toEqual([[1], [2], [3]]);
});

test('the names at the ends of the lines move with the lines', () => {
  const { layout } = slider(
    [1, 8].map((n) => ({ label: `${n}`, figure: line(n) })),
    { name: 'height', active: 0 },
  );
  expect(layout.annotations[0].y).toBe(1);
  expect(layout.sliders[0].steps[1].args[1].annotations[0].y).toBe(8);
});

test('the alternative text says what the slider changes', () => {
  const { layout } = slider(
    [0.5, 2].map((s) => ({ label: `${s}`, figure: heatmap(diagonal(2, 2, s), { title: 'W' }) })),
    { name: 'sharpness', active: 0 },
  );
  expect(layout.meta.alt).toContain('A slider changes sharpness: 0.5, 2; shown is 0.5.');
});

test('slider() throws for a single setting, or figures of different size', () => {
  expect(() => slider([{ label: '1', figure: line(1) }], { name: 'n' })).toThrow(
    'slider() needs two settings or more',
  );
  const pair = [2, 3].map((n) => ({
    label: `${n}`,
    figure: heatmap(diagonal(n, n), { title: 'W' }),
  }));
  expect(() => slider(pair, { name: 'n' })).toThrow('give all the same size');
});
