import { imagePositions } from '../../tensors/image-positions';
import { expectMask } from '../../tensors/mask';
import { expectShape } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import { type MultiHeadParameters, multiHeadAttention } from './multi-head';

/**
 * Attention of object queries over an image: N learned queries, each of which finds one object, or
 * none. Where a pixel is counts when it is looked for, not in what it then gives:
 *
 *     Multihead(X + queries, image + P, image)
 *
 * Source: Carion et al. (2020), Section 3.2 and Appendix A.3; P are the `imagePositions` of A.4.
 *
 * @param X what the queries have found so far [batch, N, dModel]; zeros in the first layer
 * @param queries learned [N, dModel], added in every layer
 * @param image features [batch, height, width, dModel]
 * @param mask [batch, height, width]: 1 = image, 0 = padding around it
 * @param options.positions [height, width, dModel], `imagePositions` if left out
 * @returns context [batch, N, dModel] and weights [batch, heads, N, height · width], row by row
 * @throws if a shape does not fit, or the heads do not divide dModel
 */
export function objectQueryAttention(
  X: tf.Tensor,
  queries: tf.Tensor,
  image: tf.Tensor,
  parameters: MultiHeadParameters,
  mask?: tf.Tensor,
  { heads = 1, positions }: { heads?: number; positions?: tf.Tensor } = {},
): { context: tf.Tensor3D; weights: tf.Tensor4D } {
  const [batch, N, dModel] = expectShape('X', X, ['batch', 'N', 'dModel']);
  expectShape('queries', queries, [N, dModel]);
  const [, height, width] = expectShape('image', image, [batch, 'height', 'width', dModel]);
  if (mask) expectMask(mask, [batch, height, width]);
  if (positions) expectShape('positions', positions, [height, width, dModel]);
  const pixels = height * width;
  return tf.tidy(() => {
    const values = image.reshape([batch, pixels, dModel]);
    const P = positions ?? imagePositions({ height, width, dModel });
    return multiHeadAttention(
      tf.add(X, queries),
      tf.add(values, P.reshape([pixels, dModel])),
      values,
      parameters,
      { heads, mask: mask?.reshape([batch, 1, pixels]) },
    );
  });
}
