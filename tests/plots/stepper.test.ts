import { describe, expect, test } from 'vitest';
import type { Figure } from '../../src/plots/figure';
import { type StepperOptions, stepper } from '../../src/plots/stepper';
import { tf } from '../../src/tensors/tf';
import { attended, causal, numbers } from './examples';

const tokens = ['a', 'b', 'c'];
const named = { title: 'T', queries: tokens, keys: tokens };
const mask = causal(3);
const plain = { ...named, ...attended(3, 3, 0.5, mask), values: numbers(3, 2) };

/** The heatmaps that are rows of keys, from above. */
const rows = ({ data, layout }: Figure) =>
  data
    .filter(({ type, xaxis }) => type === 'heatmap' && xaxis !== 'x2')
    .filter(({ yaxis }) => !layout[yaxis.replace('y', 'yaxis')].overlaying)
    .map(({ z }) => z);

/** The layout after a place of a slider was clicked; traces that are seen. */
function clicked({ data, layout }: Figure, slider: number, place: number) {
  const { method, args } = layout.sliders[slider].steps[place];
  const next = structuredClone(layout);
  for (const [path, value] of Object.entries(args[method === 'update' ? 1 : 0])) {
    const keys = path.split(/[.[\]]+/);
    const last = keys.pop() as string;
    keys.reduce((at: any, key) => at[key], next)[last] = value;
  }
  const visible: boolean[] = method === 'update' ? args[0].visible : data.map(() => true);
  return { layout: next, seen: data.filter((_, i) => visible[i]) };
}

test('stepper(…) goes from scores to scaled, masked, softmax and context', () => {
  const figure = stepper(plain);
  const [scores, scaled, masked, weights, values] = rows(figure);
  expect(scores[2]).toEqual(plain.scores[2].map((x) => expect.closeTo(x, 3)));
  expect(scaled[2]).toEqual(plain.scores[2].map((x) => expect.closeTo(x / 2, 3)));
  expect(masked[1]).toEqual([...scaled[1].slice(0, 2), null]);
  expect(weights[1]).toEqual([
    ...plain.weights[1].slice(0, 2).map((w) => expect.closeTo(w, 4)),
    null,
  ]);
  expect(values[0]).toEqual(plain.values.map(([first]) => expect.closeTo(first, 3)));
  const text = figure.layout.annotations.map(({ text }: any) => text);
  for (const [i, name] of ['scores', 'scaled', 'masked', 'softmax', 'context'].entries()) {
    expect(text).toContain(`<b>${i + 1}</b> ${name}`);
  }
});

test('without scale, mask or values their stages are left out', () => {
  const { layout } = stepper({ ...named, ...attended(3, 3), scale: undefined });
  expect(layout.sliders[0].steps).toHaveLength(2);
  expect(layout.xaxis2).toBeUndefined();
});

test('the context is the sum of the values by weight, a column for each query', () => {
  const { data } = stepper(plain);
  const { z } = data.at(-1) as { z: number[][] };
  const sum = (query: number, d: number) =>
    plain.values.reduce((total, value, k) => total + plain.weights[query][k] * value[d], 0);
  expect(z).toEqual([0, 1].map((d) => [0, 1, 2].map((q) => expect.closeTo(sum(q, d), 3))));
});

test('it begins with all stages, at the query that was asked for', () => {
  const { data, layout } = stepper({ ...plain, query: 1 });
  expect(data.every(({ visible }) => visible === undefined)).toBe(true);
  expect(layout.sliders.map(({ active }: any) => active)).toEqual([4, 1]);
  expect(layout.yaxis.range).toEqual([1.5, 0.5]);
  expect(layout.annotations.map(({ text }: any) => text)).toContain('<b>b</b>');
});

test('a step of the first slider shows the stages up to it, and names the others in grey', () => {
  const figure = stepper(plain);
  const { layout, seen } = clicked(figure, 0, 1);
  expect(seen.map(({ yaxis }) => yaxis)).toEqual(['y', 'y2']);
  const opacity = (name: string) =>
    layout.annotations.find(({ text }: any) => text.endsWith(` ${name}`)).opacity;
  expect(['scaled', 'masked'].map(opacity)).toEqual([1, 0.35]);
  expect(layout.annotations.find(({ text }: any) => text === 'sum 1.00').visible).toBe(false);
  expect(layout.annotations.map(({ text }: any) => text)).toContain('stage 2');
  const [top, bottom] = layout.yaxis2.domain.toReversed();
  expect(layout.shapes[0]).toMatchObject({ y0: bottom, y1: top });
  expect(clicked(figure, 0, 4).seen).toHaveLength(figure.data.length);
});

