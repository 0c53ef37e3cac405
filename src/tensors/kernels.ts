/**
 * Direct calls of TensorFlow's own kernels, for the few places where one fused kernel replaces
 * many small operations. Only native TensorFlow has them: ask `hasKernels()` first, and keep a
 * plain version beside each use.
 */
import { backendName, tf } from './tf';

interface NativeBackend {
  binding: Record<`TF_ATTR_${'TYPE' | 'BOOL' | 'INT' | 'STRING' | 'SHAPE'}`, number> &
    Record<'TF_FLOAT' | 'TF_INT32' | 'TF_BOOL', number>;
  executeSingleOutput(op: string, attributes: object[], inputs: tf.Tensor[]): tf.Tensor;
  executeMultipleOutputs(
    op: string,
    attributes: object[],
    inputs: tf.Tensor[],
    outputs: number,
  ): tf.Tensor[];
}

/** 'float32', 'int32' and 'bool' are types, other strings are strings, lists are shapes. */
type KernelAttributes = Record<string, boolean | number | string | readonly number[]>;

const types = { float32: 'TF_FLOAT', int32: 'TF_INT32', bool: 'TF_BOOL' } as const;

/** Whether TensorFlow is native here. */
export function isNative(): boolean {
  return backendName() === 'tensorflow';
}

/**
 * Whether a gradient is being taken inside of another, as for a gradient penalty. What is written out
 * by `tf.customGrad` has no derivative of its own: TensorFlow.js then leaves terms out, and says nothing.
 */
export function isNested(): boolean {
  return tf.engine().state.gradientDepth > 1;
}

/** Whether TensorFlow's fused kernels can be called: where a second derivative is wanted, they cannot. */
export function hasKernels(): boolean {
  return isNative() && !isNested();
}

/** Refuses where a second derivative is wanted of what has only a first. */
export function expectNotNested(name: string): void {
  if (isNested())
    throw new Error(
      `${name} has no second derivative: its gradient cannot be differentiated again`,
    );
}

const FLOAT: KernelAttributes = { T: 'float32' };
const known = new WeakMap<KernelAttributes, object[]>();

function attributes(values: KernelAttributes): object[] {
  const list = known.get(values) ?? translated(values);
  known.set(values, list);
  return list;
}

function translated(values: KernelAttributes): object[] {
  const { binding } = tf.backend() as unknown as NativeBackend;
  return Object.entries(values).map(([name, value]) => {
    if (typeof value === 'boolean') return { name, type: binding.TF_ATTR_BOOL, value };
    if (typeof value === 'number') return { name, type: binding.TF_ATTR_INT, value };
    if (typeof value === 'object') return { name, type: binding.TF_ATTR_SHAPE, value };
    if (!(value in types)) return { name, type: binding.TF_ATTR_STRING, value };
    const type = types[value as keyof typeof types];
    return { name, type: binding.TF_ATTR_TYPE, value: binding[type] };
  });
}

/** Runs a TensorFlow kernel with one output. Nothing is put on the gradient tape. */
export function kernel<T extends tf.Tensor>(
  op: string,
  inputs: tf.Tensor[],
  values: KernelAttributes = FLOAT,
): T {
  const backend = tf.backend() as unknown as NativeBackend;
  return backend.executeSingleOutput(op, attributes(values), inputs) as T;
}

/** Runs a TensorFlow kernel with several outputs. Nothing is put on the gradient tape. */
export function kernelOutputs(
  op: string,
  inputs: tf.Tensor[],
  outputs: number,
  values: KernelAttributes = FLOAT,
): tf.Tensor[] {
  const backend = tf.backend() as unknown as NativeBackend;
  return backend.executeMultipleOutputs(op, attributes(values), inputs, outputs);
}

const constants = new Map<string, tf.TensorInfo>();

