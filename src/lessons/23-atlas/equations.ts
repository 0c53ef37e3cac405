/** Which methods of the atlas are one and the same, and under which setting: both sides as `src` has them. */
import { denseGraphWeights } from '../../attention/graphs/edges';
import { graphSelfAttention } from '../../attention/graphs/graph-self-attention';
import { multiHeadAttention } from '../../attention/heads/multi-head';
import {
  collapse,
  singleHeadedAttention,
  singleHeadedParameters,
} from '../../attention/heads/single-headed';
import {
  denseSynthesizer,
  factorizedDenseSynthesizer,
  factorizedRandomSynthesizer,
  randomSynthesizer,
} from '../../attention/heads/synthesizer';
import { attentionAugmentedConvolution } from '../../attention/images/attention-augmented-convolution';
import { cbam, cbamParameters } from '../../attention/images/cbam';
import { channelAttentionModule } from '../../attention/images/channel-attention-module';
import {
  channelWiseSoftAttention,
  channelWiseSoftParameters,
} from '../../attention/images/channel-wise-soft';
import {
  globalContextBlock,
  globalContextParameters,
} from '../../attention/images/global-context-block';
import { pointWiseSpatialAttention } from '../../attention/images/point-wise-spatial';
import { saganAttention } from '../../attention/images/sagan';
import {
  spatialAttentionGuidedMask,
  spatialAttentionGuidedMaskParameters,
} from '../../attention/images/spatial-attention-guided-mask';
import {
  spatialAttentionModule,
  spatialAttentionParameters,
} from '../../attention/images/spatial-attention-module';
import { lshAttention } from '../../attention/lsh/lsh';
import { causalMask } from '../../attention/masks';
import { adaptiveSpanAttention } from '../../attention/positions/adaptive-span';
import { additiveAttention } from '../../attention/scores/additive';
import { contentBasedAttention } from '../../attention/scores/content-based';
import { dotProductAttention } from '../../attention/scores/dot-product';
import { dv3Attention, dv3PositionalEncoding } from '../../attention/scores/dv3';
import { generalAttention } from '../../attention/scores/general';
import { lamaAttention } from '../../attention/scores/lama';
import { locationBasedAttention } from '../../attention/scores/location-based';
import {
  locationSensitiveAttention,
  locationSensitiveParameters,
} from '../../attention/scores/location-sensitive';
import { scaledDotProductAttention } from '../../attention/scores/scaled-dot-product';
import { dilatedSlidingWindowAttention } from '../../attention/sparse/dilated-sliding-window';
import { globalSlidingWindowAttention } from '../../attention/sparse/global-sliding-window';
import { linformerAttention } from '../../attention/sparse/linformer';
import { routingAttention, routingCentroids } from '../../attention/sparse/routing';
import { sinkhornAttention, sortParameters } from '../../attention/sparse/sinkhorn';
import { slidingWindowAttention } from '../../attention/sparse/sliding-window';
import { sortcutSinkhornAttention } from '../../attention/sparse/sortcut-sinkhorn';
import { sparseTransformerAttention } from '../../attention/sparse/sparse-transformer';
import { methods } from '../../data/methods';
import { dense } from '../../tensors/dense';
import { layerNorm } from '../../tensors/layer-norm';
import { random, uniform } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import { whole } from './page';

const eye = (size: number) => tf.eye(size);
const unit = (y: tf.Tensor) => tf.div(y, tf.norm(y, 2, -1, true)) as tf.Tensor3D;

/** Small inputs, drawn with a seed: eight positions of depth 4, which are also 2 × 4 pixels of four channels. */
function sample(seed: number) {
  const draw = random(seed);
  const [Q, K, V, X] = [1, 2, 3, 4].map(() => uniform([1, 8, 4], draw, 1.5) as tf.Tensor3D);
  const [WQ, WK, WV, WO] = [1, 2, 3, 4].map(() => uniform([4, 4], draw));
  const one = eye(4);
  return {
    Q,
    K,
    V,
    X,
    /** X as an image. */
    image: X.reshape([1, 2, 4, 4]) as tf.Tensor4D,
    /** Matrices of projections, and such that project nothing. */
    M: { WQ, WK, WV, WO },
    I: { WQ: one, WK: one, WV: one, WO: one },
    /** Scores of all pairs. */
    scored: uniform([8, 8], draw, 2),
    draw,
  };
}

