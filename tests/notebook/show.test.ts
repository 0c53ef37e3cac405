import { createRequire } from 'node:module';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { html, markdown, show, table } from '../../src/notebook/show';
import { heatmap } from '../../src/plots/heatmap';

// The module of tslab in which a kernel leaves its writer.
const jupyter = createRequire(import.meta.url)('tslab/dist/jupyter');

let sent: [any, boolean][];
beforeEach(() => {
  sent = [];
  jupyter.lastWriteDisplayData = (message: object, update: boolean) => sent.push([message, update]);
});
afterEach(() => {
  jupyter.lastWriteDisplayData = null;
  vi.restoreAllMocks();
});

const figure = heatmap([[0.25, 0.75]], { title: 'One head', keys: ['a', 'b'] });

test('show(figure) sends the figure and its alternative text in one bundle', () => {
  show(figure);
  const { data, layout, config } = figure;
  expect(sent).toEqual([
    [
      {
        data: {
          'application/vnd.plotly.v1+json': { data, layout, config },
          'text/plain':
            'Heatmap: One head. query down (1), key across (2). Most weight: 0 → "b" 0.75.',
        },
        metadata: {},
        transient: {},
      },
      false,
    ],
  ]);
});

test('outside a kernel, show(figure) prints the alternative text', () => {
  jupyter.lastWriteDisplayData = null;
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  show(figure);
  expect(log.mock.calls).toEqual([[figure.layout.meta.alt]]);
});

test('a figure without alternative text is shown by its title', () => {
  show({ data: [], layout: { title: { text: 'Mine' } } });
  expect(sent[0][0].data['text/plain']).toBe('Mine');
});

test('table(rows) sends Markdown, and aligned text', () => {
  table([
    { model: 'a|b', error: 0.123456, steps: 12345 },
    { model: 'plain', error: 12, steps: 1 },
  ]);
  expect(sent[0][0].data).toEqual({
    'text/markdown':
      '| model | error | steps |\n| --- | ---: | ---: |\n' +
      '| a\\|b | 0.1235 | 12345 |\n| plain | 12 | 1 |',
    'text/plain': 'model   error  steps\na|b    0.1235  12345\nplain      12      1',
  });
});

test('what is missing in a row of a table stays blank', () => {
  table([{ a: 1, b: 2 }, { a: 3 }]);
  expect(sent[0][0].data['text/markdown']).toContain('| 3 |  |');
});

test('table(rows) throws if there are no rows', () => {
  expect(() => table([])).toThrow('no rows');
});

test('table(rows) does not break a line between a number and its unit', () => {
  table([{ error: '11.7 %', phonemes: 'EY L' }]);
  expect(sent[0][0].data['text/markdown']).toContain('| 11.7\u00a0% | EY L |');
  expect(sent[0][0].data['text/plain']).toContain('11.7 %');
});

test('markdown(text) and html(text) have a plain text too', () => {
  markdown('**a**');
  html('<b>a</b>');
  html('<img>', 'a picture');
  expect(sent.map(([{ data }]) => data)).toEqual([
    { 'text/markdown': '**a**', 'text/plain': '**a**' },
    { 'text/html': '<b>a</b>', 'text/plain': 'a' },
    { 'text/html': '<img>', 'text/plain': 'a picture' },
  ]);
});
