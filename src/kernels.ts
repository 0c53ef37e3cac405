/**
 * Direct calls of TensorFlow's own kernels, for the few places where one fused kernel replaces
 * many small operations. Only native TensorFlow has them: ask `hasKernels()` first, and keep a
 * plain version beside each use.
 */
import { backendName, tf } from './tf';

interface NativeBackend {
  binding: Record<
    'TF_ATTR_TYPE' | 'TF_ATTR_BOOL' | 'TF_ATTR_INT' | 'TF_FLOAT' | 'TF_INT32' | 'TF_BOOL',
    number
  >;
  executeSingleOutput(op: string, attributes: object[], inputs: tf.Tensor[]): tf.Tensor;
  executeMultipleOutputs(
    op: string,
    attributes: object[],
    inputs: tf.Tensor[],
    outputs: number,
  ): tf.Tensor[];
}

type KernelAttributes = Record<string, boolean | number | 'float32' | 'int32' | 'bool'>;

const types = { float32: 'TF_FLOAT', int32: 'TF_INT32', bool: 'TF_BOOL' } as const;

/** Whether TensorFlow's fused kernels can be called. */
export function hasKernels(): boolean {
  return backendName() === 'tensorflow';
}

function attributes(values: KernelAttributes): object[] {
  const { binding } = tf.backend() as unknown as NativeBackend;
  return Object.entries(values).map(([name, value]) => {
    if (typeof value === 'boolean') return { name, type: binding.TF_ATTR_BOOL, value };
    if (typeof value === 'number') return { name, type: binding.TF_ATTR_INT, value };
    return { name, type: binding.TF_ATTR_TYPE, value: binding[types[value]] };
  });
}

/** Runs a TensorFlow kernel with one output. Nothing is put on the gradient tape. */
export function kernel<T extends tf.Tensor>(
  op: string,
  inputs: tf.Tensor[],
  values: KernelAttributes = { T: 'float32' },
): T {
  const backend = tf.backend() as unknown as NativeBackend;
  return backend.executeSingleOutput(op, attributes(values), inputs) as T;
}

/** Runs a TensorFlow kernel with several outputs. Nothing is put on the gradient tape. */
export function kernelOutputs(
  op: string,
  inputs: tf.Tensor[],
  outputs: number,
  values: KernelAttributes = { T: 'float32' },
): tf.Tensor[] {
  const backend = tf.backend() as unknown as NativeBackend;
  return backend.executeMultipleOutputs(op, attributes(values), inputs, outputs);
}

/** [batch, time, …] → `time` tensors [batch, …]. Nothing is put on the gradient tape. */
export function unstack(
  x: tf.Tensor,
  time: number,
  type: 'float32' | 'bool' = 'float32',
): tf.Tensor[] {
  return kernelOutputs('Unpack', [x], time, { T: type, axis: 1, num: time });
}

/** Tensors [batch, …], one for each step → [batch, time, …]. Nothing is put on the gradient tape. */
export function stack(steps: tf.Tensor[]): tf.Tensor {
  return kernel('Pack', steps, { T: 'float32', axis: 1, N: steps.length });
}

/** `yes` where the condition holds, else `no`. Nothing is put on the gradient tape. */
export function choose(condition: tf.Tensor, yes: tf.Tensor, no: tf.Tensor): tf.Tensor {
  return kernel('SelectV2', [condition, yes, no]);
}

/**
 * A whole number as the 64-bit scalar that some kernels take, which TensorFlow.js has no type for.
 * Each call that it is passed to leaves these few bytes behind, so do not pass it in every step.
 */
export function int64(value: number): tf.Tensor {
  const { Int64Scalar } = require('@tensorflow/tfjs-node/dist/int64_tensors');
  return new Int64Scalar(value);
}