/** A number or list that kernels take as a tensor. Made once and kept, outside TensorFlow.js's count. */
function constant(values: number | readonly number[], dtype: 'int32' | 'float32'): tf.Tensor {
  const key = `${dtype} ${values} ${typeof values}`;
  let info = constants.get(key);
  if (!info) {
    const list = typeof values === 'number' ? [values] : [...values];
    const shape = typeof values === 'number' ? [] : [list.length];
    const data = dtype === 'int32' ? Int32Array.from(list) : Float32Array.from(list);
    info = { dataId: tf.backend().write(data, shape, dtype), shape, dtype };
    constants.set(key, info);
  }
  return info as tf.Tensor;
}

/** A list of whole numbers as kernels want it: a shape, axes, a permutation. Only for kernels. */
export function ints(values: readonly number[]): tf.Tensor {
  return constant(values, 'int32');
}

/** A list of numbers that comes again and again. Only for kernels. */
export function floats(values: readonly number[]): tf.Tensor {
  return constant(values, 'float32');
}

/** A number that comes again and again, such as an ε. Only for kernels. */
export function float(value: number): tf.Tensor {
  return constant(value, 'float32');
}

// The kernels that most fused operations are made of. As all here, they are not on the tape.

const product = [false, true].map((a) =>
  [false, true].map((b) => ({ T: 'float32', transpose_a: a, transpose_b: b })),
);
const batchProduct = [false, true].map((a) =>
  [false, true].map((b) => ({ T: 'float32', adj_x: a, adj_y: b })),
);
const reshape: KernelAttributes = { T: 'float32', Tshape: 'int32' };
const transpose: KernelAttributes = { T: 'float32', Tperm: 'int32' };
const slice: KernelAttributes = { T: 'float32', Index: 'int32' };
const split: Record<2 | 4, KernelAttributes> = {
  2: { T: 'float32', num_split: 2 },
  4: { T: 'float32', num_split: 4 },
};
const concat: Record<2 | 4, KernelAttributes> = {
  2: { T: 'float32', Tidx: 'int32', N: 2 },
  4: { T: 'float32', Tidx: 'int32', N: 4 },
};
const reduce: KernelAttributes = { T: 'float32', Tidx: 'int32', keep_dims: true };

/** a b, with either matrix transposed on the way; with more axes, a batch of them. */
export function matMulKernel(a: tf.Tensor, b: tf.Tensor, transposeA = false, transposeB = false) {
  const [op, values] =
    a.rank > 2 ? ['BatchMatMulV2', batchProduct] : (['MatMul', product] as const);
  return kernel(op, [a, b], values[+transposeA][+transposeB]);
}

export function reshapeKernel(x: tf.Tensor, shape: readonly number[]): tf.Tensor {
  return kernel('Reshape', [x, ints(shape)], reshape);
}

export function transposeKernel(x: tf.Tensor, axes: readonly number[]): tf.Tensor {
  return kernel('Transpose', [x, ints(axes)], transpose);
}

/** The sum, or the mean, over an axis, which stays with size 1. */
export function reduceKernel(op: 'Sum' | 'Mean', x: tf.Tensor, axis = x.rank - 1): tf.Tensor {
  return kernel(op, [x, ints([axis])], reduce);
}

/** @param size −1: to the end */
export function sliceKernel(x: tf.Tensor, begin: readonly number[], size: readonly number[]) {
  return kernel('Slice', [x, ints(begin), ints(size)], slice);
}

/** `pieces` of one size along the last axis. */
export function splitKernel(x: tf.Tensor, pieces: 2 | 4): tf.Tensor[] {
  return kernelOutputs('Split', [axisOf(x.rank - 1), x], pieces, split[pieces]);
}

/** Two or four tensors side by side. */
export function concatKernel(list: tf.Tensor[], axis: number): tf.Tensor {
  return kernel('ConcatV2', [...list, axisOf(axis)], concat[list.length as 2 | 4]);
}

const axisOf = (axis: number) => constant(axis, 'int32');