type Sample = ReturnType<typeof sample>;

/** Two methods that are one. */
export type Equation = {
  /** As in `methods`. */
  one: string;
  /** How the parameters are set. What holds in a limit says so. */
  setting: string;
  /** As in `methods`. */
  other: string;
  /** What both compute of the same input, tensor by tensor. */
  sides: (given: Sample) => [left: tf.Tensor[], right: tf.Tensor[]];
};

const all = (attended: Parameters<typeof whole>[0]) => {
  const { context, weights } = whole(attended);
  return [context, weights];
};
const full = ({ Q, K, V }: Sample, mask?: tf.Tensor) =>
  all(scaledDotProductAttention(Q, K, V, mask));
const causal8 = () => causalMask(8).expandDims(0);
const dotName = 'Dot-Product Attention';
const scaledName = 'Scaled Dot-Product Attention';
const numbered = () => eye(8).expandDims(0) as tf.Tensor3D; // each position holds its own number
const windowName = 'Sliding Window Attention';
const sparse = ({ Q, K, V }: Sample, pattern: 'strided' | 'fixed', stride: number) =>
  all(sparseTransformerAttention(Q, K, V, undefined, { use: 'merged', pattern, stride }));
const multiName = 'Multi-Head Attention';
const inTwo = ({ X, M }: Sample) => multiHeadAttention(X, X, X, M, { heads: 2 });
const additiveName = 'Additive Attention';

