import { expectTensor } from './shape';
import { tf } from './tf';

/** x itself, but as a constant: no gradient flows back through it. */
export function stopGradient<T extends tf.Tensor>(x: T): T {
  expectTensor('x', x, 'any');
  return tf.customGrad(() => ({ value: x.clone(), gradFunc: () => [] }))() as T;
}