test('a step of the second slider moves every row and the context to its query', () => {
  const figure = stepper(plain);
  const { layout } = clicked(figure, 1, 2);
  const fixed = ['yaxis5', 'yaxis7']; // the values, and the numbers over them
  for (const [key, axis] of Object.entries<any>(layout)) {
    if (/^yaxis/.test(key) && !fixed.includes(key)) expect(axis.range, key).toEqual([2.5, 1.5]);
  }
  expect(layout.xaxis2.range).toEqual([1.5, 2.5]);
  expect(layout.annotations.map(({ text }: any) => text)).toContain('<b>c</b>');
  expect(layout.shapes[1]).toMatchObject({ x0: 1.5, x1: 2.5 });
});

test('the sliders do not undo one another: no property belongs to both', () => {
  const [stages, queries] = stepper(plain).layout.sliders.map(({ steps }: any) =>
    steps.flatMap(({ args }: any) => Object.keys(args.at(-1))),
  );
  expect(stages.filter((key: string) => queries.includes(key))).toEqual([]);
});

test('hidden keys are cells without a value over a hatched row, and say −∞ before the softmax', () => {
  const { data } = stepper(plain);
  const hatched = data.filter(({ type }) => type === 'bar').map(({ yaxis }) => yaxis);
  expect(hatched).toEqual(['y3', 'y4']);
  expect(data.filter(({ text }) => text).map(({ yaxis, text }) => [yaxis, text[1]])).toEqual([
    ['y3', ['', '', '−∞']],
  ]);
});

test('a query that may see nothing has weights 0, their sum and a context of 0', () => {
  const nothing = [mask[0], [0, 0, 0], mask[2]];
  const { data, layout } = stepper({ ...plain, ...attended(3, 3, 0.5, nothing), query: 1 });
  expect(layout.annotations.map(({ text }: any) => text)).toContain('sum 0.00');
  expect(data.at(-1)?.z.map((row: number[]) => row[1])).toEqual([0, 0]);
});

test('the values fade with their weight, as shares of the largest', () => {
  const { data } = stepper(plain);
  const veil = data.find(({ zmax, hoverinfo }) => zmax === 1 && hoverinfo === 'skip');
  const most = Math.max(...plain.weights[2]);
  expect(veil?.z[2]).toEqual(plain.weights[2].map((w) => expect.closeTo(w / most, 2)));
  expect(veil?.z[0]).toEqual([1, 0, 0]);
});

test('scores of one kind share their colours, so that a scaled row is paler', () => {
  const ends = stepper(plain)
    .data.filter(({ type }) => type === 'heatmap')
    .map(({ zmax }) => zmax);
  expect(ends.slice(0, 4)).toEqual([5, 5, 5, 1]);
});

test('numbers stand in the cells of 13 keys; of 20, colours are explained instead', () => {
  const letters = (count: number) => Array.from({ length: count }, (_, i) => `${i % 10}`);
  const drawn = (count: number) =>
    stepper({ title: 'T', queries: ['q'], keys: letters(count), ...attended(1, count) });
  const numbered = (figure: Figure) => figure.data.every(({ texttemplate }) => texttemplate);
  const texts = ({ layout }: Figure) => layout.annotations.map(({ text }: any) => text).join();
  expect(numbered(drawn(13))).toBe(true);
  expect(texts(drawn(13))).not.toContain('Colours');
  expect(numbered(drawn(20))).toBe(false);
  expect(texts(drawn(20))).toMatch(/Colours: scores .*−5.* to .*5.*, weights .*0.* to /);
});

test('1/√d is written as such, another factor as a number', () => {
  const note = (scale: number) =>
    stepper({ ...named, ...attended(3, 3, scale) }).layout.annotations[4].text;
  expect([1 / Math.sqrt(64), Math.fround(1 / Math.sqrt(3)), 2, 0.3].map(note)).toEqual([
    '÷ √64',
    '÷ √3',
    '× 2',
    '× 0.3',
  ]);
});

