import { attentionAugmentedConvolution } from '../../attention/images/attention-augmented-convolution';
import { cbam } from '../../attention/images/cbam';
import { channelAttentionModule } from '../../attention/images/channel-attention-module';
import { channelWiseSoftAttention } from '../../attention/images/channel-wise-soft';
import { globalContextBlock } from '../../attention/images/global-context-block';
import { pointWiseSpatialAttention } from '../../attention/images/point-wise-spatial';
import { saganAttention } from '../../attention/images/sagan';
import { spatialAttentionGuidedMask } from '../../attention/images/spatial-attention-guided-mask';
import { spatialAttentionModule } from '../../attention/images/spatial-attention-module';
import { random, uniform } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import { channels, diagonal, features, matrix, side } from './example';
import { type AtlasPanel, type Drawn, overPixels, rowsOf } from './panels';

const pixels = side * side;
const [whale, water] = [0, 1];
const edges = [3, 4, 5];
const constant = channels.indexOf('always 1');

/** A matrix [channels, columns] of a few entries; the others are 0. */
const reading = (columns: number, entries: [channel: number, column: number, value: number][]) =>
  tf.tensor2d(
    matrix(channels.length, columns, (i, j) =>
      entries.filter(([c, k]) => c === i && k === j).reduce((sum, [, , value]) => sum + value, 0),
    ),
  );

/** The weights of one pixel, of [1, positions, positions], as a picture. */
const ofPixel = (weights: tf.Tensor, mark: [number, number], caption: string): AtlasPanel =>
  overPixels(
    weights.reshape([pixels, pixels]).slice([mark[0] * side + mark[1], 0], [1, pixels]),
    'all',
    {
      mark,
      caption,
    },
  );

/** Whale asks for whale, above all for its upper edge; water for water. */
function sagan(): Drawn {
  const { weights } = saganAttention(features(), {
    WF: reading(2, [
      [whale, 0, 3],
      [edges[2], 0, 1.5],
      [water, 1, 3],
    ]),
    WG: reading(2, [
      [whale, 0, 1],
      [water, 1, 1],
    ]),
    WH: tf.tensor2d(diagonal(channels.length)),
    gamma: tf.scalar(1),
  });
  return {
    panels: [
      ofPixel(weights, [4, 1], 'a pixel of the tail'),
      ofPixel(weights, [11, 5], 'a pixel of the sea'),
    ],
    input: 'The picture. Each pixel is a query, and has a map of its own.',
    look: 'A pixel sees what is like it, however far away.',
  };
}

/** One question for all: edges. */
function globalContext(): Drawn {
  const hidden = 2;
  const { weights } = globalContextBlock(features(), {
    WK: reading(
      1,
      edges.map((edge) => [edge, 0, 0.9]),
    ),
    W1: tf.zeros([channels.length, hidden]),
    b1: tf.zeros([hidden]),
    norm: { gain: tf.ones([hidden]), bias: tf.zeros([hidden]) },
    W2: tf.zeros([hidden, channels.length]),
    b2: tf.zeros([channels.length]),
  });
  return {
    panels: [overPixels(weights, 'all')],
    input: 'The picture, of which edges count most.',
    look: 'One map that sums to 1, and no pixel that asks: all ask the same.',
  };
}

const hill = (y: number, x: number, sizeY: number, sizeX = sizeY) =>
  Math.exp(-((y / sizeY) ** 2 + (x / sizeX) ** 2) / 2);

/** A number for each distance down and across that a pixel of the whale asks for, or offers. */
const distances = (value: (down: number, right: number) => number) =>
  matrix(1, (2 * side - 1) ** 2, (_, i) =>
    value(Math.floor(i / (2 * side - 1)) - side + 1, (i % (2 * side - 1)) - side + 1),
  );

function pointWise(): Drawn {
  const mark: [number, number] = [6, 4];
  const branch = (reads: number, map: number[][]) => ({
    reduce: reading(1, [[reads, 0, 1]]),
    adapt: tf.ones([1, 1]),
    map: tf.tensor2d(map),
  });
  const { weights } = pointWiseSpatialAttention(features(), {
    collect: branch(
      constant,
      distances((down, right) => 4 * hill(down, right - 3, 1.6, 2.4)),
    ),
    distribute: branch(
      whale,
      distances((down, right) => 4 * hill(down, right + 3, 2.6, 3.4)),
    ),
    project: tf.zeros([2, channels.length]),
  });
  const [collect, distribute] = tf.unstack(weights, 1);
  return {
    panels: [
      ofPixel(collect, mark, 'collect: what it asks for'),
      ofPixel(distribute, mark, 'distribute: who offers'),
    ],
    input: 'The picture, and one of its pixels.',
    look: 'Two maps: of a place beside the pixel, and of those pixels that chose it.',
  };
}

/** Two heads share their vectors of distances; one reads those down, one those across. */
function augmented(): Drawn {
  const heads = 2;
  const [dKey, dValue] = [3 * heads, heads];
  const [near, far] = [9, 0.6];
  const q = [near, far, 2, far, near, 2];
  const entries = [
    ...q.map((value, column): [number, number, number] => [constant, column, value]),
    ...[2, 5].map((column): [number, number, number] => [whale, dKey + column, 1]),
  ];
  const profile = (axis: number) =>
    tf.tensor2d(matrix(2 * side - 1, 3, (i, c) => (c === axis ? hill(i - side + 1, 0, 1.4) : 0)));
  const mark: [number, number] = [5, 7];
  const { weights } = attentionAugmentedConvolution(
    features(),
    {
      convolution: tf.zeros([3, 3, channels.length, 1]),
      WQKV: reading(2 * dKey + dValue, entries),
      WO: tf.zeros([dValue, dValue]),
      relativeHeight: profile(0),
      relativeWidth: profile(1),
    },
    heads,
  );
  const each = tf.unstack(weights, 1);
  return {
    panels: each.map((head, h) =>
      ofPixel(head, mark, h === 0 ? 'head 1: in its rows' : 'head 2: in its columns'),
    ),
    input: 'The picture, and one of its pixels; distances down and across count, and the whale.',
    look: 'Bars through the pixel, darker on the whale: places and contents, head by head.',
  };
}

