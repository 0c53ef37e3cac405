/** Figures measured as they are drawn, and the letters of drawings. */
import { curves, heads } from 'attention';
import { expect, test } from 'vitest';
import { drawing, fit, letters, readable, readFigure, smallestLetter } from '../../slides/figure';
import { code, markdown, notebook, shown, studio } from './decks';

const { deck } = studio();

const curve = { type: 'scatter', mode: 'lines', x: [1, 2, 3], y: [1, 2, 3] };
const figure = (layout: object) =>
  shown({
    'application/vnd.plotly.v1+json': {
      data: [curve],
      layout: { width: 500, height: 400, title: { text: 'Lines' }, ...layout },
    },
    'text/plain': 'Lines',
  });
const note = (text: string, more: object) => ({
  text,
  showarrow: false,
  font: { size: 13 },
  xref: 'paper',
  yref: 'paper',
  ...more,
});
const slides = (...cells: object[]) =>
  notebook(
    markdown('# T'),
    ...cells,
    ...'abcdefghijk'
      .split('')
      .map((letter) =>
        markdown(`<!-- slide: Filler ${letter} -->\n<!-- core -->\n- one\n<!-- /core -->`),
      ),
  );
const inTalk = (output: object) =>
  slides(
    markdown('<!-- slide: The figure -->'),
    code('x', [output], { tags: ['core', 'hide-input'] }),
  );

const crossing = figure({
  annotations: [note('one name', { x: 0.5, y: 0.5 }), note('another', { x: 0.52, y: 0.51 })],
});
const cut = figure({
  annotations: [note('a name beyond the edge', { x: 1, y: 0.5, xanchor: 'center' })],
  margin: { l: 60, r: 20, t: 60, b: 40 },
});
const turned = figure({
  annotations: [
    // Their upright boxes overlap, they themselves do not.
    note('one long name', { x: 0.4, y: 0.5, textangle: -45 }),
    note('and another', { x: 0.5, y: 0.5, textangle: -45 }),
  ],
});

test('names that overprint one another, or are cut off, are refused in the talk', async () => {
  await expect(deck(inTalk(crossing))).rejects.toThrow(
    /07-test\.ipynb: a figure \(cell 3\) on "The figure": "one name" and "another" overprint/,
  );
  await expect(deck(inTalk(cut))).rejects.toThrow(
    /a figure \(cell 3\) on "The figure": "a name beyond the edge" is cut off/,
  );
  const { notes } = await deck(inTalk(turned));
  expect(notes).toEqual([]);
}, 60_000);

test('in the backup they are told, and in a draft', async () => {
  const behind = slides(
    markdown('<!-- slide: Words -->\n<!-- core -->\n- one\n<!-- /core -->'),
    markdown('## Section'),
    code('x', [crossing]),
  );
  const told = '"one name" and "another" overprint one another';
  const { notes } = await deck(behind);
  expect(notes).toEqual([`07-test.ipynb: a figure (cell 4) on "Section": ${told}`]);
  const draft = await deck(inTalk(crossing), { draft: true });
  expect(draft.notes[0]).toContain(told);
}, 60_000);

const svg = (size: number, index = 8) => {
  const drawn = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 400" width="960" height="400"><style>.small { font-size: ${size}px }</style><g transform="scale(0.5)"><text class="small" x="9" y="99" style="font-size:${2 * size}px">a<tspan font-size="${index}">i</tspan></text></g><text class="small" x="9" y="200">words</text></svg>`;
  return shown({ 'image/svg+xml': drawn, 'text/plain': 'a drawing' });
};

test('the letters of a drawing count, as large as it is shown; indices do not', async () => {
  await expect(deck(inTalk(svg(12)))).rejects.toThrow(
    /a picture \(cell 3\) on "The figure" has letters of 14 px, and 18 are wanted/,
  );
  const { notes } = await deck(inTalk(svg(16)));
  expect(notes).toEqual([]);
}, 60_000);

const twelve = Array.from({ length: 12 }, (_, i) => `attention ${i}`);

