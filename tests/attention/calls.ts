/**
 * A call of every function that takes tensors, with n keys (or positions, steps, tokens). The same n
 * gives the same numbers. `entrances.test.ts` spoils one argument after another.
 */
import * as a from 'attention';
import { tf } from 'attention';

/** What the mask of a call hides: the last of n. */
export const hidden = new WeakSet<tf.Tensor>();
/** The masks of a call. */
export const masks = new WeakSet<tf.Tensor>();

let next = a.random(1);
const t = (...shape: number[]) => a.uniform(shape, next, 1);
const hide = <T extends tf.Tensor>(x: T) => {
  hidden.add(x);
  return x;
};
const mask = (...shape: number[]) => {
  const size = shape.reduce((product, n) => product * n, 1);
  const last = shape.at(-1) as number;
  const values = Array.from({ length: size }, (_, i) => Number(i % last !== last - 1));
  const made = tf.tensor(values, shape);
  masks.add(made);
  return made;
};
const ids = (values: number, ...shape: number[]) => {
  const size = shape.reduce((product, n) => product * n, 1);
  return tf.tensor(
    Int32Array.from({ length: size }, (_, i) => i % values),
    shape,
    'int32',
  );
};
const q = (n = 2) => t(2, n, 4) as tf.Tensor3D;
const kv = (n: number, depth = 4) => hide(t(2, n, depth)) as tf.Tensor3D;
/** Queries, keys, values of a sequence that attends to itself, and their mask. */
const own = (n: number) => [t(2, n, 4), kv(n), kv(n), mask(2, 1, n)];
const inHeads = (n: number) => t(2, 2, n, 4) as tf.Tensor4D;
const image = (n: number) => t(2, n, 2, 4) as tf.Tensor4D;
const layer = (rows: number, columns: number) => ({ W: t(rows, columns), b: t(columns) });
const cell = () => ({ ...a.lstmParameters({ inputDepth: 4, units: 4 }, next), b: t(16) });
const additive = () => a.additiveParameters({ queryDepth: 4, keyDepth: 4, dAttention: 3 }, next);
const heads = (bias = true) => a.multiHeadParameters({ dModel: 4, bias }, next);
const lstmn = () => a.lstmnParameters({ inputDepth: 4, units: 4 }, next);
const source = (n: number) => ({ tape: hide(t(2, n, 8)), mask: mask(2, n) });
const sinkhorn = () => a.sortParameters({ dKey: 4, maxBlocks: 4 }, next);
const block = { block: 2 };
const edges = (n: number) =>
  tf.tensor2d(
    [
      [...range(n), 0],
      [...range(n), n - 1],
    ],
    [2, n + 1],
    'int32',
  );
const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const detr = {
  channels: 4,
  dModel: 4,
  dHidden: 3,
  queries: 2,
  classes: 3,
  encoderLayers: 1,
  decoderLayers: 2,
};
const reformer = {
  sizes: {
    tokens: 5,
    dModel: 4,
    dFeedForward: 4,
    blocks: 1,
    positions: { shape: [2, 4], depths: [2, 2] },
  },
  options: () => ({
    heads: 2,
    rotations: [a.randomRotations({ depth: 2, rounds: 1, buckets: 2, heads: 2 }, next)],
    chunkLength: 2,
  }),
};
const synthesizer = { depth: 4, length: 5 };
const local = { D: 1 };
const blocks = (n: number) => a.slidingWindow(n, { window: 2 });
const f = (x: tf.Tensor) => tf.square(x);
const residual = () => ({ apply: f, parameters: {} });
const logits = (n: number) => t(2, 2, n) as tf.Tensor3D;
const boxes = () =>
  tf.tensor3d([
    [
      [0.5, 0.5, 0.2, 0.2],
      [0.3, 0.3, 0.2, 0.2],
    ],
  ]);

