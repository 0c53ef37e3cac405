import { dense } from '../../tensors/dense';
import { type Random, uniform } from '../../tensors/random';
import { expectShape } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import {
  type SpatialAttentionParameters,
  spatialAttentionModule,
  spatialAttentionParameters,
} from './spatial-attention-module';

/** The parameters of CenterMask's mask head. */
export type SpatialAttentionGuidedMaskParameters = {
  /** The convolutions before the attention, four in the paper: W [3, 3, channels, next], b [next]. */
  convolutions: { W: tf.Tensor; b: tf.Tensor }[];
  /** The spatial attention, with a kernel of 3×3. */
  attention: SpatialAttentionParameters;
  /** The transposed convolution: W [2, 2, outputs, channels], b [outputs]. */
  upsampling: { W: tf.Tensor; b: tf.Tensor };
  /** The 1×1 convolution that predicts the masks: W [outputs, classes], b [classes]. */
  masks: { W: tf.Tensor; b: tf.Tensor };
};

export function spatialAttentionGuidedMaskParameters(
  {
    channels,
    classes,
    hidden = channels,
    convolutions = 4,
  }: { channels: number; classes: number; hidden?: number; convolutions?: number },
  next: Random,
): SpatialAttentionGuidedMaskParameters {
  const depths = [channels, ...new Array(convolutions).fill(hidden)];
  const last = depths[convolutions];
  return {
    convolutions: depths.slice(1).map((depth, i) => ({
      W: uniform([3, 3, depths[i], depth], next, Math.sqrt(6 / (9 * (depths[i] + depth)))),
      b: tf.zeros([depth]),
    })),
    attention: spatialAttentionParameters({ size: 3 }, next),
    upsampling: {
      W: uniform([2, 2, last, last], next, Math.sqrt(6 / (8 * last))),
      b: tf.zeros([last]),
    },
    masks: { W: uniform([last, classes], next), b: tf.zeros([classes]) },
  };
}

/**
 * The spatial attention-guided mask (SAG-Mask) of CenterMask: draws the mask of an object in a
 * detected box, guided by a map of the pixels that matter. The attention is CBAM's
 * `spatialAttentionModule` with a smaller kernel.
 *
 *     X_i = (ReLU ∘ conv 3×3)⁴(X)
 *     A_sag = σ(F_3×3([P_max; P_avg]))      X_sag = A_sag ∘ X_i
 *     masks = conv 1×1(ReLU(deconv 2×2(X_sag)))
 *
 * Source: Lee, Park (2020), "CenterMask: Real-Time Anchor-Free Instance Segmentation",
 * eq. (3)–(4). The paper joins the maximum before the mean, its code after it; the
 * kernel here takes the mean first.
 *
 * @param regions X [boxes, height, width, channels], cut out of the image's features (RoIAlign),
 *   14 × 14 in the paper
 * @returns context X_sag [boxes, height, width, hidden]; weights, the gate A_sag
 *   [boxes, height, width], from 0 to 1; and logits of the masks
 *   [boxes, 2 · height, 2 · width, classes], a sigmoid away from probabilities
 * @throws if a shape does not fit
 */
export function spatialAttentionGuidedMask(
  regions: tf.Tensor,
  { convolutions, attention, upsampling, masks }: SpatialAttentionGuidedMaskParameters,
): { context: tf.Tensor4D; weights: tf.Tensor3D; logits: tf.Tensor4D } {
  const [boxes, height, width] = expectShape('regions', regions, [
    'boxes',
    'height',
    'width',
    'channels',
  ]);
  return tf.tidy(() => {
    let x = regions as tf.Tensor4D;
    convolutions.forEach(({ W, b }, i) => {
      const [, , , depth] = expectShape(`convolutions[${i}].W`, W, [3, 3, x.shape[3], 'depth']);
      expectShape(`convolutions[${i}].b`, b, [depth]);
      x = tf.relu(tf.add(tf.conv2d(x, W as tf.Tensor4D, 1, 'same'), b)) as tf.Tensor4D;
    });
    const attended = spatialAttentionModule(x, attention);
    const { W, b } = upsampling;
    const [, , outputs] = expectShape('upsampling.W', W, [2, 2, 'outputs', x.shape[3]]);
    expectShape('upsampling.b', b, [outputs]);
    const [, classes] = expectShape('masks.W', masks.W, [outputs, 'classes']);
    expectShape('masks.b', masks.b, [classes]);
    const size = [boxes, 2 * height, 2 * width, outputs] as [number, number, number, number];
    const larger = tf.conv2dTranspose(attended.context, W as tf.Tensor4D, size, 2, 'valid');
    const logits = dense(tf.relu(tf.add(larger, b)) as tf.Tensor4D, masks.W, masks.b);
    return { ...attended, logits };
  });
}