test('many names at the ends of lines take the room that they need from text', async () => {
  const lines = curves(
    twelve.map((name, i) => ({ name, x: [i], y: [i % 3 ? 0 : 1], points: true })),
    { title: 'Lines', xTitle: 'weight moved', yTitle: 'bits per character lost' },
  );
  const { notes } = await deck(
    slides(
      markdown('<!-- slide: Words -->\n<!-- core -->\n- one\n<!-- /core -->'),
      markdown('## Section'),
      code('x', [shown({ 'application/vnd.plotly.v1+json': lines, 'text/plain': 'lines' })]),
      markdown(Array(30).fill('so many words').join(' '), {}),
    ),
  );
  expect(notes).toEqual([]);
}, 60_000);

test('slanted labels have a line of their own each, however low the figure is', () => {
  const weights = [twelve, twelve].map((names) => names.map(() => names.map(() => 1 / 12)));
  const options = { title: 'Heads', columns: 2, queries: twelve, keys: twelve };
  const made = readFigure(heads(weights, options));
  for (const high of [200, 300, 400]) {
    const { layout } = drawing(made, fit(made, 1136, high)) as { layout: Record<string, any> };
    const { domain, tickangle, tickfont } = layout.xaxis;
    const plot = layout.width - layout.margin.l - layout.margin.r;
    const cell = (plot * (domain[1] - domain[0])) / 12;
    expect(Math.abs(tickangle)).toBe(45);
    expect(cell * Math.SQRT1_2).toBeGreaterThan(0.85 * tickfont.size);
  }
});

test('the names at the ends of lines keep a line each in a lower plot', () => {
  const names = [3, 2.9, 2.8, 0].map((y, i) =>
    note(`line ${i}`, { x: 1, y, xanchor: 'left', yref: 'y', yshift: i === 0 ? 4 : 0 }),
  );
  const made = readFigure({
    data: [curve],
    layout: {
      ...{ width: 500, height: 400, title: 'T', yaxis: { range: [0, 3] }, annotations: names },
      sliders: [{ steps: [{ args: [{}, { annotations: structuredClone(names) }] }] }],
      margin: { t: 60, r: 90, b: 40, l: 60 },
    },
  });
  const { layout } = drawing(made, fit(made, 548, 260)) as { layout: Record<string, any> };
  const height = layout.height - layout.margin.t - layout.margin.b;
  for (const some of [layout.annotations, layout.sliders[0].steps[0].args[1].annotations]) {
    const at = some.map(({ y, yshift }: any) => (y / 3) * height + yshift);
    for (const i of [0, 1]) expect(at[i] - at[i + 1]).toBeGreaterThanOrEqual(smallestLetter);
    expect(at[0]).toBeLessThanOrEqual(height + 1e-6);
    expect(at[3]).toBeCloseTo(0);
  }
});

test('what is written to the right of a plot has its room when the plot is narrower', () => {
  const made = readFigure({
    data: [curve],
    layout: {
      ...{ width: 900, height: 300, title: 'T', margin: { t: 60, r: 10, b: 40, l: 60 } },
      annotations: [note('a remark', { x: 0.9, y: 0.5, xanchor: 'left', xshift: 6 })],
    },
  });
  const { layout } = drawing(made, fit(made, 400, 300)) as { layout: Record<string, any> };
  const { l, r } = layout.margin;
  const room = 0.1 * (layout.width - l - r) + r;
  expect(room).toBeGreaterThan(6 + 'a remark'.length * 0.5 * smallestLetter);
});

test('names in a row and names in a column have their room, or the letters are too small', () => {
  const pair = (more: [object, object]) =>
    readFigure({
      data: [{ type: 'heatmap', z: [[1]] }],
      layout: {
        ...{ width: 600, height: 300, title: 'T', margin: { t: 60, r: 0, b: 0, l: 0 } },
        annotations: more.map((one) => note('a rather long name', { xanchor: 'left', ...one })),
      },
    });
  const row = pair([
    { x: 0.1, y: 0 },
    { x: 0.6, y: 0 },
  ]);
  const column = pair([
    { x: 0, y: 0.4, yanchor: 'top', yshift: 10 },
    { x: 0, y: 0.6, yanchor: 'bottom', yshift: -10 },
  ]);
  for (const figure of [row, column]) {
    expect(letters(fit(figure, 800, 400))).toBe(readable);
    expect(letters(fit(figure, 270, 120))).toBeLessThan(readable);
  }
});

test("Plotly's own letters grow, too", () => {
  const made = readFigure({ data: [curve], layout: { title: 'T' } });
  const sized = fit(made, 1000, 500);
  expect(made.layout.font.size * sized.zoom).toBeGreaterThanOrEqual(readable - 1e-6);
});
