import { multiHeadAttention } from '../../attention/heads/multi-head';
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
import { additiveAttention } from '../../attention/scores/additive';
import { dotProductAttention } from '../../attention/scores/dot-product';
import { scaledDotProductAttention } from '../../attention/scores/scaled-dot-product';
import { uniform } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import {
  additiveName,
  all,
  dotName,
  eye,
  multiName,
  type Row,
  type Sample,
  scaledName,
} from './equation';

const inTwo = ({ X, M }: Sample) => multiHeadAttention(X, X, X, M, { heads: 2 });

/** Images and channels: methods that are one, and when. */
export const equationsOfImages: readonly Row[] = [
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