const rows: [one: string, setting: string, other: string, sides: Equation['sides']][] = [
  [
    'Multiplicative Attention',
    'W = I',
    dotName,
    ({ Q, K, V }) => [
      all(generalAttention(Q, K, V, { W: eye(4) })),
      all(dotProductAttention(Q, K, V)),
    ],
  ],
  [
    scaledName,
    'query / √d',
    dotName,
    (s) => [full(s), all(dotProductAttention(tf.div(s.Q, 2) as tf.Tensor3D, s.K, s.V))],
  ],
  [
    'Content-based Attention',
    'unit vectors, β = 1',
    dotName,
    ({ Q, K, V }) => [
      all(contentBasedAttention(Q, K, V)),
      all(dotProductAttention(unit(Q) as any, unit(K) as any, V)),
    ],
  ],
  [
    'Multi-Head Attention',
    'one head, all W = I',
    scaledName,
    (s) => {
      const { context, weights } = multiHeadAttention(s.Q, s.K, s.V, s.I, { heads: 1 });
      return [[context, weights.squeeze([1])], full(s)];
    },
  ],
  [
    'Location-based Attention',
    'keys = I, their places',
    'Multiplicative Attention',
    ({ Q, V, draw }) => {
      const W = uniform([4, 8], draw);
      return [
        all(locationBasedAttention(Q, V, { W })),
        all(generalAttention(Q, eye(8).expandDims(0) as any, V, { W })),
      ];
    },
  ],
  [
    'Dense Synthesized Attention',
    'W₁ = [I, −I], W₂ = [W; −W]',
    'Location-based Attention',
    ({ Q, V, draw }) => {
      const W = uniform([4, 8], draw);
      const twice = {
        W1: tf.concat([eye(4), tf.neg(eye(4))], 1),
        b1: tf.zeros([8]),
        W2: tf.concat([W, tf.neg(W)]),
        b2: tf.zeros([8]),
      };
      return [all(denseSynthesizer(Q, V, twice)), all(locationBasedAttention(Q, V, { W }))];
    },
  ],
  [
    'Random Synthesized Attention',
    'tokens are their places',
    'Dense Synthesized Attention',
    ({ V, scored }) => [
      all(randomSynthesizer(V, { R: scored })),
      all(
        denseSynthesizer(numbered(), V, {
          W1: eye(8),
          b1: tf.zeros([8]),
          W2: scored,
          b2: tf.zeros([8]),
        }),
      ),
    ],
  ],
  [
    'Factorized Random Synthesized Attention',
    'k = n, R₂ = I',
    'Random Synthesized Attention',
    ({ V, scored }) => [
      all(factorizedRandomSynthesizer(V, { R1: scored, R2: eye(8) })),
      all(randomSynthesizer(V, { R: scored })),
    ],
  ],
  [
    'Factorized Dense Synthesized Attention',
    'b = 1, its factor 1',
    'Location-based Attention',
    ({ Q, V, draw }) => {
      const W = uniform([4, 8], draw);
      const one = { WA: W, bA: tf.zeros([8]), WB: tf.zeros([4, 1]), bB: tf.ones([1]) };
      return [all(factorizedDenseSynthesizer(Q, V, one)), all(locationBasedAttention(Q, V, { W }))];
    },
  ],
  [
    'Point-wise Spatial Attention',
    'pixels hold their numbers',
    'Random Synthesized Attention',
    ({ scored, draw }) => {
      const map = tf.tidy(() => {
        // a row of 8 pixels: distance j − i stands at j − i + 7
        const rows = scored.arraySync() as number[][];
        return tf.tensor2d(
          rows.map((row, i) => Array.from({ length: 15 }, (_, at) => row[at - 7 + i] ?? 0)),
        );
      });
      const branch = { reduce: eye(8), adapt: eye(8), map };
      const { weights } = pointWiseSpatialAttention(eye(8).reshape([1, 1, 8, 8]), {
        collect: branch,
        distribute: branch,
        project: uniform([16, 8], draw),
      });
      return [
        [tf.slice(weights, [0, 0, 0, 0], [1, 1, 8, 8]).reshape([8, 8])],
        [tf.softmax(scored)],
      ];
    },
  ],
  [
    windowName,
    'w / 2 ≥ n − 1',
    scaledName,
    (s) => [all(slidingWindowAttention(s.Q, s.K, s.V, undefined, { window: 14 })), full(s)],
  ],
  [
    'Dilated Sliding Window Attention',
    'dilation 1',
    windowName,
    ({ Q, K, V }) => [
      all(dilatedSlidingWindowAttention(Q, K, V, undefined, { window: 4, dilation: 1 })),
      all(slidingWindowAttention(Q, K, V, undefined, { window: 4 })),
    ],
  ],
  [
    'Global and Sliding Window Attention',
    'same projections, wide window',
    windowName,
    ({ Q, K, V }) => {
      const hub = { positions: [0], query: tf.slice(Q, [0, 0, 0], [1, 1, 4]), keys: K, values: V };
      return [
        [globalSlidingWindowAttention(Q, K, V, hub, undefined, { window: 14 }).context],
        [slidingWindowAttention(Q, K, V, undefined, { window: 14 }).context],
      ];
    },
  ],
  [
    'Strided Attention',
    'l = 1; causal',
    scaledName,
    (s) => [sparse(s, 'strided', 1), full(s, causal8())],
  ],
  [
    'Fixed Factorized Attention',
    'l = n, and l = 1',
    'Strided Attention',
    (s) => [sparse(s, 'fixed', 8), sparse(s, 'strided', 1)],
  ],
  [
    'Adaptive Masking',
    'z ≥ n; causal',
    scaledName,
    (s) => [
      all(adaptiveSpanAttention(s.Q, s.K, s.V, { z: tf.tensor1d([9]) }, undefined, { ramp: 2 })),
      full(s, causal8()),
    ],
  ],
  [
    'LSH Attention',
    'one bucket; unit keys, not itself',
    scaledName,
    ({ Q, V }) => {
      const others = tf.sub(1, eye(8)).expandDims(0);
      return [
        all(
          lshAttention(Q, V, tf.zeros([1, 1, 8], 'int32'), undefined, {
            chunkLength: 8,
            withWeights: true,
          }),
        ),
        all(scaledDotProductAttention(Q, unit(Q) as tf.Tensor3D, V, others)),
      ];
    },
  ],
  [
    'Routing Attention',
    'one cluster, shared keys; one bucket',
    'LSH Attention',
    ({ Q, V, draw }) => [
      all(
        routingAttention(
          Q,
          undefined,
          V,
          routingCentroids({ clusters: 1, dKey: 4 }, draw),
          undefined,
          { window: 8 },
        ),
      ),
      all(
        lshAttention(Q, V, tf.zeros([1, 1, 8], 'int32'), undefined, {
          chunkLength: 8,
          withWeights: true,
        }),
      ),
    ],
  ],
  [
    'Sparse Sinkhorn Attention',
    'one block',
    scaledName,
    (s) => [
      [
        sinkhornAttention(
          s.Q,
          s.K,
          s.V,
          sortParameters({ dKey: 4, maxBlocks: 1 }, s.draw),
          undefined,
          { block: 8 },
        ).context,
      ],
      [full(s)[0]],
    ],
  ],
  [
    'SortCut Sinkhorn Attention',
    'one block, all of it',
    'Sparse Sinkhorn Attention',
    ({ Q, K, V, draw }) => {
      const sortOne = sortParameters({ dKey: 4, maxBlocks: 1 }, draw);
      return [
        [sortcutSinkhornAttention(Q, K, V, sortOne, undefined, { block: 8, budget: 1 }).context],
        [sinkhornAttention(Q, K, V, sortOne, undefined, { block: 8 }).context],
      ];
    },
  ],
  [
    'Multi-Head Linear Attention',
    'E = F = I',
    multiName,
    (s) => [
      all(
        multiHeadAttention(s.X, s.X, s.X, s.M, {
          heads: 2,
          attend: (q2, k2, v2) => linformerAttention<tf.Tensor4D>(q2, k2, v2, { E: eye(8) }),
        }),
      ),
      all(inTwo(s)),
    ],
  ],
  [
    'Graph Self-Attention',
    'all edges',
    multiName,
    (s) => {
      const pairs = Array.from({ length: 64 }, (_, e) => [e % 8, Math.floor(e / 8)]);
      const edges = tf.tensor2d(pairs, [64, 2], 'int32').transpose();
      const on = graphSelfAttention(s.X.squeeze([0]), edges, s.M, { heads: 2 });
      return [[on.context, denseGraphWeights(on, 8)], all(inTwo(s)).map((y) => y.squeeze([0]))];
    },
  ],
  [
    'Single-Headed Attention',
    'diagonal matrices, a normalised query',
    multiName,
    ({ X, draw }) => {
      const own = collapse(singleHeadedParameters({ depth: 4 }, draw));
      const half = tf.mul(eye(4), 0.5); // σ(0) on the diagonal
      const query = layerNorm(dense(X, own.WQ, own.bQ), own.norm, 1e-12);
      const by = { WQ: half, WK: half, WV: tf.mul(eye(4), own.vs), WO: eye(4) };
      const multi = multiHeadAttention(query, X, X, by, { heads: 1 });
      return [
        all(singleHeadedAttention(X, X, X, own)),
        [multi.context, multi.weights.squeeze([1])],
      ];
    },
  ],
  [
    'SAGAN Self-Attention Module',
    'W = I, γ = 1, without x; 1/√d in g',
    scaledName,
    ({ image, X }) => {
      const { context, weights } = saganAttention(image, {
        WF: eye(4),
        WG: tf.div(eye(4), 2),
        WH: eye(4),
        gamma: tf.scalar(1),
      });
      return [
        [tf.sub(context, image).reshape([1, 8, 4]), weights],
        all(scaledDotProductAttention(X, X, X)),
      ];
    },
  ],
  [
    'Attention-augmented Convolution',
    'without the convolution, r = 0',
    multiName,
    (s) => {
      const WQKV = tf.concat([s.M.WQ, s.M.WK, s.M.WV], 1);
      const { context, weights } = attentionAugmentedConvolution(
        s.image,
        { convolution: tf.zeros([3, 3, 4, 1]), WQKV, WO: s.M.WO },
        2,
      );
      return [
        [tf.slice(context, [0, 0, 0, 1], [1, 2, 4, 4]).reshape([1, 8, 4]), weights],
        all(inTwo(s)),
      ];
    },
  ],
  [
    'DV3 Attention Block',
    'rates 0, W = I, b takes p back',
    dotName,
    ({ Q, K, V }) => {
      const p = dv3PositionalEncoding(1, 4, 0).reshape([4]); // 0, 1, 0, 1
      const [same0, back] = [
        { W: eye(4), b: tf.zeros([4]) },
        { W: eye(4), b: tf.neg(p) },
      ];
      return [
        all(
          dv3Attention(
            Q,
            K,
            V,
            { query: back, keys: back, values: same0, output: same0 },
            undefined,
            { queryRate: 0, keyRate: 0 },
          ),
        ),
        all(dotProductAttention(Q, K, V)),
      ];
    },
  ],
  [
    'Global Context Block',
    'all pixels ask the same',
    'SAGAN Self-Attention Module',
    ({ image, draw }) => {
      const WK = uniform([4, 1], draw);
      const ones = tf.concat([image, tf.ones([1, 2, 4, 1])], 3) as tf.Tensor4D; // a fifth channel, always 1
      const pick = tf.tensor2d([[0], [0], [0], [0], [1]]);
      const { weights } = saganAttention(ones, {
        WF: tf.concat([WK, tf.zeros([1, 1])]),
        WG: pick,
        WH: eye(5),
        gamma: tf.scalar(1),
      });
      const block = globalContextBlock(image, {
        ...globalContextParameters({ channels: 4, reduction: 2 }, draw),
        WK,
      });
      return [[weights], [tf.tile(block.weights, [1, 8, 1])]];
    },
  ],
  [
    'Location Sensitive Attention',
    'U = 0',
    additiveName,
    ({ Q, K, V, draw }) => {
      const own = locationSensitiveParameters(
        { queryDepth: 4, keyDepth: 4, dAttention: 5, width: 3, filters: 2 },
        draw,
      );
      return [
        all(locationSensitiveAttention(Q, K, V, { ...own, U: tf.zeros([2, 5]) })),
        all(additiveAttention(Q, K, V, { W: own.W, U: own.V, v: own.w })),
      ];
    },
  ],
  [
    'Channel-wise Soft Attention',
    'keys are the channels’ means',
    additiveName,
    ({ image, Q, draw }) => {
      const own = channelWiseSoftParameters({ queryDepth: 4, dAttention: 5 }, draw);
      const [asks, means] = [
        tf.slice(Q, [0, 0, 0], [1, 1, 4]),
        tf.mean(image, [1, 2]).reshape([1, 4, 1]),
      ];
      return [
        [channelWiseSoftAttention(asks.reshape([1, 4]), image, own).weights],
        [
          additiveAttention(asks, means, means, {
            W: own.WQ,
            U: own.WC.expandDims(0),
            v: own.v,
          }).weights.squeeze([1]),
        ],
      ];
    },
  ],
  [
    'Global Context Block',
    'limit: W = 0, tanh of little',
    additiveName,
    ({ image, X, draw }) => {
      const own = globalContextParameters({ channels: 4, reduction: 2 }, draw);
      const little = {
        W: tf.zeros([4, 4]),
        U: tf.mul(eye(4), 1e-3),
        v: tf.mul(own.WK.reshape([4]), 1e3),
      };
      const { weights } = additiveAttention(tf.zeros([1, 1, 4]), X, X, little);
      return [[globalContextBlock(image, own).weights], [weights]];
    },
  ],
  [
    'LAMA',
    'limit: tanh of little, Pᵀc even; the axes ask',
    'Content-based Attention',
    ({ X, draw }) => {
      const by = uniform([4, 3], draw);
      const { context, weights } = lamaAttention(X, {
        P: tf.mul(tf.ones([4, 3]), 2.5e-4),
        Q: by,
        c: tf.ones([4]),
      });
      return [
        [context, weights],
        all(contentBasedAttention(eye(3).expandDims(0) as tf.Tensor3D, dense(X, by), X)),
      ];
    },
  ],
  [
    'CBAM',
    'second gate ½, twice',
    'Channel Attention Module',
    ({ image, draw }) => {
      const own = {
        ...cbamParameters({ channels: 4, reduction: 2 }, draw),
        spatial: { W: tf.zeros([7, 7, 2, 1]) },
      };
      return [
        [tf.mul(cbam(image, own).context, 2)],
        [channelAttentionModule(image, own.channel).context],
      ];
    },
  ],
  [
    'CBAM',
    'first gate ½, kernel and result twice',
    'Spatial Attention Module',
    ({ image, draw }) => {
      const { channel, spatial } = cbamParameters({ channels: 4, reduction: 2 }, draw);
      const open = {
        channel: { ...channel, W1: tf.zeros([2, 4]) },
        spatial: { W: tf.mul(spatial.W, 2) },
      };
      return [
        [tf.mul(cbam(image, open).context, 2)],
        [spatialAttentionModule(image, spatial).context],
      ];
    },
  ],
  [
    'Spatial Attention-Guided Mask',
    'no convolution before',
    'Spatial Attention Module',
    ({ image, draw }) => {
      const own = spatialAttentionGuidedMaskParameters(
        { channels: 4, classes: 2, convolutions: 0 },
        draw,
      );
      const [left, right] = [
        spatialAttentionGuidedMask(image, own),
        spatialAttentionModule(image, own.attention),
      ];
      return [
        [left.context, left.weights],
        [right.context, right.weights],
      ];
    },
  ],
  [
    'Spatial Attention Module',
    'each pixel: itself, or nothing',
    dotName,
    ({ image, draw }) => {
      const own = spatialAttentionParameters({ size: 3 }, draw);
      const gated = spatialAttentionModule(image, own);
      const pooled = tf.concat([tf.mean(image, 3, true), tf.max(image, 3, true)], 3) as tf.Tensor4D;
      const score = tf
        .conv2d(pooled, own.W as tf.Tensor4D, 1, 'same')
        .reshape([8, 1, 1]) as tf.Tensor3D;
      const keys = tf.tile(tf.tensor3d([[[1], [0]]]), [8, 1, 1]) as tf.Tensor3D; // scores s and 0
      const values = tf.stack([image.reshape([8, 4]), tf.zeros([8, 4])], 1) as tf.Tensor3D;
      return [
        [gated.context.reshape([8, 1, 4])],
        [dotProductAttention(score, keys, values).context],
      ];
    },
  ],
];

