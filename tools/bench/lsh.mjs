/**
 * LSH self-attention, forward and backward: what lsh_pytorch.py does, with the same sizes and the
 * same protocol on standard input and output.
 */
import { createInterface } from 'node:readline';

const { angularHash, dense, lshAttention, random, randomRotations, tf, uniform } = await import(
  'attention'
);
const [length, dModel, heads, chunkLength, rounds] = [Number(process.argv[2]), 256, 4, 64, 4];
const next = random(1);
const WQK = uniform([dModel, dModel], next);
const WV = uniform([dModel, dModel], next);
const WO = uniform([dModel, dModel], next);
const bias = tf.zeros([dModel]);
const x = uniform([1, length, dModel], next, Math.sqrt(3));
const size = { depth: dModel / heads, rounds, buckets: length / chunkLength };
const rotations = randomRotations(size, next);

/** @param {import('@tensorflow/tfjs').Tensor[]} inputs */
const loss = (...[input, qk, v, o, b]) => {
  const split = (/** @type {typeof x} */ y) =>
    tf.transpose(y.reshape([1, length, heads, -1]), [0, 2, 1, 3]);
  const [queryKey, values] = [split(dense(input, qk)), split(dense(input, v))];
  const buckets = angularHash(queryKey, rotations);
  const options = { chunkLength, causal: true, acrossBuckets: true };
  const { context } = lshAttention(queryKey, values, buckets, undefined, options);
  const merged = tf.transpose(context, [0, 2, 1, 3]).reshape([1, length, dModel]);
  return tf.sum(tf.square(dense(merged, o, b)));
};
const peak = () => process.resourceUsage().maxRSS / 1024;
tf.matMul(WQK, WV).dataSync();
const before = peak();
for await (const _ of createInterface({ input: process.stdin })) {
  const start = performance.now();
  const gradients = tf.tidy(() => tf.grads(loss)([x, WQK, WV, WO, bias]));
  gradients[0].dataSync();
  const seconds = (performance.now() - start) / 1000;
  tf.dispose(gradients);
  console.log(JSON.stringify([seconds, peak() - before]));
}
