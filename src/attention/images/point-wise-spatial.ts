import { dense } from '../../tensors/dense';
import { type Random, uniform } from '../../tensors/random';
import { expectShape, NHWC } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import { relativeShift } from '../positions/relative-shift';

/** One branch of PSANet. */
export type PointWiseBranch = {
  /** [channels, reduced]: a 1×1 convolution that makes fewer channels. */
  reduce: tf.Tensor;
  /** [reduced, reduced]: a 1×1 convolution before the map. */
  adapt: tf.Tensor;
  /** [reduced, (2 · height − 1) · (2 · width − 1)]: a 1×1 convolution that makes the
   * over-completed map, a number for each distance down and across. */
  map: tf.Tensor;
};

/** The parameters of PSANet's attention, for images of one size. */
export type PointWiseSpatialParameters = {
  collect: PointWiseBranch;
  distribute: PointWiseBranch;
  /** [2 · reduced, channels]: a 1×1 convolution that joins both. */
  project: tf.Tensor;
};

export function pointWiseSpatialParameters(
  {
    channels,
    height,
    width,
    reduced = Math.max(1, Math.floor(channels / 4)),
  }: { channels: number; height: number; width: number; reduced?: number },
  next: Random,
): PointWiseSpatialParameters {
  const branch = () => ({
    reduce: uniform([channels, reduced], next),
    adapt: uniform([reduced, reduced], next),
    map: uniform([reduced, (2 * height - 1) * (2 * width - 1)], next),
  });
  return {
    collect: branch(),
    distribute: branch(),
    project: uniform([2 * reduced, channels], next),
  };
}

/**
 * Point-wise spatial attention. No position is compared with another: each predicts, from its own
 * features, how much it has to do with every other. What it predicts is read in two ways:
 *
 *     r_i = ReLU(x_i W_reduce)      h_i = ReLU(r_i W_adapt) W_map      in each of the two branches
 *     collect      z^c_i = Σ_j a^c_ij r_j     a^c_ij = softmax_j(h_i[j − i])     i says what it wants
 *     distribute   z^d_i = Σ_j a^d_ij r_j     a^d_ij = softmax_j(h_j[i − j])     j says whom it serves
 *     y = [x; ReLU([z^c; z^d] W)]
 *
 * h_i is the over-completed map of position i, with i in its middle: (2 · height − 1) ·
 * (2 · width − 1) numbers, one for each place, relative to i, where another position can be. Of
 * these the height · width that lie in the image are used.
 *
 * Source: Zhao et al. (2018), "PSANet: Point-wise Spatial Attention Network for Scene Parsing",
 * Section 3. The softmax is that of the authors' code; the paper divides by the number of positions
 * instead. Without the batch normalisations and the halved resolution.
 *
 * @param image x [batch, height, width, channels]; its positions are counted row by row
 * @param options.softmax false: a is h / (height · width), as in the paper
 * @returns context y [batch, height, width, 2 · channels], and weights
 *   [batch, 2, positions, positions]: a^c, then a^d
 * @throws if a shape does not fit
 */
export function pointWiseSpatialAttention(
  image: tf.Tensor,
  { collect, distribute, project }: PointWiseSpatialParameters,
  { softmax = true } = {},
): { context: tf.Tensor4D; weights: tf.Tensor4D } {
  const [batch, height, width, channels] = expectShape('image', image, NHWC);
  const positions = height * width;
  const [, reduced] = expectShape('collect.reduce', collect.reduce, [channels, 'reduced']);
  expectShape('project', project, [2 * reduced, channels]);
  for (const [name, { reduce, adapt, map }] of Object.entries({ collect, distribute })) {
    expectShape(`${name}.reduce`, reduce, [channels, reduced]);
    expectShape(`${name}.adapt`, adapt, [reduced, reduced]);
    expectShape(`${name}.map`, map, [reduced, (2 * height - 1) * (2 * width - 1)]);
  }
  return tf.tidy(() => {
    const branch = ({ reduce, adapt, map }: PointWiseBranch, mapped: 'queries' | 'keys') => {
      const r = tf.relu(dense(image as tf.Tensor4D, reduce));
      const h = dense(tf.relu(dense(r, adapt)), map);
      const byPosition = absoluteMap(h);
      const logits = mapped === 'queries' ? byPosition : tf.transpose(byPosition, [0, 2, 1]);
      const a = softmax ? tf.softmax(logits) : tf.div(logits, positions);
      return { a, z: tf.matMul(a, r.reshape([batch, positions, reduced])) };
    };
    const [c, d] = [branch(collect, 'queries'), branch(distribute, 'keys')];
    const z = tf.concat([c.z, d.z], 2).reshape([batch, height, width, 2 * reduced]);
    const context = tf.concat([image, tf.relu(dense(z, project))], 3) as tf.Tensor4D;
    return { context, weights: tf.stack([c.a, d.a], 1) as tf.Tensor4D };
  });
}

/**
 * The part of each over-completed map that lies in the image: a[i, j] = h_i[j − i].
 *
 * @param h [batch, height, width, (2 · height − 1) · (2 · width − 1)]
 * @returns [batch, positions, positions]
 */
function absoluteMap(h: tf.Tensor): tf.Tensor3D {
  const [batch, height, width] = h.shape;
  const distances = h.reshape([batch, height, width, 2 * height - 1, 2 * width - 1]);
  // First the columns, [batch, height, down, width, column], then the rows.
  const columns = relativeShift(distances.transpose([0, 1, 3, 2, 4]), width);
  const rows = relativeShift(columns.transpose([0, 3, 4, 1, 2]), height);
  return rows
    .transpose([0, 3, 1, 4, 2])
    .reshape([batch, height * width, height * width]) as tf.Tensor3D;
}
