/**
 * One side of a comparison; attention_step_pytorch.py is the other. For each length on standard
 * input: one step of the attention that the argument names, forward and backward; prints its seconds by
 * the clock and of the processor, and the megabytes that the process grew by at its peak (Linux; else null).
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Tensor } from '@tensorflow/tfjs';

const { angularHash, bucketsFor, dense, lshAttention, mergeHeads, random, randomRotations } =
  await import('attention');
const { slidingWindowAttention, sparseTransformerAttention, splitHeads, tf, uniform } =
  await import('attention');

const normal = (...shape: number[]) => tf.randomNormal(shape, 0, 1, 'float32', 1);

/** For a length, the inputs and the scalar that is differentiated. */
const steps = {
  /** 8 heads of 64, 128 positions to each side. */
  window(length: number) {
    const shape = [1, 8, length, 64];
    const g = normal(...shape);
    const loss = (...[q, k, v]: Tensor[]) =>
      tf.sum(tf.mul(slidingWindowAttention(q, k, v, undefined, { window: 256 }).context, g));
    return { inputs: [normal(...shape), normal(...shape), normal(...shape)], loss };
  },
  /** 2 heads of 64, the stride near √n, both patterns merged: what PyTorch has to look at as a whole. */
  strided(length: number) {
    const shape = [1, 2, length, 64];
    const g = normal(...shape);
    const options = {
      pattern: 'strided',
      stride: Math.round(Math.sqrt(length)),
      use: 'merged',
    } as const;
    const loss = (...[q, k, v]: Tensor[]) =>
      tf.sum(tf.mul(sparseTransformerAttention(q, k, v, undefined, options).context, g));
    return { inputs: [normal(...shape), normal(...shape), normal(...shape)], loss };
  },
  /** With its projections: 4 heads of 64, 4 rounds, chunks of 64, causal. */
  lsh(length: number) {
    const [dModel, heads, chunkLength, rounds] = [256, 4, 64, 4];
    const next = random(1);
    const matrices = [1, 2, 3].map(() => uniform([dModel, dModel], next));
    const buckets = bucketsFor(length, chunkLength);
    const size = { depth: dModel / heads, rounds, buckets };
    const rotations = randomRotations(size, next);
    const loss = (...[x, WQK, WV, WO, b]: Tensor[]) => {
      const [queryKey, values] = [
        splitHeads(dense(x, WQK), heads),
        splitHeads(dense(x, WV), heads),
      ];
      const hashed = angularHash(queryKey, rotations);
      const options = { chunkLength, causal: true, acrossBuckets: true };
      const { context } = lshAttention(queryKey, values, hashed, undefined, options);
      return tf.sum(tf.square(dense(mergeHeads(context), WO, b)));
    };
    return { inputs: [normal(1, length, dModel), ...matrices, tf.zeros([dModel])], loss };
  },
};
const setting = steps[process.argv[2] as keyof typeof steps];

const linux = existsSync('/proc/self/clear_refs');
const status = (key: string) =>
  Number(new RegExp(`${key}:\\s*(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) /
  1024;

for await (const line of createInterface({ input: process.stdin })) {
  const { inputs, loss } = setting(Number(line));
  if (linux) writeFileSync('/proc/self/clear_refs', '5'); // the peak starts anew
  const before = linux ? status('VmRSS') : 0;
  const [start, usage] = [performance.now(), process.cpuUsage()];
  tf.tidy(() => void tf.grads(loss)(inputs)[0].dataSync());
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(usage);
  const megabytes = linux ? status('VmHWM') - before : null;
  tf.dispose(inputs);
  console.log(JSON.stringify({ seconds, cpu: (user + system) / 1e6, megabytes }));
}
