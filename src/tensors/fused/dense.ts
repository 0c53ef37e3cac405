import { expectShape, expectTensor } from '../shape';
import { tf } from '../tf';
import { fusedOperation, nothing } from './operation';

/**
 * Several dense layers of the same input, side by side, and ReLU if wanted: native/dense.cc.
 *
 *     y = [f(x W_1 + b_1); f(x W_2 + b_2); …]
 *
 * @throws as `expectDense`
 */
export function fusedDense<T extends tf.Tensor>(
  x: T,
  Ws: tf.Tensor[],
  bs: (tf.Tensor | undefined)[],
  activation?: 'relu',
): T {
  for (const [i, W] of Ws.entries()) expectDense(x, W, bs[i]);
  const settings = { N: Ws.length };
  return tf.tidy(() => {
    const inputs = [x, ...Ws, ...bs.map((b) => b ?? nothing())];
    const [y] = activation
      ? fusedOperation('AttentionDenseRelu', inputs, [], { outputs: 1, settings })
      : fusedOperation('AttentionDense', inputs, [], { outputs: 1, forgotten: 1, settings });
    return y as T;
  });
}

/** @throws if a size does not fit, as `input depth 32 ≠ rows of W 16` */
export function expectDense(
  x: tf.Tensor,
  W: tf.Tensor,
  b?: tf.Tensor,
): { depth: number; columns: number } {
  expectTensor('x', x);
  const depth = x.shape[x.rank - 1];
  const [rows, columns] = expectShape('W', W, ['depth', 'columns']);
  if (depth !== rows) throw new Error(`input depth ${depth} ≠ rows of W ${rows}`);
  if (b) expectShape('b', b, [columns]);
  return { depth, columns };
}
