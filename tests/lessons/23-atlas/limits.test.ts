import {
  adaptiveSpanAttention,
  additiveAttention,
  ancestors,
  attentionAugmentedConvolution,
  augmentedConvolutionParameters,
  causalMask,
  cbam,
  channelAttentionModule,
  channelAttentionParameters,
  channelWiseSoftAttention,
  channelWiseSoftParameters,
  denseGraphWeights,
  denseSynthesizer,
  denseSynthesizerParameters,
  denseWeights,
  dilatedSlidingWindowAttention,
  dotProductAttention,
  dv3Attention,
  factorizedDenseSynthesizer,
  factorizedRandomSynthesizer,
  generalAttention,
  globalContextBlock,
  globalContextParameters,
  globalSlidingWindowAttention,
  graphSelfAttention,
  limits,
  linformerAttention,
  locationBasedAttention,
  locationSensitiveAttention,
  locationSensitiveParameters,
  lshAttention,
  multiHeadAttention,
  multiHeadParameters,
  random,
  randomSynthesizer,
  routingAttention,
  saganAttention,
  scaledDotProductAttention,
  sinkhornAttention,
  slidingWindowAttention,
  sortcutSinkhornAttention,
  sortParameters,
  sparseTransformerAttention,
  spatialAttentionGuidedMask,
  spatialAttentionGuidedMaskParameters,
  spatialAttentionModule,
  tf,
  uniform,
} from 'attention';
import { describe, expect, test } from 'vitest';
import { difference } from '../../helpers';

// Equal to the parent, if …
const next = random(23);
const [n, d] = [12, 8];
const draw = (...shape: number[]) => uniform(shape, next, 1);
const [q, k, v] = [1, 2, 3].map(() => draw(1, n, d) as tf.Tensor3D);
const eye = (size = d) => tf.eye(size);
const causal = causalMask(n);
const pixels = draw(1, 3, 4, d) as tf.Tensor4D;
const flat = pixels.reshape([1, n, d]) as tf.Tensor3D;
const plain = { WQ: eye(), WK: eye(), WV: eye(), WO: eye() };
const everybody = () => {
  const pairs = Array.from({ length: n * n }, (_, e) => [e % n, Math.floor(e / n)]);
  return tf.tensor2d([pairs.map(([s]) => s), pairs.map(([, t]) => t)], undefined, 'int32');
};
const positive = tf.abs(q) as tf.Tensor3D;
const oneBucket = () => tf.zeros([1, 1, n], 'int32');
const lshOfAll = () => lshAttention(q, v, oneBucket(), undefined, { chunkLength: n });
const sort = sortParameters({ dKey: d, maxBlocks: 1 }, next);

