import type { tf } from '../tensors/tf';

/** What every attention mechanism returns. */
export type Attended<R extends tf.Tensor = tf.Tensor3D> = {
  /** The weighted average of the values, [batch, queries, valueDepth]. */
  context: tf.Tensor3D;
  /** How much each query takes from each key, [batch, queries, keys]; with several heads
   * [batch, heads, queries, keys]. */
  weights: R;
};
