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
  family,
  familyFaults,
  familyPlaces,
  familyTree,
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
  methods,
  multiHeadAttention,
  multiHeadParameters,
  type Relative,
  random,
  randomSynthesizer,
  routingAttention,
  saganAttention,
  scaledDotProductAttention,
  shortName,
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

describe('the family', () => {
  test('is a forest of all 36, none younger than its children', () => {
    expect(familyFaults()).toEqual([]);
    expect(family).toHaveLength(36);
    const roots = family.filter(({ parents }) => parents.length === 0).map(({ name }) => name);
    expect(roots).toEqual(['Additive Attention', 'Content-based Attention']);
    for (const { name, year } of methods) {
      expect(family.find((one) => one.name === name)?.year).toBe(year);
    }
  });

  test('tells what is wrong with another', () => {
    const changed = (name: string, change: Partial<Relative>) =>
      family.map((one) => (one.name === name ? { ...one, ...change } : one));
    const wrong = (tree: Relative[]) => familyFaults(tree).join('; ');
    expect(wrong(family.filter(({ name }) => name !== 'LAMA'))).toBe('LAMA is missing');
    expect(wrong(family.filter(({ name }) => name !== 'LSH Attention'))).toContain(
      'LSH Attention, parent of Routing Attention, is missing',
    );
    expect(wrong([...family, family[3]])).toContain('stands twice');
    expect(wrong(changed('LAMA', { name: 'Llama' }))).toContain('Llama is none of the methods');
    expect(wrong(changed('CBAM', { parents: ['LSH Attention'] }))).toContain('is younger');
    const circle = changed('LSH Attention', { parents: ['SortCut Sinkhorn Attention'] });
    expect(wrong(circle)).toContain('LSH Attention descends from itself');
    expect(wrong(changed('CBAM', { parents: ['CBAM'] }))).toBe('CBAM descends from itself');
    expect(() => ancestors('Routing Attention', circle)).toThrow('is its own ancestor');
    expect(() => ancestors('Flash Attention')).toThrow('Flash Attention is not in the family');
  });

  test('leads from each method to a root', () => {
    expect(ancestors('SortCut Sinkhorn Attention')).toEqual([
      'Sparse Sinkhorn Attention',
      'LSH Attention',
      'Multi-Head Attention',
      'Scaled Dot-Product Attention',
      'Dot-Product Attention',
      'Additive Attention',
    ]);
    expect(ancestors('Content-based Attention')).toEqual([]);
  });

  test('says in few words what was changed', () => {
    for (const { change } of family) {
      expect(change.split(' ').length).toBeLessThanOrEqual(6);
      expect(change.length).toBeLessThanOrEqual(36);
    }
    expect(new Set(family.map(({ change }) => change)).size).toBe(36);
  });

  test('has names that are short, and all different', () => {
    const names = family.map(({ name }) => shortName(name));
    expect(new Set(names).size).toBe(36);
    expect(Math.max(...names.map(({ length }) => length))).toBeLessThanOrEqual(31);
    expect(shortName('Spatial Attention Module')).toBe('Spatial Attention');
  });

  test('is drawn without a line through a name', () => {
    const places = familyPlaces();
    expect(new Set(places.map(({ row }) => row)).size).toBe(36);
    for (const { year, x, row, parents } of places) {
      expect(x).toBeGreaterThanOrEqual(year);
      expect(x).toBeLessThan(year + 1);
      const parent = places.find(({ name }) => name === parents[0]);
      if (!parent) continue;
      expect(parent.row).toBeLessThan(row);
      expect(parent.x).toBeLessThan(x);
      // What stands between descends from the same parent, and so to the right of its line.
      for (const between of places.slice(parent.row + 1, row)) {
        expect(ancestors(between.name)).toContain(parent.name);
      }
    }
    const { data, layout } = familyTree();
    expect(layout.width).toBeLessThanOrEqual(620);
    expect(data[0].text).toHaveLength(36);
    for (const { change } of family) expect(layout.meta.alt).toContain(change);
  });
});

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
