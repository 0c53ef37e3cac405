/**
 * What a computation allocates, buffer by buffer. `tf.memory()` and `tf.profile()` count a reshaped
 * tensor as new memory although it shares the buffer of the old one, and `tf.profile()` does not see
 * raw kernels; so this listens where the backend files its buffers, which no kernel gets around.
 */

import { tf } from './tf';

/** What is used of TensorFlow.js's backends, the native one and the one in pure JavaScript. */
interface Backend {
  tensorMap?: Storage;
  data: Storage;
  binding?: Record<string, number>;
  executeSingleOutput?: (op: string, attributes: object[], inputs: { dataId: object }[]) => unknown;
}

/** Their `Map`-like place for buffers: its own methods are put over those of its class. */
interface Storage {
  set(id: object, data: Stored): unknown;
  delete(id: object): unknown;
}

interface Stored {
  dtype: string | number;
  shape?: number[];
  values?: { length: number };
}

interface Buffer {
  bytes: number;
  users: number;
}

/** Kernels whose output is their first input's buffer under another shape. */
const views = ['Reshape', 'Identity', 'ExpandDims', 'Squeeze', 'StopGradient'];

/**
 * Runs a computation and counts. What TensorFlow borrows within one kernel does not show.
 *
 * @param run should dispose what it returns, as `tf.tidy` does
 * @returns the most bytes held at one time, beyond those held before; the number of elements of the
 *   largest tensor that was made
 */
export function measureMemory(run: () => void): { peakBytes: number; largestTensor: number } {
  const backend = tf.backend() as unknown as Backend;
  const storage = backend.tensorMap ?? backend.data; // native, pure JavaScript
  const buffers = new Map<object, Buffer>();
  let viewed: Buffer | undefined;
  let [bytes, peakBytes, largestTensor] = [0, 0, 0];

  const { set, delete: remove } = storage;
  try {
    storage.set = (id: object, data: Stored) => {
      const size =
        data.shape?.reduce((a: number, b: number) => a * b, 1) ?? data.values?.length ?? 0;
      largestTensor = Math.max(largestTensor, size);
      const buffer = viewed ?? { bytes: size * bytesPerElement(data.dtype, backend), users: 0 };
      if (buffer.users++ === 0) bytes += buffer.bytes;
      peakBytes = Math.max(peakBytes, bytes);
      buffers.set(id, buffer);
      return set.call(storage, id, data);
    };
    storage.delete = (id: object) => {
      const buffer = buffers.get(id);
      if (buffer && --buffer.users === 0) bytes -= buffer.bytes;
      buffers.delete(id);
      return remove.call(storage, id);
    };
    if (backend.executeSingleOutput) {
      backend.executeSingleOutput = (op, attributes, inputs) => {
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
    for (const name of ['set', 'delete']) Reflect.deleteProperty(storage, name);
    delete backend.executeSingleOutput;
  }
  return { peakBytes, largestTensor };
}

/** @param dtype the name, or TensorFlow's own number for it */
function bytesPerElement(dtype: string | number, backend: Backend) {
  const { TF_BOOL, TF_COMPLEX64, TF_INT64 } = backend.binding ?? {};
  if (dtype === 'bool' || dtype === TF_BOOL) return 1;
  return dtype === 'complex64' || dtype === TF_COMPLEX64 || dtype === TF_INT64 ? 8 : 4;
}
