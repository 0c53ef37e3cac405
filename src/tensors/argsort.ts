import { expectTensor } from './shape';
import { tf } from './tf';

/**
 * The order that sorts the last axis from small to large; equal values keep their order.
 * Has no gradient.
 *
 * @returns int32, shape of `x`
 */
export function argsort(x: tf.Tensor): tf.Tensor {
  expectTensor('x', x, 'any');
  return tf.tidy(() => {
    const last = x.shape[x.rank - 1];
    // topk takes the lower index first among equals; int32 and float32 keys both work.
    return tf.topk(tf.neg(x), last, true).indices;
  });
}
