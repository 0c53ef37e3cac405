import type { tf } from '../tf';
import { fusedOperation, hasFused } from './operation';

/**
 * Rotary positions in one operation, native/rotary.cc.
 *
 * @param x [..., length, depth], or with the number of heads [batch, length, heads · depth]
 * @param options.start the first position
 * @param options.packed x holds queries, keys and values side by side; the values are not turned
 * @returns like x; nothing where the operation is not there, or positions are no whole numbers
 */
export function fusedRotary<T extends tf.Tensor>(
  x: T,
  { start = 0, heads = 0, packed = false }: { start?: number; heads?: number; packed?: boolean },
): T | undefined {
  if (!hasFused() || !Number.isInteger(start)) return undefined;
  const settings = { heads, parts: packed ? 3 : 1, start };
  return fusedOperation('AttentionRotary', [x], [], { outputs: 1, forgotten: 1, settings })[0] as T;
}
