import { dense } from '../../tensors/dense';
import { gatherRows } from '../../tensors/gather-rows';
import { castMask, expectMask, withoutHidden } from '../../tensors/mask';
import { type Random, uniform } from '../../tensors/random';
import { expectShape } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import { maskedSoftmax } from '../masked-softmax';
import type { SparseWeights } from '../sparse-weights';

/** x ↦ relu(x W1 + b1) W2 + b2. */
export type PointMlp = { W1: tf.Tensor; b1: tf.Tensor; W2: tf.Tensor; b2: tf.Tensor };

/** The parameters of the point transformer's attention. */
export type PointAttentionParameters = {
  /** φ, ψ, α: the query, key and value projections, [depth, dModel] each. */
  phi: tf.Tensor;
  psi: tf.Tensor;
  alpha: tf.Tensor;
  /** θ: from a difference of places [dimensions] to [dModel]. */
  theta: PointMlp;
  /** γ: from [dModel] to [dModel]. */
  gamma: PointMlp;
};

/**
 * Vector attention over the neighbours of each point: every channel has weights of its own.
 *
 *     δ_ij = θ(p_i − p_j)
 *     y_i = Σ_{j ∈ N(i)} softmax_j(γ(φ(x_i) − ψ(x_j) + δ_ij)) ⊙ (α(x_j) + δ_ij)
 *
 * Only differences of places enter: moving all points alike changes nothing. Renumbering the points
 * renumbers the result. Source: Zhao et al. (2021), eq. (3)–(4).
 *
 * Work and memory grow with points · k · dModel. The neighbours are given: they carry no gradient.
 *
 * @param x features [batch, n, depth]
 * @param positions p [batch, n, dimensions]
 * @param neighbours [batch, n, k], int32: N(i), −1 where there is none; see `nearestNeighbours`
 * @returns context y [batch, n, dModel] and the weights of every channel, as heads:
 *   [batch, dModel, n, k]. A point without neighbours gets context 0.
 * @throws if a shape does not fit
 */
export function pointAttention(
  x: tf.Tensor,
  positions: tf.Tensor,
  neighbours: tf.Tensor,
  { phi, psi, alpha, theta, gamma }: PointAttentionParameters,
): { context: tf.Tensor3D; weights: SparseWeights } {
  const [batch, n] = expectShape('x', x, ['batch', 'n', 'depth']);
  const [, , dimensions] = expectShape('positions', positions, [batch, n, 'dimensions']);
  const [, , k] = expectShape('neighbours', neighbours, [batch, n, 'k'], 'int32');
  const [, dModel] = expectShape('phi', phi, ['depth', 'dModel']);
  expectShape('psi', psi, ['depth', dModel]);
  expectShape('alpha', alpha, ['depth', dModel]);
  return tf.tidy(() => {
    const ids = tf.maximum(neighbours, tf.scalar(0, 'int32')).reshape([batch, n * k]);
    const near = (rows: tf.Tensor, depth: number) =>
      gatherRows(rows, ids).reshape([batch, n, k, depth]);
    const self = (rows: tf.Tensor) => tf.expandDims(rows, 2);

    const delta = mlp(tf.sub(self(positions), near(positions, dimensions)), theta);
    const relation = tf.sub(self(dense(x, phi)), near(dense(x, psi), dModel));
    const byChannel = (y: tf.Tensor) => y.transpose([0, 3, 1, 2]); // [batch, dModel, n, k]
    const logits = byChannel(mlp(tf.add(relation, delta), gamma));
    const keys = tf.expandDims(neighbours, 1);
    const weights = maskedSoftmax(logits, tf.greaterEqual(keys, 0));
    const values = byChannel(tf.add(near(dense(x, alpha), dModel), delta));
    const context = tf.sum(tf.mul(weights, values), -1).transpose([0, 2, 1]);
    return {
      context: context as tf.Tensor3D,
      weights: { weights, keys: tf.cast(keys, 'int32').clone(), keyCount: n },
    };
  });
}

/**
 * The k points nearest to each, itself first. Has no gradient. Compares all n² pairs.
 *
 * @param positions [batch, n, dimensions]
 * @param mask [batch, 1, n]: 1 = a point, 0 = padding, which is nobody's neighbour
 * @returns [batch, n, k], int32, from near to far; −1 where there are fewer than k points
 * @throws if k is not a whole number from 1, or a shape does not fit
 */
export function nearestNeighbours(positions: tf.Tensor, k: number, mask?: tf.Tensor): tf.Tensor3D {
  const [batch, n] = expectShape('positions', positions, ['batch', 'n', 'dimensions']);
  if (mask) expectMask(mask, [batch, 1, n]);
  if (!(Number.isInteger(k) && k >= 1))
    throw new Error(`nearestNeighbours: expected k ≥ 1, got ${k}`);
  return tf.tidy(() => {
    // |p_i − p_j|² = |p_i|² − 2 p_i · p_j + |p_j|², about the centre, where the squares are small.
    const [places] = withoutHidden(mask, positions);
    const p = tf.sub(places, tf.mean(places, 1, true));
    const square = tf.sum(tf.square(p), -1, true);
    const products = tf.mul(tf.matMul(p, p, false, true), 2);
    let closeness: tf.Tensor = tf.sub(tf.sub(products, square), square.transpose([0, 2, 1]));
    // Rounding must not put a twin before the point itself, nor padding among the near.
    closeness = tf.where(tf.cast(tf.eye(n), 'bool'), tf.scalar(3e38), closeness);
    const shown = mask
      ? tf.mul(tf.ones([batch, n, 1]), castMask(mask, 'float32'))
      : tf.ones([batch, n, n]);
    closeness = tf.where(tf.cast(shown, 'bool'), closeness, tf.scalar(-3e38));
    const { values, indices } = tf.topk(closeness, Math.min(k, n), true);
    const found = tf.where(tf.greater(values, -3e38), indices, tf.scalar(-1, 'int32'));
    return tf.pad(
      found,
      [
        [0, 0],
        [0, 0],
        [0, Math.max(0, k - n)],
      ],
      -1,
    ) as tf.Tensor3D;
  });
}

/** New parameters of `pointAttention`: Glorot, biases 0. */
export function pointAttentionParameters(
  { depth, dModel, dimensions = 3 }: { depth: number; dModel: number; dimensions?: number },
  next: Random,
): PointAttentionParameters {
  const projection = () => uniform([depth, dModel], next);
  const network = (inputs: number) => ({
    W1: uniform([inputs, dModel], next),
    b1: tf.zeros([dModel]),
    W2: uniform([dModel, dModel], next),
    b2: tf.zeros([dModel]),
  });
  return {
    phi: projection(),
    psi: projection(),
    alpha: projection(),
    theta: network(dimensions),
    gamma: network(dModel),
  };
}

function mlp(x: tf.Tensor, { W1, b1, W2, b2 }: PointMlp): tf.Tensor {
  return dense(tf.relu(dense(x, W1, b1)), W2, b2);
}
