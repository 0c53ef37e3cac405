/**
 * One side of a comparison; local_attention_pytorch.py is the other. For each length on standard
 * input: one step of sliding-window attention, forward and backward, 8 heads of 64, w = 256; prints
 * its seconds, and the megabytes that the process grew by at its peak (Linux; else null).
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

process.env.TF_NUM_INTRAOP_THREADS = '2';
// For large matrices oneDNN is two to three times as fast, and it keeps freed memory at hand: the
// pages of a fresh 200 MB tensor cost more than what is computed in them.
process.env.TF_ENABLE_ONEDNN_OPTS = '1';
const { slidingWindowAttention, tf } = await import('attention');

const status = (/** @type {string} */ key) =>
  Number(new RegExp(`${key}:\\s*(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) /
  1024;

for await (const line of createInterface({ input: process.stdin })) {
  const length = Number(line);
  const [q, k, v, g] = [1, 2, 3, 4].map((seed) =>
    tf.randomNormal([1, 8, length, 64], 0, 1, 'float32', seed),
  );
  const linux = existsSync('/proc/self/clear_refs');
  if (linux) writeFileSync('/proc/self/clear_refs', '5'); // the peak starts anew
  const before = linux ? status('VmRSS') : 0;
  const start = performance.now();
  tf.tidy(() => {
    const gradients = tf.grads((q, k, v) =>
      tf.sum(tf.mul(slidingWindowAttention(q, k, v, undefined, { window: 256 }).context, g)),
    )([q, k, v]);
    gradients[0].dataSync();
  });
  const seconds = (performance.now() - start) / 1000;
  const megabytes = linux ? status('VmHWM') - before : null;
  tf.dispose([q, k, v, g]);
  console.log(JSON.stringify({ seconds, megabytes }));
}
