import { tf } from './tf';

/** What has been looked at already: a mask is asked by every layer and every step. */
const known = new WeakSet<object>();

/**
 * Throws unless a mask holds nothing but 0 and 1, or true and false. Each tensor is looked at once.
 *
 * @throws as `a mask is 1 where a query may see a key and 0 where not; this looks additive (found
 *   -1000000000)`
 */
export function expectBinary(mask: tf.Tensor): void {
  if (mask.dtype === 'bool' || known.has(mask.dataId)) return;
  const odd = mask.dataSync<'float32'>().find((x) => x !== 0 && x !== 1);
  if (odd !== undefined) {
    const looks = odd < 0 ? 'this looks additive' : 'this is something else';
    throw new Error(
      `a mask is 1 where a query may see a key and 0 where not; ${looks} (found ${odd})`,
    );
  }
  known.add(mask.dataId);
}

/** A mask in the type that is needed. @throws as `expectBinary` */
export function castMask<D extends 'bool' | 'float32' | 'int32'>(mask: tf.Tensor, dtype: D) {
  expectBinary(mask);
  return tf.cast(mask, dtype);
}
