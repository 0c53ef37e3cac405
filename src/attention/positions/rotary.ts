import { fusedRotary } from '../../tensors/fused/rotary';
import { expectTensor } from '../../tensors/shape';
import { tf } from '../../tensors/tf';

/**
 * Rotary positions: each pair of numbers of a query or key is turned by an angle that grows with its
 * position, so that their dot product depends on content and distance alone.
 *
 *     (x_m, x_{m + d/2}) ← (x_m cos pω_m − x_{m + d/2} sin pω_m, x_m sin pω_m + x_{m + d/2} cos pω_m)
 *     ω_m = 10000^(−2m / d)      m = 0 … d/2 − 1
 *
 * Source: Su et al. (2021), "RoFormer", eq. (34), with the pairs as in Hugging Face's transformers:
 * number m goes with number m + d/2.
 *
 * @param x [..., length, d], d even
 * @param start p of the first position; it may be negative
 * @returns shape of `x`
 * @throws if d is odd
 */
export function rotaryPositions<T extends tf.Tensor>(x: T, start = 0): T {
  expectTensor('x', x);
  const [length, d] = x.shape.slice(-2);
  expectEvenDepth(d);
  return fusedRotary(x, { start }) ?? tf.tidy(() => turned(x, anglesOf(start, length, d)));
}

/** `rotaryPositions` in each of the heads that stand side by side, [batch, length, heads · d]. */
export function rotaryInHeads<T extends tf.Tensor>(x: T, heads: number, start = 0): T {
  const [batch, length, width] = x.shape;
  const d = width / heads;
  expectEvenDepth(d);
  const fused = fusedRotary(x, { start, heads });
  if (fused) return fused;
  return tf.tidy(() => {
    const inHeads = x.reshape([batch, length, heads, d]);
    return turned(inHeads, anglesOf(start, length, d).expandDims(1)).reshape(x.shape) as T;
  });
}

/** @throws if d is odd: numbers are turned in pairs */
export function expectEvenDepth(d: number): void {
  if (d % 2) throw new Error(`rotary positions: expected an even depth, got ${d}`);
}

/** pω_m of all positions p, [length, d/2]. */
function anglesOf(start: number, length: number, d: number): tf.Tensor {
  const omega = tf.exp(tf.mul(tf.range(0, d / 2), (-2 * Math.log(10000)) / d));
  return tf.outerProduct(tf.range(start, start + length), omega as tf.Tensor1D);
}

function turned<T extends tf.Tensor>(x: T, angles: tf.Tensor): T {
  const [cos, sin] = [tf.cos(angles), tf.sin(angles)];
  const [first, second] = tf.split(x as tf.Tensor, 2, -1);
  const halves = [
    tf.sub(tf.mul(first, cos), tf.mul(second, sin)),
    tf.add(tf.mul(first, sin), tf.mul(second, cos)),
  ];
  return tf.concat(halves, -1) as T;
}
