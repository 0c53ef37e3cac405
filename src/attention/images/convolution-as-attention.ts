import { expectShape, NHWC } from '../../tensors/shape';
import { tf } from '../../tensors/tf';

/** The parameters of multi-head self-attention with the quadratic positional encoding. */
export type QuadraticParameters = {
  /** Δ [heads, 2]: where each head looks, down and to the right of the query. */
  centres: tf.Tensor;
  /** α [heads]: how sharply, ≥ 0; 0 sees everything alike. */
  alpha: tf.Tensor;
  /** W [heads, channels, outputs]: value and output matrix of each head in one. */
  W: tf.Tensor;
  /** [outputs] */
  b?: tf.Tensor;
};

/**
 * Multi-head self-attention that knows positions only. δ = (δ_1, δ_2) is the way from the query down
 * and right to the key:
 *
 *     l_δ = v · r_δ      v = −α (1, −2Δ_1, −2Δ_2)      r_δ = (‖δ‖², δ_1, δ_2)
 *     A^h = softmax over the keys of l      y = Σ_h A^h x W^h + b
 *
 * l_δ = −α (‖δ − Δ‖² − ‖Δ‖²): a Gaussian around Δ, since ‖Δ‖² is the same for all keys and cancels.
 * The weights do not depend on the image.
 *
 * Source: Cordonnier, Loukas, Jaggi (2020), "On the Relationship between Self-Attention and
 * Convolutional Layers", eq. (9).
 *
 * @param image x [batch, height, width, channels]; its positions are counted row by row
 * @param options.padding rows and columns of zeros around the image that can be attended to
 * @returns context y [batch, height, width, outputs], and weights
 *   [1, heads, positions, (height + 2 · padding) · (width + 2 · padding)]
 * @throws if a shape does not fit
 */
export function quadraticSelfAttention(
  image: tf.Tensor,
  { centres, alpha, W, b }: QuadraticParameters,
  { padding = 0 } = {},
): { context: tf.Tensor4D; weights: tf.Tensor4D } {
  const [batch, height, width, channels] = expectShape('image', image, NHWC);
  const [heads, , outputs] = expectShape('W', W, ['heads', channels, 'outputs']);
  expectShape('centres', centres, [heads, 2]);
  expectShape('alpha', alpha, [heads]);
  if (b) expectShape('b', b, [outputs]);
  if (!(Number.isInteger(padding) && padding >= 0)) {
    throw new Error(`padding: expected a whole number from 0, got ${padding}`);
  }
  return tf.tidy(() => {
    const around = [padding, padding] as [number, number];
    const padded = tf.pad(image, [[0, 0], around, around, [0, 0]]);
    const [paddedHeight, paddedWidth] = [height + 2 * padding, width + 2 * padding];
    const [positions, keys] = [height * width, paddedHeight * paddedWidth];

    const queryAt = grid(height, width, 0).reshape([positions, 1, 2]);
    const delta = tf.sub(grid(paddedHeight, paddedWidth, -padding), queryAt);
    const r = tf.concat([tf.sum(tf.square(delta), 2, true), delta], 2); // [positions, keys, 3]
    const v = tf.mul(
      tf.neg(alpha).reshape([heads, 1]),
      tf.concat([tf.ones([heads, 1]), tf.mul(centres, -2)], 1),
    ); // [heads, 3]
    const logits = tf.matMul(v, r.reshape([positions * keys, 3]), false, true);
    const weights = tf.softmax(logits.reshape([1, heads, positions, keys]));

    // The same weights for every example: one product with all examples side by side.
    const x = padded.reshape([batch, keys, channels]).transpose([1, 0, 2]);
    const attended = tf
      .matMul(weights.reshape([heads * positions, keys]), x.reshape([keys, batch * channels]))
      .reshape([heads, positions * batch, channels]);
    const perHead = tf.matMul(attended, W);
    const y = tf.sum(perHead, 0).reshape([positions, batch, outputs]).transpose([1, 0, 2]);
    const context = y.reshape([batch, height, width, outputs]) as tf.Tensor4D;
    return {
      context: (b ? tf.add(context, b) : context) as tf.Tensor4D,
      weights: weights as tf.Tensor4D,
    };
  });
}

/** [height · width, 2]: row and column of each position, counted from `first`. */
function grid(height: number, width: number, first: number): tf.Tensor2D {
  const [rows, columns] = [tf.range(first, first + height), tf.range(first, first + width)];
  return tf.stack(
    [
      tf.tile(rows.reshape([height, 1]), [1, width]).flatten(),
      tf.tile(columns.reshape([1, width]), [height, 1]).flatten(),
    ],
    1,
  ) as tf.Tensor2D;
}

/**
 * A convolution written as attention: one head for each pixel of the kernel, which looks at that
 * pixel and nothing else, and whose matrix is the kernel's at that pixel.
 *
 *     heads = size · size      Δ^h = pixel h of the kernel, from its middle      W^h = kernel[h]
 *
 * `quadraticSelfAttention(image, parameters, { padding: ⌊size/2⌋ })` then equals the convolution with
 * zeros around the image (`'same'`) to rounding. The nearest wrong pixel gets a weight e^−α.
 *
 * Source: Cordonnier, Loukas, Jaggi (2020), Theorem 1, with Lemmas 1 and 2.
 *
 * @param kernel [size, size, channels, outputs]
 * @param bias [outputs]
 * @param alpha 46 if left out, which makes e^−α = 1e−20
 * @throws if the kernel is not square
 */
export function convolutionAsAttention(
  kernel: tf.Tensor,
  bias?: tf.Tensor,
  alpha = 46,
): QuadraticParameters {
  const [size, , channels, outputs] = expectShape('kernel', kernel, [
    'size',
    'size',
    'channels',
    'outputs',
  ]);
  if (bias) expectShape('bias', bias, [outputs]);
  const heads = size * size;
  return tf.tidy(() => ({
    centres: grid(size, size, -Math.floor((size - 1) / 2)),
    alpha: tf.fill([heads], alpha),
    W: kernel.reshape([heads, channels, outputs]),
    ...(bias && { b: bias.clone() }),
  }));
}
