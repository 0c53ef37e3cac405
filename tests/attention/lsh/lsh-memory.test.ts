/** In a file of its own: each file runs in its own process, whose memory is measured. */
import { angularHash, lshAttention, random, randomRotations, tf, uniform } from 'attention';
import { expect, test } from 'vitest';

test('LSH attention to 65,536 tokens, forward and backward, stays far below 8 GB', () => {
  const [heads, length, dHead, rounds] = [2, 65536, 64, 4]; // length × length would be 34 GB
  const next = random(1);
  const shape = [1, heads, length, dHead];
  const [queryKey, values] = [uniform(shape, next, 1), uniform(shape, next, 1)];
  const rotations = randomRotations({ depth: dHead, rounds, buckets: [32, 32] }, next);
  const gradients = tf.grads((q, v) => {
    const buckets = angularHash(q, rotations);
    const { context } = lshAttention(q, v, buckets, undefined, { causal: true });
    return tf.sum(tf.square(context));
  })([queryKey, values]);
  for (const gradient of gradients) {
    expect(gradient.shape).toEqual(shape);
    expect(Number.isFinite(tf.sum(gradient).dataSync()[0])).toBe(true);
  }
  const gigabytes = process.resourceUsage().maxRSS / 1024 ** 2;
  console.log(`LSH attention, 65,536 tokens: peak ${gigabytes.toFixed(2)} GB resident`);
  expect(gigabytes).toBeLessThan(3);
}, 120_000); // some 8 s of computing, more on a busy machine
