import { hasKernels, kernel } from './kernels';
import { expectShape, expectTensor } from './shape';
import { stopGradient } from './stop-gradient';
import { tf } from './tf';

/** What has been looked at already: a mask is asked by every layer and every step. */
const known = new WeakSet<object>();

/** Masks of rank 2 that are [queries, keys] beyond doubt. */
const pairs = new WeakSet<object>();

/** Notes that a mask of rank 2 is [queries, keys], whatever the size of a batch. */
export function markPairs<T extends tf.Tensor>(mask: T): T {
  pairs.add(mask.dataId);
  return mask;
}

/**
 * Throws unless a mask holds nothing but 0 and 1, or true and false. Each tensor is looked at once.
 *
 * @throws as `a mask is 1 where a query may see a key and 0 where not; this looks additive (found
 *   -1000000000)`
 */
export function expectBinary(mask: tf.Tensor): void {
  expectTensor('mask', mask, 'any');
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

/** Throws unless a mask has exactly this shape, and holds 0 and 1 only. */
export function expectMask(
  mask: tf.Tensor,
  shape: readonly (number | string)[],
  name = 'mask',
): void {
  expectBinary(mask);
  expectShape(name, mask, shape, 'any');
}

/**
 * Throws unless a mask broadcasts to the weights, and holds 0 and 1 only. Its axes are the last of
 * [batch, heads, queries, keys]; what could as well begin with the batch is refused.
 *
 * @throws as `mask: [4, 7] may begin with the batch or not, as 4 is both; write [1, 4, 7] or [4, 1, 7]`
 */
export function expectMaskOf(mask: tf.Tensor, weights: readonly number[]): void {
  expectBinary(mask);
  const missing = weights.length - mask.rank;
  if (missing < 0) expectShape('mask', mask, weights, 'any');
  const { shape } = inRank(mask.shape, weights.length);
  const expected = weights.map((size, axis) => (shape[axis] === 1 ? 1 : size));
  expectShape('mask', { shape }, expected);
  const [first, ...rest] = mask.shape;
  if (
    missing > 0 &&
    rest.length > 0 &&
    first > 1 &&
    first === weights[0] &&
    !pairs.has(mask.dataId)
  )
    throw new Error(
      `mask: [${mask.shape.join(', ')}] may begin with the batch or not, as ${first} is both; ` +
        `write [1, ${mask.shape.join(', ')}] or [${first}, 1, ${rest.join(', ')}]`,
    );
}

const inRank = (shape: number[], rank: number) => ({
  shape: [...new Array(Math.max(0, rank - shape.length)).fill(1), ...shape],
});

/** A mask in the type that is needed. @throws as `expectBinary` */
export function castMask<D extends 'bool' | 'float32' | 'int32'>(mask: tf.Tensor, dtype: D) {
  expectBinary(mask);
  return mask.dtype === dtype ? mask : tf.cast(mask, dtype);
}

/** Tensors that have been looked at and are finite, or were made of such. */
const finite = new WeakSet<object>();

/**
 * Notes that rows were made of the rows of x and of parameters: if x is known to be finite, nobody has to
 * look for what is hidden in them. What parameters spoil is spoilt everywhere.
 */
export function madeOf<T extends tf.Tensor[]>(x: tf.Tensor, rows: T): T {
  if (finite.has(x.dataId)) for (const { dataId } of rows) finite.add(dataId);
  return rows;
}

/** Whether all numbers are finite. Each tensor is looked at once; nothing is put on the gradient tape. */
export function allFinite(x: tf.Tensor): boolean {
  if (finite.has(x.dataId)) return true;
  const found = looksFinite(x);
  if (found) finite.add(x.dataId);
  return found;
}

function looksFinite(x: tf.Tensor): boolean {
  if (!hasKernels()) return x.dataSync<'float32'>().every(Number.isFinite);
  const square = kernel('L2Loss', [x]); // infinite, too, above 1e19: the careful way does no harm
  const found = Number.isFinite(square.dataSync()[0]);
  square.dispose();
  return found;
}

/** Which rows [..., rows] of x [..., rows, depth] hold a NaN or an infinity. Has no gradient. */
export function spoiltRows(x: tf.Tensor): tf.Tensor {
  return tf.isNaN(tf.sum(tf.mul(stopGradient(x), 0), -1));
}

/** x with 0 in place of the rows that are marked. */
export function withoutRows<T extends tf.Tensor>(x: T, marked: tf.Tensor): T {
  return tf.where(tf.broadcastTo(marked.expandDims(-1), x.shape), tf.zerosLike(x), x) as T;
}

/**
 * What is hidden has no influence, a NaN included, forward and backward: rows that no query may see
 * become 0, as 0 · NaN would be NaN. Tensors without NaN and infinity are returned as they are.
 *
 * What some query sees stays: it spoils the results of those queries only, but the gradients of all,
 * since the loss is a NaN as soon as one of them is in it. `Adam` refuses such gradients.
 *
 * @param mask broadcastable to [batch, (heads,) queries, keys]
 * @param tensors [batch, (heads,) keys, depth] each
 */
export function withoutHidden<Tensors extends tf.Tensor[]>(
  mask: tf.Tensor | undefined,
  ...tensors: Tensors
): Tensors {
  if (!mask) return tensors;
  return tensors.map((x) => {
    // What is no tensor of numbers is refused where it is looked at.
    if (x?.dtype !== 'float32' || x.isDisposed || allFinite(x)) return x;
    const { shape } = inRank(mask.shape, Math.max(x.rank, mask.rank));
    const full = castMask(mask, 'float32').reshape(shape);
    // Heads that x does not have see together.
    const anybody = tf.max(full.rank > x.rank ? tf.max(full, 1) : full, -2);
    return withoutRows(x, tf.equal(anybody, 0));
  }) as Tensors;
}
