import { methods } from '../../data/methods';
import { measureMemory } from '../../tensors/measure-memory';
import { tf } from '../../tensors/tf';
import { calls, routingCall } from './cost-calls';

/** How a number grows with n, the number of positions (words, pixels, nodes). */
export type Growth = 'n' | 'n log n' | 'n√n' | 'n²';

const growths: Record<Growth, (n: number) => number> = {
  n: (n) => n,
  'n log n': (n) => n * Math.log2(n),
  'n√n': (n) => n ** 1.5,
  'n²': (n) => n ** 2,
};

/** What a method costs. */
export type Cost = {
  /** Multiplications, as TeX, with what else counts beside n. */
  formula: string;
  /** How work grows with n, if all else stays. */
  work: Growth;
  /** How the largest tensor grows that our function makes. */
  tensor: Growth;
};

const square = (formula: string): Cost => ({ formula, work: 'n²', tensor: 'n²' });
const linear = (formula: string): Cost => ({ formula, work: 'n', tensor: 'n' });
const between = (formula: string): Cost => ({ formula, work: 'n√n', tensor: 'n√n' });

/**
 * What each method costs for n queries and n keys of depth d. l is a stride, w a window, b a block, k the
 * keys that are left, g global tokens, m heads or rounds, r the filters of a convolution, C channels.
 */
export const costs: Readonly<Record<string, Cost>> = {
  'Multi-Head Attention': square('n^2 d + n d^2'),
  'Scaled Dot-Product Attention': square('n^2 d'),
  'Additive Attention': square('n^2 d'),
  'Dot-Product Attention': square('n^2 d'),
  'SAGAN Self-Attention Module': square('n^2 C'),
  'Location-based Attention': square('n^2 d'),
  'Content-based Attention': square('n^2 d'),
  'Spatial Attention Module': linear('n (C + 98)'),
  'Channel Attention Module': linear('n C + C^2'),
  'DV3 Attention Block': square('n^2 d + n d^2'),
  'Location Sensitive Attention': square('n^2 (d + k r)'),
  'Spatial Attention-Guided Mask': linear(String.raw`36\, n C^2`),
  LAMA: linear('n d m'),
  'Channel-wise Soft Attention': linear('n C + C d'),
  'Global and Sliding Window Attention': linear(String.raw`n (w + 2 g)\, d`),
  'Strided Attention': between(String.raw`n \sqrt n\, d`),
  'Point-wise Spatial Attention': square('n^2 C'),
  'Sliding Window Attention': linear('n w d'),
  'Single-Headed Attention': square('n^2 d + n d^2'),
  'Dilated Sliding Window Attention': linear('n w d'),
  // Chunks of one length, and as many buckets for any n: then only the sorting is more than linear.
  'LSH Attention': { formula: String.raw`m\, n \log n\, d`, work: 'n log n', tensor: 'n' },
  'Fixed Factorized Attention': between(String.raw`n \sqrt n\, d`),
  // As long as the (n / b)² numbers of the sorting are few.
  'SortCut Sinkhorn Attention': linear('n k d + (n/b)^2'),
  'Dense Synthesized Attention': square('n^2 d'),
  'Graph Self-Attention': {
    formula: String.raw`(n \log n)\, d`,
    work: 'n log n',
    tensor: 'n log n',
  },
  'Multi-Head Linear Attention': linear('n k d'),
  'Adaptive Masking': linear(String.raw`n (z + R)\, d`),
  // With blocks of √n.
  'Sparse Sinkhorn Attention': between('n b d + (n/b)^2'),
  'Factorized Random Synthesized Attention': square('n^2 d'),
  'Global Context Block': linear('n C + C^2'),
  'Factorized Dense Synthesized Attention': square('n^2 d'),
  CBAM: linear('n (C + 98) + C^2'),
  'Routing Attention': between(String.raw`n \sqrt n\, d`),
  'Random Synthesized Attention': square('n^2 d'),
  'Attention-augmented Convolution': square(String.raw`n^2 d + 9\, n C^2`),
  'Multiplicative Attention': square('n^2 d'),
};

/**
 * How far the exponent of the largest tensor may be from that of its formula over the same lengths.
 * Written down before anything was measured. Times have no such bound: they are shown with their spread.
 */
export const costTolerance = 0.1;