/** What is painted, without air, height and constant: [1, 12, 12, 5]. */
const painted = () => tf.gather(features(), [whale, water, ...edges], 3);

/** A kernel over mean and maximum, with a threshold. */
function gateKernel(
  size: number,
  value: (y: number, x: number) => number,
  threshold: number,
  ofMaximum = 0,
) {
  const middle = (size - 1) / 2;
  const kernel = Array.from({ length: size }, (_, y) =>
    Array.from({ length: size }, (_, x) => {
      const ofMean = value(y - middle, x - middle);
      return [[ofMean], [ofMaximum * ofMean]];
    }),
  );
  return { W: tf.tensor4d(kernel), b: tf.tensor1d([-threshold]) };
}

const wide = () => gateKernel(7, (y, x) => 1.5 * hill(y, x, 1.2), 4, 0.5);

function spatial(): Drawn {
  return {
    panels: [overPixels(spatialAttentionModule(painted(), wide()).weights, 'gate')],
    input: 'The picture: whale, water and edges.',
    look: 'A soft shape: each pixel is let through to some part, none competes.',
  };
}

function guidedMask(): Drawn {
  const count = 2 + edges.length;
  const copy = () => ({
    W: tf.tensor4d(
      [0, 1, 2].map((y) =>
        [0, 1, 2].map((x) =>
          y === 1 && x === 1 ? diagonal(count) : matrix(count, count, () => 0),
        ),
      ),
    ),
    b: tf.zeros([count]),
  });
  const { weights } = spatialAttentionGuidedMask(painted(), {
    convolutions: [copy(), copy(), copy(), copy()],
    attention: gateKernel(3, (y, x) => (y === 0 && x === 0 ? 16 : -1), 3),
    upsampling: { W: tf.zeros([2, 2, 1, count]), b: tf.zeros([1]) },
    masks: { W: tf.zeros([1, 1]), b: tf.zeros([1]) },
  });
  return {
    panels: [overPixels(weights, 'gate')],
    input: 'The same, as the region of a detected object.',
    look: 'A sharp outline: the kernel is 3 × 3, to draw a mask by.',
  };
}

/** The gate M_c as a row of bars. */
const overChannels = (weights: tf.Tensor, sums: 'rows' | 'gate', caption?: string): AtlasPanel => ({
  ...{ shows: 'channels', sums, values: rowsOf(weights), rowTitle: '', columnTitle: 'channel' },
  ...{ columns: channels, ...(caption ? { caption } : {}) },
});

function channelGate(): Drawn {
  const next = random(6);
  const parameters = {
    W0: uniform([channels.length, 3], next, 1.5),
    W1: uniform([3, channels.length], next, 1.5),
  };
  return {
    panels: [overChannels(channelAttentionModule(features(), parameters).weights, 'gate')],
    input: 'The eight channels of the picture; the network was drawn at random.',
    look: 'A bar for each channel, as many high ones as it likes.',
  };
}

function channelSoft(): Drawn {
  const next = random(8);
  const width = 4;
  const parameters = {
    WQ: uniform([2, width], next, 1),
    WC: uniform([width], next, 6),
    bC: tf.zeros([width]),
    v: uniform([width], next, 3),
  };
  const query = tf.tensor2d([[1, -1]]);
  const { weights } = channelWiseSoftAttention(query, features(), parameters);
  return {
    panels: [overChannels(weights, 'rows')],
    input: 'The eight channels of the picture, and a query; the network was drawn at random.',
    look: 'Bars that sum to 1: what one channel gets, the others lose.',
  };
}

/** Lets the whale and its edges through; then only these count for where. */
function both(): Drawn {
  const opens = channels.map((_, c) => (c === whale ? 2 : edges.includes(c) ? 1 : -2));
  const { weights, channelWeights } = cbam(features(), {
    channel: {
      W0: tf.zeros([channels.length, 1]),
      W1: tf.zeros([1, channels.length]),
      b1: tf.tensor1d(opens),
    },
    spatial: gateKernel(7, (y, x) => 6.5 * hill(y, x, 1.4), 5.5),
  });
  return {
    panels: [
      overChannels(channelWeights, 'gate', 'first: what'),
      overPixels(weights, 'gate', { caption: 'then: where' }),
    ],
    input: 'The picture, all eight channels; the first gate lets whale and edges through.',
    look: 'Two gates: bars, then a shape without what the bars have shut out, the sea.',
  };
}

export const imageMaps: Record<string, () => Drawn> = {
  'SAGAN Self-Attention Module': sagan,
  'Spatial Attention Module': spatial,
  'Channel Attention Module': channelGate,
  'Spatial Attention-Guided Mask': guidedMask,
  'Channel-wise Soft Attention': channelSoft,
  'Point-wise Spatial Attention': pointWise,
  'Global Context Block': globalContext,
  CBAM: both,
  'Attention-augmented Convolution': augmented,
};
