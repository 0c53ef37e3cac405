import { hasKernels, kernel, matMulKernel, reshapeKernel } from './kernels';
import { expectShape } from './shape';
import { tf } from './tf';

/**
 * A fully connected layer, applied to every position alike: y = x W + b.
 *
 * @param x [..., depth]
 * @param W [depth, columns]
 * @param b [columns]
 * @returns [..., columns]
 * @throws if a size does not fit, as `input depth 32 ≠ rows of W 16`
 */
export function dense<T extends tf.Tensor>(x: T, W: tf.Tensor, b?: tf.Tensor): T {
  const depth = x.shape[x.rank - 1];
  const [rows, columns] = W.shape;
  if (depth !== rows) throw new Error(`input depth ${depth} ≠ rows of W ${rows}`);
  if (b) expectShape('b', b, [columns]);
  if (hasKernels() && x.size > 0) return fusedDense(x, W, b);
  return tf.tidy(() => {
    // TensorFlow.js has no gradient for a product with a broadcast batch: one flat product instead.
    const product = tf.matMul(x.reshape([x.size / depth, depth]), W as tf.Tensor2D);
    const y = b ? tf.add(product, b) : product;
    return y.reshape([...x.shape.slice(0, -1), columns]) as T;
  });
}

/** The same in fewer operations:   dx = dy Wᵀ   dW = xᵀ dy   db = Σ_positions dy */
function fusedDense<T extends tf.Tensor>(x: T, W: tf.Tensor, b?: tf.Tensor): T {
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
