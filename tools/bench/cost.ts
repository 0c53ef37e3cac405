/**
 * `npm run bench -- cost`: time and memory of one training step, forward and backward, against the
 * length of the sequence, with the exponent of each: 1 grows with the length, 2 with its square.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { freemem } from 'node:os';
import { join, relative } from 'node:path';
import type { Scalar, Tensor } from '@tensorflow/tfjs';
import {
  angularHash,
  bucketsFor,
  curves,
  linformerAttention,
  linformerParameters,
  lshAttention,
  measureMemory,
  random,
  randomRotations,
  scaledDotProductAttention,
  slidingWindowAttention,
  sparseTransformerAttention,
  tf,
} from 'attention';
import { root } from '../setup/paths.mjs';

/** [1, heads, length, 64]. */
type Attend = (q: Tensor, k: Tensor, v: Tensor) => { context: Tensor };

const stride = (q: Tensor) => Math.round(Math.sqrt(q.shape[2] ?? 1));

/** One line for each mechanism. */
const mechanisms: Record<string, Attend> = {
  full: (q, k, v) => scaledDotProductAttention(q, k, v),
  'sliding window, w = 256': (q, k, v) =>
    slidingWindowAttention(q, k, v, undefined, { window: 256 }),
  'strided, l = √n': (q, k, v) =>
    sparseTransformerAttention(q, k, v, undefined, {
      pattern: 'strided',
      stride: stride(q),
      use: 'heads',
    }),
  'fixed, l = √n, c = 8': (q, k, v) =>
    sparseTransformerAttention(q, k, v, undefined, {
      pattern: 'fixed',
      stride: stride(q),
      summary: 8,
      use: 'heads',
    }),
  'LSH, 4 rounds, chunks of 64': (q, _, v) => {
    const size = { depth, rounds: 4, buckets: bucketsFor(q.shape[2] ?? 0) };
    const buckets = angularHash(q, randomRotations(size, random(1)));
    return lshAttention(q, v, buckets, undefined, { chunkLength: 64 });
  },
  'Linformer, k = 256': (q, k, v) => {
    const sizes = { length: q.shape[2] ?? 0, k: 256 };
    return linformerAttention(q, k, v, linformerParameters(sizes, random(1)));
  },
};

const heads = 2;
const depth = 64;
const lengths = [512, 1024, 2048, 4096, 8192, 16384];
const rounds = 5;

type Point = { length: number; seconds: number; bytes: number };

function cost() {
  const points: Record<string, Point[]> = Object.fromEntries(
    Object.keys(mechanisms).map((name) => [name, []]),
  );
  for (const length of lengths) {
    const running = Object.keys(mechanisms).filter((name) => fits(points[name]));
    const [q, k, v] = [1, 2, 3].map((seed) =>
      tf.variable(tf.randomNormal([1, heads, length, depth], 0, 1, 'float32', seed)),
    );
    const step = (name: string) => () =>
      tf.tidy(() => {
        const loss = () => tf.sum(mechanisms[name](q, k, v).context) as Scalar;
        tf.variableGrads(loss, [q, k, v]).value.dataSync();
      });
    // In turns, so that a change of the machine's speed meets all alike; the fastest counts, for
    // what else runs can only slow it down.
    const seconds = Object.fromEntries(running.map((name) => [name, [] as number[]]));
    for (let round = 0; round <= rounds; round++) {
      for (const name of running) {
        const start = performance.now();
        step(name)();
        if (round > 0) seconds[name].push((performance.now() - start) / 1000); // the first warms up
      }
    }
    for (const name of running) {
      const bytes = measureMemory(step(name)).peakBytes;
      points[name].push({ length, seconds: Math.min(...seconds[name]), bytes });
    }
    tf.dispose([q, k, v]);
  }
  report(points);
  draw(points);
}

/** Four times the memory of half the length must be there. */
function fits(before: Point[]) {
  return before.length === 0 || 4 * before[before.length - 1].bytes < freemem() / 2;
}

function report(points: Record<string, Point[]>) {
  const cell = (text: string) => text.padStart(16);
  console.log(
    `${''.padEnd(26)}${lengths.map((n) => cell(String(n))).join('')}${cell('time')}${cell('memory')}`,
  );
  for (const [name, measured] of Object.entries(points)) {
    const cells = lengths.map((_, i) =>
      measured[i]
        ? `${(measured[i].seconds * 1e3).toFixed(0)} ms ${(measured[i].bytes / 1e6).toFixed(0)} MB`
        : '–',
    );
    const grows = [exponent(measured, 'seconds'), exponent(measured, 'bytes')];
    const powers = grows.map((power) => `n^${power.toFixed(2)}`);
    console.log(name.padEnd(26) + [...cells, ...powers].map(cell).join(''));
  }
}

/** The slope of the straight line through the points of the longer half on logarithmic axes. */
function exponent(points: Point[], what: 'seconds' | 'bytes') {
  const long = points.slice(-Math.max(2, Math.ceil(points.length / 2)));
  const [x, y] = [long.map((p) => Math.log(p.length)), long.map((p) => Math.log(p[what]))];
  const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
  const [meanX, meanY] = [mean(x), mean(y)];
  const products = x.map((value, i) => (value - meanX) * (y[i] - meanY));
  return mean(products) / mean(x.map((value) => (value - meanX) ** 2));
}

function draw(points: Record<string, Point[]>) {
  const chart = (title: string, yTitle: string, y: (p: Point) => number) =>
    curves(
      Object.entries(points).map(([name, measured]) => ({
        name,
        x: measured.map(({ length }) => length),
        y: measured.map(y),
      })),
      { title, xTitle: 'length of the sequence', yTitle, logX: true, logY: true },
    );
  const figures = [
    chart('Time of a step, forward and backward', 'seconds', ({ seconds }) => seconds),
    chart('Memory of a step, at its peak', 'megabytes', ({ bytes }) => bytes / 1e6),
  ];
  const folder = join(root, 'tools', 'bench', 'results');
  mkdirSync(folder, { recursive: true });
  const plotly = relative(folder, join(root, 'node_modules', 'plotly.js', 'dist', 'plotly.min.js'));
  const page = `<!doctype html><meta charset="utf-8"><title>Cost of attention</title>
<script src="${plotly}"></script>
${figures.map((_, i) => `<div id="figure${i}"></div>`).join('\n')}
<script>
for (const [i, { data, layout }] of ${JSON.stringify(figures)}.entries()) Plotly.newPlot('figure' + i, data, layout);
</script>
`;
  const file = join(folder, 'cost.html');
  writeFileSync(file, page);
  console.log(`Charts: ${relative(root, file)}`);
}

cost();
