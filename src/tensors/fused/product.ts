import { hasKernels, matMulKernel, transposeKernel } from '../kernels';
import { tf } from '../tf';

/** a b, or a bᵀ: `tf.matMul` with a faster gradient where the rows are many. */
export function product(a: tf.Tensor, b: tf.Tensor, transposeB = false): tf.Tensor {
  if (!hasKernels() || a.shape[a.rank - 2] < 32) return tf.matMul(a, b, false, transposeB);
  const axes = [...a.shape.keys()].slice(0, -2);
  const transposed = (x: tf.Tensor) => transposeKernel(x, [...axes, x.rank - 1, x.rank - 2]);
  // xᵀ y as (yᵀ x)ᵀ: TensorFlow multiplies a batch of large transposed matrices x, here the weights
  // and their gradient, at a third of the speed. The transposed y is small.
  const times = (x: tf.Tensor, y: tf.Tensor) => transposed(matMulKernel(transposed(y), x));
  const fused = tf.customGrad((...args) => {
    const [left, right, save] = args as unknown as [tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    save([left, right]);
    const gradFunc = (dy: tf.Tensor, [l, r]: tf.Tensor[]) => {
      return transposeB
        ? [matMulKernel(dy, r), times(dy, l)]
        : [matMulKernel(dy, r, false, true), times(l, dy)];
    };
    return { value: matMulKernel(left, right, false, transposeB), gradFunc };
  });
  return fused(a, b);
}
