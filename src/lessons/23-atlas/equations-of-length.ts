import { denseGraphWeights } from '../../attention/graphs/edges';
import { graphSelfAttention } from '../../attention/graphs/graph-self-attention';
import { multiHeadAttention } from '../../attention/heads/multi-head';
import { lshAttention } from '../../attention/lsh/lsh';
import { causalMask } from '../../attention/masks';
import { adaptiveSpanAttention } from '../../attention/positions/adaptive-span';
import { scaledDotProductAttention } from '../../attention/scores/scaled-dot-product';
import { dilatedSlidingWindowAttention } from '../../attention/sparse/dilated-sliding-window';
import { globalSlidingWindowAttention } from '../../attention/sparse/global-sliding-window';
import { linformerAttention } from '../../attention/sparse/linformer';
import { routingAttention, routingCentroids } from '../../attention/sparse/routing';
import { sinkhornAttention, sortParameters } from '../../attention/sparse/sinkhorn';
import { slidingWindowAttention } from '../../attention/sparse/sliding-window';
import { sortcutSinkhornAttention } from '../../attention/sparse/sortcut-sinkhorn';
import { sparseTransformerAttention } from '../../attention/sparse/sparse-transformer';
import { tf } from '../../tensors/tf';
import { all, eye, full, multiName, type Row, type Sample, scaledName, unit } from './equation';

const causal8 = () => causalMask(8).expandDims(0);
const windowName = 'Sliding Window Attention';
const sparse = ({ Q, K, V }: Sample, pattern: 'strided' | 'fixed', stride: number) =>
  all(sparseTransformerAttention(Q, K, V, undefined, { use: 'merged', pattern, stride }));
const inTwo = ({ X, M }: Sample) => multiHeadAttention(X, X, X, M, { heads: 2 });

/** Which keys are seen: methods that are one, and when. */
export const equationsOfLength: readonly Row[] = [
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
];
