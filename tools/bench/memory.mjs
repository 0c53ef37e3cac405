/**
 * What a computation allocates, buffer by buffer. `tf.memory()` and `tf.profile()` count a reshaped
 * tensor as new memory although it shares the buffer of the old one, and `tf.profile()` does not see
 * raw kernels; so this listens where the backend files its buffers, which no kernel gets around.
 */
import { tf } from 'attention';

/** Kernels whose output is their first input's buffer under another shape. */
const views = ['Reshape', 'Identity', 'ExpandDims', 'Squeeze', 'StopGradient'];

/**
 * Runs a computation and counts. What TensorFlow borrows within one kernel does not show.
 *
 * @param {() => void} run should dispose what it returns, as `tf.tidy` does
 * @returns {{ peakBytes: number, largestTensor: number }} the most bytes held at one time, beyond
 *   those held before; the number of elements of the largest tensor that was made
 */
export function measureMemory(run) {
  const backend = /** @type {any} */ (tf.backend());
  const storage = backend.tensorMap ?? backend.data; // native, pure JavaScript
  /** @typedef {{ bytes: number, users: number }} Buffer */
  /** @type {Map<object, Buffer>} */
  const buffers = new Map();
  /** @type {Buffer | undefined} */
  let viewed;
  let [bytes, peakBytes, largestTensor] = [0, 0, 0];

  const { set, delete: remove } = storage;
  try {
    storage.set = (/** @type {object} */ id, /** @type {any} */ data) => {
      const size =
        data.shape?.reduce((/** @type {number} */ a, /** @type {number} */ b) => a * b, 1) ??
        data.values?.length ??
        0;
      largestTensor = Math.max(largestTensor, size);
      const buffer = viewed ?? { bytes: size * bytesPerElement(data.dtype, backend), users: 0 };
      if (buffer.users++ === 0) bytes += buffer.bytes;
      peakBytes = Math.max(peakBytes, bytes);
      buffers.set(id, buffer);
      return set.call(storage, id, data);
    };
    storage.delete = (/** @type {object} */ id) => {
      const buffer = buffers.get(id);
      if (buffer && --buffer.users === 0) bytes -= buffer.bytes;
      buffers.delete(id);
      return remove.call(storage, id);
    };
    if (backend.executeSingleOutput) {
      backend.executeSingleOutput = (
        /** @type {string} */ op,
        /** @type {object[]} */ attributes,
        /** @type {import('@tensorflow/tfjs').Tensor[]} */ inputs,
      ) => {
        // What was there before the run has no buffer here: a view of it costs nothing.
        if (views.includes(op)) viewed = buffers.get(inputs[0].dataId) ?? { bytes: 0, users: 0 };
        try {
          return Object.getPrototypeOf(backend).executeSingleOutput.call(
            backend,
            op,
            attributes,
            inputs,
          );
        } finally {
          viewed = undefined;
        }
      };
    }
    run();
  } finally {
    delete storage.set;
    delete storage.delete;
    delete backend.executeSingleOutput;
  }
  return { peakBytes, largestTensor };
}

/**
 * @param {string | number} dtype the name, or TensorFlow's own number for it
 * @param {any} backend
 */
function bytesPerElement(dtype, backend) {
  const { TF_BOOL, TF_COMPLEX64, TF_INT64 } = backend.binding ?? {};
  if (dtype === 'bool' || dtype === TF_BOOL) return 1;
  return dtype === 'complex64' || dtype === TF_COMPLEX64 || dtype === TF_INT64 ? 8 : 4;
}
