/** One way to refuse a tensor of the wrong shape, used at the entrance of every public function. */

/**
 * Throws unless `tensor` has the expected shape. A number must match exactly; a name (`'batch'`,
 * `'keys'` …) matches any size, but the same size wherever the same call of `dims` repeats it.
 * Returns the sizes.
 *
 * Example: `expectShape('keys', keys, ['batch', 'keys', 32])` on a tensor of shape [4, 7, 16]
 * throws `keys: expected shape [batch, keys, 32], got [4, 7, 16]`.
 */
export function expectShape<const Expected extends readonly (number | string)[]>(
  name: string,
  tensor: { shape: number[] },
  expected: Expected,
): { -readonly [axis in keyof Expected]: number } {
  const named = new Map<string, number>();
  const fits =
    tensor.shape.length === expected.length &&
    expected.every((want, axis) => {
      const size = tensor.shape[axis];
      if (typeof want === 'number') return size === want;
      if (!named.has(want)) named.set(want, size);
      return named.get(want) === size;
    });
  if (!fits) {
    throw new Error(
      `${name}: expected shape [${expected.join(', ')}], got [${tensor.shape.join(', ')}]`,
    );
  }
  return tensor.shape as { -readonly [axis in keyof Expected]: number };
}

/**
 * Throws unless a mask broadcasts to [..., queries, keys] in its last two axes: for a mechanism that
 * changes the mask before `maskedSoftmax` sees it.
 */
export function expectMask(mask: { shape: number[] }, queries: number, keys: number): void {
  const shape = [1, ...mask.shape].slice(-2);
  expectShape('mask', { shape }, [shape[0] === 1 ? 1 : queries, shape[1] === 1 ? 1 : keys]);
}

/** The axes of a batch of images, for `expectShape`. */
export const NHWC = ['batch', 'height', 'width', 'channels'] as const;