test('tensors with leading dimensions of 1 and masks for all queries do as well', () => {
  const padding = [[1, 1, 0]];
  const full = padding.concat(padding, padding);
  const given = attended(3, 3, 0.5, full);
  const [scores, weights] = [tf.tensor3d([given.scores]), tf.tensor3d([given.weights])];
  const seen = tf.tensor3d([padding], undefined, 'bool');
  const before = tf.memory().numTensors;
  const figure = stepper({ ...named, scores, weights, mask: seen, scale: 0.5 });
  expect(tf.memory().numTensors).toBe(before);
  tf.dispose([scores, weights, seen]);
  expect(rows(figure)[2]).toEqual(rows(stepper({ ...named, ...given }))[2]);
  const booleans = padding.map((row) => row.map(Boolean));
  expect(stepper({ ...named, ...given, mask: booleans })).toEqual(stepper({ ...named, ...given }));
});

test('one query needs no slider of its own', () => {
  const { layout } = stepper({ title: 'T', queries: ['q'], keys: tokens, ...attended(1, 3) });
  expect(layout.sliders).toHaveLength(1);
  expect(layout.meta.alt).not.toContain('queries');
});

test('a mechanism may have other stages, with weights that do not add up to 1', () => {
  const { scores, weights } = attended(3, 3);
  const halves = weights.map((row) => row.map((w) => w / 2));
  const { layout } = stepper({
    ...named,
    stages: [
      { name: 'scores', matrix: scores, note: 'v · tanh' },
      { name: 'softmax', matrix: weights, kind: 'softmax' },
      { name: '× ½', matrix: halves },
    ],
  });
  const texts = layout.annotations.map(({ text }: any) => text);
  expect(texts).toEqual(
    expect.arrayContaining(['v · tanh', 'sum 1.00', 'sum 0.50', '<b>3</b> × ½']),
  );
});

test('12 keys for 12 queries take less than 60 KB', () => {
  const words = Array.from({ length: 12 }, (_, i) => `word${i}`);
  const figure = stepper({
    title: 'T',
    queries: words,
    keys: words,
    ...attended(12, 12, 0.125, causal(12)),
    values: numbers(12, 64),
  });
  expect(JSON.stringify(figure).length).toBeLessThan(60_000);
});

test('the alternative text gives the numbers of the query', () => {
  const { layout } = stepper({ ...plain, query: 1 });
  expect(layout.meta.alt).toMatch(
    /^Attention step by step: T\. Query "b", 3 keys\. scores: "a" .*masked: "a" .*"c" hidden\./,
  );
  expect(layout.meta.alt).toContain('(scores, scaled, masked, softmax, context)');
});

describe('stepper(…) throws if', () => {
  const off = plain.weights.map((row, q) => row.map((w, k) => (q === 1 && k === 0 ? w + 0.01 : w)));
  const leak = plain.weights.map((row, q) => (q === 0 ? [0.9, 0.1, 0] : row));
  const later = [
    { name: 'scores', matrix: [[1, Number.NEGATIVE_INFINITY, 2]] },
    { name: 'window', matrix: [[1, 5, 2]] },
    { name: 'softmax', matrix: [[0, 0, 1]] },
  ];
  const cases: [string, Partial<StepperOptions>, string | RegExp][] = [
    [
      'the weights are not the softmax',
      { weights: off },
      /^stepper\(\): for query "b" and key "a", "softmax" is 0\.\d+, but the softmax of "masked" is/,
    ],
    [
      'a hidden key has weight',
      { weights: leak },
      'for query "a" and key "b", "softmax" is 0.1, but "masked" hides the key',
    ],
    ['the scale was forgotten', { scale: undefined }, 'but the softmax of "masked" is'],
    ['the mask was forgotten', { mask: undefined }, 'but the softmax of "scaled" is'],
    [
      'a hidden key is seen again',
      { queries: ['q'], stages: later } as any,
      '"window" is 5, but "scores" hides',
    ],
    ['a key token is missing', { keys: ['a', 'b'] }, 'scores have 3 keys, but 2 key tokens'],
    ['the weights have another shape', { weights: [[1, 0, 0]] }, 'softmax have 1 queries, but 3'],
    ['a value is missing', { values: [[1], [2]] }, 'values have 2 keys, but 3 key tokens'],
    ['the mask does not fit', { mask: [[1, 0]] }, 'the mask has shape [1,2], but the scores [3,3]'],
    ['the mask is not 0 or 1', { mask: [[1, 0.5, 1]] }, 'the mask has the value 0.5'],
    ['there is no such query', { query: 3 }, 'there is no query 3, only 0 to 2'],
    ['a score is NaN', { scores: [[Number.NaN]] }, 'scores[0, 0] is NaN'],
    ['the title is empty', { title: '' }, 'needs a title'],
  ];
  test.each(cases)('%s', (_, change, message) => {
    expect(() => stepper({ ...plain, ...change } as StepperOptions)).toThrow(message);
  });
});
