/** What equations between methods are made of: inputs, both sides, and names that come often. */
import { scaledDotProductAttention } from '../../attention/scores/scaled-dot-product';
import { random, uniform } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import { whole } from './page';

export const eye = (size: number) => tf.eye(size);
export const unit = (y: tf.Tensor) => tf.div(y, tf.norm(y, 2, -1, true)) as tf.Tensor3D;

/** Small inputs, drawn with a seed: eight positions of depth 4, which are also 2 × 4 pixels of four channels. */
export function sample(seed: number) {
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

export type Sample = ReturnType<typeof sample>;

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

export const all = (attended: Parameters<typeof whole>[0]) => {
  const { context, weights } = whole(attended);
  return [context, weights];
};
export const full = ({ Q, K, V }: Sample, mask?: tf.Tensor) =>
  all(scaledDotProductAttention(Q, K, V, mask));

/** A row of a list of equations. */
export type Row = [one: string, setting: string, other: string, sides: Equation['sides']];

export const dotName = 'Dot-Product Attention';
export const scaledName = 'Scaled Dot-Product Attention';
export const multiName = 'Multi-Head Attention';
export const additiveName = 'Additive Attention';