const all = {
  // tensors
  argsort: (n: number) => [t(2, n)],
  gatherRows: (n: number) => [t(2, n, 4), ids(2, 2, 3)],
  castMask: (n: number) => [mask(2, n), 'bool'],
  expectBinary: (n: number) => [mask(2, n)],
  stopGradient: (n: number) => [t(n)],
  dense: (n: number) => [t(2, n, 4), t(4, 3), t(3)],
  headwiseDense: (n: number) => [t(2, 2, n, 4), t(2, 4, 3), t(2, 3)],
  imagePositions: (n: number) => [{ height: n, width: 2, dModel: 4 }],
  layerNorm: (n: number) => [t(2, n, 4), { gain: t(4), bias: t(4) }],
  layerNormParameters: (n: number) => [n],
  uniform: (n: number) => [[n, 2], next, 1],
  drawn: (n: number) => [next, [n, 2], 1],
  random: () => [1],
  shuffled: (n: number) => [range(n), next],
  entropy: (n: number) => [t(2, n).abs()],
  // masks
  maskedSoftmax: (n: number) => [hide(logits(n)), mask(2, 1, n)],
  causalMask: (n: number) => [n],
  paddingMask: (n: number) => [[n, n], n],
  denseWeights: (n: number) => [{ weights: t(2, n, 2), keys: ids(n, 2, n, 2), keyCount: n }],
  // scores
  additiveAttention: (n: number) => [q(), kv(n), kv(n, 5), additive(), mask(2, 1, n)],
  additiveAligner: (n: number) => [kv(n), kv(n, 5), additive(), mask(2, 1, n)],
  additiveLogits: (n: number) => [t(2, 2, 3), t(2, n, 3), t(3)],
  concatScore: (n: number) => [
    q(),
    kv(n),
    a.concatParameters({ queryDepth: 4, keyDepth: 4, dAttention: 3 }, next),
  ],
  concatAttention: (n: number) => [
    q(),
    kv(n),
    kv(n),
    a.concatParameters({ queryDepth: 4, keyDepth: 4, dAttention: 3 }, next),
    mask(2, 1, n),
  ],
  contentBasedScore: (n: number) => [q(), kv(n), t(2, 2, 1)],
  contentBasedAttention: (n: number) => [q(), kv(n), kv(n), mask(2, 1, n), { beta: t(2, 2, 1) }],
  dotProductScore: (n: number) => [q(), kv(n)],
  dotProductAttention: (n: number) => [q(), kv(n), kv(n), mask(2, 1, n)],
  dv3PositionalEncoding: (n: number) => [n, 4, t(2)],
  dv3Attention: (n: number) => [
    q(),
    kv(n),
    kv(n),
    a.dv3Parameters({ depth: 4 }, next),
    mask(2, 1, n),
    { queryRate: 1 },
  ],
  dv3Window: (n: number) => [[0, 1], n],
  generalScore: (n: number) => [q(), kv(n), { W: t(4, 4) }],
  generalAttention: (n: number) => [q(), kv(n), kv(n), { W: t(4, 4) }, mask(2, 1, n)],
  attentionalState: (n: number) => [t(2, n, 4), t(2, n, 4), { W: t(8, 3) }],
  globalAttention: (n: number) => [q(), kv(n), kv(n), { W: t(8, 3) }, mask(2, 1, n)],
  inputFeedingStep: () => {
    const attend = (query: tf.Tensor) => ({ context: query });
    const previous = { state: { h: t(2, 4) }, attentional: t(2, 3) };
    return [
      t(2, 1),
      previous,
      { cell: (x: tf.Tensor) => ({ h: x }), attend, parameters: { W: t(8, 3) } },
    ];
  },
  hardAttention: (n: number) => [hide(logits(n)), kv(n), a.random(4), mask(2, 1, n)],
  reinforceLoss: (n: number) => [t(n), t(n), t(n)],
  kernelRegression: (n: number) => [q(), kv(n), kv(n), 1, mask(2, 1, n)],
  lamaAttention: (n: number) => [
    kv(n),
    a.lamaParameters({ depth: 4, heads: 2 }, next),
    mask(2, 1, n),
  ],
  locationBasedAttention: (n: number) => [q(), kv(n), { W: t(4, 5) }, mask(2, 1, n)],
  locationSensitiveAttention: (n: number) => [
    q(),
    kv(n),
    kv(n),
    a.locationSensitiveParameters(
      { queryDepth: 4, keyDepth: 4, dAttention: 3, width: 3, filters: 2 },
      next,
    ),
    mask(2, 1, n),
  ],
  locationSensitiveAligner: (n: number) => [
    kv(n),
    kv(n),
    a.locationSensitiveParameters(
      { queryDepth: 4, keyDepth: 4, dAttention: 3, width: 3, filters: 2 },
      next,
    ),
    mask(2, 1, n),
  ],
  scaledDotProductAttention: (n: number) => [q(), kv(n), kv(n), mask(2, 1, n)],
  softAttention: (n: number) => [hide(logits(n)), kv(n), mask(2, 1, n)],
  doublyStochasticPenalty: (n: number) => [t(2, n, 3), mask(2, n)],
  gatedContext: (n: number) => [t(2, n, 4), t(2, n, 4), layer(4, 1)],
  // heads
  allAttention: (n: number) => [
    q(),
    kv(n),
    kv(n),
    { keys: t(2, 4), values: t(2, 4) },
    mask(2, 1, n),
    { persistentQuery: q() },
  ],
  multiHeadAttention: (n: number) => [
    q(),
    kv(n),
    kv(n),
    heads(),
    { heads: 2, mask: mask(2, 1, n) },
  ],
  keyValueCache: (n: number) => [kv(n), kv(n), heads(), { heads: 2 }],
  multiHeadQuery: (n: number) => [
    q(),
    { keys: hide(t(2, n, 4)), values: hide(t(2, n, 4)) },
    heads(),
    { heads: 2, mask: mask(2, 1, n) },
  ],
  splitHeads: (n: number) => [t(2, n, 4), 2],
  mergeHeads: (n: number) => [inHeads(n)],
  objectQueryAttention: (n: number) => [
    t(2, 3, 4),
    t(3, 4),
    hide(t(2, 1, n, 4)),
    heads(),
    mask(2, 1, n),
    { heads: 2 },
  ],
  singleHeadedAttention: (n: number) => [
    q(),
    kv(n),
    kv(n),
    a.singleHeadedParameters({ depth: 4 }, next),
    mask(2, 1, n),
  ],
  collapse: () => [a.singleHeadedParameters({ depth: 4 }, next)],
  denseSynthesizer: (n: number) => [
    q(),
    kv(n),
    a.denseSynthesizerParameters(synthesizer, next),
    mask(2, 1, n),
  ],
  randomSynthesizer: (n: number) => [
    kv(n),
    a.randomSynthesizerParameters(synthesizer, next),
    mask(2, 1, n),
  ],
  factorizedDenseSynthesizer: (n: number) => [
    q(),
    kv(n),
    a.factorizedDenseSynthesizerParameters({ depth: 4, a: 2, b: 3 }, next),
    mask(2, 1, n),
  ],
  factorizedRandomSynthesizer: (n: number) => [
    kv(n),
    a.factorizedRandomSynthesizerParameters({ length: 5, k: 2 }, next),
    mask(2, 1, n),
  ],
  // positions
  adaptiveSpanAttention: (n: number) => [
    t(2, n, 4),
    kv(n),
    kv(n),
    { z: tf.fill([1], 2.5), positions: t(n || 1, 4) },
    mask(2, 1, n),
    { ramp: 2 },
  ],
  spanPenalty: (n: number) => [t(n), 1],
  clampSpans: (n: number) => [tf.variable(t(n)), 3],
  relativePositionAttention: (n: number) => [
    q(),
    kv(n),
    kv(n),
    { wK: t(3, 4), wV: t(3, 4) },
    mask(2, 1, n),
  ],
  relativeShift: (n: number) => [t(2, 2, n + 2), n],
  relativeUnshift: (n: number) => [t(2, 2, n)],
  transformerXLAttention: (n: number) => [
    inHeads(2),
    hide(inHeads(n)),
    hide(inHeads(n)),
    { WKR: t(6, 8), u: t(2, 4), v: t(2, 4) },
    mask(2, 1, 1, n),
  ],
  transformerXLTerms: (n: number) => [
    inHeads(2),
    inHeads(n),
    { WKR: t(6, 8), u: t(2, 4), v: t(2, 4) },
  ],
  segmentAttention: (n: number) => [
    hide(t(2, n, 4)),
    t(2, 1, 4),
    a.transformerXLParameters({ dModel: 4, heads: 2 }, next),
    { mask: mask(2, 1, 1, n + 1) },
  ],
  // local
  localMonotonicAttention: (n: number) => [q(), kv(n), kv(n), mask(2, 1, n), local],
  localPredictiveAttention: (n: number) => [
    q(),
    kv(n),
    kv(n),
    a.localPredictiveParameters({ queryDepth: 4, dHidden: 3 }, next),
    mask(2, 1, n),
    local,
  ],
  // sparse
  blockAttention: (n: number) => [t(2, n, 4), kv(n), kv(n), blocks(n), mask(2, 1, n)],
  unionAttention: (n: number) => [t(2, n, 4), kv(n), kv(n), [blocks(n)], mask(2, 1, n)],
  slidingWindowAttention: (n: number) => [...own(n), { window: 2 }],
  dilatedSlidingWindowAttention: (n: number) => [...own(n), { window: 2, dilation: 2 }],
  globalSlidingWindowAttention: (n: number) => [
    t(2, n, 4),
    kv(n),
    kv(n),
    { positions: [0], query: t(2, 1, 4), keys: kv(n), values: kv(n) },
    mask(2, 1, n),
    { window: 2 },
  ],
  sparseTransformerAttention: (n: number) => [...own(n), { use: 0, pattern: 'strided', stride: 2 }],
  imageLocal1DAttention: (n: number) => [...own(n), { block: 2, memory: 1 }],
  imageLocal2DAttention: (n: number) => [
    ...own(n),
    { image: [1, n], block: [1, 2], memory: [0, 1] },
  ],
  keysSeen: (n: number) => [blocks(n)],
  linformerAttention: (n: number) => [q(), kv(n), kv(n), { E: t(6, 2), F: t(6, 2) }, mask(2, 1, n)],
  routingAttention: (n: number) => [
    hide(t(2, n, 4)),
    kv(n),
    kv(n),
    t(2, 4),
    mask(2, 1, n),
    { window: 2 },
  ],
  updateCentroids: (n: number) => [t(2, 4), hide(t(2, n, 4)), kv(n), mask(2, 1, n)],
  sinkhorn: (n: number) => [t(2, n, n), mask(2, 1, n)],
  sinkhornAttention: (n: number) => [t(2, n, 4), kv(n), kv(n), sinkhorn(), mask(2, 1, n), block],
  sortcutSinkhornAttention: (n: number) => [
    q(),
    kv(n),
    kv(n),
    sinkhorn(),
    mask(2, 1, n),
    { ...block, budget: 1 },
  ],
  gumbelNoise: (n: number) => [[n, 2], next],
  // lsh
  angularHash: (n: number) => [
    t(2, n, 4),
    a.randomRotations({ depth: 4, rounds: 2, buckets: 4 }, next),
  ],
  signHash: (n: number) => [t(2, n, 4), a.randomPlanes({ depth: 4, rounds: 2, planes: 2 }, next)],
  lshAttention: (n: number) => [
    hide(t(2, n, 4)),
    kv(n),
    ids(2, 2, 1, n),
    mask(2, 1, n),
    { chunkLength: 2 },
  ],
  // images
  attentionAugmentedConvolution: (n: number) => [
    image(n),
    a.augmentedConvolutionParameters(
      { channels: 4, outputs: 6, height: n || 1, width: 2, dKey: 2, dValue: 2, heads: 1 },
      next,
    ),
    1,
    mask(2, 1, 1, 2 * n),
  ],
  cbam: (n: number) => [image(n), a.cbamParameters({ channels: 4, reduction: 2, size: 3 }, next)],
  channelAttentionModule: (n: number) => [
    image(n),
    a.channelAttentionParameters({ channels: 4, reduction: 2 }, next),
  ],
  channelWiseSoftAttention: (n: number) => [
    t(2, 3),
    image(n),
    a.channelWiseSoftParameters({ queryDepth: 3, dAttention: 2 }, next),
  ],
  splitAttention: (n: number) => [
    t(2, 2, n, 2, 4),
    { W0: t(4, 2), b0: t(2), W1: t(2, 8), b1: t(8) },
  ],
  quadraticSelfAttention: (n: number) => [
    image(n),
    { centres: t(2, 2), alpha: t(2), W: t(2, 4, 3), b: t(3) },
  ],
  convolutionAsAttention: () => [t(3, 3, 4, 2), t(2)],
  globalContextBlock: (n: number) => [
    hide(t(2, 1, n, 4)),
    a.globalContextParameters({ channels: 4, reduction: 2 }, next),
    mask(2, 1, n),
  ],
  pointWiseSpatialAttention: (n: number) => [
    image(n),
    a.pointWiseSpatialParameters({ channels: 4, height: n || 1, width: 2 }, next),
  ],
  saganAttention: (n: number) => [
    hide(t(2, 1, n, 8)),
    { ...a.saganParameters({ channels: 8 }, next), gamma: tf.scalar(0.5) },
    mask(2, 1, n),
  ],
  simpleSelfAttention: (n: number) => [image(n), { W: t(4, 4), gamma: tf.scalar(0.5) }],
  spatialAttentionModule: (n: number) => [image(n), { W: t(3, 3, 2, 1), b: t(1) }],
  spatialAttentionGuidedMask: (n: number) => [
    image(n),
    a.spatialAttentionGuidedMaskParameters({ channels: 4, classes: 2, convolutions: 1 }, next),
  ],
  // graphs
  graphAttention: (n: number) => [
    t(n, 4),
    edges(n),
    a.graphAttentionParameters({ nodeDepth: 4, heads: 2, dHead: 3 }, next),
  ],
  graphAttentionV2: (n: number) => [
    t(n, 4),
    edges(n),
    a.graphAttentionV2Parameters({ nodeDepth: 4, heads: 2, dHead: 3 }, next),
  ],
  graphSelfAttention: (n: number) => [
    t(n, 4),
    edges(n),
    a.graphSelfAttentionParameters({ dModel: 4, heads: 2 }, next),
    { heads: 2 },
  ],
  withSelfLoops: (n: number) => [edges(n), n],
  segmentSoftmax: (n: number) => [t(n, 2), ids(2, n), 2],
  denseGraphWeights: (n: number) => [{ weights: t(n + 1, 2), edges: edges(n) }, n],
  // sets
  mab: (n: number) => [
    q(),
    kv(n),
    a.mabParameters({ dModel: 4 }, next),
    mask(2, 1, n),
    { heads: 2 },
  ],
  sab: (n: number) => [kv(n), a.mabParameters({ dModel: 4 }, next), mask(2, 1, n)],
  isab: (n: number) => [kv(n), a.isabParameters({ dModel: 4, m: 2 }, next), mask(2, 1, n)],
  pma: (n: number) => [kv(n), a.pmaParameters({ dModel: 4, k: 2 }, next), mask(2, 1, n)],
  pointAttention: (n: number) => [
    t(2, n, 4),
    t(2, n, 3),
    ids(n, 2, n, 2),
    a.pointAttentionParameters({ depth: 4, dModel: 3 }, next),
  ],
  nearestNeighbours: (n: number) => [hide(t(2, n, 3)), 2, mask(2, 1, n)],
  // layers
  activate: (n: number) => [t(2, n), 'gelu'],
  relu: (n: number) => [t(2, n)],
  gelu: (n: number) => [t(2, n)],
  attentiveGru: (n: number) => [
    t(2, 3, 4),
    t(2, 4),
    kv(n),
    { cell: a.gruParameters({ inputDepth: 8, units: 4 }, next), aligner: additive() },
    mask(2, n),
  ],
  axialPositions: () => [[t(2, 2), t(4, 2)], 7],
  chunkedFeedForward: (n: number) => [t(2, n, 4), f, {}, 2],
  dropout: (n: number) => [t(2, n), { rate: 0.5, next: a.random(3) }],
  feedForward: (n: number) => [t(2, n, 4), { W1: t(4, 3), b1: t(3), W2: t(3, 4), b2: t(4) }],
  gruCell: () => [t(2, 4), t(2, 4), a.gruParameters({ inputDepth: 4, units: 4 }, next)],
  gru: (n: number) => [kv(n), a.gruParameters({ inputDepth: 4, units: 4 }, next), mask(2, n)],
  bidirectionalGru: (n: number) => [
    kv(n),
    a.gruParameters({ inputDepth: 4, units: 4 }, next),
    a.gruParameters({ inputDepth: 4, units: 4 }, next),
    mask(2, n),
  ],
  gruSizes: () => [a.gruParameters({ inputDepth: 4, units: 4 }, next)],
  lstmGates: () => [t(2, 4), t(2, 4), cell()],
  lstmCell: () => [t(2, 4), { h: t(2, 4), c: t(2, 4) }, cell()],
  lstm: (n: number) => [kv(n), cell(), mask(2, n)],
  lstmnCell: (n: number) => [
    t(2, 4),
    { slots: hide(t(2, n, 8)), summary: t(2, 4), mask: mask(2, 1, n) },
    lstmn(),
  ],
  lstmn: (n: number) => [kv(n), lstmn(), mask(2, n)],
  shallowFusion: (n: number) => [
    t(2, 3, 4),
    source(n),
    a.shallowFusionParameters({ inputDepth: 4, units: 4 }, next),
    mask(2, 3),
  ],
  deepFusion: (n: number) => [
    t(2, 3, 4),
    source(n),
    a.deepFusionParameters({ inputDepth: 4, units: 4 }, next),
    mask(2, 3),
  ],
  sinusoidalPositions: (n: number) => [n, 4],
  rotaryPositions: (n: number) => [t(2, n, 4)],
  learnedPositions: (n: number) => [t(5, 4), n],
  reversibleBlock: (n: number) => [[t(n), t(n)], { F: residual(), G: residual() }],
  invertBlock: (n: number) => [[t(n), t(n)], { F: residual(), G: residual() }],
  reversibleStack: (n: number) => [t(n), t(n), [{ F: residual(), G: residual() }]],
  spectralNorm: (n: number) => [t(n, 4), t(4)],
  encoderLayer: (n: number) => [
    kv(n),
    a.encoderLayerParameters({ dModel: 4, bias: true }, next),
    { heads: 2, mask: mask(2, 1, n) },
  ],
  decoderLayer: (n: number) => [
    q(),
    kv(n),
    a.decoderLayerParameters({ dModel: 4, bias: true }, next),
    { heads: 2, memoryMask: mask(2, 1, n) },
  ],
  // models
  detr: (n: number) => [image(n), a.detrParameters(detr, next), { heads: 2 }],
  detrEncoder: (n: number) => [image(n), a.detrParameters(detr, next), { heads: 2 }],
  objectDecoder: (n: number) => [image(n), a.detrParameters(detr, next).decoder, { heads: 2 }],
  readObjects: (n: number) => [t(1, 2, n, 4), a.detrParameters(detr, next)],
  reformer: (n: number) => [
    ids(5, 2, n),
    a.reformerParameters(reformer.sizes, next),
    reformer.options(),
    mask(2, n),
  ],
  reformerLoss: (n: number) => [
    ids(5, 2, n + 1),
    a.reformerParameters(reformer.sizes, next),
    reformer.options(),
    mask(2, n + 1),
  ],
  segmentRecurrence: (n: number) => [t(2, n, 4), [t(2, 1, 4)], [(x: tf.Tensor) => tf.square(x)], 2],
  setBack: (n: number) => [t(2, n, 4), t(1, 4), range(n).reverse()],
  generationOrder: (n: number) => [[2, n], { block: [1, 2], memory: [1, 1] }],
  beamSearch: (n: number) => [
    (tokens: number[]) => tokens.map(() => range(n).map(() => Math.log(1 / n))),
    { start: 0, end: 1, width: 2, maxSteps: 3 },
  ],
  // training
  crossEntropy: (n: number) => [hide(t(n, 3)), ids(3, n), mask(n)],
  setPredictionLoss: (n: number) => [
    { logits: t(1, 2, n), boxes: boxes() },
    [{ classes: [0], boxes: [[0.5, 0.5, 0.2, 0.2]] }],
  ],
  matchingCosts: (n: number) => [
    { logits: t(1, 2, n), boxes: boxes() },
    [{ classes: [0], boxes: [[0.5, 0.5, 0.2, 0.2]] }],
  ],
  generalisedIou: () => [boxes(), tf.add(boxes(), 0.03)],
  frechetDistance: (n: number) => [t(n, 3), t(5, 3)],
  frechetFloor: (n: number) => [t(n, 3), 10, 20],
  hungarian: (n: number) => [range(n).map((i) => [i, 2])],
  editDistance: (n: number) => [range(n), [1, 2]],
  alignmentErrorRate: (n: number) => [[range(n).map((i) => [i, i])], [[[0, 0]]]],
  errorRates: (n: number) => [[range(n)], [[range(n)]]],
  cosineSchedule: (n: number) => [1, n, 1],
  warmupSchedule: (n: number) => [n],
  copyTask: (n: number) => [{ word: n, symbols: 2 }],
  dilatedSlidingWindow: (n: number) => [n, { window: 2, dilation: 2 }],
  globalSlidingWindow: (n: number) => [n, { window: 2, positions: [0] }],
  slidingWindow: (n: number) => [n, { window: 2 }],
  sparsePatterns: (n: number) => [n, { pattern: 'strided', stride: 2 }],
  imageBlocks1D: (n: number) => [n, { block: 2, memory: 1 }],
  imageBlocks2D: (n: number) => [{ image: [1, n], block: [1, 2], memory: [0, 1] }],
  EncoderDecoder: (n: number) => [{ sourceTokens: n, targetTokens: 3 }],
  LuongEncoderDecoder: (n: number) => [{ sourceTokens: n, targetTokens: 3, units: 4 }],
  ImageTransformer: (n: number) => [
    {
      image: [2, n],
      levels: 3,
      neighbourhood: { block: [1, 2], memory: [1, 1] },
      dModel: 4,
      heads: 2,
    },
  ],
  Transformer: (n: number) => [{ sourceTokens: n, targetTokens: 3, dModel: 4, heads: 2 }],
  // parameters
  additiveParameters: (n: number) => [{ queryDepth: n, keyDepth: 4, dAttention: 3 }, next],
  attentionalParameters: (n: number) => [{ dValue: n, units: 4, dAttentional: 3 }, next],
  concatParameters: (n: number) => [{ queryDepth: 4, keyDepth: 4, dAttention: n }, next],
  dv3Parameters: (n: number) => [{ depth: n }, next],
  generalParameters: (n: number) => [{ queryDepth: n, keyDepth: 4 }, next],
  lamaParameters: (n: number) => [{ depth: n, heads: 2 }, next],
  locationBasedParameters: (n: number) => [{ queryDepth: n, positions: 4 }, next],
  locationSensitiveParameters: (n: number) => [
    { queryDepth: n, keyDepth: 4, dAttention: 3, width: 3, filters: 2 },
    next,
  ],
  persistentParameters: (n: number) => [{ N: n, dKey: 4 }, next],
  multiHeadParameters: (n: number) => [{ dModel: n }, next],
  singleHeadedParameters: (n: number) => [{ depth: n }, next],
  denseSynthesizerParameters: (n: number) => [{ depth: n, length: 5 }, next],
  randomSynthesizerParameters: (n: number) => [{ length: n }, next],
  factorizedDenseSynthesizerParameters: (n: number) => [{ depth: n, a: 2, b: 3 }, next],
  factorizedRandomSynthesizerParameters: (n: number) => [{ length: n }, next],
  adaptiveSpanParameters: (n: number) => [{ heads: n }, next],
  relativePositionParameters: (n: number) => [{ k: 1, dKey: n }, next],
  transformerXLParameters: (n: number) => [{ dModel: 2 * n, heads: 2 }, next],
  localPredictiveParameters: (n: number) => [{ queryDepth: n, dHidden: 3 }, next],
  linformerParameters: (n: number) => [{ length: n, k: 2 }, next],
  routingCentroids: (n: number) => [{ clusters: n, dKey: 4 }, next],
  sortParameters: (n: number) => [{ dKey: n, maxBlocks: 4 }, next],
  randomRotations: (n: number) => [{ depth: n, rounds: 2, buckets: 4 }, next],
  randomPlanes: (n: number) => [{ depth: n, rounds: 2, planes: 2 }, next],
  augmentedConvolutionParameters: (n: number) => [
    { channels: n, outputs: 6, height: 2, width: 2, dKey: 2, dValue: 2, heads: 1 },
    next,
  ],
  cbamParameters: (n: number) => [{ channels: n }, next],
  channelAttentionParameters: (n: number) => [{ channels: n }, next],
  channelWiseSoftParameters: (n: number) => [{ queryDepth: n, dAttention: 2 }, next],
  globalContextParameters: (n: number) => [{ channels: n }, next],
  pointWiseSpatialParameters: (n: number) => [{ channels: n, height: 2, width: 2 }, next],
  saganParameters: (n: number) => [{ channels: n }, next],
  simpleSelfParameters: (n: number) => [{ channels: n }, next],
  spatialAttentionParameters: (n: number) => [{ size: n }, next],
  spatialAttentionGuidedMaskParameters: (n: number) => [{ channels: n, classes: 2 }, next],
  graphAttentionParameters: (n: number) => [{ nodeDepth: n, heads: 2, dHead: 3 }, next],
  graphAttentionV2Parameters: (n: number) => [{ nodeDepth: n, heads: 2, dHead: 3 }, next],
  graphSelfAttentionParameters: (n: number) => [{ dModel: 2 * n, heads: 2 }, next],
  mabParameters: (n: number) => [{ dModel: n }, next],
  isabParameters: (n: number) => [{ dModel: n, m: 2 }, next],
  pmaParameters: (n: number) => [{ dModel: n, k: 2 }, next],
  pointAttentionParameters: (n: number) => [{ depth: n, dModel: 3 }, next],
  axialPositionParameters: (n: number) => [{ shape: [n, 2], depths: [2, 2] }, next],
  feedForwardParameters: (n: number) => [{ dModel: n }, next],
  gruParameters: (n: number) => [{ inputDepth: 4, units: n }, next],
  lstmParameters: (n: number) => [{ inputDepth: 4, units: n }, next],
  lstmnParameters: (n: number) => [{ inputDepth: 4, units: n }, next],
  shallowFusionParameters: (n: number) => [{ inputDepth: 4, units: n }, next],
  deepFusionParameters: (n: number) => [{ inputDepth: 4, units: n }, next],
  positionParameters: (n: number) => [{ maxLength: n, dModel: 4 }, next],
  spectralNormState: (n: number) => [n, next],
  detrParameters: (n: number) => [{ ...detr, queries: n }, next],
  encoderLayerParameters: (n: number) => [{ dModel: n }, next],
  decoderLayerParameters: (n: number) => [{ dModel: n }, next],
  reformerParameters: (n: number) => [{ ...reformer.sizes, dModel: n }, next],
} satisfies Partial<Record<keyof typeof a, (n: number) => unknown[]>>;

/** The arguments of a call with n keys, anew. */
export function argumentsOf(name: string, n: number): unknown[] {
  next = a.random(7);
  return all[name as keyof typeof all](n);
}

export const called = Object.keys(all);
