import { describe, expect, test } from 'vitest';
import { heatmap } from '../../src/plots/heatmap';
import { tf } from '../../src/tensors/tf';

const title = 'Cross-attention, layer 1, head 1';
const half = [
  [0.5, 0.5],
  [0.25, 0.75],
];

test('heatmap(weights) puts queries down and keys across', () => {
  const { data, layout } = heatmap([[0.1, 0.2, 0.7]], {
    title,
    queries: ['q'],
    keys: ['a', 'b', 'c'],
  });
  expect(data[0].z).toEqual([[0.1, 0.2, 0.7]]);
  expect(layout.xaxis.ticktext).toEqual(['a', 'b', 'c']);
  expect(layout.yaxis.ticktext).toEqual(['q']);
  expect(layout.yaxis.range[0]).toBeGreaterThan(layout.yaxis.range[1]);
});

test('a tensor and nested arrays give the same figure, and no tensor is left behind', () => {
  const tensor = tf.tensor2d(half);
  const before = tf.memory().numTensors;
  expect(heatmap(tensor, { title })).toEqual(heatmap(half, { title }));
  expect(tf.memory().numTensors).toBe(before);
  tensor.dispose();
});

test('leading dimensions of size 1 are dropped', () => {
  expect(heatmap([half], { title })).toEqual(heatmap(half, { title }));
});

test('equal tokens stay apart', () => {
  const { layout } = heatmap([[0.1, 0.2, 0.7]], { title, keys: ['the', 'cat', 'the'] });
  expect(layout.xaxis.tickvals).toEqual([0, 1, 2]);
});

test('tokens that look like HTML or mathematics are shown as they are', () => {
  const { layout } = heatmap([[1, 0, 0]], { title, keys: ['<s>', 'R&D', '$x$'] });
  expect(layout.xaxis.ticktext).toEqual(['&lt;s&gt;', 'R&amp;D', '&#36;x&#36;']);
});

test('white space is visible, and very long tokens are cut', () => {
  const { layout } = heatmap([[1, 0, 0, 0]], { title, keys: [' ', '\n', '', 'x'.repeat(50)] });
  expect(layout.xaxis.ticktext).toEqual(['␣', '↵', '∅', `${'x'.repeat(39)}…`]);
});

test('the colour scale begins at 0 and ends at a round number, or where max says', () => {
  const scale = (rows: number[][], options = {}) =>
    heatmap(rows, { title, ...options }).data.map(({ zmin, zmax }) => [zmin, zmax])[0];
  expect(scale([[0.26, 0.1]])).toEqual([0, 0.3]);
  expect(scale([[0.62, 0.1]])).toEqual([0, 1]);
  expect(scale([[1.0000001, 0]])).toEqual([0, 1]);
  expect(scale([[0, 0]])).toEqual([0, 1]);
  expect(scale([[0.26, 0.1]], { max: 1 })).toEqual([0, 1]);
  expect(scale([[-14, 3]], { signed: true })).toEqual([-20, 20]);
});

test('a masked score is a gap', () => {
  const { data } = heatmap([[2, Number.NEGATIVE_INFINITY]], { title, signed: true });
  expect(data[0].z).toEqual([[2, null]]);
});

test('numbers that are no weights say so, to readers and to the tests of lessons', () => {
  const counts = heatmap([[3, 4]], { title, weights: false });
  expect(counts.layout.meta).toEqual({
    alt: expect.stringContaining('Highest value: 0 → 1 4.'),
    weights: false,
  });
  expect(counts.data[0].colorbar.title.text).toBe('value');
  expect(heatmap([[0.3, 0.7]], { title }).layout.meta).not.toHaveProperty('weights');
});

test('values are kept to four digits of the largest', () => {
  expect(heatmap([[0.123456789, 0.000012345]], { title }).data[0].z).toEqual([[0.12346, 0.00001]]);
  expect(heatmap([[812.3456, 1.23456]], { title }).data[0].z).toEqual([[812.35, 1.23]]);
});

test('up to 6 × 6 the values are printed in the cells, if not told otherwise', () => {
  const printed = (size: number, numbers?: boolean) => {
    const rows = Array.from({ length: size }, () => Array(size).fill(1 / size));
    return heatmap(rows, { title, numbers }).data[0].texttemplate !== undefined;
  };
  expect([printed(6), printed(7), printed(6, false), printed(7, true)]).toEqual([
    true,
    false,
    false,
    true,
  ]);
});

test('the alternative text says what attends to what most', () => {
  const { layout } = heatmap(half, { title, queries: ['TH', 'R'], keys: ['T', 'H'] });
  expect(layout.meta.alt).toBe(
    'Heatmap: Cross-attention, layer 1, head 1. query down (2), key across (2). ' +
      'Most weight: "TH" → "T" 0.5; "R" → "H" 0.75.',
  );
});

describe('heatmap(weights) throws if', () => {
  const cases: [string, unknown, object, string][] = [
    ['the title is empty', half, { title: ' ' }, 'needs a title'],
    [
      'a key token is missing',
      [[0.2, 0.2, 0.2, 0.2, 0.2]],
      { keys: ['a', 'b', 'c', 'd'] },
      'weights have 5 keys, but 4 key tokens were given',
    ],
    [
      'a query token is missing',
      half,
      { queries: ['a'] },
      'weights have 2 queries, but 1 query tokens were given',
    ],
    ['the rank is 1', [0.5, 0.5], {}, 'weights have shape [2]'],
    ['there are several heads', [half, half], {}, 'weights have shape [2,2,2]'],
    [
      'the rows differ in length',
      [[1], [1, 0]],
      {},
      'row 0 has shape [1], but row 1 has shape [2]',
    ],
    ['there is nothing', [], {}, 'there is nothing to draw'],
    ['a weight is NaN', [[0.5, Number.NaN]], {}, 'weights[0, 1] is NaN'],
    ['a weight is infinite', [[Number.POSITIVE_INFINITY]], {}, 'weights[0, 0] is Infinity'],
    [
      'a weight is negative',
      [[1], [-0.5]],
      {},
      'weights[1, 0] is -0.5, but a weight is not negative',
    ],
    ['a score is NaN', [[Number.NaN]], { signed: true }, 'scores[0, 0] is NaN'],
    ['the scale ends at 0', half, { max: 0 }, 'the colour scale must end above 0'],
  ];
  test.each(cases)('%s', (_, weights, options, message) => {
    expect(() => heatmap(weights as number[][], { title, ...options })).toThrow(message);
  });
});

test('marks stand on the rows, at places among the keys, with their reach', () => {
  const options = { title, marks: [0.4, 1], reach: 2 };
  const { data, layout } = heatmap(half, options);
  expect(data[1]).toMatchObject({ x: [0.4, 1], y: [0, 1], error_x: { value: 2, visible: true } });
  expect(layout.meta.alt).toContain('Marks at 0.4, 1');
  expect(() => heatmap(half, { title, marks: [1] })).toThrow('2 queries, but 1 marks were given');
});
