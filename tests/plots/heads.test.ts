import { expect, test } from 'vitest';
import { heads } from '../../src/plots/heads';
import { tf } from '../../src/tensors/tf';
import { diagonal } from './examples';

const title = 'Self-attention, layer 1';
const names = ({ layout }: { layout: Record<string, any> }) =>
  layout.annotations.map(({ text }: { text: string }) => text);

test('heads([heads, queries, keys]) draws a panel for each head on one colour scale', () => {
  const { data, layout } = heads([diagonal(3, 3), diagonal(3, 3, 0.1)], { title });
  expect(data[1].zmax).toBe(data[0].zmax);
  expect(data[1].colorscale).toEqual(data[0].colorscale);
  expect(data.map(({ showscale }) => showscale)).toEqual([true, false]);
  expect(data.map(({ xaxis, yaxis }) => [xaxis, yaxis])).toEqual([
    ['x', 'y'],
    ['x2', 'y2'],
  ]);
  expect(names({ layout })).toEqual(['head 1', 'head 2']);
});

test('heads([layers, heads, …]) draws a row for each layer', () => {
  const figure = heads(
    [
      [diagonal(2, 2), diagonal(2, 2)],
      [diagonal(2, 2), diagonal(2, 2)],
    ],
    { title },
  );
  expect(names(figure)).toEqual([
    'layer 1, head 1',
    'layer 1, head 2',
    'layer 2, head 1',
    'layer 2, head 2',
  ]);
  const { xaxis, xaxis3, yaxis, yaxis3 } = figure.layout;
  expect(xaxis3.domain).toEqual(xaxis.domain);
  expect(yaxis3.domain[1]).toBeLessThan(yaxis.domain[0]);
});

test('the colour scale reaches the largest weight of all heads', () => {
  expect(heads([[[0.04]], [[0.17]]], { title }).data[0].zmax).toBe(0.2);
});

test('a tensor leaves no tensor behind', () => {
  const weights = tf.softmax(tf.randomUniform([4, 3, 3]));
  const before = tf.memory().numTensors;
  heads(weights, { title });
  expect(tf.memory().numTensors).toBe(before);
  weights.dispose();
});

test('the alternative text has the largest weight of each head', () => {
  const weights = [[[0.1, 0.9]], [[0.8, 0.2]]];
  const { layout } = heads(weights, { title, queries: ['q'], keys: ['a', 'b'] });
  expect(layout.meta.alt).toContain('head 1 "q" → "b" 0.9; head 2 "q" → "a" 0.8.');
});

test('heads() throws if the rank is wrong, a name is missing or a weight is NaN', () => {
  expect(() => heads(diagonal(2, 2) as never, { title })).toThrow('weights have shape [2,2]');
  expect(() => heads([diagonal(2, 2)], { title, names: ['a', 'b'] })).toThrow(
    'there are 1 panels, but 2 names were given',
  );
  expect(() => heads([[[1]], [[Number.NaN]]], { title })).toThrow('weights[1][0, 0] is NaN');
  expect(() => heads([[[1]], [[1, 2]]], { title })).toThrow('row 0 has shape [1,1]');
});