/** Both sides of each limit: of the method, and of its parent. */
const sides: Record<string, () => [tf.Tensor, tf.Tensor]> = {
  'Dense Synthesized Attention': () => {
    const p = { ...denseSynthesizerParameters({ depth: d, length: n }, next), W1: eye() };
    return [
      denseSynthesizer(positive, v, p).weights,
      locationBasedAttention(positive, v, { W: p.W2 }).weights,
    ];
  },
  'Random Synthesized Attention': () => {
    const R = draw(n, n);
    const x = eye(n).expandDims(0) as tf.Tensor3D;
    const p = { W1: eye(n), b1: tf.zeros([n]), W2: R, b2: tf.zeros([n]) };
    return [randomSynthesizer(v, { R }).weights, denseSynthesizer(x, v, p).weights];
  },
  'Factorized Random Synthesized Attention': () => {
    const R = draw(n, n);
    return [
      factorizedRandomSynthesizer(v, { R1: R, R2: eye(n) }).weights,
      randomSynthesizer(v, { R }).weights,
    ];
  },
  'Factorized Dense Synthesized Attention': () => {
    const [WB, bB] = [draw(d, n), draw(n)];
    const one = { WA: tf.zeros([d, 1]), bA: tf.ones([1]), WB, bB };
    const p = { W1: eye(), b1: tf.zeros([d]), W2: WB, b2: bB };
    return [
      factorizedDenseSynthesizer(positive, v, one).weights,
      denseSynthesizer(positive, v, p).weights,
    ];
  },
  'Location Sensitive Attention': () => {
    const sizes = { queryDepth: d, keyDepth: d, dAttention: d, width: 3, filters: 2 };
    const { W, V, F, U, b, w } = locationSensitiveParameters(sizes, next);
    const p = { W, V, F, w, U: tf.zerosLike(U), b: tf.zerosLike(b) };
    return [
      locationSensitiveAttention(q, k, v, p).weights,
      additiveAttention(q, k, v, { W, U: V, v: w }).weights,
    ];
  },
  'Channel-wise Soft Attention': () => {
    const { WQ, WC, bC, v: w } = channelWiseSoftParameters({ queryDepth: d, dAttention: d }, next);
    const query = draw(1, d) as tf.Tensor2D;
    const means = tf.mean(pixels, [1, 2]).reshape([1, d, 1]);
    const parent = { W: WQ, U: WC.expandDims(0), v: w };
    return [
      channelWiseSoftAttention(query, pixels, { WQ, WC, bC: tf.zerosLike(bC), v: w }).weights,
      additiveAttention(query.expandDims(1), means, means, parent).weights.reshape([1, d]),
    ];
  },
  'Spatial Attention-Guided Mask': () => {
    const p = spatialAttentionGuidedMaskParameters(
      { channels: d, classes: 1, convolutions: 0 },
      next,
    );
    return [
      spatialAttentionGuidedMask(pixels, p).weights,
      spatialAttentionModule(pixels, p.attention).weights,
    ];
  },
  CBAM: () => {
    const channel = channelAttentionParameters({ channels: d }, next);
    const spatial = { W: tf.zeros([7, 7, 2, 1]) };
    return [
      tf.mul(2, cbam(pixels, { channel, spatial }).context),
      channelAttentionModule(pixels, channel).context,
    ];
  },
  'Multiplicative Attention': () => [
    generalAttention(q, k, v, { W: eye() }).weights,
    dotProductAttention(q, k, v).weights,
  ],
  'DV3 Attention Block': () => {
    const constant = tf.tensor1d(Array.from({ length: d }, (_, c) => -(c % 2))); // sin 0, cos 0
    const taken = { W: eye(), b: constant };
    const other = { W: eye(), b: tf.zeros([d]) };
    const p = { query: taken, keys: taken, values: other, output: other };
    const rates = { queryRate: 0, keyRate: 0 };
    return [
      dv3Attention(q, k, v, p, undefined, rates).weights,
      dotProductAttention(q, k, v).weights,
    ];
  },
  'Scaled Dot-Product Attention': () => [
    scaledDotProductAttention(tf.mul(q, Math.sqrt(d)) as tf.Tensor3D, k, v).weights,
    dotProductAttention(q, k, v).weights,
  ],
  'SAGAN Self-Attention Module': () => {
    const p = { WF: eye(), WG: tf.mul(eye(), 1 / Math.sqrt(d)), WH: eye(), gamma: tf.scalar(1) };
    return [saganAttention(pixels, p).weights, scaledDotProductAttention(flat, flat, flat).weights];
  },
  'Global Context Block': () => {
    const p = globalContextParameters({ channels: d + 1, reduction: 1 }, next);
    const x = tf.concat([pixels, tf.ones([1, 3, 4, 1])], 3); // a channel that is always 1
    const WG = tf.concat([tf.zeros([d, 1]), tf.ones([1, 1])]);
    const asked = saganAttention(x, { WF: p.WK, WG, WH: eye(d + 1), gamma: tf.scalar(1) });
    return [tf.tile(globalContextBlock(x, p).weights, [1, n, 1]), asked.weights];
  },
  'Multi-Head Attention': () => [
    multiHeadAttention(q, k, v, plain, { heads: 1 }).weights.squeeze([1]),
    scaledDotProductAttention(q, k, v).weights,
  ],
  'Attention-augmented Convolution': () => {
    const sizes = {
      channels: d,
      outputs: d + 4,
      height: 3,
      width: 4,
      dKey: d,
      dValue: d,
      heads: 2,
    };
    const { convolution, WQKV, WO } = augmentedConvolutionParameters(sizes, next);
    const [WQ, WK, WV] = tf.split(WQKV, 3, 1);
    const { context } = attentionAugmentedConvolution(pixels, { convolution, WQKV, WO }, 2);
    return [
      context.slice([0, 0, 0, 4]).reshape([1, n, d]),
      multiHeadAttention(flat, flat, flat, { WQ, WK, WV, WO }, { heads: 2 }).context,
    ];
  },
  'Multi-Head Linear Attention': () => [
    linformerAttention(q, k, v, { E: eye(n), F: eye(n) }).weights,
    scaledDotProductAttention(q, k, v).weights,
  ],
  'Graph Self-Attention': () => {
    const p = multiHeadParameters({ dModel: d }, next);
    const nodes = q.squeeze([0]);
    return [
      denseGraphWeights(graphSelfAttention(nodes, everybody(), p, { heads: 2 }), n),
      multiHeadAttention(q, q, q, p, { heads: 2 }).weights.squeeze([0]),
    ];
  },
  'Adaptive Masking': () => [
    denseWeights(adaptiveSpanAttention(q, k, v, { z: tf.tensor1d([n]) }).weights),
    scaledDotProductAttention(q, k, v, causal).weights,
  ],
  'Strided Attention': () => {
    const options = { pattern: 'strided', stride: n, use: 0 } as const;
    return [
      denseWeights(sparseTransformerAttention(q, k, v, undefined, options).weights),
      scaledDotProductAttention(q, k, v, causal).weights,
    ];
  },
  'Fixed Factorized Attention': () => {
    const of = (pattern: 'strided' | 'fixed') =>
      denseWeights(
        sparseTransformerAttention(q, k, v, undefined, { pattern, stride: n, use: 0 }).weights,
      );
    return [of('fixed'), of('strided')];
  },
  'Sliding Window Attention': () => [
    denseWeights(slidingWindowAttention(q, k, v, undefined, { window: 2 * n }).weights),
    scaledDotProductAttention(q, k, v).weights,
  ],
  'Dilated Sliding Window Attention': () => [
    denseWeights(
      dilatedSlidingWindowAttention(q, k, v, undefined, { window: 4, dilation: 1 }).weights,
    ),
    denseWeights(slidingWindowAttention(q, k, v, undefined, { window: 4 }).weights),
  ],
  'Global and Sliding Window Attention': () => {
    const global = { positions: [3], query: q.slice([0, 3, 0], [1, 1, d]), keys: k, values: v };
    const options = { window: 2 * n };
    return [
      globalSlidingWindowAttention(q, k, v, global, undefined, options).context,
      slidingWindowAttention(q, k, v, undefined, options).context,
    ];
  },
  'LSH Attention': () => {
    const unit = tf.div(q, tf.norm(q, 2, -1, true)) as tf.Tensor3D;
    const others = tf.sub(1, eye(n)).cast('bool');
    return [lshOfAll().context, scaledDotProductAttention(q, unit, v, others).context];
  },
  'Routing Attention': () => [
    routingAttention(q, undefined, v, draw(1, d), undefined, { window: n }).context,
    lshOfAll().context,
  ],
  'Sparse Sinkhorn Attention': () => [
    sinkhornAttention(q, k, v, sort, undefined, { block: n }).context,
    scaledDotProductAttention(q, k, v).context,
  ],
  'SortCut Sinkhorn Attention': () => [
    sortcutSinkhornAttention(q, k, v, sort, undefined, { block: n, budget: 1 }).context,
    sinkhornAttention(q, k, v, sort, undefined, { block: n }).context,
  ],
};

describe('is its parent again, if', () => {
  test('each limit is tried', () => {
    expect(Object.keys(sides).sort()).toEqual(Object.keys(limits).sort());
    for (const name of Object.keys(limits)) expect(ancestors(name).length).toBeGreaterThan(0);
  });

  test.each(Object.entries(limits))('%s: %s', (name) => {
    tf.tidy(() => {
      const [child, parent] = sides[name]();
      expect(difference(child, parent)).toBeLessThan(1e-5);
      expect(tf.max(tf.abs(parent)).dataSync()[0]).toBeGreaterThan(0.05);
    });
  });
});
