import { tf } from './tf';

/**
 * Computes gradients, `taped(() => tf.variableGrads(loss))`, and frees the tape if that fails: a loss
 * that throws, a training that is interrupted. TensorFlow.js itself would keep all that it has saved
 * for the way back.
 */
export function taped<T>(compute: () => T): T {
  try {
    return compute();
  } catch (error) {
    const { state } = tf.engine();
    if (state.gradientDepth === 0) {
      for (const { saved } of state.activeTape ?? []) tf.dispose(saved ?? []);
      state.activeTape = [];
    }
    throw error;
  }
}
