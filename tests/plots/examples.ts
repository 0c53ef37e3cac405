/** One figure of each kind and size, for the tests that draw them. */
import { methods } from '../../src/data/methods';
import { arcs } from '../../src/plots/arcs';
import { bars } from '../../src/plots/bars';
import { curves } from '../../src/plots/curves';
import type { Figure } from '../../src/plots/figure';
import { gaussians } from '../../src/plots/gaussians';
import { graphPlot } from '../../src/plots/graph';
import { heads } from '../../src/plots/heads';
import { heatmap } from '../../src/plots/heatmap';
import { overlay } from '../../src/plots/overlay';
import { slider } from '../../src/plots/slider';
import type { Stage } from '../../src/plots/stages';
import { stepper } from '../../src/plots/stepper';

/** Rows that sum to 1, with most weight along a diagonal. */
export function diagonal(rows: number, columns: number, sharpness = 1.5): number[][] {
  return Array.from({ length: rows }, (_, i) => {
    const row = Array.from({ length: columns }, (_, j) =>
      Math.exp(-sharpness * Math.abs((i * columns) / rows - j)),
    );
    const sum = row.reduce((a, b) => a + b);
    return row.map((value) => value / sum);
  });
}

/** Numbers that look random, from −2 to 2. */
export function numbers(rows: number, columns: number, seed = 1): number[][] {
  return Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (_, j) => 2 * Math.sin((i * columns + j + 1) * (seed + 7))),
  );
}

/** Scores, and the weights that a softmax over the keys a mask leaves makes of them. */
export function attended(rows: number, columns: number, scale = 1, mask?: number[][]) {
  const scores = numbers(rows, columns, columns).map((row) => row.map((x) => 2.5 * x));
  const weights = scores.map((row, i) => {
    const powers = row.map((x, j) => (mask?.[i][j] === 0 ? 0 : Math.exp(x * scale)));
    const sum = powers.reduce((a, b) => a + b) || 1;
    return powers.map((power) => power / sum);
  });
  return { scores, weights, scale, ...(mask ? { mask } : {}) };
}

/** 1 where a query may see the key: not later than itself. */
export const causal = (count: number) =>
  Array.from({ length: count }, (_, i) =>
    Array.from({ length: count }, (_, j) => (j <= i ? 1 : 0)),
  );

const sounds = ['TH', 'R', 'UW1', 'AW2', 'T', 'TH', 'R', '</s>'];
const letters = [...'THROUGHUT'];
const sentence = 'The animal did not cross the road because'.split(' ');
const words = (count: number) =>
  Array.from({ length: count }, (_, i) => sentence[i % sentence.length]);
const long = ['Donaudampfschiff', 'a', '<s>', 'antidisestablishmentarianism', '的注意力', 'WWW'];
const ring = Array.from({ length: 28 }, (_, y) =>
  Array.from({ length: 28 }, (_, x) => (Math.abs(Math.hypot(x - 13.5, y - 13.5) - 8) < 2 ? 1 : 0)),
);
const spot = (row: number, column: number) =>
  Array.from({ length: 7 }, (_, i) =>
    Array.from({ length: 7 }, (_, j) => (i === row && j === column ? 1 : 0)),
  );
const falling = Array.from({ length: 200 }, (_, i) => 2 * Math.exp(-i / 60) + 0.1 * Math.sin(i));
const verbose =
  'Encoder self-attention, layer 1, head 3, of a model that was trained for so long on so much ' +
  'text that its title does not fit on one line';

