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
import { dense } from '../../tensors/dense';
import { layerNorm } from '../../tensors/layer-norm';
import { uniform } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import {
  additiveName,
  all,
  dotName,
  eye,
  full,
  multiName,
  type Row,
  scaledName,
  unit,
} from './equation';

const numbered = () => eye(8).expandDims(0) as tf.Tensor3D; // each position holds its own number

/** How scores and heads are made: methods that are one, and when. */
export const equationsOfScores: readonly Row[] = [
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
];
