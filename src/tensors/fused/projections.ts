import { kernel, matMulKernel, reshapeKernel, transposeKernel } from '../kernels';
import { tf } from '../tf';

/**
 * x W + b in heads, for several W at once: one product with [W_1 … W_n] instead of n, and one
 * transposition of all into heads.
 *
 * @param x [batch, length, depth]
 * @param Ws n times [depth, dModel]
 * @param biases n times [dModel], or none
 * @param heads divides dModel
 * @returns n times [batch, heads, length, dHead]
 */
export function fusedProjections(
  x: tf.Tensor,
  Ws: tf.Tensor[],
  biases: tf.Tensor[],
  heads: number,
): tf.Tensor4D[] {
  const [batch, length, depth] = x.shape;
  const dModel = Ws[0].shape[1] as number;
  const n = Ws.length;
  const side = (tensors: tf.Tensor[], axis: number) =>
    n === 1 ? tensors[0] : tf.concat(tensors, axis);
  const parts = (t: tf.Tensor, axis: number) => (n === 1 ? [t] : tf.split(t, n, axis));
  const fused = tf.customGrad((...args) => {
    const tensors = args as unknown as tf.Tensor[];
    const save = tensors.pop() as unknown as tf.GradSaveFunc;
    const flat = reshapeKernel(tensors[0], [batch * length, depth]);
    const W = side(tensors.slice(1, n + 1), 1);
    save([flat, W]);
    const product = matMulKernel(flat, W);
    const y =
      biases.length === 0 ? product : kernel('BiasAdd', [product, side(tensors.slice(n + 1), 0)]);
    const inHeads = reshapeKernel(y, [batch, length, n, heads, dModel / heads]);
    const gradFunc = (dy: tf.Tensor, [xs, ws]: tf.Tensor[]) => {
      const dRows = reshapeKernel(transposeKernel(dy, [1, 3, 0, 2, 4]), [
        batch * length,
        n * dModel,
      ]);
      const dx = reshapeKernel(matMulKernel(dRows, ws, false, true), x.shape);
      const dW = parts(matMulKernel(xs, dRows, true), 1);
      return [dx, ...dW, ...(biases.length === 0 ? [] : parts(kernel('BiasAddGrad', [dRows]), 0))];
    };
    return { value: transposeKernel(inHeads, [2, 0, 3, 1, 4]), gradFunc };
  });
  const all = fused(x, ...Ws, ...biases);
  return (n === 1 ? [tf.squeeze(all, [0])] : tf.unstack(all)) as tf.Tensor4D[];
}