export const examples: Record<string, Figure> = {
  'a heatmap of 2 × 3': heatmap(diagonal(2, 3), {
    title: 'One head',
    queries: ['I', 'run'],
    keys: ['I', 'run', 'fast'],
  }),
  'a heatmap of 8 × 9': heatmap(diagonal(8, 9), {
    title: 'Additive cross-attention',
    subtitle: '"THROUGHOUT" after 4 epochs',
    queries: sounds,
    keys: letters,
    queryTitle: 'query: sounds',
    keyTitle: 'key: letters',
  }),
  'a heatmap with long tokens and a long title': heatmap(diagonal(6, 6), {
    title: verbose,
    subtitle: verbose,
    queries: long,
    keys: long,
  }),
  'a heatmap of 30 × 30': heatmap(diagonal(30, 30), {
    title: 'Self-attention, layer 2, head 1',
    queries: words(30),
    keys: words(30),
  }),
  'a heatmap of 64 characters': heatmap(diagonal(64, 64), {
    title: 'Character model, layer 1, head 1',
    queries: [...'Call me Ishmael. Some years ago - never mind how long precisely-'],
    keys: [...'Call me Ishmael. Some years ago - never mind how long precisely-'],
  }),
  'a heatmap of 200 × 120': heatmap(diagonal(200, 120, 0.1), { title: 'Self-attention' }),
  'a heatmap with marks': heatmap(diagonal(8, 9), {
    title: 'Local attention',
    marks: [0.2, 1, 2.5, 3, 4, 5.1, 6, 8],
    reach: 2,
  }),
  'a heatmap of one row': heatmap(diagonal(1, 12), { title: 'One query', keys: words(12) }),
  'a heatmap of scores': heatmap(
    [
      [14, 12, Number.NEGATIVE_INFINITY],
      [3, -8, 0.5],
    ],
    { title: 'Scores QKᵀ/√d', signed: true },
  ),
  'heads as circles': gaussians(
    [0, 1, 2, 3].map((at) => ({
      name: `layer 1, step ${100 * at}`,
      centres: Array.from({ length: 9 }, (_, h) => [Math.sin(7 * h + at), 3 * Math.cos(5 * h)]),
      alpha: Array.from({ length: 9 }, (_, h) => 0.2 + 0.3 * h * at),
    })),
    { title: 'Where nine heads look', subtitle: 'circle: one standard deviation' },
  ),
  'two heads': heads([diagonal(3, 3), diagonal(3, 3, 0.1)], { title: 'Layer 1' }),
  'panels with long names': heads(
    [2, 1, 0.2].map((sharpness) => diagonal(3, 3, sharpness)),
    {
      title: 'Three scores',
      names: ['scaled dot product', 'additive (Bahdanau)', 'location-based, Luong'],
      barTitle: 'share of attention',
    },
  ),
  'eight heads': heads(
    Array.from({ length: 8 }, (_, h) => diagonal(8, 8, 0.3 * h)),
    { title: 'Encoder self-attention, layer 1', queries: sentence, keys: sentence },
  ),
  'four layers of six heads': heads(
    Array.from({ length: 4 }, () => Array.from({ length: 6 }, (_, h) => diagonal(8, 8, 0.4 * h))),
    { title: 'Encoder self-attention', queries: sentence, keys: sentence },
  ),
  'sixteen heads of 30 × 30': heads(
    Array.from({ length: 16 }, (_, h) => diagonal(30, 30, 0.1 * h)),
    { title: 'Layer 3', queries: words(30), keys: words(30) },
  ),
  'maps over an image': overlay(ring, [spot(0, 0), spot(3, 3), spot(6, 1)], {
    title: 'Soft attention',
    names: ['a', 'ring', '<end>'],
  }),
  'two rows of maps over an image': overlay(
    ring,
    [
      [spot(0, 0), spot(3, 3)],
      [spot(6, 1), spot(5, 5)],
    ],
    { title: 'Soft above hard', smooth: false },
  ),
  'one map over a wide image in colours': overlay(
    Array.from({ length: 20 }, (_, y) => Array.from({ length: 32 }, (_, x) => [x * 7, y * 9, 90])),
    spot(6, 0),
    { title: 'One map' },
  ),
  'lines between two sequences': arcs(diagonal(8, 9), {
    title: 'Additive cross-attention',
    queries: sounds,
    keys: letters,
    queryTitle: 'query: sounds',
    keyTitle: 'key: letters',
  }),
  'lines between long tokens': arcs(diagonal(6, 6, 0.1), { title: 'T', queries: long, keys: long }),
  'arcs over a sentence': arcs(diagonal(8, 8, 0.4), {
    title: 'Intra-attention, layer 1',
    tokens: sentence,
  }),
  'arcs over 40 words': arcs(diagonal(40, 40, 0.5), {
    title: 'Intra-attention',
    tokens: words(40),
  }),
  'a training curve': curves(
    [
      { name: 'training', y: falling, smooth: 0.9 },
      { name: 'held out', x: [0, 100, 199], y: [2.2, 0.6, 0.2] },
    ],
    { title: 'Loss', subtitle: 'batches of 32', xTitle: 'step', yTitle: 'loss (nats per sound)' },
  ),
  'lines with error bars and a level': curves(
    [
      { name: 'fixed vector', x: [3, 4, 5], y: [0.2, 0.3, 0.5], error: [0.02, 0.02, 0.05] },
      { name: 'additive attention', x: [3, 4, 5], y: [0.2, 0.19, 0.2] },
      { name: 'a Transformer with a long name', x: [3, 4, 5], y: [0.2, 0.19, 0.2] },
      { name: 'measured', x: [3.5, 4.5], y: [0.4, 0.6], points: true },
    ],
    {
      title: 'Error against length',
      xTitle: 'letters',
      yTitle: 'sounds wrong',
      levels: [{ name: 'chance', y: 0.95 }],
    },
  ),
  'lines on logarithmic axes': curves(
    [
      { name: 'full', x: [64, 256, 1024, 4096], y: [1, 16, 256, 4096] },
      { name: 'LSH', x: [64, 256, 1024, 4096], y: [3, 13, 55, 230] },
    ],
    { title: 'Time', xTitle: 'tokens', yTitle: 'time (ms)', logX: true, logY: true },
  ),
  'dots in five groups on a logarithmic axis': bars(
    methods.map(({ name, year, papers, family, lesson }) => ({
      name: `${name} (${year})`,
      value: papers,
      group: family,
      note: `lesson ${lesson}`,
    })),
    { title: 'Attention methods by papers', xTitle: 'papers', logX: true },
  ),
  'three bars in two groups': bars(
    [
      { name: 'dot', value: 0, group: 'one product' },
      { name: '<b>additive</b>', value: 5.25, group: 'a network' },
      { name: 'general', value: 3, group: 'one product' },
    ],
    { title: 'Cost of a score', subtitle: 'one query', xTitle: 'time (ms)' },
  ),
  'heatmaps under a slider': slider(
    [0.5, 1, 4].map((sharpness) => ({
      label: `${sharpness}`,
      figure: heatmap(diagonal(4, 5, sharpness), {
        title: 'Weights at three temperatures',
        subtitle: 'four queries',
        queries: ['a', 'b', 'c', 'd'],
        keys: [...'vwxyz'],
        max: 1,
      }),
    })),
    { name: 'sharpness' },
  ),
  'lines under a slider': slider(
    [10, 30, 60].map((time) => ({
      label: `${time}`,
      figure: curves(
        [{ name: 'decay', y: Array.from({ length: 100 }, (_, i) => Math.exp(-i / time)) }],
        { title: 'Decay', xTitle: 'step', yTitle: 'value', yRange: [0, 1] },
      ),
    })),
    { name: 'time constant' },
  ),
  'attention on a graph': graphPlot([0.9, 0.1, 0.5, 0.5, 1, 0.7, 0.3], {
    title: 'GAT, layer 1, head 1',
    names: ['a', '<b>', 'c', 'd'],
    edges: [
      [1, 0, 0, 2, 1, 3, 2],
      [0, 0, 1, 1, 2, 3, 3],
    ],
    groups: [0, 0, 1, 1],
    groupNames: ['left', 'stayed'],
    squares: [0],
  }),
  'a stepper by hand': stepper({
    title: 'Scaled dot-product attention',
    subtitle: 'd = 2',
    queries: ['q₁', 'q₂'],
    keys: ['k₁', 'k₂', 'k₃'],
    ...attended(2, 3, 1 / Math.sqrt(2)),
    scoreName: 'q · k',
    values: numbers(3, 1),
  }),
  'a stepper through words': stepper({
    title: 'Self-attention, layer 1, head 3',
    subtitle: 'trained for 4 epochs',
    queries: words(12),
    keys: words(12),
    ...attended(12, 12, 1 / 8),
    scoreName: 'q · k',
    values: numbers(12, 8),
    query: 4,
  }),
  'a stepper through 13 letters that may not look ahead': stepper({
    title: 'Causal self-attention, layer 1, head 2',
    queries: [...'NEIGHBORHOODS'],
    keys: [...'NEIGHBORHOODS'],
    ...attended(13, 13, 1 / 2, causal(13)),
    values: numbers(13, 4),
    query: 6,
  }),
  'a stepper at a query that may see nothing': stepper({
    title: 'T',
    queries: ['a', 'b'],
    keys: [...'wxyz'],
    ...attended(2, 4, 1, [
      [1, 0, 1, 0],
      [0, 0, 0, 0],
    ]),
    values: numbers(4, 3),
    query: 1,
  }),
  'a stepper for one query': stepper({
    title: 'T',
    queries: ['a long question'],
    keys: words(24),
    ...attended(1, 24, 0.5),
  }),
  'a stepper with stages of its own': stepper({
    title: verbose,
    queries: sounds,
    keys: letters,
    query: 2,
    stages: localStages(),
  }),
  'a stepper through 40 long words': stepper({
    title: 'T',
    queries: words(40).map((word) => `${word}-${word}`),
    keys: words(40),
    ...attended(40, 40, 0.3),
    values: numbers(40, 64),
  }),
};

/** Local attention: a window, and a Gaussian after the softmax. */
function localStages(): Stage[] {
  const { scores } = attended(8, 9);
  const windowed = scores.map((row, i) =>
    row.map((x, j) => (Math.abs(i - j) <= 2 ? x : Number.NEGATIVE_INFINITY)),
  );
  const weights = windowed.map((row) => {
    const sum = row.reduce((total, x) => total + Math.exp(x), 0);
    return row.map((x) => Math.exp(x) / sum);
  });
  return [
    { name: 'scores', matrix: scores, note: 'general' },
    { name: 'window', matrix: windowed, note: 'D = 2' },
    { name: 'softmax', matrix: weights, kind: 'softmax' },
    {
      name: '× Gaussian',
      matrix: weights.map((row, i) => row.map((w, j) => w * Math.exp(-((i - j) ** 2) / 2))),
    },
  ];
}
