import { kernel, matMulKernel, reshapeKernel } from '../kernels';
import { tf } from '../tf';

/** `dense` in fewer operations:   dx = dy Wᵀ   dW = xᵀ dy   db = Σ_positions dy */
export function fusedDense<T extends tf.Tensor>(x: T, W: tf.Tensor, b?: tf.Tensor): T {
  const { shape } = x;
  const [depth, columns] = W.shape;
  const flat = (t: tf.Tensor, size: number) =>
    t.rank === 2 ? t : reshapeKernel(t, [t.size / size, size]);
  const fused = tf.customGrad((...args) => {
    const [input, matrix, ...rest] = args as unknown as tf.Tensor[];
    const save = rest.pop() as unknown as tf.GradSaveFunc;
    const rows = flat(input, depth);
    save([rows, matrix]);
    const product = matMulKernel(rows, matrix);
    const y = b ? kernel('BiasAdd', [product, rest[0]]) : product;
    const gradFunc = (dy: tf.Tensor, [xs, ws]: tf.Tensor[]) => {
      const dRows = flat(dy, columns);
      const dx = matMulKernel(dRows, ws, false, true);
      return [
        shape.length === 2 ? dx : reshapeKernel(dx, shape),
        matMulKernel(xs, dRows, true),
        ...(b ? [kernel('BiasAddGrad', [dRows])] : []),
      ];
    };
    const value = shape.length === 2 ? y : reshapeKernel(y, [...shape.slice(0, -1), columns]);
    return { value, gradFunc };
  });
  return (b ? fused(x, W, b) : fused(x, W)) as T;
}
