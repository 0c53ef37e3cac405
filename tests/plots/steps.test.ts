import { expect, test } from 'vitest';
import { steps } from '../../src/plots/steps';
import { diagonal } from './examples';

const options = { title: 'While decoding', queries: ['TH', '<b>', 'T'], keys: ['T', 'H'] };

test('steps(weights) has a step of the slider for each row, and begins at the last', () => {
  const [slider] = steps(diagonal(3, 2), options).layout.sliders;
  expect(slider.active).toBe(2);
  expect(slider.steps.map(({ label }: any) => label)).toEqual(['1: TH', '2: &lt;b&gt;', '3: T']);
});

test('step t shows the rows up to t and the output so far, without changing any value', () => {
  const { layout } = steps(diagonal(3, 2), options);
  const { method, args } = layout.sliders[0].steps[1];
  expect(method).toBe('relayout');
  expect(args[0]['yaxis.range']).toEqual([1.5, -0.5]);
  expect(args[0]['yaxis.domain']).toEqual([1 - 2 / 3, 1]);
  expect(args[0].annotations[0].text).toBe('output so far: TH <b>&lt;b&gt;</b>');
});

test('an output too long for the line loses its beginning', () => {
  const queries = Array.from({ length: 40 }, (_, i) => `token${i}`);
  const { layout } = steps(diagonal(40, 2), { ...options, queries });
  expect(layout.annotations[0].text).toMatch(/^output so far: … token.*<b>token39<\/b>$/);
});

test('steps(weights) throws if a token is missing', () => {
  expect(() => steps(diagonal(4, 2), options)).toThrow(
    'weights have 4 queries, but 3 query tokens',
  );
});