/** Three ranges of n, from short to long, for each growth: squares, and multiples of all blocks. */
const ranges: Record<Growth, number[][]> = {
  'n²': [
    [64, 144, 256],
    [144, 256, 576],
    [256, 576, 1024],
  ],
  n: [
    [1024, 2304, 4096],
    [2304, 4096, 9216],
    [4096, 9216, 16384],
  ],
  'n√n': [
    [1024, 2304, 4096],
    [2304, 4096, 9216],
    [4096, 9216, 16384],
  ],
  'n log n': [
    [64, 128, 256],
    [128, 256, 512],
    [256, 512, 1024],
  ],
};

/** The slope of the straight line through the points on logarithmic axes. */
export function slope(lengths: readonly number[], values: readonly number[]): number {
  const [x, y] = [lengths, values].map((list) => list.map(Math.log));
  const mean = (list: readonly number[]) => list.reduce((a, b) => a + b, 0) / list.length;
  const [middleX, middleY] = [mean(x), mean(y)];
  const products = x.map((one, i) => (one - middleX) * (y[i] - middleY));
  return mean(products) / mean(x.map((one) => (one - middleX) ** 2));
}

/** The lengths that a method's tensors are counted at: range 1, 2 or 3. */
export function lengthsOf(name: string, range: number): number[] {
  const lengths = ranges[costOf(name).tensor][range - 1];
  if (!lengths) throw new Error(`range: expected 1, 2 or 3, got ${range}`);
  return lengths;
}

/** The exponent that the formula of the largest tensor has over a range. */
export function formulaExponent(name: string, range: number): number {
  const lengths = lengthsOf(name, range);
  return slope(lengths, lengths.map(growths[costOf(name).tensor]));
}

/**
 * The exponent with which the largest tensor of a method grows, over a range of n: 1, 2 or 3, from
 * short to long. Counted, not timed: the same every time.
 */
export function exponentOf(name: string, range = 1): number {
  const lengths = lengthsOf(name, range);
  return slope(
    lengths,
    lengths.map((n) => prepared(name, n, (run) => measureMemory(run).largestTensor)),
  );
}

/** Five lengths that a method's time is measured at, where n counts more than what is there anyhow. */
export function timedLengths(name: string): number[] {
  // Step by step, or with much memory for each pair.
  if (/^(Location Sens|Point-wise|Attention-aug)/.test(name)) return [144, 256, 576, 1024, 2304];
  const { family } = methods.find((method) => method.name === name) ?? {};
  const fast = family === 'images' || name === 'LAMA';
  const timed: Record<Growth, number[]> = {
    'n²': [256, 576, 1024, 2304, 4096],
    n: fast ? [16384, 36864, 65536, 147456, 262144] : [4096, 9216, 16384, 36864, 65536],
    'n√n': [2304, 4096, 9216, 16384, 36864],
    'n log n': [512, 1024, 2048, 4096, 8192],
  };
  return timed[costOf(name).tensor];
}

/** The slopes through the first three of five points, the middle three, and the last three. */
export function slopes(lengths: readonly number[], values: readonly number[]): number[] {
  return [0, 1, 2].map((from) =>
    slope(lengths.slice(from, from + 3), values.slice(from, from + 3)),
  );
}

/** Processor time of one call in milliseconds, on all cores together: the mean of calls for 60 ms. */
export function millisecondsOf(name: string, n: number): number {
  return prepared(name, n, (run) => {
    run(); // patterns are made once, and kernels chosen
    const used = (since?: NodeJS.CpuUsage) => {
      const { user, system } = process.cpuUsage(since);
      return (user + system) / 1000;
    };
    const start = process.cpuUsage();
    let count = 0;
    do {
      run();
      count++;
    } while (used(start) < 60);
    return used(start) / count;
  });
}

/** Makes the inputs of a call for n positions, measures the call, and throws them away. */
function prepared(name: string, n: number, measure: (run: () => void) => number): number {
  costOf(name);
  return tf.tidy(() => {
    const call = calls[name](n);
    return measure(() => {
      tf.tidy(() => {
        call();
      });
    });
  });
}

function costOf(name: string): Cost {
  const cost = costs[name];
  if (!cost) throw new Error(`there is no method ${name}`);
  return cost;
}

/** How many clusters took the query that most clusters took, in the call of routing attention for n. */
export function clustersOfBusiest(n: number): number {
  return tf.tidy(() => {
    const { weights } = routingCall(n)();
    return (weights.weights.shape.at(-1) as number) / Math.round(Math.sqrt(n));
  });
}
