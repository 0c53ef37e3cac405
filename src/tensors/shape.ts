/** One way to refuse a tensor that does not fit, used at the entrance of every public function. */

/** What a function may be given where it expects a tensor. */
type Given = { shape: number[]; dtype?: string; isDisposed?: boolean };

type Numbers = 'float32' | 'int32' | 'any';

/**
 * Throws unless there is a tensor: not disposed, of the expected type, and without an empty axis. A
 * sequence of length 0, a batch of none or a network without units is refused everywhere.
 *
 * @throws as `keys: expected a tensor, got undefined`, `keys: this tensor is disposed`,
 *   `keys: expected float32, got int32`, `keys: an axis is empty in [2, 0, 4]`
 */
export function expectTensor(
  name: string,
  tensor: Given | undefined,
  type: Numbers = 'float32',
): void {
  if (!tensor || !Array.isArray(tensor.shape))
    throw new Error(
      `${name}: expected a tensor, got ${tensor === undefined ? tensor : typeof tensor}`,
    );
  const { shape, dtype = type, isDisposed } = tensor;
  if (isDisposed) throw new Error(`${name}: this tensor is disposed`);
  if (type !== 'any' && dtype !== type)
    throw new Error(`${name}: expected ${type}, got ${dtype}; tf.cast turns one into the other`);
  if (shape.includes(0)) throw new Error(`${name}: an axis is empty in [${shape.join(', ')}]`);
}

/**
 * Throws unless `tensor` has the expected shape. A number must match exactly; a name (`'batch'`,
 * `'keys'` …) matches any size, but the same size wherever the same call of `dims` repeats it.
 * Returns the sizes.
 *
 * Example: `expectShape('keys', keys, ['batch', 'keys', 32])` on a tensor of shape [4, 7, 16]
 * throws `keys: expected shape [batch, keys, 32], got [4, 7, 16]`.
 *
 * @throws as `expectTensor`, too
 */
export function expectShape<const Expected extends readonly (number | string)[]>(
  name: string,
  tensor: Given | undefined,
  expected: Expected,
  type: Numbers = 'float32',
): { -readonly [axis in keyof Expected]: number } {
  expectTensor(name, tensor, type);
  const { shape } = tensor as Given;
  const named = new Map<string, number>();
  const fits =
    shape.length === expected.length &&
    expected.every((want, axis) => {
      const size = shape[axis];
      if (typeof want === 'number') return size === want;
      if (!named.has(want)) named.set(want, size);
      return named.get(want) === size;
    });
  if (!fits) {
    throw new Error(`${name}: expected shape [${expected.join(', ')}], got [${shape.join(', ')}]`);
  }
  return shape as { -readonly [axis in keyof Expected]: number };
}

/** What comes before [length, depth]: the batch, and the heads if there are four axes. */
export function leadingAxes(name: string, tensor: Given | undefined): string[] {
  expectTensor(name, tensor);
  return tensor?.shape.length === 4 ? ['batch', 'heads'] : ['batch'];
}

/** The length of a sequence [..., length, dKey]. */
export function lengthOf(name: string, tensor: Given | undefined): number {
  const axes = leadingAxes(name, tensor);
  return expectShape(name, tensor, [...axes, 'length', 'dKey'])[axes.length];
}

/** Throws unless all sizes are whole numbers from 1, as `length: expected a whole number from 1, got 0`. */
export function expectSizes(sizes: Record<string, number>): void {
  for (const [name, size] of Object.entries(sizes)) {
    if (!(Number.isInteger(size) && size >= 1))
      throw new Error(`${name}: expected a whole number from 1, got ${size}`);
  }
}

/** The axes of a batch of images, for `expectShape`. */
export const NHWC = ['batch', 'height', 'width', 'channels'] as const;
