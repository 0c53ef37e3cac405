/** In a file of its own: each file runs in its own process, whose memory is measured. */
import {
  chunkedFeedForward,
  dense,
  type ReversibleBlock,
  random,
  reversibleBlock,
  reversibleStack,
  tf,
  uniform,
} from 'attention';
import { expect, test } from 'vitest';

const megabytes = () => process.resourceUsage().maxRSS / 1024;

test('32 reversible blocks cost no more activation memory than 2', () => {
  const [rows, depth] = [8192, 64]; // 2 MB an activation
  const next = random(1);
  let live = 0;
  const counted = (y: tf.Tensor) => {
    live = Math.max(live, tf.memory().numDataBuffers); // aliases count once here
    return y;
  };
  const blocks = Array.from({ length: 32 }, (): ReversibleBlock => {
    const [F, G] = [0, 1].map(() => ({ W: uniform([depth, depth], next, 0.1) }));
    return {
      F: { parameters: F, apply: (x) => counted(tf.tanh(dense(x, F.W))) },
      G: { parameters: G, apply: (x) => counted(tf.relu(dense(x, G.W))) },
    };
  });
  const plainStack = (x1: tf.Tensor, x2: tf.Tensor, some: readonly ReversibleBlock[]) =>
    some.reduce((x, block) => reversibleBlock(x, block), [x1, x2]);
  const x = uniform([rows, depth], next, 1);
  /** Buffers alive at most, forward or backward; how far the step raised the process's peak. */
  const measure = (stack: typeof plainStack, count: number) => {
    const [before, peak] = [tf.memory().numDataBuffers, megabytes()];
    live = 0;
    const gradient = tf.grad((v) => tf.sum(stack(v, v, blocks.slice(0, count))[0]))(x);
    gradient.dataSync();
    gradient.dispose();
    return { buffers: live - before, megabytes: megabytes() - peak };
  };
  const forward = (count: number) => {
    const before = tf.memory().numDataBuffers;
    live = 0;
    tf.dispose(reversibleStack(x, x, blocks.slice(0, count)));
    return live - before;
  };
  expect(forward(32)).toBe(forward(2));
  const [two, many] = [measure(reversibleStack, 2), measure(reversibleStack, 32)];
  const plain = measure(plainStack, 32);
  const weightGradients = 2 * 32; // 16 kB each
  expect(many.buffers).toBeLessThanOrEqual(two.buffers + weightGradients);
  expect(plain.buffers).toBeGreaterThan(4 * 32);
  expect(plain.megabytes).toBeGreaterThan(100); // more than the reversible steps before it needed
});

test('a chunked feed-forward layer needs memory for the hidden numbers of one chunk only', () => {
  const [rows, depth, hidden] = [32768, 16, 2048]; // 256 MB of hidden numbers
  const next = random(1);
  const W1 = uniform([depth, hidden], next);
  const W2 = uniform([hidden, depth], next);
  const f = (x: tf.Tensor) => dense(tf.relu(dense(x, W1)), W2);
  const x = uniform([rows, depth], next, 1);
  const measure = (layer: (x: tf.Tensor) => tf.Tensor) => {
    const before = megabytes();
    const gradient = tf.grad((v) => tf.sum(tf.square(layer(v))))(x);
    gradient.dataSync();
    gradient.dispose();
    return megabytes() - before;
  };
  const chunked = measure((v) => chunkedFeedForward(v, f, { W1, W2 }, 512));
  const whole = measure(f);
  expect(whole).toBeGreaterThan(256); // more than the chunked step before it needed
  expect(chunked).toBeLessThan(whole / 8);
});
