import { expect, test } from 'vitest';
import { graphLayout, graphPlot } from '../../src/plots/graph';

const title = 'GAT, layer 1, head 1';
const names = ['a', 'b', 'c'];
const edges = [
  [0, 1, 2, 1, 0],
  [1, 0, 1, 2, 0],
];
const weights = [0.75, 0.5, 0.25, 1, 0.5];

test('graphPlot() draws half a line for each edge, and a loop as a ring', () => {
  const { layout, data } = graphPlot(weights, { title, names, edges });
  expect(layout.shapes).toHaveLength(4);
  const [a, b, c] = data[0].marker.line.width;
  expect(a).toBeGreaterThan(b);
  expect(b).toBe(c);
});

test('the half next to the one who looks is as thick as its weight, the heaviest on top', () => {
  const { layout, data } = graphPlot(weights, { title, names, edges });
  const widths = layout.shapes.map(({ line }: any) => line.width);
  expect(widths).toEqual([...widths].sort((x, y) => x - y));
  const last = layout.shapes[3]; // c looks at b
  expect(last.x0).toBeCloseTo(data[0].x[2], 0);
  expect(last.x1).toBeCloseTo((data[0].x[2] + data[0].x[1]) / 2, 0);
});

test('hovering over a node lists whom it looks at, the most weight first', () => {
  const [{ hovertext }] = graphPlot(weights, { title, names, edges }).data;
  expect(hovertext).toEqual([
    'node "a" → "b" 0.5, "a" 0.5',
    'node "b" → "a" 0.75, "c" 0.25',
    'node "c" → "b" 1',
  ]);
});

test('without weights it is the graph alone', () => {
  const { layout, data } = graphPlot(undefined, { title, names, edges });
  expect(new Set(layout.shapes.map(({ line }: any) => line.width)).size).toBe(1);
  expect(data[0].hovertext[2]).toBe('node "c" → "b"');
  expect(layout.meta.alt).not.toContain('weight');
});

test('groups colour the nodes, squares are square, and the legend says what they are', () => {
  const { layout, data } = graphPlot(weights, {
    title,
    names,
    edges,
    groups: [0, 1, 1],
    groupNames: ['left', 'stayed'],
    squares: [2],
    squareName: 'known',
  });
  const { color, symbol } = data[0].marker;
  expect(color[1]).toBe(color[2]);
  expect(color[0]).not.toBe(color[1]);
  expect(symbol).toEqual(['circle', 'circle', 'square']);
  const legend = layout.annotations[0].text.replace(/<br>/g, ' ');
  expect(legend).toContain('Orange: left, green: stayed');
  expect(legend).toContain('Squares: known');
});

test('graphPlot() throws if something does not fit, and says what', () => {
  const draw = (w: unknown, more = {}) => graphPlot(w, { title, names, edges, ...more });
  expect(() => draw([1])).toThrow('there are 5 edges, but 1 weights were given');
  expect(() => draw([1, 1, 1, 1, -1])).toThrow('weights[4] is -1');
  expect(() => draw([1, 1, 1, Number.NaN, 1])).toThrow('weights[3] is NaN');
  expect(() => draw(weights, { names: ['a', 'b'] })).toThrow('names node 2, which has no name');
  expect(() => draw(weights, { groups: [0] })).toThrow('3 nodes, but 1 groups');
  expect(() => draw(weights, { places: [[0, 0]] })).toThrow('3 nodes, but 1 places');
});

test('graphLayout() puts the nodes of a path in a line, at equal distances', () => {
  const places = graphLayout(
    [
      [0, 1],
      [1, 2],
      [2, 3],
    ],
    4,
  );
  const apart = (i: number, j: number) =>
    Math.hypot(places[i][0] - places[j][0], places[i][1] - places[j][1]);
  for (const [i, j] of [
    [0, 1],
    [1, 2],
    [2, 3],
    [0, 2],
    [0, 3],
  ])
    expect(apart(i, j)).toBeCloseTo(j - i, 1);
});

test('graphLayout() is the same every time, keeps parts apart, and takes a single node', () => {
  const pairs: [number, number][] = [
    [0, 1],
    [2, 3],
  ];
  const places = graphLayout(pairs, 4);
  expect(graphLayout(pairs, 4)).toEqual(places);
  const apart = (i: number, j: number) =>
    Math.hypot(places[i][0] - places[j][0], places[i][1] - places[j][1]);
  expect(apart(0, 2)).toBeGreaterThan(apart(0, 1));
  expect(graphLayout([], 1).flat().every(Number.isFinite)).toBe(true);
  expect(() => graphPlot([1], { title, names: ['a'], edges: [[0], [0]] })).not.toThrow();
});