/** The equations that join the 36 methods. */
export const equations: readonly Equation[] = rows.map(([one, setting, other, sides]) => ({
  one,
  setting,
  other,
  sides,
}));

/** The largest difference between both sides of an equation, for the inputs of a seed. */
export function gapOf({ sides }: Equation, seed: number): number {
  return tf.tidy(() => {
    const [left, right] = sides(sample(seed));
    return Math.max(
      ...left.map((y, i) => {
        const [ours, theirs] = [y.shape, right[i].shape].map(String);
        if (ours !== theirs) throw new Error(`the sides have shapes [${ours}] and [${theirs}]`);
        return tf.max(tf.abs(tf.sub(y, right[i]))).dataSync()[0];
      }),
    );
  });
}

/** The methods in pieces: two are in one piece if a chain of equations leads from one to the other. */
export function piecesOf(joined: readonly Pick<Equation, 'one' | 'other'>[]): string[][] {
  const piece = new Map(methods.map(({ name }) => [name, name]));
  for (const { one, other } of joined) {
    const [from, to] = [piece.get(one), piece.get(other)];
    if (from === undefined || to === undefined)
      throw new Error(`${from ? other : one} is none of the methods`);
    for (const [name, its] of piece) if (its === from) piece.set(name, to);
  }
  return [...new Set(piece.values())].map((its) =>
    [...piece.keys()].filter((name) => piece.get(name) === its),
  );
}
