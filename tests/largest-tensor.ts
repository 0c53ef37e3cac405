import { tf } from 'attention';

/** How many numbers the largest tensor has that TensorFlow.js computes in `run`, backward as well. */
export async function largestTensor(run: () => tf.TensorContainer): Promise<number> {
  const { kernels } = await tf.profile(() => {
    tf.dispose(run());
    return tf.scalar(0);
  });
  const shapes = kernels.flatMap(({ outputShapes }) => outputShapes);
  return Math.max(...shapes.map((shape) => shape.reduce((size, n) => size * n, 1)));
}
